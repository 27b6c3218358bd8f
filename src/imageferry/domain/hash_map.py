"""A hash map: a size and the names of the blocks that make it up. What Pithos calls so, as rules.

The names are those of ``domain.block``: Pithos has the same blocks of 4 MiB and the same
SHA-256 without trailing zeros. Whoever knows the names of a file's blocks can say the whole
of it in a few kilobytes, and send only what the other side lacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from imageferry.domain.blob import blocks_in
from imageferry.domain.block import BLOCK_SIZE, EMPTY, BlockName, is_block_name
from imageferry.domain.block_names import OURS
from imageferry.domain.errors import BadInput, TooLarge

MAX_HASHES = 1 << 18
"""Block names in one map: 1 TiB, as much as an image may have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HashMap:
    """``names``: one for each block, holes as EMPTY; none for 0 bytes."""

    size: int  # bytes
    names: Sequence[BlockName]

    @classmethod
    def checked(cls, size: int, names: Sequence[str]) -> Self:
        """A map as a stranger tells it. Upper case is taken as well; nothing may be told as one block of nothing.

        Raises:
            TooLarge: more blocks than a map may have.
            BadInput: no size, not as many names as the size has blocks, or no names.
        """
        if len(names) > MAX_HASHES or size > MAX_HASHES * BLOCK_SIZE:
            raise TooLarge("hash map", MAX_HASHES, max(len(names), blocks_in(size)), unit="hashes")
        if size < 0:
            raise BadInput("bytes", size, "a number that is not negative")
        lowered = [name.lower() for name in names]
        if size == 0 and lowered == [EMPTY]:
            return cls(size=0, names=())
        if len(lowered) != blocks_in(size):
            raise BadInput("hashes", f"{len(lowered)} hashes", f"{blocks_in(size)}, one for each 4 MiB of {size} bytes")
        for name in lowered:
            if not is_block_name(name):
                raise BadInput("hashes", name, "64 hex digits each")
        return cls(size=size, names=tuple(BlockName(name) for name in lowered))

    @property
    def top(self) -> str:
        """The hash of the whole: ``top_of`` its names."""
        return top_of(self.names)


def top_of(names: Sequence[BlockName]) -> str:
    """The top of the Merkle tree over block names, 64 hex digits; see ``BlockRule.top_of``."""
    return OURS.top_of(names)
