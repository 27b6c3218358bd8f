"""The use-case: ask for an import."""

from __future__ import annotations

from typing import Any

from imageferry.domain.access import Act, Caller, allow
from imageferry.domain.errors import AlreadyExists
from imageferry.domain.image import Visibility, new_image_id
from imageferry.domain.task import URL_IMPORT, Task, TaskKind
from imageferry.ports.records import Records
from imageferry.service.image_quotas import ImageQuotas
from imageferry.service.importing.fetching import Fetching
from imageferry.service.importing.request import ImportRequest
from imageferry.service.objects import Objects
from imageferry.service.tasks import TaskService


class Imports:
    """Starts imports; what becomes of them is asked of ``TaskService``."""

    def __init__(
        self, records: Records, objects: Objects, tasks: TaskService, quotas: ImageQuotas, fetching: Fetching
    ) -> None:
        self._records = records
        self._objects = objects
        self._tasks = tasks
        self._quotas = quotas
        self._fetching = fetching

    def start(self, caller: Caller | None, source: str, request: ImportRequest) -> Task:
        """Take an import on. What can be refused at once is refused here.

        Args:
            source: the dialect that asks; its lists show its own tasks only.

        Raises:
            NotFound: no such object.
            BadInput, BadSource: nothing can or may be fetched from the URL.
            Forbidden: another project's object, or a public image, without being an admin.
            OverLimit: the project may not keep so much.
            AlreadyExists: the image id was used before, or is asked for by an import under way.
        """
        caller = allow(caller, Act.WRITE_IMAGES)
        if request.visibility is Visibility.PUBLIC:
            allow(caller, Act.PUBLISH_IMAGES)
        found: dict[str, Any]
        if request.url:
            self._fetching.check(request.url, field="import_from")
            found = {"plan": URL_IMPORT}
        else:
            account = request.account or caller.project
            opened = self._objects.open(caller, account, request.container, request.object)
            found = {"account": account, "etag": opened.etag, "size": opened.size}
        image_id = request.image_id or new_image_id()
        with self._records.reading() as session:
            taken = session.images.was_used(image_id)
            self._quotas.refuse_early(session, caller.project, images=1, bytes=1)
        chosen = request.image_id is not None  # or it is new to everybody
        if taken or (chosen and self._tasks.open_tasks(caller.project, TaskKind.IMPORT, image_id)):
            raise AlreadyExists("image", image_id)
        task_input = {**request.to_state(), **found, "image_id": image_id}
        return self._tasks.start(caller, TaskKind.IMPORT, source=source, task_input=task_input)
