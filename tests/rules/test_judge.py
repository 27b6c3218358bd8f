"""What may be opened, and with which words the rest is refused."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from imageferry.domain.errors import BadDisk
from imageferry.domain.image import DiskFormat
from imageferry.formats.judge import Limits, Reason, judge
from imageferry.formats.reasons import ADVICE
from imageferry.formats.source import Budgeted, Bytes, FileBytes
from tests import disks
from tests.disks import GIB, MIB, PIB

SECRET = "/etc/passwd"

GOOD = [
    (disks.qcow2(), DiskFormat.QCOW2, 10 * GIB, "1.1"),
    (disks.qcow2(version=2), DiskFormat.QCOW2, 10 * GIB, "0.10"),
    (disks.vmdk(), DiskFormat.VMDK, MIB, "monolithicSparse"),
    (disks.vmdk_stream(), DiskFormat.VMDK, MIB, "streamOptimized"),
    (disks.vhd_dynamic(), DiskFormat.VHD, 10 * GIB, "dynamic"),
    (disks.vhd_fixed(disks.mbr_disk()), DiskFormat.VHD, MIB, "fixed"),
    (disks.vhdx(), DiskFormat.VHDX, 10 * GIB, "dynamic"),
    (disks.vdi(), DiskFormat.VDI, 10 * GIB, "dynamic"),
    (disks.vdi(2 * MIB, kind=2, allocated=2), DiskFormat.VDI, 2 * MIB, "fixed"),
    (disks.mbr_disk(), DiskFormat.RAW, MIB, ""),
    (disks.gpt_disk(), DiskFormat.RAW, MIB, ""),
    (disks.ext_disk(), DiskFormat.RAW, MIB, ""),
    (disks.iso(), DiskFormat.ISO, MIB, ""),
    (disks.hybrid_iso(), DiskFormat.ISO, MIB, ""),
]


@pytest.mark.parametrize(("data", "disk_format", "size", "sub_format"), GOOD)
@pytest.mark.parametrize("told", [True, False])
def test_a_sound_disk_is_known(data: bytes, disk_format: DiskFormat, size: int, sub_format: str, told: bool) -> None:
    facts = judge(Bytes(data), disk_format if told else None)
    assert (facts.format, facts.virtual_size, facts.sub_format) == (disk_format, size, sub_format)
    assert facts.file_size == len(data)


BAD = {
    "nothing": (b"", Reason.EMPTY),
    "a picture": (disks.jpeg(), Reason.NOT_A_DISK),
    "gzip": (disks.gzip_archive(), Reason.NOT_A_DISK),
    "ova": (disks.ova(), Reason.NOT_A_DISK),
    "text": (b"hello\n", Reason.NOT_A_DISK),
    "zeros": (bytes(MIB), Reason.NOT_A_DISK),
    "random": (random.Random(1).randbytes(MIB), Reason.NOT_A_DISK),
    "qcow2 with a backing file": (disks.qcow2_with_backing(SECRET), Reason.BACKING_FILE),
    "qcow2 of version 2 with a backing file": (disks.qcow2(version=2, backing=SECRET), Reason.BACKING_FILE),
    "qcow2 with a protocol behind it": (disks.qcow2_with_backing("nbd://169.254.169.254"), Reason.BACKING_FILE),
    "qcow2 with a data file": (disks.qcow2_with_data_file(), Reason.DATA_FILE),
    "qcow2 with extended L2 entries": (disks.qcow2(incompatible=1 << 4), Reason.UNKNOWN_FEATURE),
    "qcow2 with unknown features": (disks.qcow2(incompatible=1 << 40), Reason.UNKNOWN_FEATURE),
    "qcow2 of version 4": (disks.qcow2(version=4), Reason.UNKNOWN_FEATURE),
    "qcow2 of version 1": (disks.qcow2(version=1), Reason.UNSUPPORTED),
    "qcow2 marked corrupt": (disks.qcow2(incompatible=1 << 1), Reason.DIRTY),
    "qcow2 in LUKS": (disks.qcow2(encryption=2), Reason.ENCRYPTED),
    "qcow2 of 1 PiB": (disks.qcow2(virtual_size=PIB), Reason.TOO_LARGE),
    "qcow2 with a huge L1": (disks.qcow2(l1_entries=0xFFFF_FFFF), Reason.MALFORMED),
    "qcow2 with a short L1": (disks.qcow2(l1_entries=1), Reason.MALFORMED),
    "qcow2 cut short": (disks.qcow2()[: 3 << 16], Reason.TRUNCATED),
    "qcow2 cut in its header": (disks.qcow2()[:60], Reason.TRUNCATED),
    "vmdk text": (disks.vmdk_text("monolithicFlat", 'RW 8 FLAT "disk-flat.vmdk" 0'), Reason.DESCRIPTOR_ONLY),
    "vmdk text pointing away": (disks.vmdk_pointing_to(SECRET), Reason.OUTSIDE_EXTENT),
    "vmdk text in slices": (disks.vmdk_text("twoGbMaxExtentSparse", 'RW 8 SPARSE "a-s001.vmdk"'), Reason.SPLIT),
    "vmdk text of a snapshot": (disks.vmdk_text(parent=SECRET), Reason.DELTA),
    "vmdk naming a path": (disks.vmdk(disks.vmdk_text(extents=f'RW 8 SPARSE "{SECRET}"')), Reason.OUTSIDE_EXTENT),
    "vmdk naming a flat file": (disks.vmdk(disks.vmdk_text(extents='RW 8 FLAT "x" 0')), Reason.OUTSIDE_EXTENT),
    "vmdk with a parent": (disks.vmdk(disks.vmdk_text(parent=SECRET)), Reason.DELTA),
    "vmdk with a hidden parent": (
        disks.put(disks.vmdk(), (4096, f'# parentFileNameHint="{SECRET}"'.encode())),
        Reason.DELTA,
    ),
    "vmdk with a parent's id": (disks.vmdk(disks.vmdk_text(parent_cid="1234abcd")), Reason.DELTA),
    "vmdk of 0 sectors": (disks.vmdk(disks.vmdk_pointing_to(SECRET), capacity=0), Reason.OUTSIDE_EXTENT),
    "vmdk slice": (disks.vmdk(b""), Reason.SPLIT),
    "vmdk of a vSphere kind": (disks.vmdk(disks.vmdk_text("vmfs")), Reason.UNSUPPORTED),
    "vmdk with a line nobody knows": (disks.vmdk(disks.vmdk_text() + b"exec evil\n"), Reason.UNSAFE),
    "vmdk redo log": (b"COWD" + bytes(2048), Reason.DELTA),
    "vmdk of 1 PiB": (disks.vmdk(capacity=PIB // 512), Reason.TOO_LARGE),
    "vmdk of 2^60 sectors": (disks.vmdk(capacity=1 << 60), Reason.TOO_LARGE),
    "vmdk cut short": (disks.vmdk()[: 21 * 512], Reason.TRUNCATED),
    "vmdk stream cut short": (disks.vmdk_stream()[:-512], Reason.TRUNCATED),
    "vmdk with two capacities": (
        disks.put(disks.vmdk_stream(), (len(disks.vmdk_stream()) - 1024 + 12, b"\x01")),
        Reason.MALFORMED,
    ),
    "vhd with a parent": (disks.vhd_dynamic(kind=4, parent="base.vhd"), Reason.DELTA),
    "vhd with two sizes": (disks.vhd_dynamic(GIB)[:-512] + disks.vhd_footer(2 * GIB, 3, 512), Reason.MALFORMED),
    "vhd that is fixed at its end": (disks.vhd_dynamic(GIB) + disks.vhd_footer(MIB), Reason.MALFORMED),
    "vhd cut short": (disks.vhd_dynamic()[:-512], Reason.TRUNCATED),
    "fixed vhd cut at its start": (disks.vhd_fixed(disks.mbr_disk())[512:], Reason.TRUNCATED),
    "vhdx with a parent": (disks.vhdx(flags=2), Reason.DELTA),
    "vhdx left open": (disks.vhdx(log=b"\x01" * 16), Reason.DIRTY),
    "vhdx cut short": (disks.vhdx()[: 2 * MIB], Reason.TRUNCATED),
    "vhdx of 1 PiB": (disks.vhdx(PIB), Reason.TOO_LARGE),
    "vdi with a parent": (disks.vdi(kind=4), Reason.DELTA),
    "vdi cut short": (disks.vdi(allocated=2)[:-MIB], Reason.TRUNCATED),
    "qed": (disks.qed(), Reason.UNSUPPORTED),
    "luks": (disks.luks(), Reason.ENCRYPTED),
    "gpt cut short": (disks.gpt_disk(sectors=4096), Reason.TRUNCATED),
    "iso cut short": (disks.iso(claimed=10 * MIB), Reason.TRUNCATED),
    **{f"polyglot {name}": (data, Reason.AMBIGUOUS) for name, data in disks.polyglots().items()},
}


@pytest.mark.parametrize("name", BAD)
def test_the_rest_is_refused_with_its_reason(name: str) -> None:
    data, reason = BAD[name]
    with pytest.raises(BadDisk) as refused:
        judge(Bytes(data), what="web.img")
    assert refused.value.reason == reason
    assert str(refused.value).startswith("web.img: expected a disk image (raw, qcow2")
    assert refused.value.advice


_HARMLESS_AS_RAW = {"zeros", "random", "fixed vhd cut at its start"}


@pytest.mark.parametrize("name", sorted(BAD.keys() - _HARMLESS_AS_RAW))
def test_calling_it_raw_opens_no_door(name: str) -> None:
    with pytest.raises(BadDisk):
        judge(Bytes(BAD[name][0]), DiskFormat.RAW)


@pytest.mark.parametrize("data", [BAD[name][0] for name in sorted(_HARMLESS_AS_RAW)])
def test_anything_shapeless_is_raw_when_asked_for_by_name(data: bytes) -> None:
    assert judge(Bytes(data), DiskFormat.RAW).virtual_size == len(data)


@pytest.mark.parametrize("disk_format", [DiskFormat.RAW, DiskFormat.AMI])
@pytest.mark.parametrize("data", [disks.iso(), disks.hybrid_iso(), disks.vhd_fixed(disks.mbr_disk())])
def test_an_iso_and_a_fixed_vhd_are_raw_disks_too(data: bytes, disk_format: DiskFormat) -> None:
    facts = judge(Bytes(data), disk_format)
    assert (facts.format, facts.virtual_size) == (disk_format, len(data))


def test_kernels_and_ramdisks_pass_where_they_are_expected() -> None:
    assert judge(Bytes(disks.gzip_archive()), DiskFormat.ARI).format is DiskFormat.ARI
    assert judge(Bytes(disks.strangers()["a Linux kernel"]), DiskFormat.AKI).format is DiskFormat.AKI
    with pytest.raises(BadDisk, match="qcow2"):
        judge(Bytes(disks.qcow2()), DiskFormat.AKI)


@pytest.mark.parametrize(
    ("data", "claimed", "found"),
    [
        (disks.qcow2(), DiskFormat.VMDK, "a qcow2 image"),
        (disks.qcow2(), DiskFormat.RAW, "a qcow2 image"),
        (disks.vmdk(), DiskFormat.ISO, "a VMDK disk"),
        (disks.gpt_disk(), DiskFormat.QCOW2, "a raw disk (gpt, mbr)"),
        (disks.gpt_disk(), DiskFormat.ISO, "a raw disk (gpt, mbr)"),
        (disks.iso(), DiskFormat.VHD, "an ISO image"),
    ],
)
def test_another_format_than_promised_is_named(data: bytes, claimed: DiskFormat, found: str) -> None:
    with pytest.raises(BadDisk) as refused:
        judge(Bytes(data), claimed)
    assert (refused.value.reason, refused.value.found) == (Reason.WRONG_FORMAT, found)
    assert refused.value.expected.endswith(claimed.value)


def test_the_sentence_helps() -> None:
    with pytest.raises(BadDisk) as refused:
        judge(Bytes(disks.jpeg()), what="web.vmdk")
    assert str(refused.value) == (
        "web.vmdk: expected a disk image (raw, qcow2, vmdk, vhd, vhdx, vdi, iso), found a JPEG picture. "
        "Choose the disk file itself."
    )


def test_a_path_in_a_disk_is_shown_escaped_and_not_endless() -> None:
    with pytest.raises(BadDisk) as refused:
        judge(Bytes(disks.vmdk_pointing_to("/x\x1b[2J\u202e" + "y" * 500)))
    assert refused.value.found.isascii()
    assert refused.value.found.isprintable()
    assert len(refused.value.found) < 250


def test_what_a_disk_refers_to_is_not_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # whoever opens it hangs
    for data in (disks.vmdk_pointing_to(pipe), disks.qcow2_with_backing(pipe)):
        with pytest.raises(BadDisk):
            judge(Bytes(data))


@pytest.mark.parametrize("disk_format", [DiskFormat.RAW, DiskFormat.QCOW2])
def test_the_largest_disk_is_a_setting(disk_format: DiskFormat) -> None:
    data = disks.gpt_disk() if disk_format is DiskFormat.RAW else disks.qcow2()
    with pytest.raises(BadDisk, match=r"over the limit of 1 KiB"):
        judge(Bytes(data), limits=Limits(virtual_size_bytes=1024))


@pytest.mark.parametrize("name", BAD)
def test_little_is_read(name: str) -> None:
    source = Budgeted(Bytes(BAD[name][0]), 1 << 40)
    with pytest.raises(BadDisk):
        judge(source)
    assert source.spent <= 1_200_000


def test_a_file_of_terabytes_costs_no_more(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(disks.mbr_disk())
    os.truncate(path, 4 << 40)
    with path.open("rb") as file:
        source = Budgeted(FileBytes(file.fileno()), 1 << 40)
        assert judge(source).virtual_size == 4 << 40
    assert source.spent < 100_000


def test_over_the_budget_is_bad_disk() -> None:
    with pytest.raises(BadDisk) as refused:
        judge(Bytes(disks.qcow2()), limits=Limits(read_bytes=100_000))
    assert refused.value.reason == Reason.MALFORMED


def test_every_reason_has_advice() -> None:
    assert ADVICE.keys() == set(Reason)
    assert all(advice.endswith(".") for advice in ADVICE.values())
