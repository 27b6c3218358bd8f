"""A change of some bytes of an object: where they go, and which blocks of the old one stay as they are.

Pure rules over sizes. An object is a row of blocks; when bytes are put into it, only those blocks
that they touch are other ones afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, Self, TypeVar

from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.errors import BadInput, RangeNotSatisfiable

Source = TypeVar("Source")  # whatever the bytes are in


@dataclass(frozen=True, kw_only=True, slots=True)
class Splice:
    """Bytes that are to be put into an object."""

    start: int | None = None  # the first byte that they replace; None: behind the last one
    length: int | None = None  # bytes; None: as many as there are
    within: int | None = None  # what the size is believed to be, and must stay; None: the object may grow
    cut: int | None = None  # the size that the object has afterwards at most

    def place(self, size: int) -> int:
        """Where the bytes go in an object of ``size`` bytes.

        Raises:
            RangeNotSatisfiable: they would leave a gap behind its end, or its size is not what it was believed to be.
        """
        start = size if self.start is None else self.start
        if start > size or (self.within is not None and (self.within != size or start + (self.length or 0) > size)):
            raise RangeNotSatisfiable(size)
        return start

    def taken(self, start: int, available: int) -> int:
        """How many of so many bytes go in at ``start``: those that would be cut off are not asked for.

        Raises:
            BadInput: fewer are there than shall go in.
        """
        wanted = available if self.length is None else self.length
        if self.cut is not None:
            wanted = min(wanted, max(self.cut - start, 0))
        if wanted > available:
            raise BadInput("Content-Range", f"{wanted} bytes", f"no more than the source has: {available} bytes")
        return wanted


@dataclass(frozen=True, slots=True)
class Piece(Generic[Source]):
    """Bytes ``start`` to ``stop`` (exclusive) of something that has ``size`` bytes."""

    source: Source
    size: int
    start: int
    stop: int
    in_blocks: bool = True  # False: bytes at hand, of which no block can be taken

    @property
    def length(self) -> int:
        return self.stop - self.start

    def part(self, start: int, stop: int) -> Self:
        """Bytes of the same source, counted from its beginning."""
        return replace(self, start=start, stop=stop)


def spliced(old: Iterable[Piece[Source]], new: Iterable[Piece[Source]], start: int) -> list[Piece[Source]]:
    """What an object is made of when ``new`` is put into ``old`` at byte ``start``."""
    there, put = list(old), list(new)
    stop = start + length_of(put)
    return [*cut(there, 0, start), *put, *cut(there, stop, length_of(there))]


def cut(pieces: Iterable[Piece[Source]], start: int, stop: int) -> Iterator[Piece[Source]]:
    """The part of a row of pieces from byte ``start`` (inclusive) to ``stop`` (exclusive)."""
    position = 0
    for piece in pieces:
        first, last = max(start - position, 0), min(stop - position, piece.length)
        if first < last:
            yield piece.part(piece.start + first, piece.start + last)
        position += piece.length


def length_of(pieces: Iterable[Piece[Source]]) -> int:
    return sum(piece.length for piece in pieces)


@dataclass(frozen=True, slots=True)
class Taken(Generic[Source]):
    """Blocks that are those of a source, none of their bytes moved: ``count`` from its block ``first`` on."""

    at: int  # the block that the first of them becomes
    source: Source
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Made(Generic[Source]):
    """A block whose bytes have to be put together."""

    at: int
    pieces: tuple[Piece[Source], ...]


def woven(pieces: Iterable[Piece[Source]]) -> Iterator[Taken[Source] | Made[Source]]:
    """The blocks of a row of pieces, in order.

    A block can be taken where it begins a block here and there, and is as long in both: whole, or the
    last of its source and the last of all.
    """
    left = [piece for piece in pieces if piece.length]
    left.reverse()  # the next one last
    at = 0
    while left:
        piece = left.pop()
        fits = piece.in_blocks and piece.start % BLOCK_SIZE == 0
        whole = piece.length // BLOCK_SIZE if fits else 0
        if whole:
            yield Taken(at, piece.source, piece.start // BLOCK_SIZE, whole)
            taken = whole * BLOCK_SIZE
            if taken < piece.length:
                left.append(piece.part(piece.start + taken, piece.stop))
            at += whole
        elif fits and not left and piece.stop == piece.size:
            yield Taken(at, piece.source, piece.start // BLOCK_SIZE, 1)
        else:
            left.append(piece)
            yield Made(at, _next_block(left))
            at += 1


def _next_block(left: list[Piece[Source]]) -> tuple[Piece[Source], ...]:
    """Take the bytes of one block off the row, whose next piece stands last."""
    parts: list[Piece[Source]] = []
    room = BLOCK_SIZE
    while room and left:
        piece = left.pop()
        middle = min(piece.start + room, piece.stop)
        parts.append(piece.part(piece.start, middle))
        room -= middle - piece.start
        if middle < piece.stop:
            left.append(piece.part(middle, piece.stop))
    return tuple(parts)
