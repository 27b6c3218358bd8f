"""Which cloud a command works with: ``--cloud``, else OS_CLOUD or OS_*, else the local service."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import wraps
from types import FrameType
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from imageferry.cli.run import Run, debug_option

if TYPE_CHECKING:
    from imageferry.ports.cloud import Cloud


def with_cloud(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--cloud``, ``--region`` and ``--debug``, and an open cloud as the keyword ``cloud``."""

    @click.option(
        "--cloud", help="Of clouds.yaml; by default OS_CLOUD, else the local service.", shell_complete=cloud_names
    )
    @click.option("--region", default="", help="By default the cloud's own.")
    @debug_option
    @wraps(command)
    def with_open_cloud(*args: Any, cloud: str | None, region: str, **kwargs: Any) -> None:
        end_tidily()
        run = click.get_current_context().ensure_object(Run)
        with opened_for(run, cloud or "", region) as opened:
            command(*args, cloud=opened, **kwargs)

    return with_open_cloud


def opened_for(run: Run, name: str = "", region: str = "") -> AbstractContextManager[Cloud]:
    """The cloud that a command works with: open for its time, or as long as the shell lasts."""
    from imageferry.clients import open_cloud

    name = name or run.cloud or ""
    if run.clouds is not None:
        return nullcontext(run.clouds.get(name, region))
    return open_cloud(name, env=os.environ, region=region)


class OpenClouds:
    """Clouds that stay open from one command to the next: one log-in, and one start of the local service."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._open: dict[tuple[str, str], Cloud] = {}
        self._lock = threading.Lock()  # completion asks from a thread of its own

    def get(self, name: str, region: str = "") -> Cloud:
        from imageferry.clients import open_cloud

        with self._lock:
            if (name, region) not in self._open:
                opening = open_cloud(name, env=os.environ, region=region)
                self._open[name, region] = self._stack.enter_context(opening)
            return self._open[name, region]

    def close(self) -> None:
        self._stack.close()


def end_tidily() -> None:
    """Let SIGTERM and SIGHUP unwind as Ctrl-C does: half-sent images are removed, a service started here is stopped."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup has its reasons
            signal.signal(number, stop)


def cloud_names(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from imageferry.clients import clouds
    from imageferry.domain.errors import FerryError

    try:
        return [CompletionItem(entry.name) for entry in clouds(os.environ) if entry.name.startswith(incomplete)]
    except FerryError:
        return []  # while completing, nobody wants to hear of it
