"""What tasks are made of: steps, the plan they stand in, and what a running step gets to work with."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from imageferry.domain.errors import Cancelled, TimedOut, Unavailable
from imageferry.domain.task import Lane, Progress, State, Task
from imageferry.ports.records import Session
from imageferry.ports.tasks import Interrupted

_NOTE_S = 0.5  # how often running steps note their progress


@dataclass(kw_only=True, slots=True)
class Course:
    """Work that takes long, within a task or without one: where it may keep files, and when it must end."""

    work: Path  # a folder of its own; that of a task may be gone after a restart on another machine
    deadline: float  # time.monotonic()
    limit_s: float = 0.0  # the time between the beginning and the deadline
    what: str = ""  # is done, for people
    _progress: Progress = field(default_factory=Progress)
    _noted: float = 0.0

    def progress(self, done: int, total: int | None = None) -> None:
        """Say how far the step is, in bytes; cheap enough for every block.

        Raises:
            Cancelled, TimedOut, Interrupted: the work must end here.
        """
        self._progress = Progress(done=done, total=total)
        now = time.monotonic()
        if now - self._noted < _NOTE_S:
            return
        self._noted = now
        self.check()

    def advance(self, count: int) -> None:
        """So many more bytes are done."""
        self.progress(self._progress.done + count, self._progress.total)

    def begin(self, total: int | None) -> None:
        """A new stretch of work of so many bytes."""
        self._progress = Progress(done=0, total=total)
        self.check()

    def check(self) -> None:
        """End here if time is up."""
        if time.monotonic() > self.deadline:
            raise TimedOut(self.what, reason="its time limit is over", seconds=self.limit_s)


@dataclass(kw_only=True, slots=True)
class StepContext(Course):
    """What a step gets: its task, the state so far, and the means to be watched and stopped."""

    task: Task
    state: State
    note: Callable[[Progress], bool]  # returns whether cancelling was asked for
    stopping: Callable[[], bool]
    may_be_seen: bool  # a last step that was cut off: its deed may be seen already, so it is no longer cancelled

    def __post_init__(self) -> None:
        self.what = f"step {self.task.step}"

    def check(self) -> None:
        """Note the progress; end here if somebody asked for it or time is up."""
        if self.stopping():
            raise Interrupted
        Course.check(self)
        if self.note(self._progress) and not self.may_be_seen:
            raise Cancelled(f"task {self.task.id}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A named, repeatable part of a task. It may be cut off anywhere and done again."""

    name: str
    run: Callable[[StepContext], State]
    limit_s: float = 24 * 3600.0
    lane: Lane = Lane.WORK  # those in NETWORK stand at the beginning of a plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How tasks of a kind are done.

    ``result`` makes the task's result of the last state. ``at_end`` runs inside the transaction
    that makes the task final, whatever its end is: what the task holds in other records is let go
    there, so that no record waits for a task that is over. It may run twice. ``spare``: steps that
    only tasks have which began when the service was set otherwise.
    """

    steps: tuple[Step, ...]
    result: Callable[[State], State]
    at_end: Callable[[Session, Task], None] = lambda _, __: None
    spare: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        lanes = [step.lane for step in self.steps]
        if lanes != sorted(lanes, key=list(Lane).index):
            raise ValueError("a step that waits for the network stands behind one that works")

    def as_begun(self, names: Sequence[str]) -> Plan:
        """The plan by which a task began, whatever has been set meanwhile; a step that is gone ends it."""
        known = {step.name: step for step in (*self.spare, *self.steps)}
        return replace(self, steps=tuple(known.get(name) or _gone(name) for name in names))


def _gone(name: str) -> Step:
    def run(_: StepContext) -> State:
        reason = "the service is set without it since; start anew"
        raise Unavailable(f"step {name}", reason=reason)

    return Step(name=name, run=run)
