"""Bytes in, blobs out, and back."""

from __future__ import annotations

import hashlib
import os
import random
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imageferry.db.records import SqlRecords
from imageferry.domain.blob import Blob, can_join, spans
from imageferry.domain.block import BLOCK_SIZE, BlockName
from imageferry.domain.digest import Algorithm
from imageferry.domain.errors import Damaged, NoRoom
from imageferry.service.blobs import Blobs, Section, cut, whole
from imageferry.stores.memory import MemoryBlocks

ALL = frozenset(Algorithm)


def bytes_of(length: int, seed: int = 0) -> bytes:
    return random.Random(f"{length}/{seed}").randbytes(length)


def blob_of(blobs: Blobs, data: bytes, algorithms: frozenset[Algorithm] = ALL) -> Blob:
    writer = blobs.writer(algorithms)
    for start in range(0, len(data), BLOCK_SIZE):
        writer.write(data[start : start + BLOCK_SIZE])
    return blobs.keep(writer.finish())


def bytes_in(blobs: Blobs, *sections: Section) -> bytes:
    return b"".join(blobs.read(sections))


@pytest.mark.parametrize("length", [0, 1, 100, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 3 * BLOCK_SIZE, 20_000_003])
def test_what_is_written_can_be_read_and_has_all_digests(blobs: Blobs, length: int) -> None:
    data = bytes_of(length)
    blob = blob_of(blobs, data)
    assert bytes_in(blobs, whole(blob)) == data
    assert blob.digests == {a: hashlib.new(a.value, data).hexdigest() for a in ALL}


def test_zeros_take_no_room_wherever_they_are(blobs: Blobs, store: MemoryBlocks) -> None:
    data = bytes(BLOCK_SIZE) + b"x" + bytes(BLOCK_SIZE - 1) + bytes(3 * BLOCK_SIZE + 17)
    blob = blob_of(blobs, data)
    assert [len(store.get(block.name)) for block in store.stored()] == [1]
    assert bytes_in(blobs, whole(blob)) == data


def test_zeros_told_are_zeros_read(blobs: Blobs) -> None:
    writer = blobs.writer(ALL)
    writer.write(b"a" * BLOCK_SIZE)
    writer.write_zeros(2 * BLOCK_SIZE)
    writer.write(b"b")
    blob = blobs.keep(writer.finish())
    data = b"a" * BLOCK_SIZE + bytes(2 * BLOCK_SIZE) + b"b"
    assert bytes_in(blobs, whole(blob)) == data
    assert blob.digests[Algorithm.SHA512] == hashlib.sha512(data).hexdigest()


def test_the_same_bytes_are_stored_once(blobs: Blobs, store: MemoryBlocks) -> None:
    data = bytes_of(2 * BLOCK_SIZE)
    blob_of(blobs, data)
    blob_of(blobs, data + b"and more")
    assert len(list(store.stored())) == 3


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_range_of_any_row_of_sections_is_read_exactly(blobs: Blobs, data: st.DataObject) -> None:
    parts = [bytes_of(length, i) for i, length in enumerate([BLOCK_SIZE + 5, 0, 7, 2 * BLOCK_SIZE])]
    sections = [whole(blob_of(blobs, part, frozenset())) for part in parts]
    everything = b"".join(parts)
    start = data.draw(st.integers(0, len(everything)))
    stop = data.draw(st.integers(start, len(everything)))
    assert bytes_in(blobs, *cut(sections, start, stop)) == everything[start:stop]


def test_joining_copies_nothing_where_blocks_allow(blobs: Blobs, store: MemoryBlocks) -> None:
    parts = [bytes_of(2 * BLOCK_SIZE), b"", bytes_of(BLOCK_SIZE, 1), bytes_of(99)]
    made = [blob_of(blobs, part) for part in parts]
    before = len(list(store.stored()))
    assert can_join([blob.size for blob in made])
    joined = blobs.keep(blobs.join(made))
    assert bytes_in(blobs, whole(joined)) == b"".join(parts)
    assert len(list(store.stored())) == before
    assert not can_join([99, BLOCK_SIZE])


def test_blobs_that_cannot_be_joined_are_blocked_anew(blobs: Blobs) -> None:
    parts = [bytes_of(BLOCK_SIZE + 99), bytes_of(BLOCK_SIZE, 1), b"end"]
    rewritten = blobs.keep(blobs.rewrite([whole(blob_of(blobs, part)) for part in parts], ALL))
    assert bytes_in(blobs, whole(rewritten)) == b"".join(parts)
    assert rewritten.digests[Algorithm.MD5] == hashlib.md5(b"".join(parts)).hexdigest()


