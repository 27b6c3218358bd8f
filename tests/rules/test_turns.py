"""Whose turn it is, by tables: a letter is a project, a number its task."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.domain.access import ProjectId
from imageferry.domain.task import TaskId
from imageferry.domain.turns import Turns


def wait(turns: Turns, tasks: str) -> None:
    for task in tasks.split():
        turns.wait(TaskId(task), ProjectId(task[0]))


def given_away(turns: Turns) -> str:
    """All places that are free, to whom they go."""
    found = []
    while (task := turns.next()) is not None:
        found.append(task)
    return " ".join(found)


def order_of(turns: Turns) -> str:
    """Who comes to work, one leaving before the next one comes."""
    order = []
    while (task := turns.next()) is not None:
        order.append(task)
        turns.leave(task)
    return " ".join(order)


@pytest.mark.parametrize(
    ("waiting", "order"),
    [
        ("", ""),
        ("a1 a2 a3", "a1 a2 a3"),
        ("a1 a2 a3 b1", "a1 b1 a2 a3"),
        ("a1 a2 a3 a4 b1 b2 c1", "a1 b1 c1 a2 b2 a3 a4"),
        ("b1 a1 b2 a2", "b1 a1 b2 a2"),
        ("a1 a1 a1 a2 a1", "a1 a2"),
    ],
)
def test_projects_come_in_turn_and_their_own_in_order(waiting: str, order: str) -> None:
    turns = Turns(1)
    wait(turns, waiting)
    assert order_of(turns) == order


@pytest.mark.parametrize(
    ("places", "most_of_one", "waiting", "at_work"),
    [
        (2, 0, "a1 a2 a3", "a1 a2"),
        (4, 0, "a1 a2 a3 b1", "a1 b1 a2 a3"),
        (4, 1, "a1 a2 a3 b1", "a1 b1"),
        (4, 2, "a1 a2 a3 b1 b2 b3", "a1 b1 a2 b2"),
        (8, 3, "a1 a2 a3 a4 a5", "a1 a2 a3"),
        (0, 0, "a1", ""),
        (2, 9, "a1 a2 a3", "a1 a2"),
    ],
)
def test_as_many_as_there_are_places_and_no_more_of_one_than_it_may_have(
    places: int, most_of_one: int, waiting: str, at_work: str
) -> None:
    turns = Turns(places, most_of_one=most_of_one)
    wait(turns, waiting)
    assert given_away(turns) == at_work


def test_a_place_goes_to_who_has_the_fewest_whoever_came_first() -> None:
    turns = Turns(3)
    wait(turns, "a1 a2 a3 a4 a5")
    assert given_away(turns) == "a1 a2 a3"
    wait(turns, "b1 b2 b3")
    turns.leave(TaskId("a1"))
    assert given_away(turns) == "b1"
    turns.leave(TaskId("b1"))
    assert given_away(turns) == "b2", "a's two are long ones: b keeps what a does not need"
    turns.leave(TaskId("a2"))
    assert given_away(turns) == "a4", "as many of each: a's turn is longest ago"


def test_who_is_seated_after_a_restart_counts_even_beyond_the_places() -> None:
    turns = Turns(2)
    for task in ("a1", "a2", "b1"):
        turns.seat(TaskId(task), ProjectId(task[0]))
    wait(turns, "a1 a3 b2")
    assert given_away(turns) == ""
    turns.leave(TaskId("a1"))
    assert given_away(turns) == "", "there were more at work than there are places"
    turns.leave(TaskId("b1"))
    assert given_away(turns) == "b2"


def test_leaving_without_a_place_changes_nothing_and_coming_again_is_possible() -> None:
    turns = Turns(1)
    turns.leave(TaskId("a1"))
    wait(turns, "a1")
    turns.leave(TaskId("a1"))
    assert not turns.has(TaskId("a1"))
    assert given_away(turns) == "a1"
    assert turns.has(TaskId("a1"))
    turns.leave(TaskId("a1"))
    wait(turns, "a1")
    assert given_away(turns) == "a1"


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), max_size=40),
    st.integers(1, 4),
    st.integers(0, 3),
)
def test_all_come_once_whatever_came_when(tasks: list[tuple[str, int]], places: int, most_of_one: int) -> None:
    turns = Turns(places, most_of_one=most_of_one)
    names = [f"{project}{number}" for project, number in tasks]
    wait(turns, " ".join(names))
    done: list[str] = []
    while at_work := given_away(turns).split():
        assert len(at_work) <= places
        assert all(sum(task[0] == project for task in at_work) <= (most_of_one or places) for project in "abc")
        for task in at_work:
            turns.leave(TaskId(task))
        done += at_work
    assert sorted(done) == sorted(set(names))
    for project in "abc":
        own = [name for name in dict.fromkeys(names) if name[0] == project]
        assert [task for task in done if task[0] == project] == own
