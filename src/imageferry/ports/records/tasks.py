"""What is remembered of tasks and their steps."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from imageferry.domain.access import ProjectId
from imageferry.domain.image import (
    ImageId,
)
from imageferry.domain.moment import Moment
from imageferry.domain.task import Progress, StepLog, Task, TaskId, TaskKind, TaskStatus

TASK_SORT_KEYS = ("created_at", "updated_at", "expires_at", "status", "kind")


class TaskRecords(Protocol):
    def add(self, task: Task) -> None:
        """Raises AlreadyExists."""

    def get(self, task_id: TaskId) -> Task | None: ...
    def update(self, task: Task) -> bool:
        """Keep everything but ``cancel_requested``, the progress and its times.

        False when the stored task is final already; then nothing changes.
        """

    def set_progress(self, task_id: TaskId, progress: Progress, now: Moment) -> bool:
        """Note progress of the task and of its newest step; returns whether cancelling was asked for.

        ``now`` counts as the time of the last progress where it is another than was noted before.
        """

    def request_cancel(self, task_id: TaskId, now: Moment) -> bool:
        """False when the task is final already."""

    def start_step(self, task_id: TaskId, name: str, now: Moment) -> None:
        """A new line in the log; the task's progress begins at zero. Raises NotFound."""

    def end_step(self, task_id: TaskId, log: StepLog) -> None:
        """End the newest step."""

    def steps(self, task_id: TaskId) -> list[StepLog]:
        """In the order they began."""

    def page(
        self,
        *,
        project_id: ProjectId | None = None,
        kind: TaskKind | None = None,
        source: str | None = None,
        plans: Collection[str] | None = None,
        image_id: ImageId | None = None,
        statuses: Collection[TaskStatus] | None = None,
        before: TaskId | None = None,
        skip: int = 0,
        limit: int = 100,
        sort: tuple[str, str] = ("created_at", "desc"),
    ) -> list[Task]:
        """Newest first, unless a key of ``TASK_SORT_KEYS`` and "asc" or "desc" say otherwise.

        ``before`` is the id of the last page's last row. ``image_id``: those whose input names that image.

        Raises:
            BadInput: ``before`` is not there, or no such key.
        """

    def unfinished(self, *, after: Task | None, limit: int) -> list[Task]:
        """Tasks that are not final, the oldest first."""

    def count_unfinished(self, project_id: ProjectId) -> int: ...

    def delete(self, task_id: TaskId) -> bool:
        """With its log, if it is final. False: it is not, or is not there."""

    def expire(self, task_id: TaskId, at: Moment) -> None:
        """Let a final task be deleted from then on. One that is not final, or not there, is no error."""

    def delete_expired(self, now: Moment) -> int: ...
