"""Blocks as files in a folder: one file a block, below 256 folders named by its first byte.

A file holds the trimmed block and a trailer of 24 bytes: the mark ``IFB1``, four zero bytes
and the XXH3-128 of the block, seeded with the head of its name. Every read compares that
sum (some 20 GB/s, so that it costs nothing beside the reading); it finds flipped bits, cut
and swapped files. ``check`` proves a block by its SHA-256.

What makes ``put`` survive a power loss, in this order: the bytes are written to a file of
their own in ``incoming/`` and synced (fdatasync: bytes and length), the file is renamed to
its final name (atomic: a reader sees the whole block or none), the folder is synced so
that the name lasts. Only then ``put`` returns. A crash before the rename leaves a file in
``incoming/`` that nobody refers to and that the next start a day later removes.

A block that turns out damaged is set aside as ``<name>.damaged``. Storing the same bytes again
heals it, found out or not: ``put`` reads what is there and compares, which costs less than writing.
"""

from __future__ import annotations

import errno
import os
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import xxhash

from imageferry.domain.block import BLOCK_SIZE, EMPTY, BlockName, is_block_name, name_of
from imageferry.domain.errors import Damaged, NoRoom, NotFound, Unavailable
from imageferry.ports.block_store import StoredBlock

_MARK = b"IFB1\0\0\0\0"
_TRAILER = len(_MARK) + 16  # bytes
_STALE_S = 24 * 3600.0
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class FileBlocks:
    """A folder of blocks. Several processes may share it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"
        with _in_our_words("folder", str(root)):
            self._incoming.mkdir(parents=True, exist_ok=True)
            for number in range(256):
                (root / f"{number:02x}").mkdir(exist_ok=True)
            _sync_folder(root)
            self._remove_stale()

    def put(self, name: BlockName, content: bytes | bytearray | memoryview) -> None:
        if name == EMPTY:
            return
        path = self._path(name)
        with _in_our_words("block", name):
            if not self._holds(name, content):
                self._write(path, content, _trailer(name, content))
            # Also for a block that was there: whoever put it may not have come this far yet.
            _sync_folder(path.parent)
            path.with_suffix(".damaged").unlink(missing_ok=True)

    def get(self, name: BlockName) -> bytes:
        if name == EMPTY:
            return b""
        content, trailer = self._read(name)
        if trailer != _trailer(name, content):
            self._set_aside(name)
            raise Damaged("block", name, "its sum does not match")
        return content

    def check(self, name: BlockName) -> None:
        if name_of(self.get(name)) != name:
            self._set_aside(name)
            raise Damaged("block", name, "its SHA-256 does not match")

    def missing(self, names: Iterable[BlockName]) -> set[BlockName]:
        with _in_our_words("folder", str(self._root)):
            return {name for name in names if name != EMPTY and not self._path(name).exists()}

    def delete(self, names: Iterable[BlockName]) -> None:
        with _in_our_words("folder", str(self._root)):
            for name in names:
                self._path(name).unlink(missing_ok=True)
                self._path(name).with_suffix(".damaged").unlink(missing_ok=True)

    def stored(self) -> Iterator[StoredBlock]:
        for number in range(256):
            with _in_our_words("folder", str(self._root)), os.scandir(self._root / f"{number:02x}") as entries:
                for entry in entries:
                    if is_block_name(entry.name):
                        yield StoredBlock(BlockName(entry.name), entry.stat().st_mtime)

    def _path(self, name: BlockName) -> Path:
        if not is_block_name(name):
            raise NotFound("block", name)
        return self._root / name[:2] / name

    def _holds(self, name: BlockName, content: bytes | bytearray | memoryview) -> bool:
        """Whether the block is there, and sound: who sends it may be the last to have it."""
        try:
            stored, trailer = self._read(name)
        except (NotFound, Damaged):
            return False
        return trailer == _trailer(name, stored) == _trailer(name, content)  # sums: a memoryview compares slowly

    def _write(self, path: Path, content: bytes | bytearray | memoryview, trailer: bytes) -> None:
        incoming = self._incoming / f"{path.name}.{uuid.uuid4().hex}"
        try:
            fd = os.open(incoming, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                _write_all(fd, [memoryview(content), memoryview(trailer)])
                os.fdatasync(fd)
            finally:
                os.close(fd)
            incoming.rename(path)
        except BaseException:
            incoming.unlink(missing_ok=True)
            raise

    def _read(self, name: BlockName) -> tuple[bytes, bytes]:
        path = self._path(name)
        try:
            with _in_our_words("block", name):
                fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except NotFound:
            if path.with_suffix(".damaged").exists():
                raise Damaged("block", name, "set aside earlier") from None
            raise
        try:
            with _in_our_words("block", name):
                length = min(max(os.fstat(fd).st_size - _TRAILER, 0), BLOCK_SIZE)
                # Two reads, so that the block itself is never copied.
                return os.pread(fd, length, 0), os.pread(fd, _TRAILER + 1, length)
        finally:
            os.close(fd)

    def _set_aside(self, name: BlockName) -> None:
        path = self._path(name)
        with _in_our_words("block", name):
            try:
                path.rename(path.with_suffix(".damaged"))
            except FileNotFoundError:
                return  # another reader was faster

    def _remove_stale(self) -> None:
        limit = time.time() - _STALE_S
        for entry in self._incoming.iterdir():
            try:
                if entry.stat().st_mtime < limit:
                    entry.unlink()
            except FileNotFoundError:
                continue  # another process was faster


def _trailer(name: BlockName, content: bytes | bytearray | memoryview) -> bytes:
    return _MARK + xxhash.xxh3_128_digest(content, seed=int(name[:16], 16))


def _write_all(fd: int, parts: list[memoryview]) -> None:
    while parts:
        written = os.writev(fd, parts)
        while parts and written >= len(parts[0]):
            written -= len(parts.pop(0))
        if parts and written:
            parts[0] = parts[0][written:]


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextmanager
def _in_our_words(kind: str, key: str) -> Iterator[None]:
    """The one seam where the system's errors become the domain's. Wraps our own calls only."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(kind, key) from error
    except OSError as error:
        if error.errno in _FULL:
            raise NoRoom("the block store", reason=os.strerror(error.errno or 0)) from error
        raise Unavailable("the block store", reason=error.strerror or str(error)) from error
