"""Wait for a job in a cloud to end."""

from __future__ import annotations

import time
from collections.abc import Callable

from imageferry.ports.clock import Sleep
from imageferry.ports.cloud import Cloud, TaskInfo, Watch


def wait_import(
    cloud: Cloud,
    task_id: str,
    *,
    timeout_s: float | None = None,
    watch: Watch = lambda _: None,
    sleep: Sleep = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> TaskInfo:
    """Follow an import to its end: asked first after 2 s, then ever less often, at least each minute.

    Raises:
        TaskFailed: with the cloud's code and message.
        Cancelled: somebody cancelled it.
        TimedOut: not ended within ``timeout_s``; it goes on, and can be waited for again.
        Refused: this cloud has no imports.
    """
    raise NotImplementedError


def wait_export(
    cloud: Cloud,
    task_id: str,
    *,
    timeout_s: float | None = None,
    watch: Watch = lambda _: None,
    sleep: Sleep = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> TaskInfo:
    """Follow an export to its end; as ``wait_import``."""
    raise NotImplementedError
