"""qemu-img keeps the contract of disk tools; and what it would do if it were asked less carefully."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from imageferry.domain.errors import BadDisk, NoRoom, Unavailable
from imageferry.domain.image import DiskFormat
from imageferry.formats.judge import judge
from imageferry.formats.source import Bytes, FileBytes
from imageferry.ports.disk_tools import DiskTools, ToolLimits
from imageferry.tools.cage import run_caged
from imageferry.tools.qemu_img import QemuImg, block_device, file_node
from imageferry.tools.qemu_img_words import message
from tests import disks
from tests.contracts.disk_tools import SECRET, DiskToolsContract, MakeTools, a_disk
from tests.disks import MIB

pytestmark = pytest.mark.skipif(shutil.which("qemu-img") is None, reason="qemu-img (qemu-utils) is not installed")


def qemu_img(*words: str | Path, folder: Path) -> None:
    """The tool itself, as a user would run it to make a disk."""
    subprocess.run(["qemu-img", *map(str, words)], cwd=folder, check=True, capture_output=True)


class TestQemuImg(DiskToolsContract):
    @pytest.fixture
    def tools(self, tmp_path_factory: pytest.TempPathFactory) -> QemuImg:
        return QemuImg(scratch=tmp_path_factory.mktemp("scratch"))

    @pytest.fixture
    def make_tools(self) -> MakeTools:
        def make(limits: ToolLimits) -> DiskTools:
            return QemuImg(info_limits=limits, convert_limits=limits)

        return make


@pytest.mark.parametrize(
    ("data", "disk_format"),
    [
        (disks.qcow2(), DiskFormat.QCOW2),
        (disks.qcow2(version=2), DiskFormat.QCOW2),
        (disks.vmdk(), DiskFormat.VMDK),
        (disks.vmdk_stream(), DiskFormat.VMDK),
        (disks.vhd_dynamic(), DiskFormat.VHD),
        (disks.vhd_fixed(disks.mbr_disk()), DiskFormat.VHD),
        (disks.vdi(), DiskFormat.VDI),
        (disks.iso(), DiskFormat.ISO),
    ],
)
def test_our_own_disks_are_what_qemu_takes_for_them(tmp_path: Path, data: bytes, disk_format: DiskFormat) -> None:
    path = tmp_path / "disk"
    path.write_bytes(data)
    facts = QemuImg().info(path, disk_format)
    assert facts.virtual_size == judge(Bytes(data)).virtual_size


def test_a_stream_with_a_footer_is_read(tmp_path: Path) -> None:
    (tmp_path / "disk.vmdk").write_bytes(disks.vmdk_stream(b"grain" * 1000))
    QemuImg().convert(tmp_path / "disk.vmdk", DiskFormat.VMDK, tmp_path / "disk.raw", DiskFormat.RAW)
    assert (tmp_path / "disk.raw").read_bytes() == (b"grain" * 1000).ljust(MIB, b"\0")


@pytest.mark.parametrize(
    "options",
    [
        "compat=0.10",
        "cluster_size=512",
        "cluster_size=2M",
        "refcount_bits=1",
        "refcount_bits=64",
        "lazy_refcounts=on",
        "preallocation=metadata",
        "preallocation=falloc",
        "compression_type=zstd",
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_every_qcow2_that_qemu_writes_passes(tmp_path: Path, options: str, compressed: bool) -> None:
    if compressed and "preallocation" in options:
        pytest.skip("qemu-img does not combine them")
    words = ["-c"] if compressed else []
    qemu_img("convert", *words, "-O", "qcow2", "-o", options, a_disk(tmp_path), "x.qcow2", folder=tmp_path)
    snapshots = options != "refcount_bits=1"
    if snapshots:
        qemu_img("snapshot", "-c", "one", "x.qcow2", folder=tmp_path)
    path = tmp_path / "x.qcow2"
    facts = QemuImg().info(path, DiskFormat.QCOW2)
    assert facts.virtual_size == 40 * MIB
    assert ("snapshots" in facts.features) is snapshots
    os.truncate(path, path.stat().st_size * 2 // 3)
    with pytest.raises(BadDisk, match="cut short"):
        QemuImg().info(path, DiskFormat.QCOW2)


@pytest.mark.parametrize("kind", ["vmdk", "vhdx", "vdi", "vpc"])
def test_a_disk_that_lost_its_end_is_refused(tmp_path: Path, kind: str) -> None:
    qemu_img("convert", "-O", kind, a_disk(tmp_path), "x", folder=tmp_path)
    path = tmp_path / "x"
    with path.open("rb") as file:
        judge(FileBytes(file.fileno()))
    os.truncate(path, path.stat().st_size * 2 // 3)
    with path.open("rb") as file, pytest.raises(BadDisk) as refused:
        judge(FileBytes(file.fileno()))
    assert refused.value.reason == "truncated"


# LUKS is not among them: qemu-img spends seconds on each key. tests/rules has it by its header.
@pytest.mark.parametrize(
    ("words", "made", "reason"),
    [
        (["-f", "qcow2", "-F", "raw", "-b", "base.raw", "x"], "x", "backing-file"),
        (["-f", "qcow2", "-o", "data_file=d.raw", "x", "1M"], "x", "data-file"),
        (["-f", "qcow2", "-o", "extended_l2=on", "x", "1M"], "x", "unknown-feature"),
        (
            [
                "--object",
                "secret,id=s,data=x",
                "-f",
                "qcow2",
                "-o",
                "encrypt.format=aes,encrypt.key-secret=s",
                "x",
                "1M",
            ],
            "x",
            "encrypted",
        ),
        (["-f", "qcow2", "x", "1P"], "x", "too-large"),
        (["-f", "vmdk", "-F", "vmdk", "-b", "base.vmdk", "x"], "x", "delta"),
        (["-f", "vmdk", "-o", "subformat=monolithicFlat", "x", "1M"], "x", "descriptor-only"),
        (["-f", "vmdk", "-o", "subformat=twoGbMaxExtentSparse", "x", "3G"], "x", "split"),
        (["-f", "vmdk", "-o", "subformat=twoGbMaxExtentSparse", "x.vmdk", "3G"], "x-s001.vmdk", "split"),
        (["-f", "qed", "x", "1M"], "x", "unsupported"),
        (["-f", "parallels", "x", "1M"], "x", "unsupported"),
    ],
)
def test_what_qemu_makes_and_we_refuse(tmp_path: Path, words: list[str], made: str, reason: str) -> None:
    qemu_img("create", "-f", "raw", "base.raw", "1M", folder=tmp_path)
    qemu_img("create", "-f", "vmdk", "base.vmdk", "1M", folder=tmp_path)
    qemu_img("create", *words, folder=tmp_path)
    with (tmp_path / made).open("rb") as file, pytest.raises(BadDisk) as refused:
        judge(FileBytes(file.fileno()))
    assert refused.value.reason == reason


def test_even_unjudged_a_backing_file_is_not_read(tmp_path: Path) -> None:
    """The second wall: what ``block_device`` says is enough for qemu-img to leave it alone."""
    secret, out = tmp_path / "secret", tmp_path / "out"
    secret.write_bytes(SECRET)
    (tmp_path / "x").write_bytes(disks.qcow2(virtual_size=MIB, backing=f"json:{_as_raw(secret)}"))
    qemu_img("convert", "-f", "qcow2", "-O", "raw", "x", "out", folder=tmp_path)
    assert SECRET in out.read_bytes(), "so it would, if asked carelessly"
    out.unlink()
    empty = tmp_path / "empty"
    empty.mkdir()
    with (tmp_path / "x").open("rb") as file:
        fd = file.fileno()
        words = [
            shutil.which("qemu-img") or "",
            "convert",
            "-O",
            "raw",
            block_device(file_node(fd), DiskFormat.QCOW2),
            "out",
        ]
        ended = run_caged(words, limits=ToolLimits(file_bytes=MIB), folder=empty, fds=(fd,))
    assert ended.code == 0
    assert (empty / "out").read_bytes() == bytes(MIB)


def _as_raw(path: Path) -> str:
    return f'{{"driver":"raw","file":{{"driver":"file","filename":"{path}"}}}}'


def test_a_missing_tool_says_which_package_brings_it(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="install the Debian package qemu-utils"):
        QemuImg(program="qemu-img-of-tomorrow").info(a_disk(tmp_path), DiskFormat.RAW)


def test_a_message_names_the_file_and_no_path_of_ours() -> None:
    said = b"""qemu-img: Could not open 'json:{"driver": "vmdk", "file": {}}': bad '/proc/self/fd/7' here\x1b[1m\n"""
    assert message(said, "web.vmdk") == "Could not open 'web.vmdk': bad 'web.vmdk' here\\x1b[1m"
    assert len(message(b"x" * 100_000, "web.vmdk")) < 400


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("mounting a small file system takes root")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("target_format", [DiskFormat.RAW, DiskFormat.QCOW2, DiskFormat.VMDK])
def test_a_full_disk_is_no_room_and_leaves_nothing(tmp_path: Path, small: Path, target_format: DiskFormat) -> None:
    with pytest.raises(NoRoom, match="no room left"):
        QemuImg().convert(a_disk(tmp_path), DiskFormat.RAW, small / "out", target_format)
    assert list(small.iterdir()) == []
