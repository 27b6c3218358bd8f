"""Bring something here by its blocks: only those travel that are not here already.

The file that has the target's name is looked through first, and what an interrupted download has left
beside it: of both, each block that is wanted is taken, wherever it lies. The rest is fetched side by
side, each block once, compared with its name, and put wherever it belongs. Holes stay holes. The
whole takes the target's name at the end; what was there before stays until then.

Source: specs/synnefo.md, section 9.
"""

from __future__ import annotations

import fcntl
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from imageferry.client.arrival import Pulled, in_our_words
from imageferry.crew import each
from imageferry.domain.block import trimmed
from imageferry.domain.errors import BadInput, Cancelled, DigestMismatch, Unavailable
from imageferry.ports.cloud import BlockSource, Moved, Watch
from imageferry.sparse import blocks_with_data, write_sparse

FETCHERS = 4  # blocks on their way at once
_HASHERS = min(8, os.cpu_count() or 1)
_TRIES = 3  # of a block that arrives as another one
_STAYS: tuple[type[BaseException], ...] = (Unavailable, Cancelled, KeyboardInterrupt, SystemExit)
"""After these what arrived is left for the next time; any other error would come again."""


def pull_blocks(source: BlockSource, what: str, target: Path, watch: Watch = lambda _: None) -> Pulled:
    """Download to ``target``.

    Raises:
        DigestMismatch: a block is not what its name says, also when asked for again; nothing is left.
        Unavailable: the line broke, or another download of the same file is at work.
    """
    with _part_of(target) as part:
        work = _Assembly(source, what, target, part, watch)
        work.keep_own()
        with _reading(target) as old:
            if old is not None:
                work.take_from(old)
        work.fetch()
        with in_our_words(target):
            os.ftruncate(part, source.size)
            os.fsync(part)
    return Pulled(
        path=target,
        size=source.size,
        digests={},
        skipped=work.skipped + work.holes,
        sent=work.sent,
        already_there=work.already_there,
    )


class _Assembly:
    """The file that is put together, and which blocks it still lacks."""

    def __init__(self, source: BlockSource, what: str, target: Path, part: int, watch: Watch) -> None:
        self._source = source
        self._names = source.names
        self._rule = source.names.rule
        self._what = what
        self._target = target
        self._part = part
        self._watch = watch
        self._lock = threading.Lock()
        self._lacking: dict[str, set[int]] = {}
        self.sent = self.skipped = self.already_there = self.holes = 0
        for index, name in enumerate(self._names.names):
            if name == self._rule.empty:
                self.skipped += self._length(index)
            else:
                self._lacking.setdefault(name, set()).add(index)

    def keep_own(self) -> None:
        """What an earlier download has left: blocks that are right stay, old bytes where a hole belongs go."""
        with in_our_words(self._target):
            os.ftruncate(self._part, self._source.size)
            filled = list(blocks_with_data(self._part, self._rule.size))

        def look(index: int) -> None:
            data = self._local(self._part, index)
            name, wanted = self._rule.name_of(data), self._names.names[index]
            if wanted == self._rule.empty:
                if name != wanted:
                    with in_our_words(self._target):
                        write_sparse(self._part, index * self._rule.size, bytes(len(data)))
            elif name == wanted:
                self._found(index, name)

        each(filled, look, workers=_HASHERS)

    def take_from(self, fd: int) -> None:
        """Blocks of another file that are wanted, wherever in it they lie."""
        with in_our_words(self._target):
            filled = list(blocks_with_data(fd, self._rule.size))

        def look(index: int) -> None:
            if self._lacking:
                data = self._local(fd, index)
                self._place(self._rule.name_of(data), data, here=True)

        each(filled, look, workers=_HASHERS)

    def fetch(self) -> None:
        """All that is still lacking."""
        self._tell()

        def bring(name: str) -> None:
            index = min(self._lacking[name])
            for _ in range(_TRIES):
                data = self._source.read(index * self._rule.size, self._length(index))
                found = self._rule.name_of(data)
                if found == name:
                    self._place(name, data, here=False)
                    return
            raise DigestMismatch(f"{self._what}, block {index}", name, found)

        each(list(self._lacking), bring, workers=FETCHERS)

    def _place(self, name: str, data: bytes, *, here: bool) -> None:
        """Write a block wherever it belongs: the same name may stand for blocks of different lengths."""
        with self._lock:
            places = self._lacking.pop(name, set())
        for index in sorted(places):
            length = self._length(index)
            if len(data) != length:
                data = bytes(trimmed(data)).ljust(length, b"\0")
            if len(data) > length:
                raise DigestMismatch(
                    f"{self._what}, block {index}", f"{length} bytes", f"{len(data)} bytes of that name"
                )
            self._write(index, data)
        total = sum(self._length(index) for index in places)
        sent = self._length(min(places)) if places and not here else 0
        with self._lock:
            self.sent += sent
            self.already_there += total - sent
        if places:
            self._tell()

    def _found(self, index: int, name: str) -> None:
        with self._lock:
            places = self._lacking[name]
            places.discard(index)
            if not places:
                del self._lacking[name]
            self.already_there += self._length(index)

    def _tell(self) -> None:
        with self._lock:
            self._watch(
                Moved(
                    stage="download",
                    done=self.sent + self.skipped + self.already_there,
                    total=self._source.size,
                    sent=self.sent,
                    skipped=self.skipped,
                    already_there=self.already_there,
                )
            )

    def _write(self, index: int, data: bytes) -> None:
        with in_our_words(self._target):
            written = write_sparse(self._part, index * self._rule.size, data)
        with self._lock:
            self.holes += len(data) - written

    def _local(self, fd: int, index: int) -> bytes:
        with in_our_words(self._target):
            return os.pread(fd, self._rule.size, index * self._rule.size)

    def _length(self, index: int) -> int:
        return self._rule.length(self._source.size, index)


@contextmanager
def _part_of(target: Path) -> Iterator[int]:
    """The file beside ``target`` where it is put together; a next time finds it, as its name is always the same."""
    if target.is_dir() or not target.name:
        raise BadInput("target", str(target), "the name of a file")
    part = target.with_name(f".{target.name[:100]}.imageferry.part")
    with in_our_words(target):
        fd = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise BadInput("target", str(part), "a regular file, or none")
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Unavailable(str(target), reason="another download of it is at work") from error
        if not _is_at(fd, part):
            raise Unavailable(str(target), reason="another download of it has just ended")
        try:
            yield fd
            with in_our_words(target):
                part.replace(target)
        except BaseException as error:
            if not isinstance(error, _STAYS):
                with suppress(OSError):
                    part.unlink(missing_ok=True)
            raise
    finally:
        os.close(fd)


def _is_at(fd: int, path: Path) -> bool:
    """Whether the open file still has that name: who held it before may have given it the target's."""
    try:
        return os.path.samestat(os.fstat(fd), path.lstat())
    except OSError:
        return False


@contextmanager
def _reading(target: Path) -> Iterator[int | None]:
    """The file that has the name now; None where there is none that blocks could be taken from."""
    try:
        fd = os.open(target, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        yield None
        return
    try:
        yield fd if stat.S_ISREG(os.fstat(fd).st_mode) else None
    finally:
        os.close(fd)
