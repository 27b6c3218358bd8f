"""Who has a place in a lane, who waits for one, and who has a thread: one book, safe to use from many threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from imageferry.domain.task import Lane, TaskId
from imageferry.domain.turns import Turns
from imageferry.ports.tasks import Due

_LOOK_S = 0.5  # how often those who wait see whether the service stops


class Seats:
    def __init__(self, places: Mapping[Lane, int], *, most_of_one: int) -> None:
        """``most_of_one``: places in a lane that one project may have at once; 0: all of them."""
        self._turns = {lane: Turns(places[lane], most_of_one=most_of_one) for lane in Lane}
        self._at_work: set[TaskId] = set()  # has a thread
        self._resumed: set[TaskId] = set()  # was cut off, and has no thread yet
        self._changed = threading.Condition()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Nobody else looks into the book meanwhile: a thread that begins waits."""
        with self._changed:
            yield

    def wait(self, due: Due) -> None:
        """It wants a place."""
        with self._changed:
            self._turns[due.lane].wait(due.task_id, due.project_id)
            self._changed.notify_all()

    def resume(self, due: Due) -> None:
        """It has its place already: it was cut off at work, and is about to have a thread."""
        with self._changed:
            self._resumed.add(due.task_id)
            self._turns[due.lane].seat(due.task_id, due.project_id)

    def next(self) -> TaskId | None:
        """Who has a place now and no thread yet; None after a while in which nobody has."""
        with self._changed:
            task_id = next((task for lane in Lane if (task := self._turns[lane].next()) is not None), None)
            if task_id is None:
                self._changed.wait(_LOOK_S)
            elif task_id in self._at_work:  # it moves to another lane, and its thread waits for this
                self._changed.notify_all()
                return None
            return task_id

    def silent(self) -> list[TaskId]:
        """Those that were cut off and have no thread yet."""
        with self._changed:
            return sorted(self._resumed)

    def is_lost(self, task_id: TaskId) -> bool:
        """Whether it still has no thread; it is not waited for any more."""
        with self._changed:
            lost = task_id in self._resumed
            self._resumed.discard(task_id)
            return lost

    def begin(self, task_id: TaskId) -> None:
        """It has a thread."""
        with self._changed:
            self._at_work.add(task_id)
            self._resumed.discard(task_id)

    def move(self, due: Due, lane: Lane, check: Callable[[], None]) -> None:
        """Have a place in that lane; the one in another is kept until then, or threads would run out.

        ``check`` is called now and then while it waits, and may raise.
        """
        turns = self._turns[lane]
        with self._changed:
            if turns.has(due.task_id):
                return
            turns.wait(due.task_id, due.project_id)
            self._changed.notify_all()
            while not turns.has(due.task_id):
                check()
                self._changed.wait(_LOOK_S)
            for other in self._turns.values():
                if other is not turns:
                    other.leave(due.task_id)
            self._changed.notify_all()

    def leave(self, task_id: TaskId) -> None:
        """It has neither place nor thread, and waits for none."""
        with self._changed:
            for turns in self._turns.values():
                turns.leave(task_id)
            self._at_work.discard(task_id)
            self._changed.notify_all()

    def wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def empty(self, wait_s: float) -> bool:
        """Wait until nobody has a thread; whether that came to be."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._at_work, wait_s)
