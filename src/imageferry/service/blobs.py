"""Bytes in, blobs out, and back: the one road that every upload and download takes.

Writing is in ``blob_writer``. Reading gives whole blocks, the next ones fetched while one
is being sent.
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from imageferry.domain.blob import Blob, BlobDraft, BlobId, BlockSpan, spans
from imageferry.domain.block import BLOCK_SIZE, EMPTY, BlockName, padded, zeros
from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.errors import Damaged, NotFound
from imageferry.domain.task import TaskId
from imageferry.ports.block_store import BlockStore
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records, Session
from imageferry.service.blob_writer import BlobWriter, Countdown, DigestLane, new_blob_id
from imageferry.service.local_files import file_blocks, write_all
from imageferry.service.scratch import working_files

_UNDER_WAY = 8  # blocks of all uploads that may be at work: room is left as soon as they are stored, so nobody starves
_READ_AHEAD = 2  # blocks of one download
_AHEAD_READERS = 8  # downloads that read ahead; more of them would only hold memory
_NAMES_A_PAGE = 256  # block names read from the records at a time: 1 GiB

Watch = Callable[[int], None]
"""Told how many more bytes are done. May raise Cancelled."""


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a blob; large objects are several of them in a row."""

    blob: Blob
    start: int
    stop: int

    @property
    def size(self) -> int:
        return self.stop - self.start


def pinned(session: Session, blob_id: str) -> Blob:
    """A blob that a task holds on to. Raises Damaged: it is gone all the same."""
    blob = session.blobs.get(BlobId(blob_id))
    if blob is None:
        raise Damaged("blob", blob_id, "it is gone although a task works on it")
    return blob


def whole(blob: Blob) -> Section:
    return Section(blob, 0, blob.size)


def cut(sections: Iterable[Section], start: int, stop: int) -> Iterator[Section]:
    """The part of a row of sections from byte ``start`` (inclusive) to ``stop`` (exclusive)."""
    position = 0
    for section in sections:
        first = max(start - position, 0)
        last = min(stop - position, section.size)
        if first < last:
            yield Section(section.blob, section.start + first, section.start + last)
        position += section.size
        if position >= stop:
            return


