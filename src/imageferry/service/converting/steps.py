"""The steps from a disk to the same disk in another format, and those that look through one; each repeatable.

    locate -> inspect -> convert -> check -> publish
    locate -> inspect -> check

The converted image appears, or takes the place of the old one, in ``publish`` and not before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from imageferry.domain.digest import Algorithm
from imageferry.domain.errors import AlreadyExists, BadDisk, NotFound, StatusConflict
from imageferry.domain.image import DiskFormat, Image, ImageId, Status, Visibility, checked_image
from imageferry.domain.task import State, Task
from imageferry.formats.judge import Limits, Reason
from imageferry.ports.clock import Clock
from imageferry.ports.disk_tools import DiskTools
from imageferry.ports.records import Records, Session
from imageferry.service.blobs import Blobs, Section, pinned, whole
from imageferry.service.image_quotas import ImageQuotas
from imageferry.service.importing.conversion import Announced, converted, size_found
from imageferry.service.importing.inspection import inspected
from imageferry.service.importing.material import as_file
from imageferry.service.plans import Plan, Step, StepContext


@dataclass(frozen=True, kw_only=True, slots=True)
class DiskSteps:
    """The steps over what they work with."""

    records: Records
    blobs: Blobs
    tools: DiskTools
    clock: Clock
    limits: Limits
    quotas: ImageQuotas

    def convert_plan(self) -> Plan:
        return Plan(
            steps=_steps(self.locate, self.inspect, self.convert, self.check, self.publish),
            result=lambda state: {"image_id": state["made_id"]},
        )

    def check_plan(self) -> Plan:
        return Plan(steps=_steps(self.locate, self.inspect, self.look_through), result=_findings)

    def locate(self, context: StepContext) -> State:
        """Hold on to the bytes, whatever becomes of the image from now on."""
        task = context.task
        with self.records.writing() as session:
            image = _image_of(session, task)
            if image.status is not Status.ACTIVE or image.blob_id is None or image.disk_format is None:
                raise StatusConflict("image", image.id, found=image.status, wanted=f"this {task.kind}")
            session.blobs.pin(task.id, [image.blob_id])
        return {"blob": image.blob_id, "format": image.disk_format.value, "name": image.name or image.id}

    def inspect(self, context: StepContext) -> State:
        """It was judged when it came in; what it was judged by may have become stricter since."""
        state = context.state
        sections, expected = (self._source(context),), DiskFormat(state["format"])
        facts = inspected(context, self.blobs, self.tools, self.limits, sections, expected, name=state["name"])
        return {
            **state,
            "virtual_size": facts.virtual_size,
            "file_size": sections[0].size,
            "sub_format": facts.sub_format,
        }

    def convert(self, context: StepContext) -> State:
        """To the other format, and from there to a blob that the task holds on to."""
        to = DiskFormat(context.task.input["to"])
        sections = (self._source(context),)
        draft = converted(context, self.blobs, self.tools, sections, _announced(context), to)
        return {**context.state, "made": self.blobs.keep(draft, held_by=context.task.id).id}

    def check(self, context: StepContext) -> State:
        """What came out must be a sound disk of that format, as large for a guest as the old one."""
        state, to = context.state, DiskFormat(context.task.input["to"])
        with self.records.reading() as session:
            blob = pinned(session, state["made"])
        return {**state, "made_virtual_size": size_found(self.blobs, blob, to, _announced(context), self.limits)}

    def publish(self, context: StepContext) -> State:
        """The new image appears, or the old one has its new bytes; either at once."""
        state, task = context.state, context.task
        made_id = ImageId(task.input["made_id"])
        with self.records.writing() as session:
            blob = pinned(session, state["made"])
            there = session.images.get(made_id)
            if there is not None and there.blob_id == blob.id:
                return {**state, "made_id": made_id}  # published already, before this step was cut off
            image = _image_of(session, task)
            now = self.clock()
            filled = replace(
                image,
                disk_format=DiskFormat(task.input["to"]),
                size=blob.size,
                virtual_size=state["made_virtual_size"],
                checksum=blob.digests[Algorithm.MD5],
                hash_value=blob.digests[Algorithm.SHA512],
                blob_id=blob.id,
                updated_at=now,
            )
            if made_id == image.id:
                is_object = session.registrations.get(image.id) is not None  # registered since
                if image.status is not Status.ACTIVE or image.blob_id != state["blob"] or image.protected or is_object:
                    raise StatusConflict("image", image.id, found="another one by now", wanted="replacing its disk")
                self.quotas.check(session, image.owner, bytes=max(0, blob.size - (image.size or 0)))
                session.images.update(filled, was=image.status)
            else:
                if there is not None:
                    raise AlreadyExists("image", made_id)
                self.quotas.check(session, task.project_id, images=1, bytes=blob.size)
                session.images.add(checked_image(_beside(filled, made_id)))
        return {**state, "made_id": made_id}

    def look_through(self, context: StepContext) -> State:
        """What the tool finds that judging by the header does not: tables that contradict each other."""
        state = context.state
        health = self.tools.check(self._file(context), DiskFormat(state["format"]))
        if health.corruptions:
            found = f"one with {health.corruptions} errors in its tables"
            raise BadDisk(state["name"], Reason.MALFORMED, f"a sound disk of the format {state['format']}", found)
        return {**state, "looked_through": health.looked_through, "leaks": health.leaks}

    def _source(self, context: StepContext) -> Section:
        with self.records.reading() as session:
            return whole(pinned(session, context.state["blob"]))

    def _file(self, context: StepContext) -> Path:
        return as_file(context, self.blobs, (self._source(context),))


def _steps(*runs: Callable[[StepContext], State]) -> tuple[Step, ...]:
    return tuple(Step(name=run.__name__, run=run) for run in runs)


def _image_of(session: Session, task: Task) -> Image:
    image = session.images.get(ImageId(task.input["image_id"]))
    if image is None or image.owner != task.project_id:
        raise NotFound("image", task.input["image_id"])
    return image


def _beside(image: Image, made_id: ImageId) -> Image:
    """A new image like this one. What was allowed for the old one, to be public or community, is asked for anew."""
    open_to_all = image.visibility in (Visibility.PUBLIC, Visibility.COMMUNITY)
    return replace(
        image,
        id=made_id,
        visibility=Visibility.SHARED if open_to_all else image.visibility,
        protected=False,
        import_task=None,
        created_at=image.updated_at,
    )


def _announced(context: StepContext) -> Announced:
    state = context.state
    return Announced(name=state["name"], format=DiskFormat(state["format"]), virtual_size=state["virtual_size"])


def _findings(state: State) -> State:
    names = ("format", "sub_format", "virtual_size", "file_size", "looked_through", "leaks")
    return {name: state[name] for name in names}
