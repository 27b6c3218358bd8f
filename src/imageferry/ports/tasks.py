"""What the service needs from whatever walks tasks durably."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from imageferry.domain.access import ProjectId
from imageferry.domain.task import Lane, State, TaskId


class Interrupted(BaseException):
    """The process is stopping: the step at work is cut off, and done again after the next start.

    Not an Exception, so that no step takes it for a failure of its own.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A task that should be under way: whose it is, and the lane that it begins in."""

    task_id: TaskId
    project_id: ProjectId
    lane: Lane


class Walk(Protocol):
    """What a walker calls back. The service implements it; the walker knows no more of tasks.

    The walker promises: the steps of one task run one after the other, each at least once;
    a step whose state was noted never runs again, not even after kill -9; the last call is
    ``ended``, at least once. Several tasks run side by side, never one task twice at once; as many
    steps of a lane as it has places, and who waits for a place in one lane takes none of another
    that a task could begin in. Places go to projects in turn (``domain.turns``).
    """

    def due(self, task_id: TaskId) -> Due: ...

    def steps_of(self, task_id: TaskId) -> Mapping[str, Lane]:
        """The names of the steps in their order, and where each wants its place; the same at every call.

        Those in the lane NETWORK come first.
        """

    def run_step(self, task_id: TaskId, name: str, state: State) -> State:
        """Do one step; returns the state that the next one gets. Raises what it likes."""

    def failure_of(self, error: BaseException) -> State:
        """What to remember of an error that ended a step; JSON data."""

    def ended(self, task_id: TaskId, state: State, failure: State | None) -> None:
        """All steps are done, or one has raised. Tried again later if it raises."""

    def unfinished(self) -> Sequence[Due]:
        """Tasks that should be under way, the oldest first; asked at start, to catch those that were waiting."""


class Tasks(Protocol):
    """The walker as the service sees it."""

    def start(self, task_id: TaskId) -> None:
        """Walk the task, soon and in the background. Called twice it still runs once."""
