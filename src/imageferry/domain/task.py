"""A task: durable work that a caller can watch, made of named steps.

Every step may be cut off after the deed and before the note, so every step can be done
again without harm. A task is final once it SUCCEEDED, FAILED or was CANCELLED; its record
stays until it expires.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NewType, Self

from imageferry.domain.access import ProjectId, UserId
from imageferry.domain.moment import SECOND, Moment, later

TaskId = NewType("TaskId", str)

State = Mapping[str, Any]
"""What steps hand on: JSON data. No secrets, no local paths."""

KEEP_SECONDS = 48 * 3600
"""How long a task can be read after its end; as in Glance."""

UNREAD_SECONDS = 30 * 24 * 3600
"""How long it stays for somebody to read for the first time how it ended, unless whoever started it said less."""

AGAIN_SECONDS = 3600
"""How long it then stays at least."""

LEAST_KEEP_SECONDS, MOST_KEEP_SECONDS = 3600, 30 * 24 * 3600
"""What may be asked for instead."""


STAGED_IMPORT = "import-staged"
"""The plan of an import of staged bytes into the image that they were brought for; see ``Task.plan``."""

UPLOADED_IMPORT = "import-uploaded"
"""The plan by which what was sent straight into an image is looked through, where that is wanted."""

FETCHED_IMPORT = "import-fetched"
"""The plan of an import from a URL into an image that is there already."""

URL_IMPORT = "import-url"
"""The plan of an import from a URL that makes an image."""


COPIED_IMPORT = "import-copied"
"""What stands for the plan of a copy to the stores that have none yet: with one store it is done at once."""


class TaskKind(StrEnum):
    IMPORT = "import"
    EXPORT = "export"
    CONVERT = "convert"
    CHECK = "check"


class Lane(StrEnum):
    """What a step mostly waits for. Each lane has its own number of places, so that slow sources hold up no work."""

    NETWORK = "network"  # somebody else's machine
    WORK = "work"  # the processors and disks of this one


class TaskStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in _FINAL


_FINAL = frozenset({TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELLED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Where a running step stands. ``total`` is None while unknown."""

    done: int = 0
    total: int | None = None
    unit: str = "bytes"


@dataclass(frozen=True, kw_only=True, slots=True)
class StepLog:
    """One line of a task's log. A step that was cut off and done again has one line per try."""

    name: str
    started_at: Moment
    ended_at: Moment | None = None
    progress: Progress = Progress()
    outcome: str = ""  # "done", "failed", "cancelled", "interrupted"; empty while it runs or when it was cut off
    message: str = ""

    @property
    def rate(self) -> int | None:
        """Units of progress each second, over the whole step; None while it runs."""
        return None if self.ended_at is None else _rate(self.progress, self.started_at, self.ended_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """Work for one project. ``input`` is what was asked for, ``result`` what came of it."""

    id: TaskId
    kind: TaskKind
    project_id: ProjectId
    user_id: UserId
    source: str  # the door it came in by: "k5", "glance", ...
    input: State
    status: TaskStatus = TaskStatus.QUEUED
    step: str = ""  # the name of the step at work, or the last one
    step_number: int = 0  # 1 for the first
    step_count: int = 0
    progress: Progress = Progress()
    step_started_at: Moment | None = None
    progressed_at: Moment | None = None  # when the progress last became another; at first as ``step_started_at``
    message: str = ""
    error_code: str = ""  # a stable word for programs, see service.importing
    result: State = field(default_factory=dict)
    cancel_requested: bool = False
    created_at: Moment
    updated_at: Moment
    expires_at: Moment | None = None  # set with the final status

    @property
    def plan(self) -> str:
        """By which steps it is done: those of its kind, unless its input names others."""
        return str(self.input.get("plan", self.kind))

    @property
    def keep_seconds(self) -> int:
        """How long it can be read after its end: as whoever started it said, in its echo."""
        return int(self._asked_seconds or KEEP_SECONDS)

    @property
    def unread_seconds(self) -> int:
        """How long it stays after its end if nobody reads it."""
        return int(self._asked_seconds or UNREAD_SECONDS)

    @property
    def _asked_seconds(self) -> int | None:
        asked: int | None = self.input.get("echo", {}).get("keep_s")
        return asked

    def read_at(self, now: Moment) -> Self:
        """The task once somebody has read how it ended: from then on it stays no longer than others."""
        unread = later(self.updated_at, seconds=self.unread_seconds)
        if not self.status.is_final or self.expires_at != unread:
            return self
        kept = max(later(self.updated_at, seconds=self.keep_seconds), later(now, seconds=AGAIN_SECONDS))
        return replace(self, expires_at=min(kept, unread))

    @property
    def rate(self) -> int | None:
        """Units of progress each second, from the begin of the step at work to its last progress."""
        if self.status is not TaskStatus.RUNNING or self.step_started_at is None or self.progressed_at is None:
            return None
        return _rate(self.progress, self.step_started_at, self.progressed_at)

    def silent_s(self, now: Moment) -> int:
        """Whole seconds since the step at work last made progress; 0 when none is at work."""
        if self.status is not TaskStatus.RUNNING or self.progressed_at is None:
            return 0
        return max(0, (now - self.progressed_at) // SECOND)

    @property
    def percent(self) -> int:
        """Of the whole task, steps counted alike: 0 to 100, and 100 only when it succeeded."""
        if self.status is TaskStatus.SUCCEEDED:
            return 100
        if not self.step_count or not self.step_number:
            return 0
        inside = self.progress.done / self.progress.total if self.progress.total else 0.0
        return min(99, int(100 * (self.step_number - 1 + min(1.0, inside)) / self.step_count))


def _rate(progress: Progress, since: Moment, until: Moment) -> int | None:
    """None where nothing can be said: no time has gone by, or nothing was counted."""
    return progress.done * SECOND // (until - since) if until > since and progress.done else None
