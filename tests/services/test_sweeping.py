"""What nobody refers to goes, and nothing else does."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from imageferry.db.records import SqlRecords
from imageferry.domain.access import Caller, ProjectId
from imageferry.domain.block import BLOCK_SIZE, name_of
from imageferry.domain.errors import Unavailable
from imageferry.service.blobs import Blobs, whole
from imageferry.service.objects import Objects, Traits
from imageferry.service.sweeping import Sweeper, Verifier
from imageferry.stores.memory import MemoryBlocks
from tests.services.conftest import Clock
from tests.services.test_blobs import bytes_of

PLAIN = Traits(metadata={}, headers={})
P = ProjectId("p")


@pytest.fixture
def objects(records: SqlRecords, blobs: Blobs, clock: Clock, member: Callable[[str], Caller]) -> Objects:
    made = Objects(records, blobs, clock)
    made.create_container(member("p"), P, "c", {})
    return made


@pytest.fixture
def sweeper(records: SqlRecords, store: MemoryBlocks, clock: Clock) -> Sweeper:
    return Sweeper(records, store, clock)


def put(objects: Objects, caller: Caller, name: str, data: bytes) -> None:
    with objects.upload(caller, P, "c", name, traits=PLAIN) as upload:
        for start in range(0, len(data), BLOCK_SIZE):
            upload.write(data[start : start + BLOCK_SIZE])
        upload.commit()


def content(objects: Objects, caller: Caller, name: str) -> bytes:
    return b"".join(objects.read(objects.open(caller, P, "c", name)))


def test_a_deleted_object_goes_after_the_grace_and_shared_blocks_stay(
    objects: Objects, sweeper: Sweeper, store: MemoryBlocks, clock: Clock, member: Callable[[str], Caller]
) -> None:
    caller, common, own = member("p"), bytes_of(BLOCK_SIZE), bytes_of(BLOCK_SIZE, 1)
    put(objects, caller, "a", common + own)
    put(objects, caller, "b", common)
    objects.delete(caller, P, "c", "a")
    assert sweeper.sweep().blobs == 0
    clock.pass_time(25 * 3600)
    swept = sweeper.sweep()
    assert (swept.blobs, swept.blocks) == (1, 1)
    assert store.missing([name_of(common), name_of(own)]) == {name_of(own)}
    assert content(objects, caller, "b") == common


def test_what_an_overwritten_object_was_goes_too(
    objects: Objects, sweeper: Sweeper, store: MemoryBlocks, clock: Clock, member: Callable[[str], Caller]
) -> None:
    put(objects, member("p"), "a", b"old")
    put(objects, member("p"), "a", b"new")
    clock.pass_time(25 * 3600)
    assert sweeper.sweep().blobs == 1
    assert [store.get(block.name) for block in store.stored()] == [b"new"]


def test_a_running_upload_keeps_its_blocks_even_without_any_grace(
    blobs: Blobs, sweeper: Sweeper, clock: Clock, store: MemoryBlocks
) -> None:
    data = bytes_of(6 * BLOCK_SIZE)
    writer = blobs.writer()
    for number in range(6):
        writer.write(data[number * BLOCK_SIZE : (number + 1) * BLOCK_SIZE])
    draft = writer.finish()
    clock.pass_time(60)
    assert sweeper.sweep(older_than_s=0).blocks == 0
    blob = blobs.keep(draft)
    assert b"".join(blobs.read([whole(blob)])) == data


def test_a_dead_upload_is_swept_and_cannot_come_back_with_holes(blobs: Blobs, sweeper: Sweeper, clock: Clock) -> None:
    writer = blobs.writer()
    writer.write(b"x" * 1000)
    draft = writer.finish()
    clock.pass_time(30 * 3600)
    assert sweeper.sweep().blocks == 1
    with pytest.raises(Unavailable, match="send it again"):
        blobs.keep(draft)


def test_blocks_that_a_crash_left_without_a_row_are_found(sweeper: Sweeper, store: MemoryBlocks, clock: Clock) -> None:
    store.put(name_of(b"leftover"), b"leftover")
    clock.pass_time(10 * 365 * 24 * 3600)  # the store's own clock is the system's
    assert sweeper.sweep().blocks == 1
    assert list(store.stored()) == []


def test_sweeping_without_grace_while_others_write_the_same_blocks_loses_nothing(
    objects: Objects, sweeper: Sweeper, member: Callable[[str], Caller]
) -> None:
    caller, data = member("p"), [bytes_of(3000, seed) for seed in range(8)]
    troubles: list[BaseException] = []
    over = threading.Event()

    def write(worker: int) -> None:
        try:
            for turn in range(25):
                name = f"{worker}"
                put(objects, caller, name, data[(worker + turn) % 8])
                assert content(objects, caller, name) == data[(worker + turn) % 8]
                objects.delete(caller, P, "c", name)
        except BaseException as error:
            troubles.append(error)

    def sweep() -> None:
        while not over.is_set():
            sweeper.sweep(older_than_s=0)

    sweeping = threading.Thread(target=sweep)
    writers = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for thread in [sweeping, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    over.set()
    sweeping.join()
    assert troubles == []


def test_verify_names_what_a_bad_block_belongs_to(
    objects: Objects, records: SqlRecords, store: MemoryBlocks, member: Callable[[str], Caller]
) -> None:
    put(objects, member("p"), "sound", b"sound")
    put(objects, member("p"), "harmed", b"harmed")
    put(objects, member("p"), "lost", b"lost")
    assert list(Verifier(records, store).verify()) == []
    store._blocks[name_of(b"harmed")] = (b"harmeD", 0.0)
    store.delete([name_of(b"lost")])
    bad = {block.name: block for block in Verifier(records, store).verify()}
    assert set(bad) == {name_of(b"harmed"), name_of(b"lost")}
    assert "c/harmed" in bad[name_of(b"harmed")].belongs_to[0]
    assert bad[name_of(b"lost")].trouble == "missing"
