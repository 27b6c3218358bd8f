"""What is remembered of bytes that a scanner objected to."""

from __future__ import annotations

from typing import Protocol

from imageferry.domain.moment import Moment
from imageferry.domain.quarantine import Quarantined
from imageferry.domain.task import TaskId


class QuarantineRecords(Protocol):
    """Its blobs are not swept away as long as it is remembered, whatever becomes of the task."""

    def add(self, item: Quarantined) -> None:
        """What is there already is no error: a step may run twice. Raises NotFound (blob)."""

    def get(self, task_id: TaskId) -> Quarantined | None: ...

    def page(self, *, after: TaskId | None = None, limit: int) -> list[Quarantined]:
        """By task id."""

    def remove(self, task_id: TaskId, now: Moment) -> bool:
        """Let go of the blobs. False: there is none of that name."""

    def delete_expired(self, now: Moment) -> int:
        """Let go of all whose time is over; returns how many."""
