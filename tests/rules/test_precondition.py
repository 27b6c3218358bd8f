"""Conditions on what is there before another takes its place."""

from __future__ import annotations

import pytest

from imageferry.domain.precondition import ANY, NO_CONDITION, ONLY_IF_ABSENT, Precondition


def of(one_of: set[str] | None = None, none_of: set[str] = frozenset()) -> Precondition:  # type: ignore[assignment]
    return Precondition(one_of=None if one_of is None else frozenset(one_of), none_of=frozenset(none_of))


@pytest.mark.parametrize(
    ("condition", "nothing_there", "a_there", "b_there"),
    [
        (NO_CONDITION, True, True, True),
        (ONLY_IF_ABSENT, True, False, False),
        (of({ANY}), False, True, True),
        (of({"a"}), False, True, False),
        (of({"a", "b"}), False, True, True),
        (of(set()), False, False, False),
        (of(None, {"a"}), True, False, True),
        (of({"a"}, {"a"}), False, False, False),
        (of({ANY}, {"b"}), False, True, False),
    ],
)
def test_what_holds(condition: Precondition, nothing_there: bool, a_there: bool, b_there: bool) -> None:
    assert [condition.holds(tag) for tag in (None, "a", "b")] == [nothing_there, a_there, b_there]


def test_tags_are_looked_up_only_where_some_are_named() -> None:
    assert not NO_CONDITION.names_tags
    assert not ONLY_IF_ABSENT.names_tags
    assert not of({ANY}).names_tags
    assert of({"a"}).names_tags
    assert of(None, {"a", ANY}).names_tags
