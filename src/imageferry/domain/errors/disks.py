"""A disk, or the place it should come from, cannot be taken."""

from __future__ import annotations

from dataclasses import dataclass

from imageferry.domain.errors.rejected import Rejected


@dataclass(eq=False)
class _Unexpected(Exception):
    """Found in the place of what was expected. ``reason`` is a short stable word for programs."""

    what: str
    reason: str
    expected: str
    found: str
    advice: str = ""

    def __str__(self) -> str:
        advice = f" {self.advice}" if self.advice else ""
        return f"{self.what}: expected {self.expected}, found {self.found}.{advice}"


@dataclass(eq=False)
class BadDisk(_Unexpected, Rejected):
    """Not a disk image, or one that is not safe to open.

    ``reason``: a value of ``formats.judge.Reason``.
    """


@dataclass(eq=False)
class BadSource(_Unexpected, Rejected):
    """A place in the network that nothing can, or may, be fetched from.

    ``what`` is its URL without a query. ``reason``: forbidden-address, forbidden-port, redirect,
    unknown-host, status, encoding, answer, changed.
    """


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
