"""What nobody asked for: damage, what cannot be used now, work that did not come to its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from imageferry.domain.errors.root import FerryError


@dataclass(eq=False)
class Damaged(FerryError):
    """Stored bytes are not what their name promises."""

    kind: str
    key: str
    detail: str = ""
    exit_code: ClassVar[int] = 8

    def __str__(self) -> str:
        detail = f" ({self.detail})" if self.detail else ""
        return (
            f"{self.kind} {self.key} is damaged{detail}. 'imageferry verify' names what it "
            "belongs to; upload that again or restore the block from a backup."
        )


@dataclass(eq=False)
class Unavailable(FerryError):
    """Not now. Trying again later may help."""

    what: str
    reason: str
    exit_code: ClassVar[int] = 7

    def __str__(self) -> str:
        return f"{self.what} cannot be used now: {self.reason}."


@dataclass(eq=False)
class NoRoom(Unavailable):
    """The disk is full. Nothing half-made was kept."""

    def __str__(self) -> str:
        return f"{self.what} has no room left: {self.reason}. Free space ('imageferry gc') or ask the administrator."


@dataclass(eq=False)
class TimedOut(Unavailable):
    """It took longer than was allowed."""

    seconds: float = 0.0
    exit_code: ClassVar[int] = 10

    def __str__(self) -> str:
        return f"{self.what} did not end within {self.seconds:g} s: {self.reason}."


@dataclass(eq=False)
class TaskFailed(FerryError):
    """A task ended in failure. ``message`` is the sentence that the task left."""

    task: str
    code: str
    message: str
    exit_code: ClassVar[int] = 9

    def __str__(self) -> str:
        code = f" [{self.code}]" if self.code else ""
        return f"task {self.task} failed{code}: {self.message}"


@dataclass(eq=False)
class Cancelled(FerryError):
    """Somebody asked for the end."""

    what: str
    exit_code: ClassVar[int] = 11

    def __str__(self) -> str:
        return f"{self.what} was cancelled."
