"""The use-case: ask for an export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imageferry.domain.access import Act, Caller, allow
from imageferry.domain.errors import AlreadyExists, NotFound, StatusConflict
from imageferry.domain.image import ImageId, Status
from imageferry.domain.task import Task, TaskKind
from imageferry.ports.records import Records
from imageferry.service.exporting.targets import Targets, stem_of
from imageferry.service.images import Images
from imageferry.service.tasks import TaskService


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportRequest:
    """Write an image to a container of the caller's project.

    ``echo``: JSON that the dialect wants to find again with the task; never a secret.
    """

    image_id: ImageId
    container: str
    echo: Mapping[str, Any] = field(default_factory=dict)


class Exports:
    """Starts exports; what becomes of them is asked of ``TaskService``."""

    def __init__(self, records: Records, images: Images, tasks: TaskService) -> None:
        self._records = records
        self._images = images
        self._tasks = tasks

    def start(self, caller: Caller | None, source: str, request: ExportRequest) -> Task:
        """Take an export on. What can be refused at once is refused here.

        Args:
            source: the dialect that asks; its lists show its own tasks only.

        Raises:
            NotFound: no such container, or no such image of this project.
            StatusConflict: the image has no bytes, or they are withheld.
            AlreadyExists: the same export is under way ("export"), or something of the names
                that it would write is there ("object").
            BadInput: the container's name leaves no room for the one of its parts.
        """
        caller = allow(caller, Act.START_TASKS)
        allow(caller, Act.WRITE_OBJECTS)
        image = self._images.show(caller, request.image_id)
        if image.owner != caller.project_id:
            raise NotFound("image of this project", image.id)
        if image.status is not Status.ACTIVE:
            raise StatusConflict("image", image.id, found=image.status, wanted="an export")
        targets = Targets(request.container, stem_of(image.name, image.id))
        with self._records.reading() as session:
            there = targets.occupied(session, caller.project)
        if there is not None:
            raise AlreadyExists("object", there)
        for task in self._tasks.open_tasks(caller.project, TaskKind.EXPORT, image.id):
            if task.input["container"] == request.container:
                raise AlreadyExists("export", task.id)
        task_input = {
            "image_id": image.id,
            "image_name": image.name or "",
            "container": targets.container,
            "stem": targets.stem,
            "echo": dict(request.echo),
        }
        return self._tasks.start(caller, TaskKind.EXPORT, source=source, task_input=task_input)
