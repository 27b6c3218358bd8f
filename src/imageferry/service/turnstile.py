"""What takes long is done for few at a time, and few wait for it: who waits holds a thread that short requests need."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from imageferry.domain.errors import Unavailable


class Turnstile:
    """Lets so many in at once, and has so many more wait so long."""

    def __init__(self, what: str, *, at_once: int, waiting: int, wait_s: float) -> None:
        """
        Args:
            what: is worked on, for people.
        """
        self._what = what
        self._wait_s = wait_s
        self._door = threading.BoundedSemaphore(at_once + waiting)
        self._room = threading.BoundedSemaphore(at_once)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Around the work. Raises Unavailable: too many are before one."""
        if not self._door.acquire(blocking=False):
            raise self._refusal()
        try:
            if not self._room.acquire(timeout=self._wait_s):
                raise self._refusal()
            try:
                yield
            finally:
                self._room.release()
        finally:
            self._door.release()

    def _refusal(self) -> Unavailable:
        return Unavailable(self._what, "others are before you; try again in a while")
