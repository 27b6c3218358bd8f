"""Objects changed in part: only what is touched is read and written, and nothing that several do at once is lost."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from imageferry.db.records import SqlRecords
from imageferry.domain.access import Caller, ProjectId
from imageferry.domain.blob import BlobDraft
from imageferry.domain.block import BLOCK_SIZE, EMPTY, BlockName
from imageferry.domain.errors import (
    BadInput,
    FerryError,
    Incomplete,
    NotFound,
    OverQuota,
    RangeNotSatisfiable,
    StatusConflict,
    TooLarge,
)
from imageferry.domain.hash_map import HashMap
from imageferry.domain.object import StoredObject
from imageferry.domain.splice import Splice
from imageferry.service.blobs import Blobs
from imageferry.service.objects import Objects, Traits
from imageferry.service.objects.transfers import Place
from imageferry.service.objects.weaving import Weaver, piece_of
from imageferry.service.sweeping import Sweeper, Verifier
from imageferry.stores.memory import MemoryBlocks
from tests.contracts.records_things import run_at_once
from tests.services.conftest import Clock
from tests.services.shelves import Account, P, as_it_is
from tests.services.test_blobs import bytes_of

B = BLOCK_SIZE
APPEND = Splice()


class CountingBlocks(MemoryBlocks):
    """Blocks in memory that say which were asked for and which were put."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[BlockName] = []
        self.kept: list[BlockName] = []

    def get(self, name: BlockName) -> bytes:
        self.got.append(name)
        return super().get(name)

    def put(self, name: BlockName, data: bytes | bytearray | memoryview) -> None:
        self.kept.append(name)
        super().put(name, data)

    def counted(self) -> tuple[int, int]:
        """Blocks read and blocks written since the last time."""
        found = len(self.got), len(self.kept)
        self.got.clear()
        self.kept.clear()
        return found


@pytest.fixture
def store() -> CountingBlocks:
    return CountingBlocks()


@pytest.fixture
def account(records: SqlRecords, blobs: Blobs, clock: Clock, member: Callable[[str], Caller]) -> Account:
    return Account(Objects(records, blobs, clock), member("p"))


def place(name: str = "f", container: str = "plain") -> Place:
    return P, container, name


def splice(
    account: Account,
    data: bytes | Iterable[bytes],
    wanted: Splice = APPEND,
    *,
    container: str = "plain",
    change: Callable[[StoredObject], Traits] = as_it_is,
    size: int | None = None,
) -> StoredObject:
    path = P, container, "f"
    with account.objects.splice(account.caller, *path, wanted, change, size=size) as taking:
        for part in [data] if isinstance(data, bytes) else data:
            taking.write(part)
        return taking.commit()


@pytest.mark.parametrize("container", ["kept", "plain"])
def test_bytes_are_appended_as_a_new_state(account: Account, container: str, clock: Clock) -> None:
    first = account.put(container, "f", b"hello")
    clock.pass_time(1)
    second = splice(account, b" world", container=container)
    assert account.read(container, "f") == b"hello world"
    assert (second.id, second.size) == (first.id, 11)
    assert second.number > first.number
    if container == "kept":
        assert account.numbers("kept", "f") == [first.number, second.number]
        assert account.read("kept", "f", first.number) == b"hello"


def test_six_bytes_behind_forty_gib_touch_one_block(account: Account, store: CountingBlocks) -> None:
    block, last = bytes_of(B), bytes_of(100, 1)
    account.put("plain", "parts", block + last)
    _, names = account.objects.hash_map_of(account.caller, *place("parts"))
    size = 10_000 * B + 100
    wanted = HashMap(size=size, names=[names.names[0]] * 10_000 + [names.names[1]])
    put = account.objects.put_by_hashes(account.caller, *place(), wanted, as_it_is(account.show("plain", "parts")))
    assert isinstance(put, StoredObject)
    store.counted()
    item = splice(account, b" world")
    assert store.counted() == (1, 1)
    assert item.size == size + 6
    opened = account.objects.open(account.caller, *place(), with_md5=False)
    assert b"".join(account.objects.read(opened, size - 100, size + 6)) == last + b" world"
    store.counted()
    splice(account, b"X", Splice(start=5 * B + 1, length=1))
    assert store.counted() == (1, 1)
    account.objects.splice_from(account.caller, place(), place(), Splice(start=0, length=B, cut=5000 * B), as_it_is)
    assert store.counted() == (0, 0)
    assert account.show("plain", "f").size == 5000 * B


def test_bytes_are_overwritten_within_and_beyond(account: Account) -> None:
    account.put("plain", "f", b"0123456789")
    splice(account, b"ab", Splice(start=3, length=2))
    assert account.read("plain", "f") == b"012ab56789"
    splice(account, b"xyz", Splice(start=9))
    assert account.read("plain", "f") == b"012ab5678xyz"
    splice(account, b"Z", Splice(start=0, cut=4))
    assert account.read("plain", "f") == b"Z12a"
    splice(account, b"", Splice(start=2, cut=0))
    assert account.read("plain", "f") == b""
    assert account.used("plain") == (1, 0)
    splice(account, b"back")
    assert account.read("plain", "f") == b"back"


