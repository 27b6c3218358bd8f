"""Which cloud a command works with: ``--cloud``, else OS_CLOUD or OS_*, else the local service."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from click.shell_completion import CompletionItem

from imageferry.cli.run import Run, debug_option


def with_cloud(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--cloud``, ``--region`` and ``--debug``, and an open cloud as the keyword ``cloud``."""

    @click.option("--cloud", help="Of clouds.yaml; by default OS_CLOUD, else the local service.", shell_complete=_names)
    @click.option("--region", default="", help="By default the cloud's own.")
    @debug_option
    @wraps(command)
    def with_open_cloud(*args: Any, cloud: str | None, region: str, **kwargs: Any) -> None:
        from imageferry.clients import open_cloud

        run = click.get_current_context().ensure_object(Run)
        with open_cloud(cloud or run.cloud or "", env=os.environ, region=region) as opened:
            command(*args, cloud=opened, **kwargs)

    return with_open_cloud


def _names(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from imageferry.clients import clouds
    from imageferry.domain.errors import FerryError

    try:
        return [CompletionItem(entry.name) for entry in clouds(os.environ) if entry.name.startswith(incomplete)]
    except FerryError:
        return []  # while completing, nobody wants to hear of it
