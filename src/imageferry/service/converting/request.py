"""What can be asked of the disk in an image, and the use-cases that ask it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imageferry.domain.access import Act, Caller, allow
from imageferry.domain.errors import BadInput, Forbidden, NotFound, StatusConflict
from imageferry.domain.image import ContainerFormat, DiskFormat, Image, ImageId, Status, new_image_id
from imageferry.domain.task import Task, TaskKind
from imageferry.ports.records import Records
from imageferry.service.image_quotas import ImageQuotas
from imageferry.service.sharing import seen
from imageferry.service.tasks import TaskService

CONVERTIBLE = (
    DiskFormat.RAW,
    DiskFormat.QCOW2,
    DiskFormat.VMDK,
    DiskFormat.VHD,
    DiskFormat.VHDX,
    DiskFormat.VDI,
)
"""Formats of a disk that can be read and written whole. An ISO stays one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvertRequest:
    """Write the disk of an image in another format.

    ``replace``: into the image itself; else into a new one with its name, properties and tags.
    ``echo``: JSON that the dialect wants to find again with the task; never a secret.
    """

    image_id: ImageId
    to: DiskFormat
    replace: bool = False
    echo: Mapping[str, Any] = field(default_factory=dict)


class Conversions:
    """Starts conversions and checks; what becomes of them is asked of ``TaskService``."""

    def __init__(self, records: Records, tasks: TaskService, quotas: ImageQuotas) -> None:
        self._records = records
        self._tasks = tasks
        self._quotas = quotas

    def convert(self, caller: Caller | None, source: str, request: ConvertRequest) -> Task:
        """Take a conversion on. What can be refused at once is refused here.

        Args:
            source: the dialect that asks.

        Raises:
            NotFound: no such image of this project.
            StatusConflict: it has no bytes, or they are withheld.
            BadInput: not from this format, or not to that one.
            Forbidden: to be replaced, and protected, or an object, whose bytes it has.
            OverLimit: the project may not keep so much.
        """
        caller = allow(caller, Act.WRITE_IMAGES)
        if request.to not in CONVERTIBLE:
            raise BadInput("to", request.to.value, f"one of {', '.join(CONVERTIBLE)}")
        image = self._own(caller, request.image_id, "a conversion")
        if image.disk_format not in CONVERTIBLE or image.disk_format is request.to:
            others = ", ".join(word for word in CONVERTIBLE if word is not request.to)
            raise BadInput("image", image.disk_format, f"one whose disk is {others}, to become {request.to}")
        if request.replace and image.protected:
            raise Forbidden("replace the disk of a protected image", "Set protected to false first.")
        if request.replace and self._is_object(image):
            raise Forbidden("replace the disk of an image that is an object", "Let a new image be made of it.")
        if not request.replace:
            with self._records.reading() as session:
                self._quotas.refuse_early(session, caller.project, images=1, bytes=1)
        task_input = {
            "image_id": image.id,
            "to": request.to.value,
            "made_id": image.id if request.replace else new_image_id(),
            "echo": dict(request.echo),
        }
        return self._tasks.start(caller, TaskKind.CONVERT, source=source, task_input=task_input)

    def check(self, caller: Caller | None, source: str, image_id: ImageId, echo: Mapping[str, Any]) -> Task:
        """Look through the disk of an image. Raises NotFound, StatusConflict, BadInput, as ``convert``."""
        caller = allow(caller, Act.START_TASKS)
        image = self._own(caller, image_id, "a check")
        task_input = {"image_id": image.id, "echo": dict(echo)}
        return self._tasks.start(caller, TaskKind.CHECK, source=source, task_input=task_input)

    def _is_object(self, image: Image) -> bool:
        with self._records.reading() as session:
            return session.registrations.get(image.id) is not None

    def _own(self, caller: Caller, image_id: ImageId, wish: str) -> Image:
        with self._records.reading() as session:
            image = seen(session, caller, image_id)
        if image.owner != caller.project:
            raise NotFound("image of this project", image.id)
        if image.status is not Status.ACTIVE or image.blob_id is None:
            raise StatusConflict("image", image.id, found=image.status, wanted=wish)
        if image.container_format is not ContainerFormat.BARE:
            raise BadInput("image", image.container_format, f"a bare disk, for {wish}")
        return image
