"""Wait for a job in a cloud to end."""

from __future__ import annotations

import time
from collections.abc import Callable

from imageferry.domain.errors import Cancelled, Refused, TaskFailed, TimedOut, Unavailable
from imageferry.domain.task import TaskStatus
from imageferry.ports.clock import Sleep
from imageferry.ports.cloud import Cloud, Moved, TaskInfo, TaskList, Watch

FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 60.0
_GROWTH = 1.4  # of the pause, each time


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

    A cloud that does not answer for a while does not end the wait; only the time limit does.

    Raises:
        TaskFailed: with the cloud's code and message.
        Cancelled: somebody cancelled it.
        TimedOut: not ended within ``timeout_s``; it goes on, and can be waited for again.
        Refused: this cloud has no imports.
    """
    if cloud.tasks is None:
        raise Refused(f"cloud {cloud.name}", "no imports", "images are there as soon as they are uploaded")
    return _wait(cloud.tasks, task_id, "import", timeout_s, watch, sleep, now)


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
    if cloud.exports is None:
        raise Refused(f"cloud {cloud.name}", "no exports", "it cannot write an image into a container; pull it instead")
    return _wait(cloud.exports, task_id, "export", timeout_s, watch, sleep, now)


def _wait(
    tasks: TaskList,
    task_id: str,
    word: str,
    timeout_s: float | None,
    watch: Watch,
    sleep: Sleep,
    now: Callable[[], float],
) -> TaskInfo:
    end = None if timeout_s is None else now() + timeout_s
    pause = FIRST_PAUSE_S
    last = "no answer yet"
    while True:
        left = None if end is None else end - now()
        if left is not None and left <= 0:
            raise TimedOut(f"{word} {task_id}", reason=f"{last}; it goes on, wait for it again", seconds=timeout_s or 0)
        sleep(pause if left is None else min(pause, left))
        pause = min(LONGEST_PAUSE_S, pause * _GROWTH)
        try:
            task = tasks.show(task_id)
        except Unavailable as error:
            last = str(error)
            continue
        last = f"it is {task.status.value} at {task.percent} %"
        watch(
            Moved(
                stage=word,
                done=task.percent,
                total=100,
                unit="percent",
                task_id=task_id,
                image_id=task.image_id,
                message=task.status.value,
            )
        )
        if task.status.is_final:
            return _ended(task)


def _ended(task: TaskInfo) -> TaskInfo:
    if task.status is TaskStatus.FAILED:
        raise TaskFailed(task.id, task.error_code, task.message or "the cloud gives no reason")
    if task.status is TaskStatus.CANCELLED:
        raise Cancelled(f"{task.kind.value} {task.id}")
    return task
