"""What scanners objected to, for the administrator: what there is, its bytes, and the end of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from imageferry.domain.errors import AlreadyExists, NotFound
from imageferry.domain.quarantine import Quarantined
from imageferry.domain.task import TaskId
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records
from imageferry.service.blobs import Blobs, Section, pinned
from imageferry.service.scratch import working_files

_PAGE = 500


class Quarantine:
    """Of all projects: there is no door to it but the administrator's, on the machine itself."""

    def __init__(self, records: Records, blobs: Blobs, clock: Clock) -> None:
        self._records = records
        self._blobs = blobs
        self._clock = clock

    def items(self) -> Iterator[Quarantined]:
        after: TaskId | None = None
        while True:
            with self._records.reading() as session:
                page = session.quarantine.page(after=after, limit=_PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].task_id

    def save(self, task_id: TaskId, path: Path) -> Quarantined:
        """Write the bytes, as they came, to a new file that only its owner can read.

        Raises:
            NotFound: there is nothing of that task.
            AlreadyExists: there is a file of that name.
        """
        with self._records.reading() as session:
            item = session.quarantine.get(task_id)
            if item is None:
                raise NotFound("quarantine", task_id)
            sections = [Section(pinned(session, blob_id), start, stop) for blob_id, start, stop in item.parts]
        with working_files():
            try:
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            except FileExistsError as error:
                raise AlreadyExists("file", str(path)) from error
        self._blobs.to_file(sections, path)
        return item

    def delete(self, task_id: TaskId) -> None:
        """Let go of the bytes; they are swept away a day later. Raises NotFound."""
        with self._records.writing() as session:
            if not session.quarantine.remove(task_id, self._clock()):
                raise NotFound("quarantine", task_id)
