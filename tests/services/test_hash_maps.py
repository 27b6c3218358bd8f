"""Objects made by the names of their blocks: nothing is sent twice, and nobody is given what they could not read."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from imageferry.db.records import SqlRecords
from imageferry.domain.access import Caller, Role
from imageferry.domain.block import BLOCK_SIZE, EMPTY, BlockName, name_of, trimmed
from imageferry.domain.errors import (
    BadInput,
    Forbidden,
    Incomplete,
    NotAuthenticated,
    NotFound,
    OverQuota,
    PreconditionFailed,
    StatusConflict,
    TooLarge,
    Unavailable,
)
from imageferry.domain.hash_map import HashMap
from imageferry.domain.object import ListingQuery, ObjectVersion, StoredObject
from imageferry.domain.precondition import ONLY_IF_ABSENT
from imageferry.domain.versioning import VersioningChange
from imageferry.service.blobs import Blobs
from imageferry.service.objects import Missing, Objects, Traits, WantedSegment
from imageferry.service.objects.containers import Access
from imageferry.service.sweeping import Sweeper, Verifier
from imageferry.stores.files import FileBlocks
from tests.services.conftest import Clock
from tests.services.test_blobs import bytes_of

PLAIN = Traits(metadata={}, headers={})
HOUR = 3600
ONE, OTHER, SHORT = bytes_of(BLOCK_SIZE), bytes_of(BLOCK_SIZE, 1), bytes_of(1000)


def map_of(data: bytes) -> HashMap:
    blocks = [data[at : at + BLOCK_SIZE] for at in range(0, len(data), BLOCK_SIZE)]
    return HashMap(size=len(data), names=tuple(name_of(trimmed(block)) for block in blocks))


class Shelf:
    """A container ``c`` of a project, and a member of it."""

    def __init__(self, objects: Objects, caller: Caller) -> None:
        self.objects, self.caller, self.project = objects, caller, caller.project
        objects.create_container(caller, self.project, "c", {})

    def send(self, data: bytes) -> list[BlockName]:
        with self.objects.send_blocks(self.caller, self.project, "c", size=len(data)) as sending:
            sending.write(data)
            return sending.commit()

    def upload(self, data: bytes, name: str = "up") -> StoredObject:
        with self.objects.upload(self.caller, self.project, "c", name, traits=PLAIN) as upload:
            upload.write(data)
            return upload.commit()

    def put(self, wanted: HashMap, name: str = "f", traits: Traits = PLAIN) -> StoredObject | Missing:
        return self.objects.put_by_hashes(self.caller, self.project, "c", name, wanted, traits)

    def made(self, data: bytes, name: str = "f") -> StoredObject:
        found = self.put(map_of(data), name)
        assert isinstance(found, StoredObject)
        return found

    def missing(self, data: bytes) -> tuple[BlockName, ...]:
        found = self.put(map_of(data))
        assert isinstance(found, Missing)
        return found.names

    def read(self, name: str = "f") -> bytes:
        return b"".join(self.objects.read(self.objects.open(self.caller, self.project, "c", name)))


class Hurried(FileBlocks):
    """Block files; something happens right after the store was asked which of them are missing."""

    once_asked: Callable[[], None] | None = None

    def missing(self, names: Iterable[BlockName]) -> set[BlockName]:
        found = super().missing(names)
        happening, self.once_asked = self.once_asked, None
        if happening is not None:
            happening()
        return found


@pytest.fixture
def files(tmp_path: Path) -> Hurried:
    return Hurried(tmp_path / "blocks")


@pytest.fixture
def blobs(files: FileBlocks, records: SqlRecords, clock: Clock) -> Blobs:
    return Blobs(files, records, clock)


@pytest.fixture
def objects(records: SqlRecords, blobs: Blobs, clock: Clock) -> Objects:
    return Objects(records, blobs, clock)


@pytest.fixture
def ours(objects: Objects, member: Callable[[str], Caller]) -> Shelf:
    return Shelf(objects, member("p"))


@pytest.fixture
def theirs(objects: Objects, member: Callable[[str], Caller]) -> Shelf:
    return Shelf(objects, member("q"))


@pytest.fixture
def sweeper(records: SqlRecords, files: FileBlocks, clock: Clock) -> Sweeper:
    return Sweeper(records, files, clock)


class TestSending:
    def test_an_object_is_made_of_blocks_that_were_sent(self, ours: Shelf) -> None:
        data = ONE + bytes(BLOCK_SIZE) + OTHER + ONE + SHORT
        names = [name_of(ONE), name_of(OTHER), name_of(SHORT)]
        assert ours.missing(data) == tuple(names)
        assert ours.send(ONE + OTHER) == names[:2]
        assert ours.missing(data) == (names[2],)
        assert ours.send(SHORT) == [names[2]]
        assert ours.made(data).size == len(data)
        assert ours.read() == data

    def test_blocks_come_back_in_order_those_of_zeros_too(self, ours: Shelf) -> None:
        sent = ours.send(bytes(BLOCK_SIZE) + ONE + b"x" + bytes(9))
        assert sent == [EMPTY, name_of(ONE), name_of(b"x")]
        assert ours.send(b"") == []

    def test_pieces_of_any_size_are_cut_into_blocks(self, ours: Shelf, objects: Objects) -> None:
        with objects.send_blocks(ours.caller, ours.project, "c") as sending:
            for at in range(0, 2 * BLOCK_SIZE, 1 << 20):
                sending.write((ONE + OTHER)[at : at + (1 << 20)])
            assert sending.commit() == [name_of(ONE), name_of(OTHER)]

    def test_fewer_bytes_than_promised_are_not_remembered(self, ours: Shelf, objects: Objects) -> None:
        with objects.send_blocks(ours.caller, ours.project, "c", size=2000) as sending, pytest.raises(Incomplete):
            sending.write(SHORT)
            sending.commit()
        assert ours.missing(SHORT) == (name_of(SHORT),)

    def test_only_who_may_write_to_the_whole_account_sends_blocks(
        self, ours: Shelf, objects: Objects, member: Callable[..., Caller]
    ) -> None:
        objects.create_container(ours.caller, ours.project, "c", {}, Access(writers="q:user-of-q"))
        for caller, refusal in ((member("q"), Forbidden), (member("p", Role.READER), Forbidden)):
            with pytest.raises(refusal):
                objects.send_blocks(caller, ours.project, "c")
        with pytest.raises(NotAuthenticated):
            objects.send_blocks(None, ours.project, "c")
        with pytest.raises(NotFound):
            objects.send_blocks(ours.caller, ours.project, "nowhere")

    def test_more_than_an_upload_may_have_is_refused_before_and_meanwhile(
        self, records: SqlRecords, blobs: Blobs, clock: Clock, member: Callable[[str], Caller]
    ) -> None:
        shelf = Shelf(Objects(records, blobs, clock, max_object_size=10), member("p"))
        with pytest.raises(TooLarge):
            shelf.objects.send_blocks(shelf.caller, shelf.project, "c", size=11)
        with shelf.objects.send_blocks(shelf.caller, shelf.project, "c") as sending, pytest.raises(TooLarge):
            sending.write(bytes(11))

    def test_unused_blocks_are_bounded_by_the_quota(self, ours: Shelf, objects: Objects) -> None:
        objects.create_container(ours.caller, ours.project, "c", {"quota-bytes": str(BLOCK_SIZE + 1000)})
        ours.send(ONE)
        with pytest.raises(OverQuota, match="sent and not used"):
            ours.send(OTHER)
        ours.made(ONE)
        with pytest.raises(OverQuota):
            ours.put(map_of(ONE + OTHER))
        ours.send(SHORT)
        with pytest.raises(OverQuota):
            ours.made(ONE + SHORT, "another")
        assert ours.made(ONE + SHORT).size == BLOCK_SIZE + 1000  # in the place of the one there


class TestPresence:
    def test_what_an_object_has_need_not_be_sent_again(self, ours: Shelf) -> None:
        ours.upload(ONE + SHORT)
        assert ours.missing(OTHER + ONE) == (name_of(OTHER),)
        ours.made(SHORT + bytes(BLOCK_SIZE - 1000) + ONE)
        assert ours.read() == SHORT + bytes(BLOCK_SIZE - 1000) + ONE

    def test_knowing_the_hashes_of_another_tenant_gives_nothing(self, ours: Shelf, theirs: Shelf) -> None:
        theirs.upload(ONE)
        theirs.send(OTHER)
        assert ours.missing(ONE + OTHER) == (name_of(ONE), name_of(OTHER))
        with pytest.raises(NotFound):
            ours.read()
        ours.send(ONE + OTHER)  # who has the bytes may say so
        ours.made(ONE + OTHER)
        assert ours.read() == ONE + OTHER

    def test_who_may_only_write_somewhere_is_not_given_what_is_there(
        self, ours: Shelf, theirs: Shelf, objects: Objects
    ) -> None:
        theirs.upload(ONE, "secret")
        objects.create_container(
            theirs.caller, theirs.project, "c", {}, Access(writers="p:user-of-p", readers="p:user-of-p")
        )
        put = (ours.caller, theirs.project, "c", "mine", map_of(ONE), PLAIN)
        assert objects.put_by_hashes(*put) == Missing((name_of(ONE),))
        ours.send(ONE)  # to a container of their own
        assert isinstance(objects.put_by_hashes(*put), StoredObject)
        assert theirs.read("mine") == ONE
        objects.delete(ours.caller, theirs.project, "c", "mine")

    def test_a_guest_has_read_nothing(self, ours: Shelf, objects: Objects) -> None:
        ours.upload(ONE)
        with pytest.raises(NotAuthenticated):
            objects.put_by_hashes(Caller.guest(), ours.project, "c", "f", map_of(ONE), PLAIN)

    def test_an_old_version_counts_and_what_is_gone_does_not(self, ours: Shelf, objects: Objects) -> None:
        objects.create_container(ours.caller, ours.project, "c", {}, versioning=VersioningChange(enabled=True))
        ours.upload(ONE, "f")
        ours.upload(OTHER, "f")
        ours.made(ONE + OTHER, "both")
        for name in ("f", "both"):
            objects.delete(ours.caller, ours.project, "c", name)
        ours.made(ONE, "again")
        _, rows = objects.versions(ours.caller, ours.project, "c", ListingQuery())
        for row in rows:
            if isinstance(row, ObjectVersion):
                objects.delete_version(ours.caller, ours.project, "c", row.name, row.id)
        assert ours.missing(ONE) == (name_of(ONE),)

    def test_a_block_the_store_has_lost_is_asked_for_and_heals_what_had_it(self, ours: Shelf, files: Hurried) -> None:
        ours.upload(ONE + SHORT)
        files.delete([name_of(ONE)])
        assert ours.missing(ONE + SHORT) == (name_of(ONE),)
        ours.send(ONE)
        ours.made(ONE + SHORT)
        assert ours.read("up") == ONE + SHORT

    def test_each_missing_block_is_named_once_in_the_order_of_first_use(self, ours: Shelf) -> None:
        assert ours.missing(OTHER + ONE + OTHER + bytes(BLOCK_SIZE) + SHORT) == (
            name_of(OTHER),
            name_of(ONE),
            name_of(SHORT),
        )


class TestObjects:
    def test_a_last_block_with_more_bytes_than_are_left_is_refused(self, ours: Shelf) -> None:
        ours.send(ONE)
        for size in (1, BLOCK_SIZE - 1):
            with pytest.raises(BadInput, match="the last block has 4194304 bytes"):
                ours.put(HashMap(size=size, names=(name_of(ONE),)))
        with pytest.raises(NotFound):
            ours.read()

    def test_the_length_of_a_foreign_block_is_not_told(self, ours: Shelf, theirs: Shelf) -> None:
        theirs.upload(ONE)
        assert ours.put(HashMap(size=1, names=(name_of(ONE),))) == Missing((name_of(ONE),))

    def test_nothing_and_zeros_need_no_block(self, ours: Shelf) -> None:
        assert ours.made(b"").md5 == hashlib.md5(b"").hexdigest()
        zeros = bytes(2 * BLOCK_SIZE + 7)
        ours.made(zeros)
        assert ours.read() == zeros

    def test_traits_conditions_and_names_are_those_of_an_upload(self, ours: Shelf, objects: Objects) -> None:
        ours.send(SHORT)
        traits = replace(PLAIN, content_type="text/x", metadata={"colour": "blue"})
        kept = ours.put(map_of(SHORT), traits=traits)
        assert isinstance(kept, StoredObject)
        assert (kept.content_type, kept.metadata) == ("text/x", {"colour": "blue"})
        again = (ours.caller, ours.project, "c", "f", map_of(SHORT), PLAIN)
        with pytest.raises(PreconditionFailed):
            objects.put_by_hashes(*again, only_if=ONLY_IF_ABSENT)
        assert isinstance(kept := objects.put_by_hashes(*again), StoredObject)
        assert kept.metadata == {}
        with pytest.raises(NotFound):
            objects.put_by_hashes(ours.caller, ours.project, "nowhere", "f", map_of(SHORT), PLAIN)
        with pytest.raises(BadInput):
            objects.put_by_hashes(ours.caller, ours.project, "c", "x" * 1025, map_of(SHORT), PLAIN)

    def test_the_old_state_is_kept_where_versions_are(self, ours: Shelf, objects: Objects) -> None:
        objects.create_container(ours.caller, ours.project, "c", {}, versioning=VersioningChange(enabled=True))
        ours.send(ONE + OTHER)
        first, second = ours.made(ONE), ours.made(OTHER)
        assert second.version > first.version
        _, found = objects.hash_map_of(ours.caller, ours.project, "c", "f", version=first.version)
        assert found == map_of(ONE)

    def test_the_md5_is_computed_when_it_is_asked_for_and_then_known_everywhere(
        self, ours: Shelf, objects: Objects, files: FileBlocks
    ) -> None:
        data = ONE + SHORT
        ours.send(data)
        assert ours.made(data).md5 == ""
        objects.copy(ours.caller, (ours.project, "c", "f"), (ours.project, "c", "g"), lambda _: PLAIN)
        assert objects.show(ours.caller, ours.project, "c", "f", with_md5=False).md5 == hashlib.md5(data).hexdigest()
        files.delete([name_of(ONE)])  # it is not read again
        assert objects.show(ours.caller, ours.project, "c", "g").md5 == hashlib.md5(data).hexdigest()

    def test_it_is_known_as_a_segment_before_a_list_is_made(self, ours: Shelf, objects: Objects) -> None:
        data = ONE + OTHER
        ours.send(data)
        ours.made(data)
        wanted = [WantedSegment(container="c", name="f", md5=hashlib.md5(data).hexdigest())]
        objects.put_static(ours.caller, ours.project, "c", "all", traits=PLAIN, wanted=wanted, etag=None)
        assert ours.read("all") == data
        assert objects.hash_map_of(ours.caller, ours.project, "c", "all")[1] == map_of(data)

    def test_more_than_an_upload_may_have_is_made_and_has_no_md5(
        self, records: SqlRecords, blobs: Blobs, clock: Clock, member: Callable[[str], Caller]
    ) -> None:
        shelf = Shelf(Objects(records, blobs, clock, max_object_size=BLOCK_SIZE), member("p"))
        for data in (ONE, SHORT):
            shelf.send(data)
        shelf.made(ONE + SHORT)
        assert shelf.objects.open(shelf.caller, shelf.project, "c", "f").etag == ""
        assert shelf.read() == ONE + SHORT

    def test_the_map_of_an_upload_is_that_of_its_bytes(self, ours: Shelf, objects: Objects) -> None:
        data = ONE + bytes(BLOCK_SIZE) + SHORT
        kept = ours.upload(data)
        assert objects.hash_map_of(ours.caller, ours.project, "c", "up") == (kept, map_of(data))
        ours.upload(b"", "empty")
        assert objects.hash_map_of(ours.caller, ours.project, "c", "empty")[1] == HashMap(size=0, names=())

    def test_a_map_is_shown_to_who_may_read_the_object(self, ours: Shelf, theirs: Shelf, objects: Objects) -> None:
        ours.upload(ONE)
        with pytest.raises(Forbidden):
            objects.hash_map_of(theirs.caller, ours.project, "c", "up")
        with pytest.raises(NotFound):
            objects.hash_map_of(ours.caller, ours.project, "c", "other")

    def test_a_large_object_of_odd_parts_has_no_map(self, ours: Shelf, objects: Objects) -> None:
        ours.upload(SHORT)
        wanted = [WantedSegment(container="c", name="up")] * 2
        objects.put_static(ours.caller, ours.project, "c", "all", traits=PLAIN, wanted=wanted, etag=None)
        with pytest.raises(StatusConflict, match="whole blocks"):
            objects.hash_map_of(ours.caller, ours.project, "c", "all")


class TestSweeping:
    def test_what_was_sent_stays_for_a_day_without_any_grace_and_goes_then(
        self, ours: Shelf, sweeper: Sweeper, clock: Clock
    ) -> None:
        ours.send(ONE)
        clock.pass_time(23 * HOUR)
        assert sweeper.sweep(older_than_s=0).blocks == 0
        ours.made(ONE)
        ours.send(OTHER)
        clock.pass_time(25 * HOUR)
        assert ours.missing(ONE + OTHER) == (name_of(OTHER),)
        assert sweeper.sweep(older_than_s=0).blocks == 1
        assert ours.read() == ONE

    def test_a_crash_between_storing_and_remembering_leaves_nothing_that_counts(
        self, ours: Shelf, objects: Objects, blobs: Blobs, files: FileBlocks, sweeper: Sweeper, clock: Clock
    ) -> None:
        writer = blobs.writer(())
        writer.write(ONE)
        writer.finish()  # stored, and then the process dies
        assert files.missing([name_of(ONE)]) == set()
        assert ours.missing(ONE) == (name_of(ONE),)
        clock.pass_time(26 * HOUR)
        assert sweeper.sweep().blocks == 1

    def test_a_crash_after_remembering_loses_nothing(
        self, ours: Shelf, records: SqlRecords, files: FileBlocks, clock: Clock
    ) -> None:
        ours.send(ONE + SHORT)
        fresh = Blobs(files, records, clock)
        again = Shelf(Objects(records, fresh, clock), ours.caller)
        again.made(ONE + SHORT)
        assert again.read() == ONE + SHORT
        assert list(Verifier(records, files).verify()) == []
        fresh.close()

    def test_blocks_swept_while_they_are_being_sent_must_be_sent_again(
        self, ours: Shelf, objects: Objects, sweeper: Sweeper, clock: Clock
    ) -> None:
        with objects.send_blocks(ours.caller, ours.project, "c") as sending:
            sending.write(ONE)
            sending.write(OTHER)
            sending._writer._puts[-1][1].result()
            clock.pass_time(30 * HOUR)  # a sender that was silent for so long is taken for dead
            assert sweeper.sweep().blocks >= 1
            with pytest.raises(Unavailable, match="send them again"):
                sending.commit()
        assert ours.missing(ONE) == (name_of(ONE),)

    @pytest.mark.parametrize("sizes", [(ONE,), (ONE, SHORT)])
    def test_an_object_deleted_and_swept_before_its_blocks_are_used_makes_them_missing(
        self, ours: Shelf, objects: Objects, files: Hurried, sweeper: Sweeper, clock: Clock, sizes: tuple[bytes, ...]
    ) -> None:
        ours.upload(ONE)
        ours.send(b"".join(sizes[1:]))

        def delete_and_sweep() -> None:
            objects.delete(ours.caller, ours.project, "c", "up")
            clock.pass_time(1)
            swept = sweeper.sweep(older_than_s=0)
            assert (swept.blobs, swept.blocks) == (1, 1)

        files.once_asked = delete_and_sweep
        assert ours.missing(b"".join(sizes)) == (name_of(ONE),)
        with pytest.raises(NotFound):
            ours.read()

    def test_a_block_that_is_damaged_is_asked_for(self, ours: Shelf, files: Hurried) -> None:
        ours.upload(ONE)
        path = files._path(name_of(ONE))
        path.chmod(0o600)
        with path.open("r+b") as file:
            file.write(b"harm")
        assert ours.missing(ONE) == (name_of(ONE),)
        ours.send(ONE)
        ours.made(ONE)
        assert ours.read() == ONE

    def test_two_at_once_make_one_object_whole(self, ours: Shelf) -> None:
        data = [ONE + SHORT, OTHER + SHORT]
        troubles: list[BaseException] = []

        def put(worker: int) -> None:
            try:
                for _ in range(10):
                    while isinstance(ours.put(map_of(data[worker])), Missing):
                        ours.send(data[worker])  # the other's object took the place of ours, and its blocks with it
            except BaseException as error:
                troubles.append(error)

        threads = [threading.Thread(target=put, args=(worker,)) for worker in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert troubles == []
        assert ours.read() in data
        assert ours.objects.container(ours.caller, ours.project, "c").bytes_used == len(data[0])

    def test_sweeping_without_grace_while_others_send_use_and_delete_loses_nothing(
        self, ours: Shelf, objects: Objects, sweeper: Sweeper, records: SqlRecords, files: FileBlocks
    ) -> None:
        data = [bytes_of(3000, seed) for seed in range(6)]
        troubles: list[BaseException] = []
        over = threading.Event()

        def write(worker: int) -> None:
            try:
                for turn in range(20):
                    content, name = data[(worker + turn) % 6], f"{worker}"
                    while isinstance(ours.put(map_of(content), name), Missing):
                        ours.send(content)
                    assert ours.read(name) == content
                    objects.delete(ours.caller, ours.project, "c", name)
            except BaseException as error:
                troubles.append(error)

        def sweep() -> None:
            while not over.is_set():
                sweeper.sweep(older_than_s=0)

        threads = [threading.Thread(target=write, args=(worker,)) for worker in range(3)]
        sweeping = threading.Thread(target=sweep)
        for thread in (sweeping, *threads):
            thread.start()
        for thread in threads:
            thread.join()
        over.set()
        sweeping.join()
        assert troubles == []
        assert list(Verifier(records, files).verify()) == []
