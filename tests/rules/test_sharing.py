"""Who may what by the sharing of an object, and which names of a container are open to somebody."""

from __future__ import annotations

import itertools
import random

import pytest

from imageferry.domain.access import ProjectId
from imageferry.domain.errors import BadInput
from imageferry.domain.sharing import (
    MAX_GRANTEES,
    MAX_GROUP_MEMBERS,
    MAX_GROUPS,
    Mark,
    NameRange,
    Right,
    Share,
    Sharing,
    all_in_effect,
    checked_group_name,
    checked_groups,
    either,
    in_effect,
    is_directory,
    just,
    open_ranges,
    parents,
    sharing_of,
)

BOB = ProjectId("bob")


def a_share(name: str, *readers: str, directory: bool = True) -> Share:
    return Share(name=name, is_directory=directory, sharing=sharing_of(readers, ()))


# -- who may -----------------------------------------------------------------


def test_who_may_write_is_no_reader_beside_and_no_name_stands_twice() -> None:
    sharing = sharing_of(["u2", "u1", "u2", "u3"], ["u3", "u4"])
    assert sharing == Sharing(readers=("u1", "u2"), writers=("u3", "u4"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("readers", "writers", "groups", "right"),
    [
        ([], [], [], None),
        (["bob"], [], [], Right.READ),
        ([], ["bob"], [], Right.WRITE),
        (["*"], ["bob"], [], Right.WRITE),
        (["*"], [], [], Right.READ),
        ([], ["*"], [], Right.WRITE),
        (["BOB", "bobby", "bob:x"], [], [], None),
        (["u1:team"], [], ["u1:team"], Right.READ),
        (["u1:team"], ["u1:chiefs"], ["u1:team", "u1:chiefs"], Right.WRITE),
        (["u1:team"], [], ["u2:team"], None),
    ],
)
def test_what_a_sharing_gives(readers: list[str], writers: list[str], groups: list[str], right: Right | None) -> None:
    assert sharing_of(readers, writers).gives(BOB, groups) is right


@pytest.mark.parametrize(
    "text",
    ["", ":", ":team", "u1:", "u1:a:b", "*:team", "u1:a-b", "u1:a_b", "a b", "a\nb", "a\0b", "a=b", "a;b", "a,b"],
)
def test_what_can_be_no_grantee_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        sharing_of([text], [])


def test_more_grantees_than_there_may_be_are_refused() -> None:
    names = [f"u{number}" for number in range(MAX_GRANTEES)]
    assert len(sharing_of(names, names[:1]).grantees) == MAX_GRANTEES
    with pytest.raises(BadInput, match="129"):
        sharing_of(names, ["one-more"])


def test_projects_groups_and_everybody_are_told_apart() -> None:
    sharing = sharing_of(["u2", "*", "u1:Team"], ["u3"])
    assert (sharing.projects, sharing.groups) == (["u2", "u3"], ["u1:team"])


# -- groups ------------------------------------------------------------------


def test_the_name_of_a_group_is_kept_in_lower_case() -> None:
    assert checked_group_name("TeAm42é") == "team42é"


@pytest.mark.parametrize("name", ["", "a-b", "a_b", "a b", "a:b", "a,b", "a;b", "a=b", "*", "a\nb", "x" * 129])
def test_what_can_be_no_group_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        checked_group_name(name)


def test_an_account_has_so_many_groups_and_a_group_so_many_members() -> None:
    one = {f"g{number}": {BOB} for number in range(MAX_GROUPS)}
    many = {"team": {ProjectId(f"u{number}") for number in range(MAX_GROUP_MEMBERS)}}
    assert checked_groups(one) == one
    assert checked_groups(many) == many
    with pytest.raises(BadInput, match="groups"):
        checked_groups(one | many)
    with pytest.raises(BadInput, match="members"):
        checked_groups({"team": many["team"] | {BOB}})


# -- directories -------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("application/directory", True),
        ("application/folder", True),
        (" Application/Directory ; charset=utf-8", True),
        ("application/directory-like", False),
        ("text/plain; application/directory", False),
        ("", False),
    ],
)
def test_what_counts_as_a_directory(kind: str, answer: bool) -> None:
    assert is_directory(kind) is answer


@pytest.mark.parametrize(
    ("name", "above"),
    [("a", []), ("a/b/c", ["a/b", "a"]), ("a//b", ["a/", "a"]), ("a/", ["a"]), ("/a", []), ("a/../b", ["a/..", "a"])],
)
def test_the_directories_above_a_name(name: str, above: list[str]) -> None:
    assert parents(name) == above


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("images", "images"),
        ("images/a", "images"),
        ("images/a/b", "images"),
        ("images/mine", "images/mine"),
        ("images/mine/b", "images/mine"),
        ("images/file", "images/file"),
        ("images/file/b", "images"),  # a file is above nothing
        ("images2", None),
        ("images2/a", None),
        ("images!/a", None),
        ("image", None),
        ("Images/a", None),
    ],
)
def test_the_nearest_directory_that_is_shared_counts(name: str, counts: str | None) -> None:
    shares = [a_share("images"), a_share("images/file", directory=False), a_share("images/mine")]
    found = in_effect(name, {share.name: share for share in shares})
    assert (None if found is None else found.name) == counts
    assert {key: share.name for key, share in all_in_effect([name], shares).items()} == (
        {name: counts} if counts else {}
    )


def test_a_page_finds_what_each_of_its_names_finds_alone() -> None:
    chance = random.Random(7)
    names = sorted({"".join(chance.choices("ab!/0", k=chance.randint(1, 7))) for _ in range(2000)})
    for _ in range(200):
        shares = [a_share(name, directory=chance.random() < 0.6) for name in sorted(chance.sample(names, 25))]
        by_name = {share.name: share for share in shares}
        alone = {name: share for name in names if (share := in_effect(name, by_name)) is not None}
        assert all_in_effect(names, shares) == alone


# -- parts of a listing ------------------------------------------------------


def test_the_ranges_that_are_open_are_those_that_what_counts_opens() -> None:
    chance = random.Random(8)
    names = sorted({"".join(chance.choices("ab!/0", k=chance.randint(1, 6))) for _ in range(1500)})
    for _ in range(200):
        shares = [
            a_share(name, *(["bob"] if chance.random() < 0.6 else ["eve"]), directory=chance.random() < 0.6)
            for name in sorted(chance.sample(names, 20))
        ]
        marks = [
            Mark(name=share.name, is_directory=share.is_directory, opens=share.sharing.gives(BOB) is not None)
            for share in shares
        ]
        ranges = open_ranges(marks)
        by_name = {share.name: share for share in shares}
        for name in names:
            share = in_effect(name, by_name)
            may = share is not None and share.sharing.gives(BOB) is not None
            assert any(part.low <= name < part.high for part in ranges) is may, (name, marks)
        assert all(one.high <= next_one.low for one, next_one in itertools.pairwise(ranges))


def test_ranges_are_joined_and_none_stands_twice() -> None:
    one, other = [just("a"), NameRange("c/", "c0")], [just("a"), just("b"), just("c/x"), NameRange("c0", "d")]
    assert either(one, other) == [just("a"), just("b"), NameRange("c/", "c0"), NameRange("c0", "d")]


def test_a_range_knows_whether_it_is_a_single_name() -> None:
    assert (just("a").single, NameRange("a/", "a0").single) == ("a", None)
