"""Which cloud a command works with: ``--cloud``, else OS_CLOUD or OS_*, else the local service."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import wraps
from types import FrameType
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

        _end_tidily()
        run = click.get_current_context().ensure_object(Run)
        with open_cloud(cloud or run.cloud or "", env=os.environ, region=region) as opened:
            command(*args, cloud=opened, **kwargs)

    return with_open_cloud


def _end_tidily() -> None:
    """Let SIGTERM and SIGHUP unwind as Ctrl-C does: half-sent images are removed, a service started here is stopped."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup has its reasons
            signal.signal(number, stop)


def _names(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from imageferry.clients import clouds
    from imageferry.domain.errors import FerryError

    try:
        return [CompletionItem(entry.name) for entry in clouds(os.environ) if entry.name.startswith(incomplete)]
    except FerryError:
        return []  # while completing, nobody wants to hear of it
