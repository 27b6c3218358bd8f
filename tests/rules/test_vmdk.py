"""VMDK: the descriptor's lines, the sparse header's places."""

from __future__ import annotations

import struct

import pytest

from imageferry.formats import vmdk
from imageferry.formats.reasons import Reason, Refusal
from imageferry.formats.source import Budgeted, Bytes
from imageferry.formats.vmdk_descriptor import Extent, looks_like_descriptor, read_descriptor
from tests import disks
from tests.disks import SECTOR, put, vmdk_text

NO_LIMIT = 1 << 62
_GAP = b"\0" * 3


def reason_of(data: bytes) -> Reason:
    with pytest.raises(Refusal) as refused:
        vmdk.facts(Bytes(data), NO_LIMIT)
    return refused.value.reason


def test_a_descriptor_is_read() -> None:
    found = read_descriptor(
        vmdk_text("twoGbMaxExtentFlat", 'RW 8 FLAT "a-f001.vmdk" 0\nRDONLY 9 ZERO\nrw 7 flat "b c" 5')
    )
    assert found.create_type == "twoGbMaxExtentFlat"
    assert found.extents == (
        Extent(kind="FLAT", file="a-f001.vmdk"),
        Extent(kind="ZERO", file=""),
        Extent(kind="FLAT", file="b c"),
    )
    assert found.parent is None


def test_line_ends_and_cases_of_other_programs_are_read() -> None:
    text = vmdk_text().replace(b"\n", b"\r\n").replace(b"createType", b"CREATETYPE")
    assert read_descriptor(text).create_type == "monolithicSparse"
    assert len(read_descriptor(text).extents) == 1


@pytest.mark.parametrize(
    "text",
    [
        b'parentFileNameHint="base.vmdk"',
        b'# parentFileNameHint="base.vmdk"',
        b'ddb.comment = "parentFileNameHint="base.vmdk""',
        b'PARENTFILENAMEHINT = "base.vmdk"',
        _GAP + b'parentFileNameHint="base.vmdk"',
    ],
)
def test_a_parent_is_found_wherever_qemu_would_find_it(text: bytes) -> None:
    assert read_descriptor(vmdk_text() + text).parent == "base.vmdk"


@pytest.mark.parametrize(
    ("head", "is_one"),
    [
        (vmdk_text(), True),
        (b"\n\n# disk DescriptorFile\n", True),
        (b'CreateType="x"', True),
        (b"#\n \r\nversion=2\n", True),
        (b"version=10\n", False),
        (b"hello", False),
        (b"", False),
        (b"\0" + vmdk_text(), False),
        (vmdk_text() + bytes(512), True),
    ],
)
def test_a_descriptor_is_told_from_other_text(head: bytes, is_one: bool) -> None:
    assert looks_like_descriptor(head) is is_one


@pytest.mark.parametrize(
    ("name", "piece", "reason"),
    [
        ("version 4", (4, struct.pack("<I", 4)), Reason.UNKNOWN_FEATURE),
        ("grains of nothing", (20, struct.pack("<Q", 0)), Reason.MALFORMED),
        ("grains of 2^60", (20, struct.pack("<Q", 1 << 60)), Reason.MALFORMED),
        ("tables without entries", (44, struct.pack("<I", 0)), Reason.MALFORMED),
        ("tables of 2^32 entries", (44, struct.pack("<I", 0xFFFF_FFFF)), Reason.MALFORMED),
        ("2^60 grain tables", (12, struct.pack("<Q", 1 << 52)), Reason.MALFORMED),
        ("a descriptor far away", (28, struct.pack("<Q", 1 << 50)), Reason.MALFORMED),
        ("no descriptor", (28, bytes(16)), Reason.SPLIT),
        ("a directory far away", (56, struct.pack("<Q", 1 << 50)), Reason.TRUNCATED),
        ("grains far away", (64, struct.pack("<Q", 1 << 50)), Reason.TRUNCATED),
        ("a table far away", (21 * SECTOR, struct.pack("<I", 0xFFFF_FFFF)), Reason.TRUNCATED),
        ("no footer", (56, b"\xff" * 8), Reason.TRUNCATED),
    ],
)
def test_headers_that_cannot_be(name: str, piece: tuple[int, bytes], reason: Reason) -> None:
    assert reason_of(put(disks.vmdk(), piece)) is reason


def test_a_parent_behind_a_short_descriptor_is_found() -> None:
    """QEMU looks through twenty sectors, whatever the header says of the descriptor's size."""
    short = put(disks.vmdk(), (36, struct.pack("<Q", 1)), (4096, b'parentFileNameHint="base.vmdk"'))
    assert reason_of(short) is Reason.DELTA


def test_a_sparse_file_of_no_size_is_a_mere_descriptor() -> None:
    assert reason_of(disks.vmdk(capacity=0)) is Reason.DESCRIPTOR_ONLY


def test_a_grain_beyond_the_end_is_cut_short() -> None:
    table = put(disks.vmdk(), (21 * SECTOR, struct.pack("<I", 24)))
    assert vmdk.facts(Bytes(put(table, (24 * SECTOR, struct.pack("<2I", 1, 127)))), NO_LIMIT)
    assert reason_of(put(table, (24 * SECTOR, struct.pack("<2I", 1, 128)))) is Reason.TRUNCATED


@pytest.mark.parametrize(
    ("name", "from_end", "piece", "reason"),
    [
        ("marker of another kind", 3 * SECTOR + -12, struct.pack("<I", 2), Reason.TRUNCATED),
        ("footer without a header", 2 * SECTOR, b"XXXX", Reason.TRUNCATED),
        ("footer with another descriptor", 2 * SECTOR - 28, struct.pack("<Q", 2), Reason.MALFORMED),
        ("footer that names a footer", 2 * SECTOR - 56, b"\xff" * 8, Reason.MALFORMED),
        ("something after the end", 1, b"x", Reason.MALFORMED),
    ],
)
def test_footers_that_cannot_be(name: str, from_end: int, piece: bytes, reason: Reason) -> None:
    data = disks.vmdk_stream()
    assert reason_of(put(data, (len(data) - from_end, piece))) is reason


def test_a_descriptor_of_gigabytes_costs_one_mebibyte() -> None:
    source = Budgeted(Bytes(put(disks.vmdk(), (36, struct.pack("<Q", 1 << 40))) + bytes(3 << 20)), 1 << 40)
    assert vmdk.facts(source, NO_LIMIT).sub_format == "monolithicSparse"
    assert source.spent < 1_100_000
