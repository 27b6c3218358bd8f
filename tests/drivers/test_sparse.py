"""Holes are found, kept, and never let old data through."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imageferry import sparse
from imageferry.sparse import BLOCK, Extent, allocated_size, extents, is_zero, write_sparse

MIB = 1 << 20


@pytest.fixture
def fd(tmp_path: Path) -> Iterator[int]:
    number = os.open(tmp_path / "disk", os.O_RDWR | os.O_CREAT)
    yield number
    os.close(number)


def content(fd: int) -> bytes:
    return os.pread(fd, os.fstat(fd).st_size, 0)


def test_extents_are_the_data_in_order(fd: int) -> None:
    os.truncate(fd, 8 * MIB)
    os.pwrite(fd, b"x" * MIB, MIB)
    os.pwrite(fd, b"y" * BLOCK, 4 * MIB)
    assert list(extents(fd)) == [Extent(MIB, MIB), Extent(4 * MIB, BLOCK)]
    assert list(extents(fd, MIB + BLOCK, 4 * MIB + 1)) == [Extent(MIB + BLOCK, MIB - BLOCK), Extent(4 * MIB, 1)]
    assert allocated_size(fd) == MIB + BLOCK


def test_an_empty_file_and_a_hole_have_no_extents(fd: int) -> None:
    assert list(extents(fd)) == []
    os.truncate(fd, MIB)
    assert list(extents(fd)) == []


def test_where_the_system_cannot_tell_all_is_data(fd: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(fd: int, start: int, how: int) -> int:
        raise OSError(22, "Invalid argument")

    os.truncate(fd, MIB)
    monkeypatch.setattr(os, "lseek", refuse)
    assert list(extents(fd, 10)) == [Extent(10, MIB - 10)]


def test_zeros_take_no_room_in_a_fresh_file(fd: int) -> None:
    data = bytes(MIB) + b"x" * BLOCK + bytes(3 * MIB) + b"y" + bytes(MIB)
    written = write_sparse(fd, 0, data)
    assert content(fd) == data
    assert written == 2 * BLOCK
    assert allocated_size(fd) <= 3 * BLOCK


@pytest.mark.parametrize("can_punch", [True, False])
def test_zeros_over_old_data_are_zeros(fd: int, monkeypatch: pytest.MonkeyPatch, can_punch: bool) -> None:
    if not can_punch:
        monkeypatch.setattr(sparse, "_punch", lambda: lambda *_: -1)
    os.pwrite(fd, b"old" * MIB, 0)
    write_sparse(fd, 100, bytes(2 * MIB))
    assert content(fd) == (b"old" * MIB)[:100] + bytes(2 * MIB) + (b"old" * MIB)[100 + 2 * MIB :]
    if can_punch:
        assert allocated_size(fd) <= MIB + 2 * BLOCK


def test_a_file_gets_as_long_as_what_was_written(fd: int) -> None:
    write_sparse(fd, 10 * MIB, bytes(MIB))
    assert os.fstat(fd).st_size == 11 * MIB
    write_sparse(fd, 0, bytes(10))
    assert os.fstat(fd).st_size == 11 * MIB
    assert write_sparse(fd, 20 * MIB, b"") == 0
    assert os.fstat(fd).st_size == 11 * MIB


@given(
    writes=st.lists(
        st.tuples(
            st.integers(0, 5 * BLOCK),
            st.lists(st.tuples(st.sampled_from([0, 1, 255]), st.integers(1, 2 * BLOCK)), min_size=1, max_size=4),
        ),
        max_size=5,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_writes_in_any_order_read_back(tmp_path: Path, writes: list[tuple[int, list[tuple[int, int]]]]) -> None:
    expected = bytearray()
    fd = os.open(tmp_path, os.O_RDWR | os.O_TMPFILE)
    try:
        for offset, runs in writes:
            data = b"".join(bytes([value]) * length for value, length in runs)
            expected.extend(bytes(max(0, offset + len(data) - len(expected))))
            expected[offset : offset + len(data)] = data
            write_sparse(fd, offset, memoryview(data))
        assert content(fd) == bytes(expected)
    finally:
        os.close(fd)


@pytest.mark.parametrize("size", [0, 1, 4 * MIB, 4 * MIB + 1, 9 * MIB])
def test_zero_is_zero_at_any_length(size: int) -> None:
    assert is_zero(memoryview(bytes(size)))
    if size:
        assert not is_zero(memoryview(bytes(size - 1) + b"\x01"))
        assert not is_zero(memoryview(b"\x01" + bytes(size - 1)))
