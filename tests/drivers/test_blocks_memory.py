"""Blocks in memory keep the contract."""

from __future__ import annotations

import pytest

from imageferry.domain.block import BlockName
from imageferry.stores.memory import MemoryBlocks
from tests.contracts.block_store import BlockStoreContract, Harm


class _Harm:
    def __init__(self, store: MemoryBlocks) -> None:
        self._blocks = store._blocks

    def flip_a_bit(self, name: BlockName) -> None:
        content, when = self._blocks[name]
        self._blocks[name] = (bytes([content[0] ^ 1]) + content[1:], when)

    def cut(self, name: BlockName) -> None:
        content, when = self._blocks[name]
        self._blocks[name] = (content[:-1], when)

    def swap(self, one: BlockName, other: BlockName) -> None:
        self._blocks[one], self._blocks[other] = self._blocks[other], self._blocks[one]


class TestMemoryBlocks(BlockStoreContract):
    @pytest.fixture
    def store(self) -> MemoryBlocks:
        return MemoryBlocks()

    @pytest.fixture
    def harm(self, store: MemoryBlocks) -> Harm:
        return _Harm(store)
