"""Writing a blob: its blocks named, made known, stored and hashed, several at once.

The sender waits when too many blocks are under way, so that memory does not grow with the
size of an upload.
"""

from __future__ import annotations

import queue
import threading
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from imageferry.domain.blob import BlobDraft, BlobId
from imageferry.domain.block import BLOCK_SIZE, EMPTY, BlockName, name_of, trimmed, zeros
from imageferry.domain.digest import Algorithm
from imageferry.ports.block_store import BlockStore
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records

_UNDER_WAY = 4  # blocks of one upload that may be at work


class BlobWriter:
    """Takes the blocks of one blob in order. One thread at a time may call it."""

    def __init__(
        self,
        store: BlockStore,
        records: Records,
        clock: Clock,
        workers: ThreadPoolExecutor,
        room: threading.Semaphore,
        algorithms: frozenset[Algorithm],
    ) -> None:
        self._store = store
        self._records = records
        self._clock = clock
        self._workers = workers
        self._upload: str | None = None
        self._size = 0
        self._ended = False
        self._held: bytes | bytearray | None = None  # the first block, until a second one comes
        self._blocks: dict[int, BlockName] = {}
        self._room = threading.BoundedSemaphore(_UNDER_WAY)
        self._common_room = room
        self._puts: deque[tuple[int, Future[None]]] = deque()
        self._stored = 0  # blocks from the first on that are known to be stored
        self._lanes = {algorithm: DigestLane(algorithm) for algorithm in algorithms}

    @property
    def size(self) -> int:
        """Bytes taken so far."""
        return self._size

    def write(self, block: bytes | bytearray) -> None:
        """Take the next block: BLOCK_SIZE bytes, fewer only at the end; the buffer is ours from now on.

        Waits while too many blocks are under way. Raises what storing an earlier one raised.
        """
        if self._size % BLOCK_SIZE or len(block) > BLOCK_SIZE:
            raise ValueError("only the last block may be short, and none longer than a block")
        if not block:
            return
        if not self._size:
            self._size, self._held = len(block), block
            return
        self._send_held()
        self._send(self._size // BLOCK_SIZE, block)
        self._size += len(block)

    def write_zeros(self, length: int) -> None:
        """Take so many zero bytes, in which only the digests have work."""
        while length:
            if self._size % BLOCK_SIZE:
                raise ValueError("only the last block may be short")
            run = min(length, BLOCK_SIZE)
            self._send_held()
            if self._lanes:
                self._hash(zeros(run), Countdown(len(self._lanes), self._leave_room))
            self._size += run
            length -= run

    def stored(self, first: int) -> list[BlockName]:
        """The names of the blocks from ``first`` on that are stored for good, as are all before them."""
        self._settle()
        return [self._blocks.get(index, EMPTY) for index in range(first, self._stored)]

    def finish(self) -> BlobDraft:
        """All bytes are in: wait until every block is stored for good."""
        if self._held is not None:
            # One block in all, as with most objects: no thread is worth its while.
            block, self._held = self._held, None
            for lane in self._lanes.values():
                lane.update(block)
            # Touching it begins the upload, too: nothing was relied on before.
            self._upload = uuid.uuid4().hex
            self._keep(0, block)
        else:
            while self._puts:
                self._settle_first()
        digests = {algorithm: lane.finish() for algorithm, lane in self._lanes.items()}
        self._ended = True
        return BlobDraft(id=new_blob_id(), size=self._size, blocks=self._blocks, digests=digests, upload=self._upload)

    def abandon(self) -> None:
        """Give up. What was stored goes with the next sweep. Calling it after ``finish`` does nothing."""
        if self._ended:
            return
        self._ended = True
        self._held = None
        for lane in self._lanes.values():
            lane.stop()
        for _, put in self._puts:
            if not put.cancel():
                put.exception()  # wait: what is being stored must not outlive the upload
        if self._upload:
            with self._records.writing(durable=False) as session:
                session.blobs.end_upload(self._upload)

    def _send_held(self) -> None:
        if self._held is not None:
            block, self._held = self._held, None
            self._send(0, block)

    def _send(self, index: int, block: bytes | bytearray) -> None:
        self._begin()
        self._settle()
        jobs = Countdown(len(self._lanes) + 1, self._leave_room)
        self._hash(block, jobs)
        put = self._workers.submit(self._keep, index, block)
        put.add_done_callback(lambda _: jobs.one_done())
        self._puts.append((index, put))

    def _settle(self) -> None:
        while self._puts and self._puts[0][1].done():
            self._settle_first()

    def _settle_first(self) -> None:
        """Raises what storing that block raised."""
        index, put = self._puts.popleft()
        put.result()
        self._stored = index + 1

    def _hash(self, block: bytes | bytearray, jobs: Countdown) -> None:
        self._room.acquire()
        self._common_room.acquire()
        for lane in self._lanes.values():
            lane.put(block, jobs.one_done)

    def _leave_room(self) -> None:
        self._common_room.release()
        self._room.release()

    def _begin(self) -> None:
        if self._upload is None:
            self._upload = uuid.uuid4().hex
            with self._records.writing(durable=False) as session:
                session.blobs.start_upload(self._upload, self._clock())

    def _keep(self, index: int, block: bytes | bytearray) -> None:
        content = trimmed(block)
        if not content:
            return
        name = name_of(content)
        with self._records.writing(durable=False) as session:
            session.blobs.touch(self._upload or "", [name], self._clock())
        self._store.put(name, content)
        self._blocks[index] = name


class DigestLane:
    """One algorithm's digest, on a thread of its own once there is more than one block."""

    def __init__(self, algorithm: Algorithm) -> None:
        self._hasher = algorithm.new()
        self._queue: queue.SimpleQueue[tuple[bytes | bytearray, Callable[[], None]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._name = algorithm.value

    def update(self, block: bytes | bytearray) -> None:
        self._hasher.update(block)

    def put(self, block: bytes | bytearray, done: Callable[[], None]) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"digest-{self._name}", daemon=True)
            self._thread.start()
        self._queue.put((block, done))

    def finish(self) -> str:
        self.stop()
        return self._hasher.hexdigest()

    def stop(self) -> None:
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            block, done = item
            self._hasher.update(block)
            del item, block
            done()


class Countdown:
    """Calls ``last`` when as many have called ``one_done`` as it was made for."""

    def __init__(self, count: int, last: Callable[[], None]) -> None:
        self._count = count
        self._last = last
        self._lock = threading.Lock()

    def one_done(self) -> None:
        with self._lock:
            self._count -= 1
            ended = self._count == 0
        if ended:
            self._last()


def new_blob_id() -> BlobId:
    return BlobId(str(uuid.uuid4()))
