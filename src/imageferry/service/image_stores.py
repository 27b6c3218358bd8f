"""Where the bytes of an image are kept. There is one store, so there is nothing to copy and nothing to spare."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from imageferry.domain.access import Act, Caller, allow
from imageferry.domain.errors import BadInput, Forbidden, StatusConflict
from imageferry.domain.image import Image, ImageId, Status
from imageferry.domain.moment import later
from imageferry.domain.task import COPIED_IMPORT, Task, TaskId, TaskKind, TaskStatus
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records
from imageferry.service.sharing import seen


class ImageStores:
    """The use-cases of copies in several stores, as far as one store goes. All are for administrators."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def copy(
        self, caller: Caller | None, image_id: ImageId, store: str | None, source: str, echo: Mapping[str, Any]
    ) -> Task:
        """To ``store``; None: to every store that has none of it yet, which leaves nothing to do.

        Args:
            source: the dialect that asks.
            echo: JSON that the dialect wants to find again with the task; never a secret.

        Returns:
            The task that clients wait for: it has succeeded already, and the image names it.

        Raises:
            StatusConflict: it has no bytes that could be copied.
            BadInput: it is in that store.
        """
        image = self._of_admin(caller, image_id, "copy an image to another store")
        if store is not None:
            raise BadInput("stores", store, f"a store that does not keep image {image.id} already")
        caller = allow(caller, Act.START_TASKS)
        now = self._clock()
        task = Task(
            id=TaskId(str(uuid.uuid4())),
            kind=TaskKind.IMPORT,
            project_id=caller.project,
            user_id=caller.user_id,
            source=source,
            input={"plan": COPIED_IMPORT, "image_id": image.id, "echo": dict(echo)},
            status=TaskStatus.SUCCEEDED,
            result={"image_id": image.id},
            message="Every store has it already.",
            created_at=now,
            updated_at=now,
        )
        with self._records.writing() as session:
            session.tasks.add(replace(task, expires_at=later(now, seconds=task.keep_seconds)))
            session.images.update(replace(image, import_task=task.id, updated_at=now), was=image.status)
        return task

    def drop(self, caller: Caller | None, image_id: ImageId) -> None:
        """Take an image out of the store. Raises Forbidden: there is no other that keeps it."""
        self._of_admin(caller, image_id, "remove the bytes of an image from a store")
        raise Forbidden("remove an image from the only store that keeps it", "Delete the image instead.")

    def _of_admin(self, caller: Caller | None, image_id: ImageId, act: str) -> Image:
        caller = allow(caller, Act.READ_IMAGES)
        with self._records.reading() as session:
            image = seen(session, caller, image_id)
        if image.status is not Status.ACTIVE:
            raise StatusConflict("image", image.id, found=image.status, wanted="taking its bytes to or from a store")
        if not caller.is_admin:
            raise Forbidden(act, "It needs the role admin.")
        return image
