"""A difference that was decided, and where it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ABSENT = "(absent)"


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a difference shows. ``*`` is anything, ``?`` one character, ``a|b`` either. Each must find something."""

    scenario: str
    step: str
    place: str  # "status", "header etag", "body.name"
    there: str = "*"
    here: str = "*"


@dataclass(frozen=True, slots=True)
class Decision:
    what: str
    there: str
    here: str
    why: str
    seen: Sequence[Seen]


def across(scenarios: Sequence[str], step: str, place: str, there: str = "*", here: str = "*") -> tuple[Seen, ...]:
    """The same in several scenarios."""
    return tuple(Seen(scenario, step, place, there, here) for scenario in scenarios)
