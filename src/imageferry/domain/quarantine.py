"""Bytes that a scanner objected to: kept apart for an administrator, out of everybody else's reach."""

from __future__ import annotations

from dataclasses import dataclass

from imageferry.domain.access import ProjectId, UserId
from imageferry.domain.blob import BlobId
from imageferry.domain.moment import Moment
from imageferry.domain.task import TaskId


@dataclass(frozen=True, kw_only=True, slots=True)
class Quarantined:
    """The bytes of one import, as they came. It is named by the task that found it."""

    task_id: TaskId
    project_id: ProjectId
    user_id: UserId  # who asked for the import
    what: str  # what a person would call the disk
    rule: str
    place: str
    parts: tuple[tuple[BlobId, int, int], ...]  # blob, first byte, byte behind the last; in a row
    created_at: Moment
    expires_at: Moment

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(stop - start for _, start, stop in self.parts)
