"""Versions of objects: nothing that is kept is swept, nothing is lost or counted wrongly when many write at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from imageferry.db.records import SqlRecords
from imageferry.domain.access import Caller, ProjectId
from imageferry.domain.block import BLOCK_SIZE, name_of
from imageferry.domain.errors import Forbidden, NotFound, NoVersions
from imageferry.domain.object import Container, ListingQuery, ObjectVersion
from imageferry.domain.versioning import NO_VERSION, Archiving, VersionId, VersioningChange
from imageferry.service.blobs import Blobs
from imageferry.service.objects import Objects, Traits
from imageferry.service.objects.containers import Access
from imageferry.service.sweeping import Sweeper, Verifier
from imageferry.stores.memory import MemoryBlocks
from tests.services.conftest import Clock
from tests.services.test_blobs import bytes_of

PLAIN = Traits(metadata={}, headers={})
P = ProjectId("p")
DAY = 25 * 3600


class Shelf:
    """One container, and a member of its project."""

    def __init__(self, objects: Objects, caller: Caller) -> None:
        self.objects = objects
        self.caller = caller

    def keep(self, change: VersioningChange) -> None:
        self.objects.create_container(self.caller, P, "c", {}, versioning=change)

    def put(self, data: bytes, name: str = "f", traits: Traits = PLAIN) -> VersionId:
        with self.objects.upload(self.caller, P, "c", name, traits=traits) as upload:
            upload.write(data)
            return upload.commit().version

    def read(self, version: VersionId | None = None, name: str = "f") -> bytes:
        opened = self.objects.open(self.caller, P, "c", name, version=version)
        return b"".join(self.objects.read(opened))

    def versions(self) -> list[ObjectVersion]:
        rows = self.objects.versions(self.caller, P, "c", ListingQuery())[1]
        return [row for row in rows if isinstance(row, ObjectVersion)]

    @property
    def container(self) -> Container:
        return self.objects.container(self.caller, P, "c")


@pytest.fixture
def shelf(records: SqlRecords, blobs: Blobs, clock: Clock, member: Callable[[str], Caller]) -> Shelf:
    made = Shelf(Objects(records, blobs, clock), member("p"))
    made.keep(VersioningChange(enabled=True))
    return made


def test_the_sweep_leaves_what_versions_are_made_of(
    shelf: Shelf, records: SqlRecords, store: MemoryBlocks, clock: Clock
) -> None:
    common, own = bytes_of(BLOCK_SIZE), bytes_of(BLOCK_SIZE, 1)
    first = shelf.put(common + own)
    second = shelf.put(common)
    shelf.objects.delete(shelf.caller, P, "c", "f")
    clock.pass_time(DAY)
    sweeper = Sweeper(records, store, clock)
    assert (sweeper.sweep().blobs, sweeper.sweep().blocks) == (0, 0)
    assert (shelf.read(first), shelf.read(second)) == (common + own, common)
    shelf.objects.delete_version(shelf.caller, P, "c", "f", first)
    assert sweeper.sweep().blobs == 0  # who reads it now comes to the end
    clock.pass_time(DAY)
    swept = sweeper.sweep()
    assert (swept.blobs, swept.blocks) == (1, 1)
    assert store.missing([name_of(common), name_of(own)]) == {name_of(own)}
    assert shelf.read(second) == common


def test_the_sweep_takes_expired_objects_and_leaves_their_versions(
    shelf: Shelf, records: SqlRecords, store: MemoryBlocks, clock: Clock
) -> None:
    number = shelf.put(b"short", traits=Traits(metadata={}, headers={}, delete_after_s=60))
    clock.pass_time(61)
    assert Sweeper(records, store, clock).sweep().objects == 1
    assert [(row.id, row.is_latest) for row in shelf.versions()] == [(number, False)]
    assert shelf.read(number) == b"short"
    assert (shelf.container.object_count, shelf.container.bytes_used) == (0, 5)
    clock.pass_time(DAY)
    Sweeper(records, store, clock).sweep()
    assert shelf.read(number) == b"short"


def test_verify_names_the_version_that_a_bad_block_belongs_to(
    shelf: Shelf, records: SqlRecords, store: MemoryBlocks
) -> None:
    shelf.put(b"harmed")
    shelf.put(b"sound")
    store._blocks[name_of(b"harmed")] = (b"harmeD", 0.0)
    [bad] = Verifier(records, store).verify()
    assert bad.belongs_to[0].startswith("version ")
    assert "(c/f?version-id=" in bad.belongs_to[0]


def test_a_version_costs_a_record_and_no_bytes(shelf: Shelf, store: MemoryBlocks) -> None:
    data = bytes_of(3 * BLOCK_SIZE)
    first = shelf.put(data)
    blocks = len(list(store.stored()))
    shelf.put(data[:-1] + b"x")
    assert len(list(store.stored())) == blocks + 1
    shelf.objects.restore(shelf.caller, P, "c", "f", first)
    shelf.objects.copy(shelf.caller, (P, "c", "f"), (P, "c", "f"), lambda _: PLAIN)
    assert len(list(store.stored())) == blocks + 1


def test_writers_of_one_name_at_the_same_time_make_a_version_each(shelf: Shelf) -> None:
    troubles: list[BaseException] = []

    def write(worker: int) -> None:
        try:
            for turn in range(10):
                shelf.put(f"{worker}-{turn}".encode())
                if turn % 3 == worker % 3:
                    shelf.objects.delete(shelf.caller, P, "c", "f")
        except BaseException as error:
            troubles.append(error)

    workers = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    assert troubles == []
    rows = shelf.versions()
    bodies = {shelf.read(row.id) for row in rows if row.item is not None}
    assert bodies == {f"{worker}-{turn}".encode() for worker in range(4) for turn in range(10)}
    assert len({row.id for row in rows}) == len(rows)
    assert sum(row.is_latest for row in rows) == 1
    current = [row for row in rows if row.is_latest and row.item is not None]
    assert (shelf.container.object_count, shelf.container.bytes_used) == (len(current), sum(map(len, bodies)))


def test_the_clock_may_go_backwards(records: SqlRecords, blobs: Blobs, member: Callable[[str], Caller]) -> None:
    moments = iter(range(2_000_000_000_000_000, 1_000_000_000_000_000, -10_000_000))
    shelf = Shelf(Objects(records, blobs, lambda: next(moments)), member("p"))  # type: ignore[arg-type, return-value]
    shelf.keep(VersioningChange(enabled=True))
    numbers = [shelf.put(str(turn).encode()) for turn in range(5)]
    assert numbers == sorted(set(numbers))
    assert [shelf.read(number) for number in numbers] == [b"0", b"1", b"2", b"3", b"4"]


@pytest.mark.parametrize("archiving", list(Archiving))
def test_writers_at_the_same_time_archive_every_state(shelf: Shelf, archiving: Archiving) -> None:
    shelf.keep(VersioningChange(enabled=False))
    shelf.keep(VersioningChange(archive="old", archiving=archiving))
    shelf.objects.create_container(shelf.caller, P, "old", {})
    troubles: list[BaseException] = []

    def write(worker: int) -> None:
        try:
            for turn in range(10):
                shelf.put(f"{worker}-{turn}".encode())
        except BaseException as error:
            troubles.append(error)

    workers = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    assert troubles == []
    bodies = {shelf.read()}
    for row in shelf.objects.listing(shelf.caller, P, "old", ListingQuery())[1]:
        opened = shelf.objects.open(shelf.caller, P, "old", row.name)
        bodies.add(b"".join(shelf.objects.read(opened)))
    assert bodies == {f"{worker}-{turn}".encode() for worker in range(4) for turn in range(10)}


def test_nothing_is_half_done_when_the_archive_is_not_there(shelf: Shelf) -> None:
    shelf.keep(VersioningChange(enabled=False))
    shelf.keep(VersioningChange(archive="none", archiving=Archiving.HISTORY))
    shelf.put(b"one")
    before = shelf.container
    with pytest.raises(Exception, match="archive"):
        shelf.put(b"two")
    with pytest.raises(Exception, match="archive"):
        shelf.objects.delete(shelf.caller, P, "c", "f")
    assert shelf.container == before
    assert shelf.read() == b"one"


def test_a_version_of_another_project_is_not_there(shelf: Shelf, member: Callable[[str], Caller]) -> None:
    number = shelf.put(b"one")
    shelf.objects.create_container(member("q"), ProjectId("q"), "c", {}, versioning=VersioningChange(enabled=True))
    with pytest.raises(NotFound):
        shelf.objects.open(member("q"), ProjectId("q"), "c", "f", version=number)


def test_the_number_of_what_is_there_now_is_asked_for_like_a_version(
    shelf: Shelf, member: Callable[[str], Caller]
) -> None:
    shelf.objects.create_container(shelf.caller, P, "plain", {}, Access(readers="friend:*"))
    with shelf.objects.upload(shelf.caller, P, "plain", "f", traits=PLAIN) as upload:
        upload.write(b"now")
        item = upload.commit()
    assert item.version == NO_VERSION
    for caller in (shelf.caller, member("friend")):
        opened = shelf.objects.open(caller, P, "plain", "f", version=item.number)
        assert b"".join(shelf.objects.read(opened)) == b"now"
    with pytest.raises(NoVersions):
        shelf.objects.open(shelf.caller, P, "plain", "f", version=VersionId(item.number + 10))
    with pytest.raises(Forbidden):
        shelf.objects.open(member("friend"), P, "plain", "f", version=VersionId(item.number + 10))
    with pytest.raises(Forbidden):
        shelf.objects.open(member("stranger"), P, "plain", "f", version=item.number)
