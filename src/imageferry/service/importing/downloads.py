"""A queued image is filled with what lies behind a URL: fetched as it is, once it is judged.

    fetch -> unpack -> inspect -> publish

The image is importing from the request on, and leaves that state with the task; see ``staged``,
whose last steps these are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from imageferry.domain.access import Act, Caller, allow
from imageferry.domain.errors import StatusConflict
from imageferry.domain.image import ImageId, Status
from imageferry.domain.image_quota import Resource
from imageferry.domain.task import FETCHED_IMPORT, Lane, State, Task, TaskKind
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records, Session
from imageferry.service.blobs import whole
from imageferry.service.image_data import is_judged
from imageferry.service.image_quotas import Bound, ImageQuotas
from imageferry.service.importing.fetching import Fetching, Wanted
from imageferry.service.importing.material import sections_to_state
from imageferry.service.importing.staged import StagedSteps, check_formats, image_of
from imageferry.service.plans import Plan, Step, StepContext
from imageferry.service.sharing import owned
from imageferry.service.tasks import TaskService


class Downloads:
    """Starts the import from a URL into an image that is there."""

    def __init__(
        self, records: Records, clock: Clock, tasks: TaskService, quotas: ImageQuotas, fetching: Fetching
    ) -> None:
        self._records = records
        self._clock = clock
        self._tasks = tasks
        self._quotas = quotas
        self._fetching = fetching

    def start(
        self, caller: Caller | None, source: str, image_id: ImageId, url: object, echo: Mapping[str, Any]
    ) -> Task:
        """Take an import on; the image is importing when this returns.

        Args:
            source: the dialect that asks.
            echo: JSON that the dialect wants to find again with the task; never a secret.

        Raises:
            NotFound, Forbidden: no such image, or another project's.
            StatusConflict: it is not queued, or a format is not set.
            BadInput, BadSource: nothing can or may be fetched from that URL.
            OverLimit: the project may not keep anything more.
        """
        caller = allow(caller, Act.WRITE_IMAGES)

        def begin(session: Session, task: Task) -> None:
            image = owned(session, caller, image_id)
            check_formats(image)
            if image.status is not Status.QUEUED:
                raise StatusConflict("image", image.id, found=image.status, wanted="filling it from a URL")
            self._fetching.check(url, field="uri")
            self._quotas.check(session, image.owner, bytes=1, uploads=1)
            moved = replace(image.moved_to(Status.IMPORTING), import_task=task.id, updated_at=self._clock())
            session.images.update(moved, was=Status.QUEUED)

        task_input = {"plan": FETCHED_IMPORT, "image_id": image_id, "url": url, "echo": dict(echo)}
        return self._tasks.start(caller, TaskKind.IMPORT, source=source, task_input=task_input, along=begin)


@dataclass(frozen=True, kw_only=True, slots=True)
class DownloadSteps:
    """The first step; the others are those of staged bytes."""

    fetching: Fetching
    staged: StagedSteps
    records: Records
    quotas: ImageQuotas

    def plan(self) -> Plan:
        return Plan(
            steps=(
                Step(name="fetch", run=self.fetch, lane=Lane.NETWORK),
                Step(name="unpack", run=self.staged.unpack),
                Step(name="inspect", run=self.staged.inspect),
                Step(name="publish", run=self.staged.publish),
            ),
            result=lambda state: {"image_id": state["image_id"]},
            at_end=self.staged.put_back,
        )

    def fetch(self, context: StepContext) -> State:
        """The bytes, held by the task alone. The image's formats cannot change any more."""
        with self.records.reading() as session:
            image = image_of(session, context.task)
        judged = is_judged(image)

        def room(size: int | None) -> Bound:
            with self.records.reading() as session:
                return self.quotas.bound(session, image.owner, Resource.BYTES, size)

        unpack = self.staged.unpacker.wanted(None, image.disk_format)
        wanted = Wanted(name=image.name or image.id, judged=judged, unpack=unpack, format=image.disk_format)
        blob = self.fetching.fetch(context, context.task.input["url"], wanted, room=room)
        return {
            "image_id": image.id,
            "name": wanted.name,
            "source": sections_to_state([whole(blob)]),
            "format": image.disk_format.value if judged and image.disk_format else None,
            "virtual_size": None,
        }
