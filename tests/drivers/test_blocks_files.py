"""Blocks in files keep the contract, and what only files can get wrong."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from imageferry.domain.block import BLOCK_SIZE, BlockName, name_of
from imageferry.domain.errors import NoRoom
from imageferry.stores.files import FileBlocks
from tests.contracts.block_store import BlockStoreContract, Harm, a_block_in
from tests.small_disk import small_disk


class _Harm:
    def __init__(self, root: Path) -> None:
        self._root = root

    def _path(self, name: BlockName) -> Path:
        return self._root / name[:2] / name

    def flip_a_bit(self, name: BlockName) -> None:
        with self._path(name).open("r+b") as file:
            file.seek(17)
            byte = file.read(1)[0]
            file.seek(17)
            file.write(bytes([byte ^ 0x10]))

    def cut(self, name: BlockName) -> None:
        os.truncate(self._path(name), self._path(name).stat().st_size - 1)

    def swap(self, one: BlockName, other: BlockName) -> None:
        aside = self._root / "aside"
        self._path(one).rename(aside)
        self._path(other).rename(self._path(one))
        aside.rename(self._path(other))


class TestFileBlocks(BlockStoreContract):
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        return tmp_path / "blocks"

    @pytest.fixture
    def store(self, root: Path) -> FileBlocks:
        return FileBlocks(root)

    @pytest.fixture
    def harm(self, root: Path) -> Harm:
        return _Harm(root)

    @pytest.mark.parametrize("length", [0, 1, 23, 24, 25])
    def test_a_file_of_any_short_length_is_damaged_and_nothing_worse(
        self, store: FileBlocks, root: Path, length: int
    ) -> None:
        name = a_block_in(store, b"a few bytes")
        os.truncate(root / name[:2] / name, length)
        with pytest.raises(Exception, match=name):
            store.get(name)

    def test_bytes_behind_the_end_are_damage(self, store: FileBlocks, root: Path) -> None:
        name = a_block_in(store)
        with (root / name[:2] / name).open("ab") as file:
            file.write(b"more")
        with pytest.raises(Exception, match="damaged"):
            store.get(name)

    def test_another_process_sees_what_was_put(self, store: FileBlocks, root: Path) -> None:
        name = a_block_in(store, b"shared")
        assert FileBlocks(root).get(name) == b"shared"

    def test_leftovers_of_a_crash_go_at_a_start_a_day_later(self, store: FileBlocks, root: Path) -> None:
        old, new = root / "incoming" / "old", root / "incoming" / "new"
        old.write_bytes(b"half a block")
        new.write_bytes(b"half a block")
        os.utime(old, (time.time() - 90_000, time.time() - 90_000))
        FileBlocks(root)
        assert not old.exists()
        assert new.exists()
        assert list(store.stored()) == []


def test_a_full_disk_is_told_and_leaves_nothing_half_made(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", 24) as folder:
        _fill(folder)


def _fill(folder: Path) -> None:
    store = FileBlocks(folder)
    kept: list[BlockName] = []
    with pytest.raises(NoRoom, match="no room left"):
        for _ in range(10):
            content = os.urandom(BLOCK_SIZE - 1) + b"x"
            store.put(name_of(content), content)
            kept.append(name_of(content))
    assert kept
    assert {block.name for block in store.stored()} == set(kept)
    assert list((folder / "incoming").iterdir()) == []
    store.delete(kept[:1])
    content = os.urandom(BLOCK_SIZE - 1) + b"x"
    store.put(name_of(content), content)
    assert store.get(name_of(content)) == content
