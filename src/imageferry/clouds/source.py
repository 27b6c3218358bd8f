"""A local file on its way up: read by several threads at once, and not to change meanwhile."""

from __future__ import annotations

import os
import queue
import stat
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from imageferry.domain.digest import Algorithm, Digests
from imageferry.domain.errors import BadInput, NotFound, Rejected, Unavailable
from imageferry.ports.cloud import Moved, Watch
from imageferry.sparse import blocks_with_data

READ = 1 << 20  # bytes
_AHEAD = 8  # pieces that wait to be hashed


@dataclass(eq=False)
class FileChanged(Rejected):
    """Somebody wrote to the file while it was on its way."""

    name: str

    def __str__(self) -> str:
        return f"{self.name} changed while it was uploaded; nothing was registered. Push it again when it is at rest."


class Source:
    """A file that is open to be read. ``check_same`` says whether it still is what it was."""

    def __init__(self, path: Path, fd: int) -> None:
        self._path = path
        self._fd = fd
        self._seen = os.fstat(fd)

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[Self]:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe must not keep us waiting
        except FileNotFoundError as error:
            raise NotFound("file", str(path)) from error
        except OSError as error:
            raise Unavailable(str(path), reason=error.strerror or str(error)) from error
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise BadInput("file", str(path), "a regular file")
            yield cls(path, fd)
        finally:
            os.close(fd)

    @property
    def name(self) -> str:
        return self._path.name

    @property
    def size(self) -> int:
        return self._seen.st_size

    @property
    def stamp(self) -> str:
        return f"{self._seen.st_mtime_ns}-{self._seen.st_size}"

    def read(self, offset: int, length: int) -> bytes:
        """Bytes inside the file; FileChanged where it has become shorter."""
        try:
            data = os.pread(self._fd, length, offset)
        except OSError as error:
            raise Unavailable(str(self._path), reason=error.strerror or str(error)) from error
        if length and not data:
            raise FileChanged(self.name)
        return data

    def block(self, size: int, index: int) -> bytes:
        """Block ``index`` of ``size`` bytes each; the last one is what is left. FileChanged where there is less."""
        offset = index * size
        end = min(offset + size, self.size)
        data = self.read(offset, end - offset)
        while offset + len(data) < end:
            data += self.read(offset + len(data), end - offset - len(data))
        return data

    def with_data(self, size: int) -> Iterator[int]:
        """Which blocks of ``size`` bytes may hold more than zeros: all that are not inside a hole of the file."""
        return blocks_with_data(self._fd, size)

    def check_same(self) -> None:
        """Raises FileChanged if somebody wrote to the file, or put another in its place."""
        try:
            here = [os.fstat(self._fd), self._path.stat()]
        except OSError as error:
            raise FileChanged(self.name) from error
        if any((now.st_size, now.st_mtime_ns, now.st_ino) != self._mark for now in here):
            raise FileChanged(self.name)

    @property
    def _mark(self) -> tuple[int, int, int]:
        return self._seen.st_size, self._seen.st_mtime_ns, self._seen.st_ino

    def digest(self, algorithm: Algorithm, offset: int, length: int, stop: threading.Event) -> str:
        """The digest of a part, hex; empty when told to stop before the end."""
        hasher, end = algorithm.new(), offset + length
        while offset < end and not stop.is_set():
            data = self.read(offset, min(READ, end - offset))
            hasher.update(data)
            offset += len(data)
        return "" if offset < end else hasher.hexdigest()


class Part:
    """A body of an HTTP request: a stretch of a file, shown piece by piece to ``each`` as it leaves."""

    def __init__(self, source: Source, offset: int, length: int, each: Callable[[bytes], None]) -> None:
        self._source = source
        self._at = offset
        self._end = offset + length
        self._length = length
        self._each = each

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        while data := self.read(READ):
            yield data

    def read(self, size: int = -1) -> bytes:
        wanted = self._end - self._at
        data = self._source.read(self._at, wanted if size < 0 else min(size, wanted))
        self._at += len(data)
        if data:
            self._each(data)
        if self._at == self._end:
            self._source.check_same()  # before the last bytes leave: what the cloud has stays as it is
        return data


class Hashing:
    """Digests of a stream, each on a thread of its own, so that hashing does not hold up sending.

    A Ctrl-C may strike at any moment, and would leave a ``queue.Queue`` locked for ever. The calls of
    ``SimpleQueue`` are whole or not at all; it has no bound, so a second one holds the free places.
    """

    def __init__(self, algorithms: Collection[Algorithm]) -> None:
        self._lanes = [_Lane(algorithm) for algorithm in algorithms]

    def update(self, data: bytes) -> None:
        for lane in self._lanes:
            lane.places.get()
            lane.waiting.put(data)

    def finish(self) -> Digests:
        """The digests of all that was given. To be called in any case: it ends the threads."""
        for lane in self._lanes:
            lane.waiting.put(None)
        for lane in self._lanes:
            lane.thread.join()
        return {lane.algorithm: lane.hasher.hexdigest() for lane in self._lanes}


class _Lane:
    """One algorithm at work."""

    def __init__(self, algorithm: Algorithm) -> None:
        self.algorithm = algorithm
        self.hasher = algorithm.new()
        self.waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.places: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(_AHEAD):
            self.places.put(None)
        self.thread = threading.Thread(target=self._run, name="hash", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while (data := self.waiting.get()) is not None:
            self.hasher.update(data)
            self.places.put(None)


class Progress:
    """Adds up what threads report of one transfer and tells it, one call at a time."""

    def __init__(self, watch: Watch, stage: str, total: int | None) -> None:
        self._watch = watch
        self._stage = stage
        self._total = total
        self._lock = threading.Lock()
        self.sent = 0
        self.already_there = 0
        self.skipped = 0
        self._done = 0

    def moved(self, *, sent: int = 0, already_there: int = 0, skipped: int = 0, done: int = 0) -> None:
        """So many bytes more; fewer than none when a try failed and its bytes must go again."""
        with self._lock:
            self.sent += sent
            self.already_there += already_there
            self.skipped += skipped
            self._done += sent + already_there + skipped + done
            self._watch(
                Moved(
                    stage=self._stage,
                    done=self._done,
                    total=self._total,
                    sent=self.sent,
                    already_there=self.already_there,
                    skipped=self.skipped,
                )
            )


class Attempts:
    """Bodies for one PUT: each try hashes anew, and takes back what the try before had counted."""

    def __init__(self, source: Source, progress: Progress, algorithms: Collection[Algorithm]) -> None:
        self._source = source
        self._progress = progress
        self._algorithms = algorithms
        self._hashing: Hashing | None = None
        self._sent = 0

    def make(self) -> Part:
        self.abandon()
        if self._sent:
            self._progress.moved(sent=-self._sent)
            self._sent = 0
        self._hashing = Hashing(self._algorithms)
        return Part(self._source, 0, self._source.size, self._each)

    def finish(self) -> Digests:
        hashing, self._hashing = self._hashing, None
        return (hashing or Hashing(self._algorithms)).finish()

    def abandon(self) -> None:
        """To be called when an attempt has failed, and harmless at any time."""
        hashing, self._hashing = self._hashing, None
        if hashing is not None:
            hashing.finish()

    def _each(self, data: bytes) -> None:
        assert self._hashing is not None  # noqa: S101 -- make() comes first
        self._hashing.update(data)
        self._sent += len(data)
        self._progress.moved(sent=len(data))
