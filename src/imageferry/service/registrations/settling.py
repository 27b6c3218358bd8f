"""Records that let images be judged right after the transaction that overwrote their objects."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from imageferry.domain.image import ImageId
from imageferry.ports.records import Records, Session

_log = logging.getLogger("imageferry.registrations")


class SettlingRecords:
    """Around any records. What goes wrong when judging does not undo what was kept: the next sweep tries again."""

    def __init__(self, records: Records, settle: Callable[[ImageId], None]) -> None:
        self._records = records
        self._settle = settle

    def reading(self) -> AbstractContextManager[Session]:
        return self._records.reading()

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Session]:
        with self._records.writing(durable=durable) as session:
            yield session
        for image_id in session.registrations.left_unjudged:
            try:
                self._settle(image_id)
            except Exception:
                _log.exception("an image could not be judged anew; it waits for the next sweep")

    def close(self) -> None:
        self._records.close()
