"""Registered bytes pass the scanners that imports pass, within the request that registers them.

Kamaki waits as long as it takes, and has no way of asking for an answer later. So that those who wait leave room for
others, only a few disks are looked at at a time; who comes then is asked to try again.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from imageferry.domain.access import UserId
from imageferry.domain.blob import Blob
from imageferry.domain.image import Image
from imageferry.domain.task import Task, TaskId, TaskKind
from imageferry.service.image_data import is_judged
from imageferry.service.importing.scan import Scanning
from imageferry.service.plans import StepContext
from imageferry.service.turnstile import Turnstile

SOURCE = "plankton"

_LIMIT_S = 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisteredScan:
    """The step ``scan`` of imports, without a task around it."""

    scanning: Scanning
    folder: Path  # for what scanners work with
    turnstile: Turnstile = field(default_factory=lambda: Turnstile("the scanner", at_once=2, waiting=4, wait_s=30))

    def __call__(self, image: Image, blob: Blob) -> None:
        """Show the bytes of an image to the scanners.

        Raises:
            Infected: one objects, with the rule and the file.
            Unavailable, TimedOut: one cannot say, or too many wait already.
        """
        with self._work() as work:
            self.scanning.scan(self._context(image, blob, work))

    @contextmanager
    def _work(self) -> Iterator[Path]:
        work = self.folder / f"registered-{uuid.uuid4().hex}"
        with self.turnstile.turn():
            try:
                work.mkdir(parents=True)
                yield work
            finally:
                shutil.rmtree(work, ignore_errors=True)

    def _context(self, image: Image, blob: Blob, work: Path) -> StepContext:
        now = self.scanning.clock()
        task = Task(
            id=TaskId(str(uuid.uuid4())),
            kind=TaskKind.IMPORT,
            project_id=image.owner,
            user_id=UserId(""),  # whoever of the project has written the object
            source=SOURCE,
            input={},
            created_at=now,
            updated_at=now,
        )
        disk_format = image.disk_format.value if is_judged(image) and image.disk_format is not None else None
        name = image.name or image.id
        return StepContext(
            task=task,
            state={"source": [[blob.id, 0, blob.size]], "format": disk_format, "name": name},
            work=work,
            deadline=time.monotonic() + _LIMIT_S,
            limit_s=_LIMIT_S,
            note=lambda _: False,
            stopping=lambda: False,
            may_be_seen=False,
        )
