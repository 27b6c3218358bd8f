"""What must hold of the object that is there before another one takes its place."""

from __future__ import annotations

from dataclasses import dataclass

ANY = "*"
"""Stands for the tag of whatever is there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Precondition:
    """Conditions on the tag of an object; nothing has no tag."""

    one_of: frozenset[str] | None = None  # None: any or nothing
    none_of: frozenset[str] = frozenset()

    @property
    def names_tags(self) -> bool:
        """Whether more is asked than if something is there."""
        return bool((self.none_of | (self.one_of or frozenset())) - {ANY})

    def holds(self, tag: str | None) -> bool:
        """``tag`` of what is there; None where nothing is."""
        names = set() if tag is None else {tag, ANY}
        return (self.one_of is None or bool(names & self.one_of)) and not names & self.none_of

    def __str__(self) -> str:
        return "If-Match" if self.one_of is not None else f"If-None-Match: {', '.join(sorted(self.none_of))}"


NO_CONDITION = Precondition()
ONLY_IF_ABSENT = Precondition(none_of=frozenset({ANY}))
