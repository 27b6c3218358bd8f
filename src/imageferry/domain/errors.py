"""Everything that can go wrong, in the project's own words.

    FerryError
    ├── Rejected             what was sent cannot be taken; sending it again will not help
    │   ├── BadInput         a field has the wrong form
    │   ├── DigestMismatch   the bytes are not the bytes that were promised
    │   ├── Incomplete       the sender stopped before the end
    │   ├── TooLarge         over a limit, named with its figure
    │   │   ├── OverQuota    more than an account or a container may keep
    │   │   └── OverLimit    more than a project may keep as images
    │   ├── LengthRequired   neither a length nor chunks
    │   ├── BadSegments      parts of a large object are not as its list says
    │   ├── BadDisk          not a disk image, or one that is not safe to open
    │   ├── BadSource        a place that nothing can or may be fetched from
    │   ├── Infected         a scanner's rule has found something in it
    │   ├── StepRefused      a step of the provider's own does not take it
    │   └── Refused          a cloud does not take it; carries the cloud's words
    ├── NotFound             no such thing, or none the caller may know of
    │   └── DeletedThen      a version that says only that the object was deleted
    ├── Conflict             the thing is there, in a state that forbids the act
    │   ├── AlreadyExists
    │   ├── NotEmpty
    │   ├── StatusConflict
    │   └── PreconditionFailed
    ├── RangeNotSatisfiable  the range lies outside the object
    ├── AccessDenied
    │   ├── NotAuthenticated who are you?
    │   └── Forbidden        known, and not allowed
    ├── Damaged              stored bytes are not what their name promises
    ├── Unavailable          not now; trying again may help
    │   ├── NoRoom           the disk is full
    │   └── TimedOut
    ├── TaskFailed           a task ended in failure; carries its message
    └── Cancelled            somebody asked for the end

Fields are for programs, ``str()`` is one sentence for a person: what was expected, what was
found, what to do. No HTTP here: status codes belong to dialects. ``exit_code`` is what the
command line ends with; ``docs/exit-codes.md`` is checked against this tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar


class FerryError(Exception):
    """The root of all errors that are meant for a person."""

    exit_code: ClassVar[int] = 1


class Rejected(FerryError):
    """What was sent cannot be taken."""

    exit_code: ClassVar[int] = 3


@dataclass(eq=False)
class BadInput(Rejected):
    """A field has the wrong form. ``expected`` says which form would do."""

    field: str
    found: object
    expected: str

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, found {_shown(self.found)}."


@dataclass(eq=False)
class DigestMismatch(Rejected):
    """The bytes that came are not the bytes that were promised."""

    what: str
    promised: object  # a domain.digest.Digest, which itself needs this module
    found: object

    def __str__(self) -> str:
        return (
            f"{self.what}: promised {self.promised}, found {self.found}. "
            "The copy is damaged or is another file; send it again."
        )


@dataclass(eq=False)
class Incomplete(Rejected):
    """The sender stopped before the end. Nothing of it was kept."""

    what: str
    promised: int | None  # bytes; None where no length was given (chunks)
    found: int  # bytes

    def __str__(self) -> str:
        promised = "an end marker" if self.promised is None else f"{self.promised} bytes"
        return f"{self.what}: expected {promised}, found {self.found} bytes and no more. Send it again."


@dataclass(eq=False)
class TooLarge(Rejected):
    """Over a limit."""

    what: str
    limit: int
    found: int | None = None
    unit: str = "bytes"
    advice: str = field(default="", kw_only=True)

    def __str__(self) -> str:
        found = "more" if self.found is None else f"{self.found} {self.unit}"
        advice = f" {self.advice}" if self.advice else ""
        return f"{self.what}: at most {self.limit} {self.unit} are taken, found {found}.{advice}"


@dataclass(eq=False)
class OverQuota(TooLarge):
    """More than an account or a container may keep."""

    def __str__(self) -> str:
        return f"Upload exceeds quota. {self.what}: at most {self.limit} {self.unit} are kept. Delete something first."


@dataclass(eq=False)
class OverLimit(TooLarge):
    """More than a project may keep, or do at once. ``unit`` says what is counted, ``used`` how much is there."""

    used: int = 0

    def __str__(self) -> str:
        advice = "Delete something, wait until something has ended, or ask the administrator for more."
        return f"{self.what}: at most {self.limit} {self.unit} are allowed, this would make {self.found}. {advice}"


@dataclass(eq=False)
class LengthRequired(Rejected):
    """A body without a length and without chunks."""

    what: str

    def __str__(self) -> str:
        return f"{self.what}: send a Content-Length, or the body in chunks."


@dataclass(eq=False)
class BadSegments(Rejected):
    """Parts of a large object are not as its list says. ``problems``: (path, what is wrong)."""

    what: str
    problems: Sequence[tuple[str, str]]

    def __str__(self) -> str:
        first = ", ".join(f"{_shown(path)} {reason}" for path, reason in self.problems[:3])
        more = f", and {len(self.problems) - 3} more" if len(self.problems) > 3 else ""
        return f"{self.what}: segments are not as listed: {first}{more}. Upload those again, or correct the list."


@dataclass(eq=False)
class BadDisk(Rejected):
    """Not a disk image, or one that is not safe to open.

    ``reason`` is a short stable word for programs (a value of ``formats.judge.Reason``).
    """

    what: str
    reason: str
    expected: str
    found: str
    advice: str = ""

    def __str__(self) -> str:
        advice = f" {self.advice}" if self.advice else ""
        return f"{self.what}: expected {self.expected}, found {self.found}.{advice}"


@dataclass(eq=False)
class BadSource(Rejected):
    """A place in the network that nothing can, or may, be fetched from.

    ``what`` is its URL without a query. ``reason`` is a short stable word for programs:
    forbidden-address, forbidden-port, redirect, unknown-host, status, encoding, answer, changed.
    """

    what: str
    reason: str
    expected: str
    found: str
    advice: str = ""

    def __str__(self) -> str:
        advice = f" {self.advice}" if self.advice else ""
        return f"{self.what}: expected {self.expected}, found {self.found}.{advice}"


@dataclass(eq=False)
class Infected(Rejected):
    """A scanner's rule has found something inside. ``place``: the file in the disk, or the bytes between files."""

    what: str
    rule: str
    place: str

    def __str__(self) -> str:
        return (
            f"{self.what}: expected a disk that no scanner objects to, found {self.rule} in {self.place}. "
            "Remove that and bring the disk again; if you believe that the rule is wrong, ask the administrator."
        )