class Blobs:
    """Makes blobs from bytes and reads them. Safe to use from many threads."""

    def __init__(self, store: BlockStore, records: Records, clock: Clock, *, threads: int = 4) -> None:
        self._store = store
        self._records = records
        self._clock = clock
        self._workers = ThreadPoolExecutor(threads, thread_name_prefix="blocks")
        self._ahead = threading.BoundedSemaphore(_AHEAD_READERS)
        self._room = threading.BoundedSemaphore(_UNDER_WAY)

    def close(self) -> None:
        self._workers.shutdown(wait=True, cancel_futures=True)

    # -- writing -------------------------------------------------------------

    def writer(self, algorithms: Collection[Algorithm] = (Algorithm.MD5,)) -> BlobWriter:
        """Begin a blob. The algorithms' digests come with it, computed in the same pass."""
        return BlobWriter(self._store, self._records, self._clock, self._workers, self._room, frozenset(algorithms))

    def keep(self, draft: BlobDraft, *, held_by: TaskId | None = None) -> Blob:
        """Keep a finished blob in a transaction of its own (see ``keep_in``). ``held_by``: a task pins it."""
        with self._records.writing() as session:
            blob = self.keep_in(session, draft)
            if held_by is not None:
                session.blobs.pin(held_by, [blob.id])
        return blob

    def keep_in(self, session: Session, draft: BlobDraft) -> Blob:
        """Keep a finished blob together with the record that points to it."""
        session.blobs.add(draft, self._clock())
        return draft.blob

    def give_up(self, draft: BlobDraft) -> None:
        """The blob is not wanted; its blocks go with the next sweep."""
        if draft.upload:
            with self._records.writing(durable=False) as session:
                session.blobs.end_upload(draft.upload)

    def write_file(self, path: Path, algorithms: Collection[Algorithm] = (), watch: Watch | None = None) -> BlobDraft:
        """A blob of a local file, whose holes are not read."""
        writer = self.writer(algorithms)
        try:
            with path.open("rb", buffering=0) as file:
                for block in file_blocks(file.fileno()):
                    writer.write_zeros(block) if isinstance(block, int) else writer.write(block)
                    if watch:
                        watch(block if isinstance(block, int) else len(block))
            return writer.finish()
        except BaseException:
            writer.abandon()
            raise

    def rewrite(
        self, sections: Iterable[Section], algorithms: Collection[Algorithm] = (), watch: Watch | None = None
    ) -> BlobDraft:
        """One blob of the sections' bytes, read and blocked anew."""
        writer = self.writer(algorithms)
        held = b""
        try:
            for part in self.read(sections):
                held += part
                while len(held) >= BLOCK_SIZE:
                    writer.write(held[:BLOCK_SIZE])
                    held = held[BLOCK_SIZE:]
                if watch:
                    watch(len(part))
            writer.write(held)
            return writer.finish()
        except BaseException:
            writer.abandon()
            raise

    def join(self, blobs: Sequence[Blob]) -> BlobDraft:
        """One blob of several in a row, without reading them: by their block lists alone.

        The caller has made sure (``domain.blob.can_join``) that all but the last end on a
        block boundary. Digests are not known without reading.
        """
        upload = uuid.uuid4().hex
        blocks: dict[int, BlockName] = {}
        first = 0
        for blob in blobs:
            for page in range(0, blob.block_count, _NAMES_A_PAGE * 16):
                with self._records.reading() as reading:
                    names = reading.blobs.stored_blocks(blob.id, page, _NAMES_A_PAGE * 16)
                blocks.update({first + index: name for index, name in names.items()})
            first += blob.block_count
        with self._records.writing(durable=False) as session:
            session.blobs.start_upload(upload, self._clock())
            session.blobs.touch(upload, set(blocks.values()), self._clock())
        size = sum(blob.size for blob in blobs)
        return BlobDraft(id=new_blob_id(), size=size, blocks=blocks, digests={}, upload=upload)

    # -- reading -------------------------------------------------------------

    def read(self, sections: Iterable[Section]) -> Iterator[bytes]:
        """The bytes of the sections, block by block, the next ones fetched ahead unless many read at once.

        Raises:
            Damaged: a block is missing or not what its name promises. It never yields
                wrong bytes and never takes a missing block for a hole.
        """
        parts = self._named_spans(sections)
        first, second = next(parts, None), next(parts, None)
        if first is None:
            return
        if second is None:
            yield self._part(*first)  # as with most objects: no thread is worth its while
            return
        every = chain((first, second), parts)
        if not self._ahead.acquire(blocking=False):
            yield from (self._part(*part) for part in every)
            return
        ahead: deque[Future[bytes]] = deque()
        try:
            for part in every:
                ahead.append(self._workers.submit(self._part, *part))
                if len(ahead) > _READ_AHEAD:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()
            self._ahead.release()

    def read_at(self, blob: Blob, offset: int, length: int) -> bytes:
        """A few bytes from anywhere, fewer at the end."""
        stop = min(offset + length, blob.size)
        return b"".join(self.read([Section(blob, offset, stop)])) if offset < stop else b""

    def content(self, name: BlockName) -> bytes:
        """A block without its trailing zeros. Raises Damaged."""
        return self._content(name)

    def lost(self, names: Iterable[BlockName]) -> set[BlockName]:
        """Which of these blocks are not in the store, whatever the records say."""
        return self._store.missing(names)

    def draft_at(self, draft: BlobDraft, offset: int, length: int) -> bytes:
        """The same from a blob that is not kept yet."""
        stop = min(offset + length, draft.size)
        if offset >= stop:
            return b""
        return b"".join(self._part(draft.blocks.get(s.index, EMPTY), s) for s in spans(draft.size, offset, stop))

    def to_file(self, sections: Sequence[Section], path: Path, watch: Watch | None = None) -> None:
        """Write the sections to a fresh sparse file: blocks of zeros become holes."""
        with working_files(), path.open("wb", buffering=0) as file:
            position = 0
            for name, span in self._named_spans(sections):
                length = span.stop - span.start
                if name != EMPTY:
                    content = memoryview(self._content(name))[span.start : span.stop]
                    write_all(file.fileno(), content, position)
                position += length
                if watch:
                    watch(length)
            file.truncate(position)

    def digests(
        self, sections: Sequence[Section], algorithms: Collection[Algorithm], watch: Watch | None = None
    ) -> dict[Algorithm, str]:
        """The digests of the bytes: from the record where they are known, else by reading once."""
        alone = sections[0].blob if len(sections) == 1 and sections[0] == whole(sections[0].blob) else None
        found = {a: v for a, v in alone.digests.items() if a in algorithms} if alone else {}
        wanted = [algorithm for algorithm in algorithms if algorithm not in found]
        if not wanted:
            return found
        lanes = {algorithm: DigestLane(algorithm) for algorithm in wanted}
        room = threading.BoundedSemaphore(_READ_AHEAD)
        try:
            for part in self.read(sections):
                room.acquire()
                done = Countdown(len(lanes), room.release)
                for lane in lanes.values():
                    lane.put(part, done.one_done)
                if watch:
                    watch(len(part))
        finally:
            values = {algorithm: lane.finish() for algorithm, lane in lanes.items()}
        if alone:
            with self._records.writing() as session:
                for algorithm, value in values.items():
                    session.blobs.add_digest(alone.id, Digest(algorithm, value))
        return found | values

    def _named_spans(self, sections: Iterable[Section]) -> Iterator[tuple[BlockName, BlockSpan]]:
        for section in sections:
            first = -1
            names: list[BlockName] = []
            for span in spans(section.blob.size, section.start, section.stop):
                if first < 0 or span.index >= first + len(names):
                    first = span.index
                    with self._records.reading() as session:
                        names = session.blobs.block_names(section.blob.id, first, _NAMES_A_PAGE)
                    if not names:
                        raise Damaged("blob", section.blob.id, "its block list is gone")
                yield names[span.index - first], span

    def _part(self, name: BlockName, span: BlockSpan) -> bytes:
        if name == EMPTY:
            return zeros(span.stop - span.start)
        block = padded(self._content(name), span.length)
        return block if span.stop - span.start == span.length else block[span.start : span.stop]

    def _content(self, name: BlockName) -> bytes:
        try:
            return self._store.get(name)
        except NotFound as error:
            raise Damaged("block", name, "it is missing from the store") from error
