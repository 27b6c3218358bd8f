"""The facts of a qcow2 header, and its tables against the file's end."""

from __future__ import annotations

import struct

import pytest

from imageferry.formats import qcow2
from imageferry.formats.reasons import Reason, Refusal
from imageferry.formats.source import Bytes
from tests import disks
from tests.disks import GIB, put

NO_LIMIT = 1 << 62
CLUSTER = 1 << 16


def reason_of(data: bytes) -> Reason:
    with pytest.raises(Refusal) as refused:
        qcow2.facts(Bytes(data), NO_LIMIT)
    return refused.value.reason


def test_the_header_is_read() -> None:
    header = qcow2.read_header(Bytes(disks.qcow2(snapshots=3)))
    assert (header.version, header.virtual_size, header.cluster_size) == (3, 10 * GIB, CLUSTER)
    assert (header.l1_entries, header.l1_offset, header.refcount_offset) == (20, 3 * CLUSTER, CLUSTER)
    assert (header.snapshots, header.refcount_bits, header.zstd) == (3, 16, False)


def test_what_it_has_besides_is_told() -> None:
    plain = put(disks.qcow2(incompatible=1 << 3, snapshots=1), (100, struct.pack(">IB", 112, 1)))
    assert qcow2.facts(Bytes(plain), NO_LIMIT).features == ("snapshots", "zstd")
    assert qcow2.facts(Bytes(disks.qcow2(incompatible=1)), NO_LIMIT).features == ("dirty",)


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("clusters of 2^8", (20, struct.pack(">I", 8))),
        ("clusters of 2^22", (20, struct.pack(">I", 22))),
        ("refcounts of 2^7 bits", (96, struct.pack(">I", 7))),
        ("a header longer than a cluster", (100, struct.pack(">I", CLUSTER + 1))),
        ("an L1 table between clusters", (40, struct.pack(">Q", 3 * CLUSTER + 8))),
        ("a refcount table between clusters", (48, struct.pack(">Q", CLUSTER + 8))),
        ("no refcount table", (56, struct.pack(">I", 0))),
        ("a refcount table of 4 GiB", (56, struct.pack(">I", 65536))),
        ("an L1 table of 2^32 entries", (36, struct.pack(">I", 0xFFFF_FFFF))),
        ("2^32 snapshots", (60, struct.pack(">I", 0xFFFF_FFFF))),
        ("no reference counts", (CLUSTER, bytes(8))),
    ],
)
def test_impossible_tables_are_malformed(name: str, piece: tuple[int, bytes]) -> None:
    assert reason_of(put(disks.qcow2(), piece)) is Reason.MALFORMED


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("the L1 table", (40, struct.pack(">Q", 1 << 40))),
        ("the refcount table", (48, struct.pack(">Q", 1 << 40))),
        ("a refcount block", (CLUSTER, struct.pack(">Q", 1 << 40))),
        ("a cluster in use", (2 * CLUSTER + 8, b"\x01\x00")),
        ("a far cluster in use", (2 * CLUSTER + 60_000, b"\x01\x00")),
    ],
)
def test_what_lies_beyond_the_end_is_cut_short(name: str, piece: tuple[int, bytes]) -> None:
    assert reason_of(put(disks.qcow2(), piece)) is Reason.TRUNCATED


def test_an_empty_last_block_is_passed_over() -> None:
    """Left behind by a disk that was made smaller."""
    data = put(disks.qcow2() + bytes(CLUSTER), (CLUSTER + 8, struct.pack(">Q", 4 * CLUSTER)))
    data = put(data, (2 * CLUSTER, struct.pack(">5H", 1, 1, 1, 1, 1)))
    assert qcow2.facts(Bytes(data), NO_LIMIT).virtual_size == 10 * GIB


def test_the_counts_of_a_dirty_image_are_not_believed() -> None:
    data = put(disks.qcow2(incompatible=1), (2 * CLUSTER + 8, b"\x01\x00"))
    assert qcow2.facts(Bytes(data), NO_LIMIT).features == ("dirty",)


def test_a_backing_name_is_shown_whatever_its_length_claims() -> None:
    data = put(disks.qcow2(backing="/etc/passwd"), (16, struct.pack(">I", 0xFFFF_FFFF)))
    with pytest.raises(Refusal, match=r"/etc/passwd\\x00") as refused:
        qcow2.facts(Bytes(data), NO_LIMIT)
    assert len(refused.value.found) < 300
