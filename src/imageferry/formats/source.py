"""Random access to the bytes of a disk, wherever they are kept.

A parser asks for the few bytes that it needs, so a disk of a terabyte is judged by some
kilobytes of it, and a stored blob needs no copy on a local file system.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Protocol

_ENDLESS = 1 << 62  # bytes: no promise in a header reaches beyond


class ByteSource(Protocol):
    """Bytes that can be read at any place."""

    @property
    def size(self) -> int:
        """Bytes from start to end."""

    def read(self, offset: int, length: int) -> bytes:
        """The bytes from ``offset``: fewer than ``length`` where the source ends, none beyond its end."""


@dataclass(frozen=True, slots=True)
class Bytes:
    """A source in memory."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


class FileBytes:
    """A source over a file descriptor that somebody else opens and closes."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @property
    def size(self) -> int:
        return os.fstat(self._fd).st_size

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self._fd, length, offset)


class NotYet(Exception):
    """These bytes are still to come."""


class Beginning:
    """A file of which the first bytes are there. ``size``: of the whole, None while nobody knows."""

    def __init__(self, head: bytes, size: int | None) -> None:
        self._head = head
        self.size = _ENDLESS if size is None else size

    def read(self, offset: int, length: int) -> bytes:
        """Raises NotYet: beyond what is there."""
        if min(offset + length, self.size) > len(self._head):
            raise NotYet
        return self._head[offset : offset + length]


class BudgetSpent(Exception):
    """More bytes were asked for than judging a disk may cost."""


class Budgeted:
    """A source that counts what is read and refuses to go on beyond a budget.

    Headers are written by strangers: this is the net under every bound that a parser keeps.
    Reads outside the file cost nothing and give nothing.
    """

    def __init__(self, source: ByteSource, budget: int) -> None:
        self._source = source
        self._size = source.size
        self._budget = budget
        self.spent = 0  # bytes

    @property
    def size(self) -> int:
        return self._size

    @property
    def left(self) -> int:
        """Bytes that may still be read."""
        return self._budget - self.spent

    def read(self, offset: int, length: int) -> bytes:
        if offset < 0 or length <= 0 or offset >= self._size:
            return b""
        length = min(length, self._size - offset)
        if length > self.left:
            raise BudgetSpent
        self.spent += length
        data = self._source.read(offset, length)
        while len(data) < length and (more := self._source.read(offset + len(data), length - len(data))):
            data += more
        return data
