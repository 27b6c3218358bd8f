"""Bytes on their way here: as a stream, or block by block where a cloud tells the blocks' names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from imageferry.domain.block_names import BlockNames
from imageferry.domain.digest import Digests


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """Bytes on their way here. ``promised``: the digests that the cloud told before the first byte."""

    size: int | None
    promised: Digests
    chunks: Iterator[bytes]


class BlockSource(Protocol):
    """Something stored whose blocks have names: what is here already need not be fetched."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def names(self) -> BlockNames:
        """The names of all blocks, in order; as many as ``size`` has blocks."""

    def read(self, start: int, length: int) -> bytes:
        """Exactly ``length`` bytes from ``start`` on, not compared with a name yet. May be called by several threads.

        Raises:
            Incomplete: fewer or more came. Conflict: it is another object by now.
        """
