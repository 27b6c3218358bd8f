"""Blocks in memory: for tests and for trying things out."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator

from imageferry.domain.block import EMPTY, BlockName, name_of
from imageferry.domain.errors import Damaged, NotFound
from imageferry.ports.block_store import StoredBlock


class MemoryBlocks:
    """A dict that keeps the promises of BlockStore, but for the power loss."""

    def __init__(self) -> None:
        self._blocks: dict[BlockName, tuple[bytes, float]] = {}
        self._lock = threading.Lock()

    def put(self, name: BlockName, content: bytes | bytearray | memoryview) -> None:
        if name == EMPTY:
            return
        with self._lock:
            if name not in self._blocks or name_of(self._blocks[name][0]) != name:
                self._blocks[name] = (bytes(content), time.time())

    def get(self, name: BlockName) -> bytes:
        self.check(name)
        return b"" if name == EMPTY else self._blocks[name][0]

    def check(self, name: BlockName) -> None:
        if name == EMPTY:
            return
        kept = self._blocks.get(name)
        if kept is None:
            raise NotFound("block", name)
        if name_of(kept[0]) != name:
            raise Damaged("block", name)

    def missing(self, names: Iterable[BlockName]) -> set[BlockName]:
        return {name for name in names if name != EMPTY and name not in self._blocks}

    def delete(self, names: Iterable[BlockName]) -> None:
        with self._lock:
            for name in names:
                self._blocks.pop(name, None)

    def stored(self) -> Iterator[StoredBlock]:
        with self._lock:
            kept = [StoredBlock(name, stored_at) for name, (_, stored_at) in self._blocks.items()]
        return iter(kept)
