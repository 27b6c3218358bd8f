"""What is there, or is not, or is not for this caller, forbids the act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from imageferry.domain.errors.root import FerryError, shown


@dataclass(eq=False)
class NotFound(FerryError):
    """No such thing, or none that the caller may know of."""

    kind: str
    key: str
    exit_code: ClassVar[int] = 4

    def __str__(self) -> str:
        return f"no {self.kind} {shown(self.key)} here that you may see."


@dataclass(eq=False)
class DeletedThen(NotFound):
    """The version that was asked for is the mark of a deletion."""

    version: str

    def __str__(self) -> str:
        return f"{self.kind} {shown(self.key)} was deleted at that time: version {self.version} says no more than that."


@dataclass(eq=False)
class NoVersions(NotFound):
    """A version was asked for where none were ever kept."""

    def __str__(self) -> str:
        return f"{self.kind} {shown(self.key)} never kept versions of its objects. Switch that on first."


class Conflict(FerryError):
    """The thing is there, in a state that forbids the act."""

    exit_code: ClassVar[int] = 5


@dataclass(eq=False)
class AlreadyExists(Conflict):
    """There is one of that name or id already."""

    kind: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind} {shown(self.key)} exists already. Choose another name, or change that one."


@dataclass(eq=False)
class MetafileExists(AlreadyExists):
    """The metafile that a registration would write is there already. Nothing was registered."""

    def __str__(self) -> str:
        advice = "--force makes a new version of it, --no-metafile-upload leaves it as it is."
        return f"Metadata file {self.key} already exists. {advice}"


@dataclass(eq=False)
class NotEmpty(Conflict):
    """Something is still inside."""

    kind: str
    key: str
    inside: str = "what is inside"

    def __str__(self) -> str:
        return f"{self.kind} {shown(self.key)} is not empty. Delete {self.inside} first."


@dataclass(eq=False)
class StatusConflict(Conflict):
    """The state that the thing is in forbids the act."""

    kind: str
    key: str
    found: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.kind} {shown(self.key)} is {self.found}; {self.wanted} is not possible from there."


@dataclass(eq=False)
class PreconditionFailed(Conflict):
    """A condition that the caller set does not hold."""

    what: str
    condition: str

    def __str__(self) -> str:
        return f"{self.what}: the condition {self.condition} does not hold; nothing was changed."


@dataclass(eq=False)
class RangeNotSatisfiable(FerryError):
    """The range that was asked for lies outside."""

    size: int  # bytes
    exit_code: ClassVar[int] = 3

    def __str__(self) -> str:
        return f"the range lies outside: there are {self.size} bytes."


class AccessDenied(FerryError):
    """Not for this caller."""

    exit_code: ClassVar[int] = 6


@dataclass(eq=False)
class NotAuthenticated(AccessDenied):
    """Unknown, expired or revoked credentials. ``why`` is for the service's log only, never for the caller."""

    why: str = ""

    def __str__(self) -> str:
        return "the request you have made requires authentication. Log in again."


@dataclass(eq=False)
class Forbidden(AccessDenied):
    """A known caller asked for something that is not allowed to them."""

    act: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f" {self.hint}" if self.hint else ""
        return f"you are not allowed to {self.act}.{hint}"