@pytest.mark.parametrize("size", [3 * B, 3 * B + 5, 2 * B - 1])
@pytest.mark.parametrize("at", [0, 7, B, B + 3, 2 * B - 1])
@pytest.mark.parametrize("length", [1, B, B + 1, 2 * B + 9])
def test_any_part_of_any_size_is_overwritten(account: Account, at: int, length: int, size: int) -> None:
    old, new = bytearray(bytes_of(size)), bytes_of(length, 1)
    account.put("plain", "f", bytes(old))
    item = splice(account, [new[: length // 2], new[length // 2 :]], Splice(start=at))
    old[at : at + length] = new
    assert account.read("plain", "f") == old
    assert item.size == len(old)


def test_many_bytes_are_stored_where_the_objects_blocks_are_and_only_once(
    account: Account, store: CountingBlocks
) -> None:
    account.put("plain", "f", bytes_of(B + 7))
    store.counted()
    new = bytes_of(4 * B, 1)
    splice(account, (new[at : at + 100_000] for at in range(0, len(new), 100_000)))
    # The block where both meet is put together from what was stored of each.
    assert store.counted() == (2, 6)
    assert account.read("plain", "f") == bytes_of(B + 7) + new


def test_holes_stay_holes(account: Account, store: CountingBlocks) -> None:
    account.put("plain", "f", bytes(3 * B + 5))
    store.counted()
    splice(account, b"x", Splice(start=B + 3))
    assert store.counted() == (0, 1)
    splice(account, bytes(2 * B))
    _, names = account.objects.hash_map_of(account.caller, *place())
    assert [name == EMPTY for name in names.names] == [True, False, True, True, True, True]
    splice(account, bytes(1), Splice(start=B + 3))
    _, names = account.objects.hash_map_of(account.caller, *place())
    assert set(names.names) == {EMPTY}


def test_blocks_of_another_object_are_taken_without_reading_them(account: Account, store: CountingBlocks) -> None:
    account.put("plain", "f", bytes_of(2 * B))
    other = bytes_of(3 * B + 9, 1)
    account.put("kept", "other", other)
    store.counted()
    source = place("other", "kept")
    account.objects.splice_from(account.caller, source, place(), APPEND, as_it_is)
    assert store.counted() == (0, 0)
    assert account.read("plain", "f") == bytes_of(2 * B) + other
    with pytest.raises(BadInput):
        account.objects.splice_from(account.caller, source, place(), Splice(length=len(other) + 1), as_it_is)
    version = account.show("kept", "other").number
    account.put("kept", "other", b"now")
    account.objects.splice_from(account.caller, source, place(), Splice(start=0, length=B), as_it_is, version=version)
    assert account.read("plain", "f")[: 2 * B] == other[:B] + bytes_of(2 * B)[B:]
    account.objects.splice_from(account.caller, source, place(), Splice(start=1, length=3), as_it_is)
    assert account.read("plain", "f")[:5] == other[:1] + b"now" + other[4:5]


def test_what_is_not_whole_changes_nothing(account: Account, store: CountingBlocks) -> None:
    account.put("plain", "f", b"hello")
    refused: list[tuple[type[FerryError], bytes, Splice, int | None]] = [
        (Incomplete, b"four", APPEND, 5),
        (Incomplete, b"four", Splice(start=0, length=5), None),
        (TooLarge, b"four", Splice(start=0, length=3), None),
        (BadInput, b"four", Splice(start=0, length=3), 4),
        (RangeNotSatisfiable, b"four", Splice(start=6), 4),
        (RangeNotSatisfiable, b"four", Splice(start=3, length=4, within=5), 4),
        (TooLarge, b"four", APPEND, 1 << 50),
    ]
    for error, data, wanted, size in refused:
        with pytest.raises(error):
            splice(account, data, wanted, size=size)
    with account.objects.splice(account.caller, *place(), APPEND, as_it_is) as taking:
        taking.write(bytes(9 * B))
    assert account.read("plain", "f") == b"hello"
    with pytest.raises(NotFound):
        account.objects.splice(account.caller, *place("g"), APPEND, as_it_is)
    with pytest.raises(NotFound):
        account.objects.splice_from(account.caller, place("g"), place(), APPEND, as_it_is)


def test_what_has_no_bytes_of_its_own_is_not_changed_in_part(account: Account) -> None:
    account.put("plain", "f", b"", Traits(metadata={}, headers={}, manifest="plain/parts"))
    with pytest.raises(StatusConflict):
        splice(account, b"x")


def test_what_is_said_of_it_changes_with_the_bytes_in_one_state(account: Account) -> None:
    account.put("kept", "f", b"1")
    tinted = splice(account, b"2", container="kept", change=lambda i: replace(as_it_is(i), metadata={"a": "b"}))
    assert (tinted.metadata, tinted.size) == ({"a": "b"}, 2)
    assert len(account.numbers("kept", "f")) == 2


def test_parts_are_held_to_quotas(account: Account) -> None:
    account.objects.create_container(account.caller, P, "plain", {"quota-bytes": "10"})
    account.put("plain", "f", b"12345")
    splice(account, b"67890")
    for wanted in (APPEND, Splice(start=10)):
        with pytest.raises(OverQuota):
            splice(account, b"x", wanted)
        with pytest.raises(OverQuota):
            splice(account, b"x", wanted, size=1)
    splice(account, b"x", Splice(start=3))
    assert account.read("plain", "f") == b"123x567890"


@pytest.mark.parametrize("container", ["kept", "plain"])
def test_of_what_several_append_at_once_nothing_is_lost(account: Account, container: str) -> None:
    account.put(container, "f", b"")
    lines = 12

    def work(writer: int) -> None:
        for number in range(lines):
            splice(account, f"{writer}:{number:03}\n".encode(), container=container)

    run_at_once(work, 3)
    found = account.read(container, "f").decode().splitlines()
    assert sorted(found) == sorted(f"{writer}:{number:03}" for writer in range(3) for number in range(lines))
    for writer in range(3):  # and each one's own are in the order in which they were sent
        assert [line for line in found if line.startswith(f"{writer}:")] == [f"{writer}:{n:03}" for n in range(lines)]
    assert account.used(container)[0] == 1


def test_large_parts_at_once_and_a_change_of_the_base_are_put_together_right(account: Account) -> None:
    account.put("plain", "f", bytes_of(5))
    parts = [bytes_of(2 * B + 3, 1), bytes_of(B + 1, 2)]
    run_at_once(lambda number: splice(account, parts[number]) and None, 2)
    found = account.read("plain", "f")
    assert found in (bytes_of(5) + parts[0] + parts[1], bytes_of(5) + parts[1] + parts[0])


def test_any_row_of_changes_leaves_what_a_few_lines_of_python_say(
    account: Account, records: SqlRecords, store: CountingBlocks, clock: Clock
) -> None:
    dice = random.Random(7)
    model = bytearray(bytes_of(B + 100))
    account.put("plain", "f", bytes(model))
    for turn in range(40):
        start = dice.choice([None, 0, dice.randint(0, len(model)), min(B, len(model))])
        data = bytes_of(dice.choice([0, 1, 100, B, B + 1, 2 * B]), turn) if dice.random() < 0.8 else bytes(B + 1)
        cut = dice.choice([None, None, dice.randint(0, 3 * B), 2 * B])
        splice(account, data, Splice(start=start, cut=cut))
        at = len(model) if start is None else start
        model[at : at + len(data)] = data
        del model[len(model) if cut is None else cut :]
        assert account.read("plain", "f") == model, turn
    clock.pass_time(26 * 3600)
    Sweeper(records, store, clock).sweep()
    assert account.read("plain", "f") == model
    assert account.used("plain") == (1, len(model))
    assert list(Verifier(records, store).verify()) == []


def test_pieces_of_one_blob_go_together_in_any_order(blobs: Blobs, records: SqlRecords) -> None:
    one, other = (blobs.keep(_draft(blobs, data)) for data in (b"0123456789", b"abcdef"))
    weaver = Weaver(blobs, records)
    for ranges, wanted in [
        ([(one, 7, 9), (other, 1, 3), (one, 0, 5)], b"78bc01234"),
        ([(one, 0, 5), (other, 1, 3), (one, 7, 9)], b"01234bc78"),
        ([(one, 0, 5), (one, 2, 4), (one, 4, 10)], b"0123423456789"),
    ]:
        draft = weaver.weave([piece_of(*part) for part in ranges])
        assert blobs.draft_at(draft, 0, 100) == wanted


def _draft(blobs: Blobs, data: bytes) -> BlobDraft:
    writer = blobs.writer(())
    writer.write(data)
    return writer.finish()


def test_another_projects_object_is_no_source(account: Account, member: Callable[[str], Caller]) -> None:
    other = member("q")
    account.objects.create_container(other, ProjectId("q"), "c", {})
    with account.objects.upload(other, ProjectId("q"), "c", "secret", traits=Traits(metadata={}, headers={})) as up:
        up.write(b"secret")
        up.commit()
    account.put("plain", "f", b"1")
    with pytest.raises(FerryError, match="not allowed"):
        account.objects.splice_from(account.caller, (ProjectId("q"), "c", "secret"), place(), APPEND, as_it_is)
    assert account.read("plain", "f") == b"1"
