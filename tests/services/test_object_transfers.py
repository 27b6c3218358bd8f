"""Objects that change their names, one by one and by directories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from imageferry.db.records import SqlRecords
from imageferry.domain.access import Caller, ProjectId
from imageferry.domain.errors import BadInput, Forbidden, NotFound, OverQuota, PreconditionFailed
from imageferry.domain.object import StoredObject
from imageferry.domain.precondition import ONLY_IF_ABSENT
from imageferry.domain.versioning import NO_VERSION, Archiving, VersioningChange
from imageferry.service.blobs import Blobs
from imageferry.service.objects import Objects, Traits
from imageferry.service.objects.containers import Access
from imageferry.service.objects.transfers import Place
from tests.contracts.records_things import run_at_once
from tests.services.conftest import Clock
from tests.services.shelves import PLAIN, Account, P, as_it_is


@pytest.fixture
def account(records: SqlRecords, blobs: Blobs, clock: Clock, member: Callable[[str], Caller]) -> Account:
    return Account(Objects(records, blobs, clock), member("p"))


def at(container: str, name: str) -> Place:
    return P, container, name


def move(account: Account, source: Place, target: Place) -> StoredObject:
    return account.objects.move(account.caller, source, target, as_it_is)


@pytest.mark.parametrize("old", ["kept", "plain"])
@pytest.mark.parametrize("new", ["kept", "plain"])
def test_an_object_that_is_moved_stays_the_object_that_it_is(account: Account, old: str, new: str) -> None:
    put = account.put(old, "a", b"1", Traits(metadata={"colour": "blue"}, headers={}, content_type="x/y"))
    moved = move(account, at(old, "a"), at(new, "b"))
    assert (moved.id, moved.name, moved.created_at) == (put.id, "b", put.created_at)
    assert (moved.metadata, moved.content_type) == ({"colour": "blue"}, "x/y")
    assert account.show(new, "b") == moved
    assert account.read(new, "b") == b"1"
    assert account.names(old) == (["b"] if old == new else [])
    assert (moved.version != NO_VERSION) == (new == "kept")
    if old == "kept":  # what it was stays under its old name
        assert account.numbers("kept", "a") == [put.number]
        assert account.read("kept", "a", put.number) == b"1"


@pytest.mark.parametrize("container", ["kept", "plain"])
def test_what_bears_the_new_name_ends(account: Account, container: str) -> None:
    moved = account.put(container, "a", b"1")
    there = account.put(container, "b", b"22")
    assert move(account, at(container, "a"), at(container, "b")).id == moved.id
    assert account.read(container, "b") == b"1"
    if container == "kept":
        assert account.read("kept", "b", there.number) == b"22"
        assert account.used("kept") == (1, 4)  # "a" of before, "b" of before, "b"
    else:
        assert account.used("plain") == (1, 1)


@pytest.mark.parametrize("container", ["kept", "plain"])
def test_a_move_onto_itself_changes_what_is_said_of_it(account: Account, container: str) -> None:
    put = account.put(container, "a", b"1")
    tinted = Traits(metadata={"colour": "blue"}, headers={})
    moved = account.objects.move(account.caller, at(container, "a"), at(container, "a"), lambda _: tinted)
    assert (moved.id, moved.metadata) == (put.id, {"colour": "blue"})
    assert account.names(container) == ["a"]
    assert account.read(container, "a") == b"1"


def test_a_move_back_and_forth_keeps_the_id_and_all_histories(account: Account) -> None:
    put = account.put("kept", "a", b"1")
    for _ in range(3):
        move(account, at("kept", "a"), at("kept", "b"))
        back = move(account, at("kept", "b"), at("kept", "a"))
    assert back.id == put.id
    assert len(account.numbers("kept", "a")) == 4
    assert len(account.numbers("kept", "b")) == 3
    old = account.numbers("kept", "b")[0]
    restored = account.objects.restore(account.caller, P, "kept", "b", old)
    assert restored.id != put.id  # which lives under its other name
    assert account.show("kept", "a").id == put.id


def test_what_cannot_be_moved_stays_where_it_is(account: Account, member: Callable[[str], Caller]) -> None:
    account.put("kept", "a", b"1")
    account.put("kept", "b", b"2")
    objects, caller = account.objects, account.caller
    for source, target, error in [
        (at("kept", "none"), at("kept", "x"), NotFound),
        (at("none", "a"), at("kept", "x"), NotFound),
        (at("kept", "a"), at("none", "x"), NotFound),
        (at("kept", "a"), at("kept", "x" * 1025), BadInput),
        (at("kept", "a"), at("kept", ""), BadInput),
    ]:
        with pytest.raises(error):
            objects.move(caller, source, target, as_it_is)
    with pytest.raises(PreconditionFailed):
        objects.move(caller, at("kept", "a"), at("kept", "b"), as_it_is, only_if=ONLY_IF_ABSENT)
    with pytest.raises(Forbidden):
        objects.move(member("q"), at("kept", "a"), at("kept", "x"), as_it_is)
    assert account.names("kept") == ["a", "b"]
    assert account.names("plain") == []


def test_an_object_is_moved_to_another_account_by_who_may_write_in_both(
    account: Account, member: Callable[[str], Caller]
) -> None:
    friend, theirs = member("q"), ProjectId("q")
    account.objects.create_container(friend, theirs, "c", {})
    put = account.put("kept", "a", b"1")
    target = (theirs, "c", "a")
    with pytest.raises(Forbidden):
        account.objects.move(account.caller, at("kept", "a"), target, as_it_is)
    with pytest.raises(Forbidden):
        account.objects.move(friend, at("kept", "a"), target, as_it_is)
    account.objects.change_container(friend, theirs, "c", {}, Access(writers="p:*"))
    moved = account.objects.move(account.caller, at("kept", "a"), target, as_it_is)
    assert moved.id == put.id
    assert account.names("kept") == []
    assert account.objects.show(friend, *target).id == put.id


def test_a_move_is_held_to_the_quota_of_where_it_goes(account: Account) -> None:
    account.put("plain", "a", b"12345")
    account.objects.create_container(account.caller, P, "small", {"quota-bytes": "4"})
    with pytest.raises(OverQuota):
        move(account, at("plain", "a"), at("small", "a"))
    assert account.read("plain", "a") == b"12345"
    account.objects.change_container(account.caller, P, "plain", {"quota-bytes": "5"})
    move(account, at("plain", "a"), at("plain", "b"))


@pytest.mark.parametrize("mode", list(Archiving))
def test_nothing_comes_back_out_of_an_archive_when_an_object_leaves(account: Account, mode: Archiving) -> None:
    change = VersioningChange(archive="plain", archiving=mode)
    account.objects.create_container(account.caller, P, "stacked", {}, versioning=change)
    account.put("stacked", "a", b"1")
    account.put("stacked", "a", b"22")
    move(account, at("stacked", "a"), at("kept", "a"))
    assert account.names("stacked") == []
    assert account.read("kept", "a") == b"22"
    assert len(account.names("plain")) == (1 if mode is Archiving.STACK else 3)
    move(account, at("kept", "a"), at("stacked", "a"))
    assert account.read("stacked", "a") == b"22"
    move(account, at("stacked", "a"), at("plain", "a"))


def test_a_directory_is_copied_moved_and_deleted_with_all_below(account: Account) -> None:
    for name in ["dir", "dir/", "dir/a", "dir/b/c", "dir2", "dirt/x"]:
        account.put("kept", name, name.encode())
    pairs = account.objects.pairs_below(account.caller, at("kept", "dir"), at("plain", "new/place"))
    assert [(source[2], target[2]) for source, target in pairs] == [
        ("dir/", "new/place/"),
        ("dir/a", "new/place/a"),
        ("dir/b/c", "new/place/b/c"),
    ]
    for source, target in pairs:
        account.objects.copy(account.caller, source, target, as_it_is, as_stored=True, as_link=True)
    assert account.names("plain") == ["new/place/", "new/place/a", "new/place/b/c"]
    for source, target in account.objects.pairs_below(account.caller, at("plain", "new"), at("plain", "new/new")):
        move(account, source, target)
    assert account.names("plain") == ["new/new/place/", "new/new/place/a", "new/new/place/b/c"]
    assert account.objects.delete_below(account.caller, P, "kept", "dir") == 3
    assert account.names("kept") == ["dir", "dir2", "dirt/x"]
    assert account.objects.delete_below(account.caller, P, "kept", "") == 3
    assert account.names("kept") == []
    assert account.objects.delete_below(account.caller, P, "kept", "") == 0
    assert account.read("kept", "dir/a", account.numbers("kept", "dir/a")[0]) == b"dir/a"


def test_names_that_would_be_too_long_are_found_before_anything_is_done(account: Account) -> None:
    account.put("kept", "d/" + "x" * 1000, b"")
    with pytest.raises(BadInput):
        account.objects.pairs_below(account.caller, at("kept", "d"), at("kept", "y" * 100))


def test_a_directory_is_deleted_by_who_may_write_in_it(account: Account, member: Callable[[str], Caller]) -> None:
    account.objects.change_container(account.caller, P, "kept", {}, Access(readers="r:*,w:*", writers="w:*"))
    account.put("kept", "d/a", b"")
    for name in ("q", "r"):
        with pytest.raises(Forbidden):
            account.objects.delete_below(member(name), P, "kept", "d")
    assert account.names("kept") == ["d/a"]
    assert account.objects.delete_below(member("w"), P, "kept", "d") == 1


def test_of_two_who_move_one_object_at_once_one_finds_nothing(account: Account) -> None:
    for turn in range(10):
        account.put("plain", "a", b"1")
        refused: list[int] = []

        def work(number: int) -> None:
            try:
                move(account, at("plain", "a"), at("plain", f"to-{number}"))
            except NotFound:
                refused.append(number)  # noqa: B023

        run_at_once(work, 2)
        assert len(refused) == 1, turn
        assert account.names("plain") == [f"to-{1 - refused[0]}"]
        account.objects.delete_below(account.caller, P, "plain", "")


def test_traits_of_a_move_are_judged(account: Account) -> None:
    account.put("plain", "a", b"1")
    bad = replace(PLAIN, metadata={"x": "y" * 300})
    with pytest.raises(BadInput):
        account.objects.move(account.caller, at("plain", "a"), at("plain", "b"), lambda _: bad)
    assert account.names("plain") == ["a"]
