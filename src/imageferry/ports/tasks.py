"""What the service needs from whatever walks tasks durably."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from imageferry.domain.task import State, TaskId


class Walk(Protocol):
    """What a walker calls back. The service implements it; the walker knows no more of tasks.

    The walker promises: the steps of one task run one after the other, each at least once;
    a step whose state was noted never runs again, not even after kill -9; the last call is
    ``ended``, at least once. Several tasks run side by side, never one task twice at once.
    """

    def steps_of(self, task_id: TaskId) -> Sequence[str]:
        """The names of the steps, the same at every call."""

    def run_step(self, task_id: TaskId, name: str, state: State) -> State:
        """Do one step; returns the state that the next one gets. Raises what it likes."""

    def ended(self, task_id: TaskId, state: State, failure: Exception | None) -> None:
        """All steps are done, or one has raised. Never raises."""

    def unfinished(self) -> Sequence[TaskId]:
        """Every task that should be under way; asked once at start, to catch those whose start was cut off."""


class Tasks(Protocol):
    """The walker as the service sees it."""

    def start(self, task_id: TaskId) -> None:
        """Walk the task, soon and in the background. Called twice it still runs once."""

    def close(self, *, wait_s: float = 0.0) -> None:
        """Stop; what is running goes on where it was cut off at the next start."""
