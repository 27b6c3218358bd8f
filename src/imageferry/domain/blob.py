"""A blob: an immutable list of blocks with a size and digests.

Objects, segments and images are records that point to blobs; copying one of those copies
no bytes. Every block of a blob stands for BLOCK_SIZE bytes, the last one for what is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NewType

from imageferry.domain.block import BLOCK_SIZE, BlockName
from imageferry.domain.digest import Algorithm

BlobId = NewType("BlobId", str)


@dataclass(frozen=True, kw_only=True, slots=True)
class Blob:
    """What is known of a blob; its block names are asked for in ranges."""

    id: BlobId
    size: int  # bytes
    digests: Mapping[Algorithm, str] = field(default_factory=dict)

    @property
    def block_count(self) -> int:
        return blocks_in(self.size)


@dataclass(frozen=True, slots=True)
class BlockSpan:
    """The part of one block that a range needs: bytes ``start`` to ``stop`` of block ``index``."""

    index: int
    start: int
    stop: int
    length: int  # of the whole block in this blob, bytes


def blocks_in(size: int) -> int:
    """How many blocks ``size`` bytes take."""
    return -(-size // BLOCK_SIZE)


def block_length(size: int, index: int) -> int:
    """How many bytes block ``index`` stands for in a blob of ``size`` bytes."""
    return min(BLOCK_SIZE, size - index * BLOCK_SIZE)


def spans(size: int, start: int, stop: int) -> Iterator[BlockSpan]:
    """The block parts that make up bytes ``start`` (inclusive) to ``stop`` (exclusive)."""
    while start < stop:
        index, offset = divmod(start, BLOCK_SIZE)
        length = block_length(size, index)
        taken = min(length - offset, stop - start)
        yield BlockSpan(index, offset, offset + taken, length)
        start += taken


def can_join(sizes: Sequence[int]) -> bool:
    """Whether blobs of these sizes can be joined by their block lists alone.

    Each but the last must end on a block boundary; empty ones never disturb.
    """
    filled = [size for size in sizes if size]
    return all(size % BLOCK_SIZE == 0 for size in filled[:-1])


@dataclass(frozen=True, kw_only=True, slots=True)
class BlobDraft:
    """A blob whose blocks are all stored and that no record points to yet.

    ``blocks`` leaves out the empty block: index to name, so that a hole costs nothing.
    """

    id: BlobId
    size: int
    blocks: Mapping[int, BlockName]
    digests: Mapping[Algorithm, str]
    upload: str | None = None  # the upload to end when the draft is kept; see ports.records

    @property
    def blob(self) -> Blob:
        return Blob(id=self.id, size=self.size, digests=self.digests)
