"""Whose turn it is, where many wait for few places.

A place that becomes free goes to the project that has the fewest; among those that have equally
many, to the one whose last turn is longest ago. Within a project the order is that in which its
tasks came. So a project with a thousand tasks waits for its own, and others do not wait for them;
and one whose tasks take an hour each cannot fill all places while another waits.
"""

from __future__ import annotations

from collections import Counter

from imageferry.domain.access import ProjectId
from imageferry.domain.task import TaskId


class Turns:
    """A number of places, the tasks that have one, and those that wait for one."""

    def __init__(self, places: int, *, most_of_one: int = 0) -> None:
        """``most_of_one``: places that one project may have at once; 0: as many as there are."""
        self._places = places
        self._most_of_one = most_of_one or places
        self._seats: dict[TaskId, ProjectId] = {}
        self._taken: Counter[ProjectId] = Counter()
        self._queues: dict[ProjectId, dict[TaskId, None]] = {}  # both in order

    def wait(self, task: TaskId, project: ProjectId) -> None:
        """Stand in line. Who waits already, or has a place, changes nothing."""
        if task not in self._seats:
            self._queues.setdefault(project, {}).setdefault(task)

    def seat(self, task: TaskId, project: ProjectId) -> None:
        """A place at once, even if there is none: for what had one before a restart."""
        self._seats[task] = project
        self._taken[project] += 1

    def next(self) -> TaskId | None:
        """Give a free place away; returns who has it now, None when nobody waits or may have one."""
        if len(self._seats) >= self._places:
            return None
        allowed = [project for project in self._queues if self._taken[project] < self._most_of_one]
        if not allowed:
            return None
        project = min(allowed, key=self._taken.__getitem__)  # the first of several
        queue = self._queues.pop(project)
        task = next(iter(queue))
        del queue[task]
        if queue:
            self._queues[project] = queue  # behind all others
        self.seat(task, project)
        return task

    def has(self, task: TaskId) -> bool:
        return task in self._seats

    def leave(self, task: TaskId) -> None:
        """Give the place back, if there is one."""
        project = self._seats.pop(task, None)
        if project is not None:
            self._taken[project] -= 1
            if not self._taken[project]:
                del self._taken[project]
