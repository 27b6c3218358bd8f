"""What the first bytes forbid is refused at once; what they might become acceptable with is waited for."""

from __future__ import annotations

import random

import pytest

from imageferry.domain.errors import BadDisk
from imageferry.domain.image import DiskFormat
from imageferry.formats.judge import ENOUGH_BYTES, Limits, judge, refuse_early
from imageferry.formats.source import Bytes
from tests import disks
from tests.disks import MIB
from tests.rules.test_judge import BAD, GOOD

_LOOKS = (ENOUGH_BYTES, 200_000, MIB, 4 * MIB)


def _early(data: bytes, expected: DiskFormat | None, *, told_size: bool = True) -> str | None:
    """The reason, if any look at the beginning refuses."""
    for look in _LOOKS:
        if look >= len(data):
            break
        try:
            refuse_early(data[:look], expected, size=len(data) if told_size else None, what="it")
        except BadDisk as error:
            return error.reason
    return None


def _late(data: bytes, expected: DiskFormat | None) -> str | None:
    try:
        judge(Bytes(data), expected)
    except BadDisk as error:
        return error.reason
    return None


_TEXT_IN_A_VHD = disks.vhd_fixed(b"just a text, nothing else\n" * 50_000 + bytes(1 * MIB - 26 * 50_000 % MIB))
_ALL = [data for data, *_ in GOOD] + [data for data, _ in BAD.values()] + [_TEXT_IN_A_VHD]


@pytest.mark.parametrize("told_size", [True, False])
@pytest.mark.parametrize("expected", [None, *DiskFormat])
def test_nothing_is_refused_early_that_would_be_taken(expected: DiskFormat | None, told_size: bool) -> None:
    for data in _ALL:
        for padded in (data, data + bytes(2 * MIB), disks.vhd_fixed(data + bytes(-len(data) % MIB))):
            if _early(padded, expected, told_size=told_size) is not None:
                assert _late(padded, expected) is not None


@pytest.mark.parametrize("told_size", [True, False])
@pytest.mark.parametrize(
    ("data", "expected", "reason"),
    [
        (disks.jpeg(), DiskFormat.QCOW2, "not-a-disk"),
        (disks.jpeg(), DiskFormat.RAW, "not-a-disk"),
        (disks.jpeg(), None, "not-a-disk"),
        (disks.gzip_archive(), None, "not-a-disk"),
        (b"<html><body>Log in first</body></html>\n" * 9000, DiskFormat.QCOW2, "not-a-disk"),
        (random.Random(1).randbytes(MIB), DiskFormat.VMDK, "not-a-disk"),
        (disks.mbr_disk(), DiskFormat.QCOW2, "wrong-format"),
        (disks.qcow2(), DiskFormat.RAW, "wrong-format"),
        (disks.qcow2_with_backing("/etc/passwd"), DiskFormat.QCOW2, "backing-file"),
        (disks.qcow2_with_data_file(), None, "data-file"),
        (disks.vmdk_pointing_to("/etc/passwd"), DiskFormat.VMDK, "outside-extent"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_no_end_can_mend_is_refused_at_once(
    data: bytes, expected: DiskFormat | None, reason: str, told_size: bool
) -> None:
    assert _early(data + bytes(9 * MIB), expected, told_size=told_size) == reason


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a text\n" * MIB, None),  # the end could make it a fixed VHD
        (b"a text\n" * MIB, DiskFormat.VHD),
        (random.Random(1).randbytes(9 * MIB), None),
        (bytes(9 * MIB), None),
        (disks.mbr_disk() + bytes(9 * MIB), DiskFormat.RAW),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_the_end_decides_is_waited_for(data: bytes, expected: DiskFormat | None) -> None:
    assert _early(data, expected) is None


def test_a_size_that_nobody_knows_is_over_no_limit() -> None:
    head, limits = disks.iso() + bytes(MIB), Limits(virtual_size_bytes=MIB)
    refuse_early(head, DiskFormat.ISO, size=None, what="it", limits=limits)
    with pytest.raises(BadDisk) as caught:
        refuse_early(head, DiskFormat.ISO, size=2 * MIB, what="it", limits=limits)
    assert caught.value.reason == "too-large"
