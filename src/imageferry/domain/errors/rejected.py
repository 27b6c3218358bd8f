"""What was sent cannot be taken, whatever it was meant to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from imageferry.domain.errors.root import FerryError, shown


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
        return f"{self.field}: expected {self.expected}, found {shown(self.found)}."


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
        first = ", ".join(f"{shown(path)} {reason}" for path, reason in self.problems[:3])
        more = f", and {len(self.problems) - 3} more" if len(self.problems) > 3 else ""
        return f"{self.what}: segments are not as listed: {first}{more}. Upload those again, or correct the list."


@dataclass(eq=False)
class Refused(Rejected):
    """A cloud does not take what it was sent. ``message`` is the cloud's own, ``code`` its status or error code."""

    what: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.what}: refused [{self.code}]: {self.message or 'without a reason'}"


@dataclass(eq=False)
class Unsupported(Rejected):
    """A cloud has no such concept. ``act`` completes "cannot"; ``instead`` is a sentence that says what will do."""

    cloud: str
    act: str
    instead: str

    def __str__(self) -> str:
        return f"cloud {self.cloud} cannot {self.act}. {self.instead}"