def test_a_missing_block_is_damage_and_never_a_hole(blobs: Blobs, store: MemoryBlocks) -> None:
    blob = blob_of(blobs, bytes_of(3 * BLOCK_SIZE))
    gone: list[BlockName] = [next(store.stored()).name]
    store.delete(gone)
    with pytest.raises(Damaged, match=gone[0]):
        bytes_in(blobs, whole(blob))


def test_a_file_goes_in_and_comes_out_with_its_holes(blobs: Blobs, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    with source.open("wb") as file:
        file.write(b"head")
        file.seek(40 * BLOCK_SIZE + 12_345)
        file.write(b"tail")
        file.truncate(60 * BLOCK_SIZE + 1)
    seen: list[int] = []
    blob = blobs.keep(blobs.write_file(source, {Algorithm.MD5}, seen.append))
    assert sum(seen) == blob.size == source.stat().st_size
    blobs.to_file([whole(blob)], target)
    assert target.read_bytes() == source.read_bytes()
    assert target.stat().st_blocks * 512 < 2 * BLOCK_SIZE
    assert blob.digests[Algorithm.MD5] == hashlib.md5(source.read_bytes()).hexdigest()


def test_digests_are_read_once_and_then_remembered(blobs: Blobs, store: MemoryBlocks, records: SqlRecords) -> None:
    data = bytes_of(2 * BLOCK_SIZE + 1)
    blob = blob_of(blobs, data, frozenset({Algorithm.MD5}))
    first = blobs.digests([whole(blob)], [Algorithm.SHA1, Algorithm.MD5])
    assert first == {Algorithm.SHA1: hashlib.sha1(data).hexdigest(), Algorithm.MD5: hashlib.md5(data).hexdigest()}
    store.delete([block.name for block in store.stored()])
    with records.reading() as session:
        again = session.blobs.get(blob.id)
    assert again is not None
    assert blobs.digests([whole(again)], [Algorithm.SHA1])[Algorithm.SHA1] == first[Algorithm.SHA1]


def test_trouble_of_the_store_reaches_the_writer(records: SqlRecords, clock: object) -> None:
    class Full(MemoryBlocks):
        def put(self, name: BlockName, content: bytes | bytearray | memoryview) -> None:
            raise NoRoom("the block store", reason="no space left")

    blobs = Blobs(Full(), records, clock)  # type: ignore[arg-type]
    writer = blobs.writer()
    with pytest.raises(NoRoom):
        for number in range(50):
            writer.write(bytes_of(BLOCK_SIZE, number))
    writer.abandon()
    small = blobs.writer()
    small.write(b"small")
    with pytest.raises(NoRoom):
        small.finish()
    small.abandon()
    blobs.close()


def test_no_more_than_a_few_blocks_are_in_memory_while_the_store_is_slow(records: SqlRecords, clock: object) -> None:
    held, most = 0, 0
    lock = threading.Lock()

    class Slow(MemoryBlocks):
        def put(self, name: BlockName, content: bytes | bytearray | memoryview) -> None:
            nonlocal held
            with lock:
                held -= 1

    blobs = Blobs(Slow(), records, clock, threads=1)  # type: ignore[arg-type]
    writer = blobs.writer()
    for number in range(40):
        with lock:
            held += 1
            most = max(most, held)
        writer.write(bytes([number + 1]) * BLOCK_SIZE)
    writer.finish()
    blobs.close()
    assert most <= 7


def test_abandoning_ends_the_upload_and_leaves_no_thread(blobs: Blobs) -> None:
    before = threading.active_count()
    writer = blobs.writer(ALL)
    for number in range(5):
        writer.write(bytes_of(BLOCK_SIZE, number))
    writer.abandon()
    writer.abandon()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("digest-")]
    assert threading.active_count() <= before + 4


def test_only_the_last_block_may_be_short(blobs: Blobs) -> None:
    writer = blobs.writer()
    writer.write(b"short")
    with pytest.raises(ValueError, match="last block"):
        writer.write(b"more")
    writer.abandon()


@given(st.integers(0, 5 * BLOCK_SIZE), st.data())
def test_spans_cover_a_range_exactly_once(size: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, size))
    stop = data.draw(st.integers(start, size))
    covered = [(s.index * BLOCK_SIZE + s.start, s.index * BLOCK_SIZE + s.stop) for s in spans(size, start, stop)]
    assert sum(b - a for a, b in covered) == stop - start
    assert all(covered[i][1] == covered[i + 1][0] for i in range(len(covered) - 1))
    assert not covered or (covered[0][0], covered[-1][1]) == (start, stop)


def test_random_urandom_is_not_trimmed_by_accident(blobs: Blobs) -> None:
    data = os.urandom(BLOCK_SIZE - 3) + bytes(3) + b"\0\0x\0"
    assert bytes_in(blobs, whole(blob_of(blobs, data))) == data