@dataclass(eq=False)
class StepRefused(Rejected):
    """A step of the provider's own does not take it; the last three fields are that step's words."""

    what: str
    step: str
    expected: str
    found: str
    hint: str = ""

    def __str__(self) -> str:
        hint = self.hint or "Change that and bring it again; if you believe that the step is wrong, ask the provider."
        return f"{self.what}: expected {self.expected}, found {self.found} (the provider's step {self.step}). {hint}"


@dataclass(eq=False)
class Refused(Rejected):
    """A cloud does not take what it was sent. ``message`` is the cloud's own, ``code`` its status or error code."""

    what: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.what}: refused [{self.code}]: {self.message or 'without a reason'}"


@dataclass(eq=False)
class NotFound(FerryError):
    """No such thing, or none that the caller may know of."""

    kind: str
    key: str
    exit_code: ClassVar[int] = 4

    def __str__(self) -> str:
        return f"no {self.kind} {_shown(self.key)} here that you may see."


@dataclass(eq=False)
class DeletedThen(NotFound):
    """The version that was asked for is the mark of a deletion."""

    version: str

    def __str__(self) -> str:
        return (
            f"{self.kind} {_shown(self.key)} was deleted at that time: version {self.version} says no more than that."
        )


class Conflict(FerryError):
    """The thing is there, in a state that forbids the act."""

    exit_code: ClassVar[int] = 5


@dataclass(eq=False)
class AlreadyExists(Conflict):
    """There is one of that name or id already."""

    kind: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind} {_shown(self.key)} exists already. Choose another name, or change that one."


@dataclass(eq=False)
class NotEmpty(Conflict):
    """Something is still inside."""

    kind: str
    key: str
    inside: str = "what is inside"

    def __str__(self) -> str:
        return f"{self.kind} {_shown(self.key)} is not empty. Delete {self.inside} first."


@dataclass(eq=False)
class StatusConflict(Conflict):
    """The state that the thing is in forbids the act."""

    kind: str
    key: str
    found: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.kind} {_shown(self.key)} is {self.found}; {self.wanted} is not possible from there."


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


def _shown(value: object) -> str:
    """A value as it may stand in a sentence: quoted, control characters escaped, not endless."""
    try:
        text = repr(value)
    except RecursionError:
        return f"a {type(value).__name__} that is nested beyond reason"
    return text if len(text) <= 120 else f"{text[:110]}... ({len(text)} characters)"
