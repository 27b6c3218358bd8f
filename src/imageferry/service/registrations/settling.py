"""Images are judged right after the transaction that overwrote their objects."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from imageferry.domain.image import ImageId
from imageferry.ports.records import Records, Session
from imageferry.service.registrations.judging import try_to_settle

Settle = Callable[[ImageId], None]


class SettlingRecords:
    """Around any records."""

    def __init__(self, records: Records, settle: Settle) -> None:
        self._records = records
        self._settle = settle

    def reading(self) -> AbstractContextManager[Session]:
        return self._records.reading()

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Session]:
        with self._records.writing(durable=durable) as session:
            yield session
        for image_id in session.registrations.left_unjudged:
            try_to_settle(self._settle, image_id)

    def close(self) -> None:
        self._records.close()


class SettlingSoon:
    """Settles on a thread of its own, one image after the other: with scanners it may take longer than clients wait.

    What waits when the process ends is settled at the next start.
    """

    def __init__(self, settle: Settle) -> None:
        self._settle = settle
        self._waiting: queue.SimpleQueue[ImageId] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self, image_id: ImageId) -> None:
        self._waiting.put(image_id)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="settling", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            try_to_settle(self._settle, self._waiting.get())
