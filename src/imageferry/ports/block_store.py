"""What the service needs from a place that keeps blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from imageferry.domain.block import BlockName


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """A block as the store lists it. ``stored_at`` is in seconds since 1970."""

    name: BlockName
    stored_at: float


class BlockStore(Protocol):
    """Keeps blocks under the names their bytes give them.

    Every driver promises, and tests/contracts/block_store.py checks:
      - ``put`` is all or nothing and durable on return: no reader ever sees half a block,
        after a power loss neither;
      - ``get`` returns the bytes that the name promises, without the trailing zeros, or
        raises: never other bytes, never a hole;
      - the empty block is in every store without being stored;
      - of its own troubles only NotFound, Damaged, NoRoom and Unavailable come out, with __cause__;
      - safe to call from many threads; no retries, no logs: the wrappers in stores/wrap.py add those.
    """

    def put(self, name: BlockName, content: bytes | bytearray | memoryview) -> None:
        """Keep ``content``: the trimmed block that ``name`` names, at most BLOCK_SIZE bytes.

        What is there already is no error: a task may run twice.
        """

    def get(self, name: BlockName) -> bytes:
        """The trimmed block. Raises NotFound, Damaged."""

    def check(self, name: BlockName) -> None:
        """Prove a block by its SHA-256. Raises NotFound, Damaged."""

    def missing(self, names: Iterable[BlockName]) -> set[BlockName]:
        """Which of ``names`` are not here; one round trip for up to 10,000 of them."""

    def delete(self, names: Iterable[BlockName]) -> None:
        """Remove blocks. What is already gone is no error."""

    def stored(self) -> Iterator[StoredBlock]:
        """Every stored block, in any order; memory does not grow with their number."""
