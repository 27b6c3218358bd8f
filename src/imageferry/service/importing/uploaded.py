"""What was sent straight into an image is looked through by a task, where the provider wants that of uploads.

    locate -> inspect -> scan and the provider's own steps -> publish

The steps are those of staged bytes (``staged``), and the image is importing meanwhile. Whoever sent
the bytes is answered at the end of the task; when nobody waits any more, or the service is killed, the
task goes on, and its message can be read at the image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from imageferry.domain.access import Caller
from imageferry.domain.blob import Blob
from imageferry.domain.image import Image, Status
from imageferry.domain.task import UPLOADED_IMPORT, Task, TaskKind
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records, Session
from imageferry.service.image_quotas import ImageQuotas
from imageferry.service.tasks import TaskService

_PLAIN = frozenset({"locate", "inspect", "publish"})
"""Steps that find nothing which has not been looked for while the bytes came in."""


class UploadedImports:
    """Starts the task that an upload waits for."""

    def __init__(self, records: Records, clock: Clock, tasks: TaskService, quotas: ImageQuotas) -> None:
        self._records = records
        self._clock = clock
        self._tasks = tasks
        self._quotas = quotas

    @property
    def wanted(self) -> bool:
        """Whether a scanner or a step of the provider's own looks at uploads."""
        return bool(set(self._tasks.steps_of_plan(UPLOADED_IMPORT)) - _PLAIN)

    def check_room(self, caller: Caller) -> None:
        """Before the bytes come in. Raises OverLimit: the project has as many tasks as it may have."""
        with self._records.reading() as session:
            self._quotas.refuse_early(session, caller.project, tasks=1)

    def start(
        self,
        caller: Caller,
        source: str,
        echo: Mapping[str, Any],
        image: Image,
        keep: Callable[[Session], tuple[Image, Blob]],
    ) -> Image:
        """Take an import on. The image is importing when this returns, active or queued again later.

        Args:
            source: the dialect that asks.
            echo: JSON that the dialect wants to find again with the task; never a secret.
            keep: in the transaction that keeps the task: the image as it is then, which must be queued,
                and the bytes for it. Raises where it may not be filled any more.

        Raises:
            OverLimit: of tasks, or of bytes. Nothing was kept.
        """
        filled: list[Image] = []

        def begin(session: Session, task: Task) -> None:
            there, blob = keep(session)
            moved = there.moved_to(Status.IMPORTING)
            moved = replace(moved, blob_id=blob.id, import_task=task.id, updated_at=self._clock())
            session.images.update(moved, was=Status.QUEUED)
            filled.append(moved)

        task_input = {"plan": UPLOADED_IMPORT, "image_id": image.id, "echo": dict(echo)}
        self._tasks.start(caller, TaskKind.IMPORT, source=source, task_input=task_input, along=begin)
        return filled[-1]
