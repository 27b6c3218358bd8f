"""What there was at a time, and forgetting it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from imageferry.db.records import SqlRecords
from imageferry.domain.access import Caller, Role
from imageferry.domain.errors import Forbidden, NotEmpty, NotFound
from imageferry.domain.moment import Moment
from imageferry.domain.object import ListingQuery, StoredObject
from imageferry.service.blobs import Blobs
from imageferry.service.objects import Objects, Traits
from imageferry.service.objects.containers import Access
from tests.services.conftest import Clock
from tests.services.shelves import Account, P, as_it_is

FAR = Moment(1 << 62)


@pytest.fixture
def account(records: SqlRecords, blobs: Blobs, clock: Clock, member: Callable[[str], Caller]) -> Account:
    return Account(Objects(records, blobs, clock), member("p"))


def held(account: Account, container: str, at: Moment) -> dict[str, int]:
    _, rows = account.objects.listing_at(account.caller, P, container, ListingQuery(), at)
    return {row.name: row.size for row in rows if isinstance(row, StoredObject)}


@pytest.mark.parametrize("container", ["kept", "plain"])
def test_all_states_of_a_name_are_told_oldest_first_deleted_ones_too(account: Account, container: str) -> None:
    first = account.put(container, "f", b"1")
    second = account.put(container, "f", b"22")
    kept = container == "kept"
    assert account.numbers(container, "f") == ([first.number] if kept else []) + [second.number]
    account.objects.delete_there(account.caller, P, container, "f")
    if kept:
        assert account.numbers(container, "f") == [first.number, second.number]
        assert account.read(container, "f", first.number) == b"1"
        again = account.put(container, "f", b"333")
        assert account.numbers(container, "f") == [first.number, second.number, again.number]
    else:
        with pytest.raises(NotFound):
            account.numbers(container, "f")


def test_who_reads_by_an_access_list_is_told_the_current_state_alone(
    account: Account, member: Callable[[str], Caller]
) -> None:
    account.objects.change_container(account.caller, P, "kept", {}, Access(readers="friend:*"))
    old, now = account.put("kept", "f", b"old"), account.put("kept", "f", b"now")
    assert [number for number, _ in account.objects.numbers(member("friend"), P, "kept", "f")] == [now.number]
    with pytest.raises(Forbidden):
        account.objects.open(member("friend"), P, "kept", "f", version=old.number)
    for ask in (account.objects.container_at, account.objects.listing_at):
        with pytest.raises(Forbidden):
            ask(member("friend"), P, "kept", *([ListingQuery()] if ask == account.objects.listing_at else []), FAR)  # type: ignore[operator]
    with pytest.raises(Forbidden):
        account.objects.containers_at(member("friend"), P, ListingQuery(), FAR)


def test_a_deletion_of_what_is_not_there_leaves_no_mark(account: Account) -> None:
    with pytest.raises(NotFound):
        account.objects.delete_there(account.caller, P, "kept", "f")
    with pytest.raises(NotFound):
        account.numbers("kept", "f")


def test_a_container_is_seen_as_it_was(account: Account, clock: Clock) -> None:
    account.put("kept", "a", b"1")
    account.put("kept", "b", b"22")
    before = clock()
    clock.pass_time(60)
    account.put("kept", "a", b"55555")
    account.objects.delete_there(account.caller, P, "kept", "b")
    account.put("kept", "c", b"")
    assert held(account, "kept", before) == {"a": 1, "b": 2}
    assert held(account, "kept", clock()) == held(account, "kept", FAR) == {"a": 5, "c": 0}
    then = account.objects.container_at(account.caller, P, "kept", before)
    assert (then.object_count, then.bytes_used) == (2, 3)
    assert then.updated_at < before
    now = account.objects.container_at(account.caller, P, "kept", FAR)
    assert (now.object_count, now.bytes_used) == (2, 5)


def test_what_a_container_without_versions_held_is_what_has_not_changed_since(account: Account, clock: Clock) -> None:
    account.put("plain", "a", b"1")
    account.put("plain", "b", b"22")
    before = clock()
    clock.pass_time(60)
    account.put("plain", "a", b"55555")
    assert held(account, "plain", before) == {"b": 2}
    assert held(account, "plain", FAR) == {"a": 5, "b": 2}


def test_an_account_is_seen_as_it_was_with_the_containers_of_then(account: Account, clock: Clock) -> None:
    account.put("kept", "a", b"1")
    before = clock()
    clock.pass_time(60)
    account.objects.create_container(account.caller, P, "later", {})
    account.put("later", "a", b"22")
    account.put("kept", "a", b"333")
    whole, rows = account.objects.containers_at(account.caller, P, ListingQuery(), before)
    assert [(row.name, row.object_count, row.bytes_used) for row in rows] == [("kept", 1, 1), ("plain", 0, 0)]
    assert (whole.container_count, whole.object_count, whole.bytes_used) == (2, 1, 1)
    whole, rows = account.objects.containers_at(account.caller, P, ListingQuery(limit=1, marker="kept"), FAR)
    assert [(row.name, row.bytes_used) for row in rows] == [("later", 2)]
    assert (whole.container_count, whole.object_count, whole.bytes_used) == (3, 2, 5)
    whole, rows = account.objects.containers_at(account.caller, P, ListingQuery(), Moment(-(1 << 62)))
    assert (whole.container_count, rows) == (0, [])
    with pytest.raises(NotFound):
        account.objects.container_at(account.caller, P, "later", before)


def test_history_is_forgotten_up_to_a_time(account: Account, clock: Clock) -> None:
    first = account.put("kept", "a", b"1")
    account.put("kept", "b", b"22")
    account.objects.delete_there(account.caller, P, "kept", "b")
    clock.pass_time(1)
    before = clock()
    second, third = account.put("kept", "a", b"333"), account.put("kept", "a", b"4444")
    assert account.objects.purge(account.caller, P, "kept", before, name="a") == 1
    assert account.numbers("kept", "a") == [second.number, third.number]
    with pytest.raises(NotFound):
        account.read("kept", "a", first.number)
    assert account.objects.purge(account.caller, P, "kept", before) == 2
    with pytest.raises(NotFound):
        account.numbers("kept", "b")
    assert account.objects.purge(account.caller, P, "kept", FAR) == 1
    assert account.read("kept", "a") == b"4444"
    assert account.used("kept") == (1, 4)
    assert account.objects.purge(account.caller, P, "kept", FAR, name="a") == 0
    with pytest.raises(NotFound):
        account.objects.purge(account.caller, P, "kept", FAR, name="never")
    with pytest.raises(NotFound):
        account.objects.purge(account.caller, P, "nowhere", FAR)


def test_history_is_forgotten_by_who_may_write_to_all_of_it(account: Account, member: Callable[..., Caller]) -> None:
    account.objects.change_container(account.caller, P, "kept", {}, Access(writers="friend:*"))
    account.put("kept", "a", b"1")
    for caller in (member("friend"), member("p", Role.READER)):
        with pytest.raises(Forbidden):
            account.objects.purge(caller, P, "kept", FAR)
        with pytest.raises(Forbidden):
            account.objects.delete_container_and_history(caller, P, "kept")


def test_more_than_a_portion_is_forgotten(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imageferry.service.objects.history._AT_ONCE", 2)
    for number in range(6):
        account.put("kept", "a", b"x" * number)
    assert account.objects.purge(account.caller, P, "kept", FAR) == 5
    account.objects.delete_there(account.caller, P, "kept", "a")
    account.objects.delete_container_and_history(account.caller, P, "kept")
    with pytest.raises(NotFound):
        account.used("kept")


def test_a_version_that_is_forgotten_while_it_is_read_is_read_to_its_end(account: Account) -> None:
    data = bytes(range(256)) * (3 << 14)  # three blocks
    item = account.put("kept", "a", data)
    account.put("kept", "a", b"")
    opened = account.objects.open(account.caller, P, "kept", "a", version=item.number, with_md5=False)
    reading = account.objects.read(opened)
    got = next(reading)
    account.objects.purge(account.caller, P, "kept", FAR)
    assert got + b"".join(reading) == data


def test_a_container_goes_with_its_history_but_not_with_objects(account: Account, clock: Clock) -> None:
    account.put("kept", "a", b"1")
    account.put("kept", "a", b"22")
    with pytest.raises(NotEmpty):
        account.objects.delete_container_and_history(account.caller, P, "kept")
    assert len(account.numbers("kept", "a")) == 2
    account.objects.change(account.caller, P, "kept", "a", lambda item: replace(as_it_is(item), delete_after_s=5))
    clock.pass_time(10)
    account.objects.delete_container_and_history(account.caller, P, "kept")
    whole, _ = account.objects.containers(account.caller, P, ListingQuery())
    assert (whole.container_count, whole.bytes_used) == (1, 0)


@pytest.mark.parametrize("container", ["kept", "plain"])
def test_what_is_said_of_an_object_changes_with_a_state_of_its_own(
    account: Account, container: str, clock: Clock
) -> None:
    first = account.put(container, "f", b"1")
    clock.pass_time(1)

    def tint(item: StoredObject) -> Traits:
        return replace(as_it_is(item), metadata={"colour": "blue"})

    second, changed = account.objects.restate(account.caller, P, container, "f", tint)
    assert (changed, second.id, second.metadata) == (True, first.id, {"colour": "blue"})
    assert second.number > first.number
    assert account.show(container, "f") == second
    assert len(account.numbers(container, "f")) == (2 if container == "kept" else 1)
    same, changed = account.objects.restate(account.caller, P, container, "f", tint)
    assert (changed, same) == (False, second)
    with pytest.raises(NotFound):
        account.objects.restate(account.caller, P, container, "g", tint)
    if container == "kept":
        assert account.objects.show(account.caller, P, container, "f", version=first.number).metadata == {}
        assert account.used("kept") == (1, 2)
