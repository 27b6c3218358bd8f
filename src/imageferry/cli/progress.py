"""How far a long act has come, on stderr: a bar for people, JSON lines for programs.

``--progress auto`` (the default) draws a bar on a terminal and writes JSON lines elsewhere. A
line tells what the bar shows: bytes done, and of those apart the ones that travelled, the holes
that were skipped, and the ones that were there already.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol

import click

from imageferry.cli.text import escaped
from imageferry.formats.reasons import amount

if TYPE_CHECKING:
    from imageferry.ports.cloud import Moved, Watch

STYLES = ("auto", "bar", "json", "none")
_EVERY_S = 1.0  # at most one line in so many seconds, but for first and last lines of a stage


class Display(Protocol):
    def show(self, moved: Moved) -> None: ...

    def close(self) -> None:
        """The act has ended, well or not."""


class Nothing:
    """For those who want quiet."""

    def show(self, moved: Moved) -> None: ...

    def close(self) -> None: ...


class Lines:
    """One JSON object a line.

    Keys: stage, transferred, size (null: unknown), unit (bytes, percent), sent, skipped,
    already_there, elapsed (seconds since the start), rate (units each second since the stage's
    first line, where it is null); and where known task_id, image_id, message.
    """

    def __init__(self, write: Callable[[str], object], now: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._now = now
        self._start = self._stage_start = self._written = now()
        self._stage = ""
        self._stage_done = 0
        self._held: Moved | None = None  # news that came too soon after the last line

    def show(self, moved: Moved) -> None:
        now = self._now()
        first = moved.stage != self._stage
        if first:
            self.close()
            self._stage, self._stage_done, self._stage_start = moved.stage, moved.done, now
        last = moved.total is not None and moved.done >= moved.total
        if first or last or now - self._written >= _EVERY_S:
            self._line(moved, now)
        else:
            self._held = moved

    def close(self) -> None:
        if self._held is not None:
            self._line(self._held, self._now())

    def _line(self, moved: Moved, now: float) -> None:
        self._held, self._written = None, now
        seconds = now - self._stage_start
        line: dict[str, object] = {
            "stage": moved.stage,
            "transferred": moved.done,
            "size": moved.total,
            "unit": moved.unit,
            "sent": moved.sent,
            "skipped": moved.skipped,
            "already_there": moved.already_there,
            "elapsed": round(now - self._start, 3),
            "rate": round((moved.done - self._stage_done) / seconds, 1) if seconds > 0 else None,
        }
        more = {"task_id": moved.task_id, "image_id": moved.image_id, "message": moved.message}
        self._write(json.dumps(line | {name: text for name, text in more.items() if text}) + "\n")


def details(moved: Moved) -> str:
    """What the bar says at its end."""
    parts = [
        f"{amount(size)} {word}"
        for size, word in ((moved.sent, "sent"), (moved.skipped, "skipped"), (moved.already_there, "already there"))
        if size and moved.unit == "bytes"
    ]
    parts += [moved.message] if moved.message else []
    parts += [f"task {moved.task_id}"] if moved.task_id else []
    return escaped(", ".join(parts))


def _display(style: str) -> Display:
    if style == "bar" or (style == "auto" and sys.stderr.isatty()):
        from imageferry.cli.bar import Bar

        return Bar()
    return Nothing() if style == "none" else Lines(lambda line: click.echo(line, err=True, nl=False))


@contextmanager
def watching(style: str) -> Iterator[Watch]:
    """Show progress in that style while the block runs; when it is cut off, say how to take up a job again."""
    from imageferry.domain.errors import TimedOut

    display = _display(style)
    task_id = ""

    def watch(moved: Moved) -> None:
        nonlocal task_id
        task_id = moved.task_id or task_id
        display.show(moved)

    try:
        yield watch
    except (KeyboardInterrupt, TimedOut):
        display.close()
        if task_id:
            click.echo(f"The job goes on in the cloud. Wait for it: imageferry task wait {escaped(task_id)}", err=True)
        raise
    finally:
        display.close()


def with_progress(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--progress``, and the keyword ``watch``."""

    @click.option(
        "--progress",
        type=click.Choice(STYLES),
        default="auto",
        help="On stderr. auto: a bar on a terminal, JSON lines elsewhere.",
    )
    @wraps(command)
    def with_watch(*args: Any, progress: str, **kwargs: Any) -> None:
        with watching(progress) as watch:
            command(*args, watch=watch, **kwargs)

    return with_watch
