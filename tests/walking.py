"""A walker of tasks that walks when it is told, in the test's own thread."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from imageferry.domain.task import State, TaskId
from imageferry.ports.tasks import Interrupted, Walk


class Walker:
    """``ports.tasks.Tasks`` without durability: started tasks wait until ``walk``.

    Cut-offs are played by ``before`` and ``after``, which may raise ``Interrupted`` for a step:
    the process dies before its deed, or between the deed and the note of it.
    """

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self.waiting: list[TaskId] = []
        self._noted: dict[TaskId, dict[str, State]] = {}
        self.before: Callable[[str], None] = lambda _: None
        self.after: Callable[[str], None] = lambda _: None

    def start(self, task_id: TaskId) -> None:
        self.waiting.append(task_id)

    def walk(self) -> None:
        """Walk all that wait to their end; those that were cut off wait again."""
        waiting, self.waiting = self.waiting, []
        for task_id in waiting:
            try:
                self._one(task_id)
            except Interrupted:
                self.waiting.append(task_id)

    def _one(self, task_id: TaskId) -> None:
        state: State = {}
        failure: State | None = None
        noted = self._noted.setdefault(task_id, {})
        for name in self._walk.steps_of(task_id):
            if name in noted:
                state = noted[name]
                continue
            try:
                self.before(name)
                after = _as_json(self._walk.run_step(task_id, name, state))
                self.after(name)
            except Exception as error:
                failure = _as_json(self._walk.failure_of(error))
                break
            state = noted[name] = after
        self._walk.ended(task_id, state, failure)


def _as_json(state: State) -> Any:
    return json.loads(json.dumps(state, allow_nan=False))
