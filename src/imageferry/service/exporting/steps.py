"""The steps from an image to a disk file in a container, each repeatable.

    locate -> convert -> store -> finish

Until the last one nothing can be seen: parts are blobs that only the task holds on to. The last
one shows everything at once, or nothing. So an export that fails or is cancelled leaves nothing
to remove, and what it stored goes with the next sweep.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from imageferry.domain.blob import Blob, BlobDraft
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.digest import Algorithm, Digest, digest_of
from imageferry.domain.errors import BadInput, NotFound, StatusConflict
from imageferry.domain.image import DiskFormat, ImageId, Status
from imageferry.domain.object import MAX_OBJECT_SIZE
from imageferry.domain.task import State
from imageferry.ports.clock import Clock
from imageferry.ports.disk_tools import DiskTools
from imageferry.ports.records import Records
from imageferry.service.blobs import Blobs, pinned, whole
from imageferry.service.exporting.shelf import Shelf
from imageferry.service.exporting.targets import Targets
from imageferry.service.importing.conversion import most_of
from imageferry.service.plans import Plan, Step, StepContext
from imageferry.service.scratch import working_files
from imageferry.wire import ovf

PART_BYTES = 1 << 30
_LEAST_PART = 1 << 16
_SECTOR = 512  # bytes: disks end on one
_LEAST_MEMORY = 512  # MiB, for a machine of which nobody said what it needs


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportSteps:
    """The steps over what they work with."""

    records: Records
    blobs: Blobs
    tools: DiskTools
    clock: Clock
    part_bytes: int = PART_BYTES

    def __post_init__(self) -> None:
        if not _LEAST_PART <= self.part_bytes <= MAX_OBJECT_SIZE:
            raise BadInput("export_part_bytes", self.part_bytes, f"{_LEAST_PART} to {MAX_OBJECT_SIZE} bytes")

    def plan(self) -> Plan:
        runs: dict[str, Callable[[StepContext], State]] = {
            "locate": self.locate,
            "convert": self.convert,
            "store": self.store,
            "finish": self.finish,
        }
        return Plan(steps=tuple(Step(name=name, run=run) for name, run in runs.items()), result=_result)

    def locate(self, context: StepContext) -> State:
        """Find the image and hold on to its bytes, whatever becomes of it from now on."""
        task = context.task
        with self.records.writing() as session:
            image = session.images.get(ImageId(task.input["image_id"]))
            if image is None or image.owner != task.project_id:
                raise NotFound("image", task.input["image_id"])
            if image.status is not Status.ACTIVE or image.blob_id is None or image.disk_format is None:
                raise StatusConflict("image", image.id, found=image.status, wanted="an export")
            session.blobs.pin(task.id, [image.blob_id])
        return {
            "blob": image.blob_id,
            "format": image.disk_format.value,
            "capacity": image.virtual_size or image.size,
            "memory": max(image.min_ram, _LEAST_MEMORY),
        }

    def convert(self, context: StepContext) -> State:
        """To a streamOptimized VMDK, in the task's own folder."""
        _disk_file(context).unlink(missing_ok=True)
        self._make_disk_file(context)
        return context.state

    def store(self, context: StepContext) -> State:
        """The file in parts, each a blob that this task holds on to."""
        if not _disk_file(context).exists():
            self._make_disk_file(context)  # after a restart elsewhere
        hasher = Algorithm.SHA256.new()
        parts: list[Blob] = []
        with _disk_file(context).open("rb") as file:
            context.begin(os.fstat(file.fileno()).st_size)
            while draft := self._stored_part(context, file, hasher):
                parts.append(self.blobs.keep(draft, held_by=context.task.id))
        return {
            **context.state,
            "parts": [[part.id, part.size, part.digests[Algorithm.MD5]] for part in parts],
            "size": sum(part.size for part in parts),
            "sha256": hasher.hexdigest(),
        }

    def finish(self, context: StepContext) -> State:
        """Everything appears: parts, description, digests, and the disk itself."""
        state, task = context.state, context.task
        targets = Targets.of_state(task.input)
        description = ovf.envelope(
            name=task.input["image_name"] or targets.stem,
            file=targets.disk,
            size=state["size"],
            capacity=-(-state["capacity"] // _SECTOR) * _SECTOR,
            memory=state["memory"],
        )
        digests = ovf.digest_lines(
            {
                targets.description: digest_of(Algorithm.SHA256, description),
                targets.disk: Digest(Algorithm.SHA256, state["sha256"]),
            }
        )
        shelf = Shelf(records=self.records, blobs=self.blobs, clock=self.clock)
        shelf.show(task, targets, state["parts"], description=description, digests=digests)
        return {**state, "container": targets.container, "object": targets.disk}

    def _make_disk_file(self, context: StepContext) -> None:
        state, source = context.state, context.work / "source"
        with self.records.reading() as session:
            blob = pinned(session, state["blob"])
        context.begin(blob.size)
        self.blobs.to_file([whole(blob)], source, context.advance)
        self.tools.convert(
            source,
            DiskFormat(state["format"]),
            _disk_file(context),
            DiskFormat.VMDK,
            sub_format="streamOptimized",
            max_bytes=most_of(state["capacity"]),
            progress=context.progress,
        )
        with working_files():
            source.unlink()
            _sync(_disk_file(context))

    def _stored_part(self, context: StepContext, file: IO[bytes], hasher: Any) -> BlobDraft | None:
        """The next part of the file, None at its end."""
        writer = self.blobs.writer((Algorithm.MD5,))
        try:
            while data := file.read(min(BLOCK_SIZE, self.part_bytes - writer.size)):
                hasher.update(data)
                context.advance(len(data))
                writer.write(data)
            return writer.finish() if writer.size else None
        finally:
            writer.abandon()


def _result(state: State) -> State:
    return {name: state[name] for name in ("container", "object", "size", "sha256")}


def _disk_file(context: StepContext) -> Path:
    """There only when it is whole: the converter gives it its name at the end."""
    return context.work / "disk.vmdk"


def _sync(path: Path) -> None:
    """The step that wrote the file is noted as done, so the file must outlive a power cut."""
    for opened in (path, path.parent):
        fd = os.open(opened, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
