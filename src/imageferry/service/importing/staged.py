"""Staged bytes become the image that they were brought for: as they came, once they are judged.

    locate -> unpack -> inspect -> publish

Here a record is in a state of passage, importing, while a task works (docs/decisions/0005). It
cannot stick: it is set in the transaction that keeps the task, and left in the one that makes the
task final, whatever that end is. A task that is not final is walked again after kill -9, and one
that takes the process down is given up after a few tries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from imageferry.domain.access import Act, Caller, allow
from imageferry.domain.digest import Algorithm
from imageferry.domain.errors import Damaged, NotFound, StatusConflict
from imageferry.domain.image import DiskFormat, Image, ImageId, Status
from imageferry.domain.image_quota import Resource
from imageferry.domain.task import STAGED_IMPORT, State, Task, TaskKind, TaskStatus
from imageferry.formats.judge import Limits
from imageferry.ports.clock import Clock
from imageferry.ports.disk_tools import DiskTools
from imageferry.ports.records import Records, Session
from imageferry.service.blobs import Blobs, whole
from imageferry.service.image_data import is_judged
from imageferry.service.image_quotas import ImageQuotas
from imageferry.service.image_upload import IMAGE_DIGESTS
from imageferry.service.importing.inspection import inspected
from imageferry.service.importing.material import sections_of_state, sections_to_state
from imageferry.service.importing.own import with_own_properties
from imageferry.service.importing.unpack import Asked, Unpacker
from imageferry.service.plans import Plan, Step, StepContext
from imageferry.service.sharing import owned, seen
from imageferry.service.tasks import TaskService

_MOST_TASKS = 1000  # of one image, that a list shows


class StagedImports:
    """Starts the import of what was staged."""

    def __init__(self, records: Records, clock: Clock, tasks: TaskService, quotas: ImageQuotas) -> None:
        self._records = records
        self._clock = clock
        self._tasks = tasks
        self._quotas = quotas

    def start(self, caller: Caller | None, source: str, image_id: ImageId, echo: Mapping[str, Any]) -> Task:
        """Take an import on; the image is importing when this returns.

        Args:
            source: the dialect that asks.
            echo: JSON that the dialect wants to find again with the task; never a secret.

        Raises:
            NotFound, Forbidden: no such image, or another project's.
            StatusConflict: nothing is staged, or a format is not set.
            OverLimit: the project may not keep so much.
        """
        caller = allow(caller, Act.WRITE_IMAGES)

        def begin(session: Session, task: Task) -> None:
            image = owned(session, caller, image_id)
            if image.status is not Status.UPLOADING:
                raise StatusConflict("image", image.id, found=image.status, wanted="an import of staged bytes")
            check_formats(image)
            staged = None if image.blob_id is None else session.blobs.get(image.blob_id)
            self._quotas.check(session, image.owner, bytes=0 if staged is None else staged.size)
            moved = replace(image.moved_to(Status.IMPORTING), import_task=task.id, updated_at=self._clock())
            session.images.update(moved, was=Status.UPLOADING)

        task_input = {"plan": STAGED_IMPORT, "image_id": image_id, "echo": dict(echo)}
        return self._tasks.start(caller, TaskKind.IMPORT, source=source, task_input=task_input, along=begin)

    def of_image(self, caller: Caller | None, image_id: ImageId) -> list[Task]:
        """The imports that made the image or tried to, newest first; other projects see none."""
        caller = allow(caller, Act.READ_IMAGES)
        with self._records.reading() as session:
            image = seen(session, caller, image_id)
            if image.owner != caller.project_id and not caller.is_admin:
                return []
            return session.tasks.page(kind=TaskKind.IMPORT, image_id=image.id, limit=_MOST_TASKS)


@dataclass(frozen=True, kw_only=True, slots=True)
class StagedSteps:
    """The steps over what they work with."""

    records: Records
    blobs: Blobs
    tools: DiskTools
    clock: Clock
    limits: Limits
    quotas: ImageQuotas
    unpacker: Unpacker

    def plan(self) -> Plan:
        runs: dict[str, Callable[[StepContext], State]] = {
            "locate": self.locate,
            "unpack": self.unpack,
            "inspect": self.inspect,
            "publish": self.publish,
        }
        return Plan(
            steps=tuple(Step(name=name, run=run) for name, run in runs.items()),
            result=lambda state: {"image_id": state["image_id"]},
            at_end=self.put_back,
        )

    def locate(self, context: StepContext) -> State:
        """Hold on to the bytes, even if the image is deleted meanwhile; its formats cannot change any more."""
        with self.records.writing() as session:
            image = image_of(session, context.task)
            blob = None if image.blob_id is None else session.blobs.get(image.blob_id)
            if blob is None or image.disk_format is None:
                raise Damaged("image", image.id, "what was staged for it is gone")
            session.blobs.pin(context.task.id, [blob.id])
        return {
            "image_id": image.id,
            "name": image.name or image.id,
            "source": sections_to_state([whole(blob)]),
            "format": image.disk_format.value if is_judged(image) else None,
            "virtual_size": None,
        }

    def unpack(self, context: StepContext) -> State:
        """What is packed is taken for the disk inside, unless the record says that nobody looks into its bytes."""
        state = context.state
        expected = None if state["format"] is None else DiskFormat(state["format"])
        if expected is None or not self.unpacker.wanted(None, expected):
            return state
        with self.records.reading() as session:
            sections = sections_of_state(session, state["source"])
            image = image_of(session, context.task)
            room = self.quotas.bound(session, image.owner, Resource.BYTES, None)
        asked = Asked(what=state["name"], format=expected, algorithms=IMAGE_DIGESTS, room=room)
        disk = self.unpacker.as_blob(context, self.unpacker.unpack(context, sections, asked), IMAGE_DIGESTS)
        return {**state, "source": sections_to_state([disk])}

    def inspect(self, context: StepContext) -> State:
        """It must be a safe disk of the format that the record says."""
        state = context.state
        if state["format"] is None:
            return state
        with self.records.reading() as session:
            sections = sections_of_state(session, state["source"])
        expected = DiskFormat(state["format"])
        facts = inspected(context, self.blobs, self.tools, self.limits, sections, expected, name=state["name"])
        return {**state, "virtual_size": facts.virtual_size}

    def publish(self, context: StepContext) -> State:
        """The image is active, with all its bytes at once; their digests were taken while they came in."""
        state, task = context.state, context.task
        with self.records.reading() as session:
            (section,) = sections_of_state(session, state["source"])
        context.begin(section.size)
        digests = self.blobs.digests([section], IMAGE_DIGESTS, context.advance)
        with self.records.writing() as session:
            there = session.images.get(ImageId(state["image_id"]))
            if there is not None and there.import_task == task.id and there.status is Status.ACTIVE:
                return state  # published already, before this step was cut off
            image = image_of(session, task)
            self.quotas.check(session, image.owner, bytes=section.size)
            filled = replace(
                image.moved_to(Status.ACTIVE),
                blob_id=section.blob.id,
                size=section.size,
                virtual_size=state["virtual_size"],
                checksum=digests[Algorithm.MD5],
                hash_value=digests[Algorithm.SHA512],
                updated_at=self.clock(),
            )
            session.images.update(with_own_properties(filled, state), was=Status.IMPORTING)
        return state

    def put_back(self, session: Session, task: Task) -> None:
        """After a task that did not succeed the image is queued again, and the staged bytes are let go."""
        image = session.images.get(ImageId(task.input["image_id"]))
        if task.status is TaskStatus.SUCCEEDED or image is None or image.import_task != task.id:
            return
        if image.status is Status.IMPORTING:
            back = replace(image.moved_to(Status.QUEUED), blob_id=None, updated_at=self.clock())
            session.images.update(back, was=Status.IMPORTING)


def check_formats(image: Image) -> None:
    """Raises StatusConflict: nobody has said yet what the bytes shall be."""
    for name, value in (("disk_format", image.disk_format), ("container_format", image.container_format)):
        if value is None:
            raise StatusConflict("image", image.id, found=f"without a {name}", wanted="an import")


def image_of(session: Session, task: Task) -> Image:
    """The image that the task works for, as long as it does."""
    image_id = ImageId(task.input["image_id"])
    image = session.images.get(image_id)
    if image is None:
        raise NotFound("image", image_id)
    if image.status is not Status.IMPORTING or image.import_task != task.id:
        raise StatusConflict("image", image.id, found=image.status, wanted="this import")
    return image
