"""What every set of disk tools promises (see ports/disk_tools.py)."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from imageferry.domain.errors import BadDisk, BadInput, Cancelled, Damaged, NoRoom, TimedOut
from imageferry.domain.image import DiskFormat
from imageferry.formats.source import Bytes
from imageferry.ports.disk_tools import DiskHealth, DiskTools, ToolLimits
from tests import disks
from tests.disks import MIB

SECRET = b"root:x:0:0:this must never be seen" * 40

MakeTools = Callable[[ToolLimits], DiskTools]
"""The driver under other limits than its own."""

ODD_NAMES = [
    "nbd:x",
    "json:{}",
    "-o",
    "a,b=c",
    "--help",
    "fat:rw:x",
    "a b\n",
    "\N{ROCKET}.img",
    "%s",
    "file:x",
    "x\udcff",
]

TARGETS = [
    (DiskFormat.RAW, ""),
    (DiskFormat.QCOW2, ""),
    (DiskFormat.VMDK, "streamOptimized"),
    (DiskFormat.VMDK, "monolithicSparse"),
    (DiskFormat.VHD, ""),
    (DiskFormat.VHD, "fixed"),
    (DiskFormat.VHDX, ""),
    (DiskFormat.VDI, ""),
]


def a_disk(folder: Path, name: str = "disk.raw", size: int = 40 * MIB) -> Path:
    """A raw disk of 40 MiB with data at its start and in its middle."""
    path = folder / name
    path.write_bytes(disks.mbr_disk(MIB))
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(random.Random(7).randbytes(3 * MIB))
    os.truncate(path, size)
    return path


def hostile(secret: Path) -> dict[str, tuple[bytes, DiskFormat]]:
    """Disks that ask to read ``secret``, or to be taken for what they are not."""
    text = disks.vmdk_text(extents=f'RW 8 FLAT "{secret}" 0')
    return {
        "qcow2 over a file": (disks.qcow2_with_backing(secret), DiskFormat.QCOW2),
        "qcow2 over a json": (
            disks.qcow2_with_backing(f'json:{{"driver":"file","filename":"{secret}"}}'),
            DiskFormat.QCOW2,
        ),
        "qcow2 with a data file": (disks.qcow2_with_data_file(), DiskFormat.QCOW2),
        "vmdk text": (disks.vmdk_pointing_to(secret), DiskFormat.VMDK),
        "vmdk with a flat extent": (disks.vmdk(text), DiskFormat.VMDK),
        "vmdk of no size": (disks.vmdk(text, capacity=0), DiskFormat.VMDK),
        "vmdk with a parent": (disks.vmdk(disks.vmdk_text(parent=str(secret))), DiskFormat.VMDK),
        "vmdk called raw": (disks.vmdk_pointing_to(secret), DiskFormat.RAW),
        "qcow2 called raw": (disks.qcow2_with_backing(secret), DiskFormat.RAW),
        "qcow2 of 1 PiB": (disks.qcow2(virtual_size=disks.PIB), DiskFormat.QCOW2),
        "qcow2 with a huge L1": (disks.qcow2(l1_entries=0xFFFF_FFFF), DiskFormat.QCOW2),
        "a picture": (disks.jpeg(), DiskFormat.RAW),
        "qcow2 cut short": (disks.qcow2()[: 3 << 16], DiskFormat.QCOW2),
    }


class DiskToolsContract:
    @pytest.fixture
    def secret(self, tmp_path: Path) -> Path:
        path = tmp_path / "secret"
        path.write_bytes(SECRET)
        return path

    @pytest.mark.parametrize(("target_format", "sub_format"), TARGETS)
    def test_there_and_back_is_the_same_disk(
        self, tools: DiskTools, tmp_path: Path, target_format: DiskFormat, sub_format: str
    ) -> None:
        source, other, back = a_disk(tmp_path), tmp_path / "other", tmp_path / "back"
        tools.convert(source, DiskFormat.RAW, other, target_format, sub_format=sub_format)
        facts = tools.info(other, target_format)
        assert (facts.format, facts.virtual_size) == (target_format, 40 * MIB)
        assert facts.file_size == other.stat().st_size
        if sub_format:
            assert facts.sub_format == sub_format
        tools.convert(other, target_format, back, DiskFormat.RAW)
        assert back.read_bytes() == source.read_bytes()
        assert back.stat().st_blocks * 512 <= 5 * MIB, "holes stay holes"

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_a_name_is_only_a_name(self, tools: DiskTools, tmp_path: Path, name: str) -> None:
        source, target = a_disk(tmp_path, name), tmp_path / "out" / name
        target.parent.mkdir()
        assert tools.info(source, DiskFormat.RAW).virtual_size == 40 * MIB
        tools.convert(source, DiskFormat.RAW, target, DiskFormat.QCOW2)
        assert list(target.parent.iterdir()) == [target]
        assert tools.info(target, DiskFormat.QCOW2).virtual_size == 40 * MIB

    def test_a_relative_path_will_do(self, tools: DiskTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        a_disk(tmp_path, "disk.raw")
        monkeypatch.chdir(tmp_path)
        tools.convert(Path("disk.raw"), DiskFormat.RAW, Path("disk.qcow2"), DiskFormat.QCOW2)
        assert tools.info(Path("disk.qcow2"), DiskFormat.QCOW2).virtual_size == 40 * MIB

    @pytest.mark.parametrize("name", hostile(Path("secret")))
    def test_a_hostile_disk_is_refused_and_reads_nothing(
        self, tools: DiskTools, tmp_path: Path, secret: Path, name: str
    ) -> None:
        data, disk_format = hostile(secret)[name]
        source, target = tmp_path / "web.img", tmp_path / "out"
        source.write_bytes(data)
        with pytest.raises(BadDisk, match=r"web\.img: expected"):
            tools.info(source, disk_format)
        with pytest.raises(BadDisk) as refused:
            tools.convert(source, disk_format, target, DiskFormat.RAW)
        assert "root:x" not in str(refused.value)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["secret", "web.img"]

    @pytest.mark.parametrize("target_format", [DiskFormat.QCOW2, DiskFormat.VMDK, DiskFormat.VHDX, DiskFormat.VDI])
    def test_a_sound_disk_is_found_sound(self, tools: DiskTools, tmp_path: Path, target_format: DiskFormat) -> None:
        other = tmp_path / "other"
        tools.convert(a_disk(tmp_path), DiskFormat.RAW, other, target_format)
        before = other.read_bytes()
        assert tools.check(other, target_format) == DiskHealth(looked_through=True)
        assert other.read_bytes() == before

    def test_a_disk_without_tables_is_not_looked_through(self, tools: DiskTools, tmp_path: Path) -> None:
        source, other = a_disk(tmp_path), tmp_path / "other"
        tools.convert(source, DiskFormat.RAW, other, DiskFormat.VHD)
        assert tools.check(source, DiskFormat.RAW) == DiskHealth(looked_through=False)
        assert tools.check(other, DiskFormat.VHD) == DiskHealth(looked_through=False)

    def test_errors_and_leaks_in_tables_are_counted(self, tools: DiskTools, tmp_path: Path) -> None:
        other = tmp_path / "other"
        tools.convert(a_disk(tmp_path), DiskFormat.RAW, other, DiskFormat.QCOW2)
        data = bytearray(other.read_bytes())
        table = int.from_bytes(data[48:56], "big")
        counts = int.from_bytes(data[table : table + 8], "big")
        last = len(data) // (1 << 16)  # the number of the cluster that is added below
        data[counts + 2 * last : counts + 2 * last + 2] = b"\x00\x01"
        other.write_bytes(data + bytes(1 << 16))
        assert tools.check(other, DiskFormat.QCOW2) == DiskHealth(looked_through=True, leaks=1)
        data[counts + 2 : counts + 8] = bytes(6)
        other.write_bytes(data + bytes(1 << 16))
        assert tools.check(other, DiskFormat.QCOW2).corruptions >= 3

    @pytest.mark.parametrize("name", hostile(Path("secret")))
    def test_a_hostile_disk_is_not_looked_through(
        self, tools: DiskTools, tmp_path: Path, secret: Path, name: str
    ) -> None:
        data, disk_format = hostile(secret)[name]
        source = tmp_path / "web.img"
        source.write_bytes(data)
        with pytest.raises(BadDisk) as refused:
            tools.check(source, disk_format)
        assert "root:x" not in str(refused.value)

    def test_progress_goes_up_to_the_end_in_bytes_of_the_disk(self, tools: DiskTools, tmp_path: Path) -> None:
        calls: list[tuple[int, int | None]] = []
        tools.convert(
            a_disk(tmp_path),
            DiskFormat.RAW,
            tmp_path / "out",
            DiskFormat.VMDK,
            progress=lambda done, total: calls.append((done, total)),
        )
        assert calls == sorted(calls)
        assert len(calls) > 2
        assert calls[-1] == (40 * MIB, 40 * MIB)

    def test_raising_in_progress_stops_the_work(self, tools: DiskTools, tmp_path: Path) -> None:
        def stop(done: int, total: int | None) -> None:
            raise Cancelled("the import")

        source = a_disk(tmp_path)
        with pytest.raises(Cancelled):
            tools.convert(source, DiskFormat.RAW, tmp_path / "out", DiskFormat.VMDK, progress=stop)
        assert list(tmp_path.iterdir()) == [source]

    def test_what_was_there_is_replaced(self, tools: DiskTools, tmp_path: Path) -> None:
        target = tmp_path / "out"
        target.write_bytes(b"old" * 10_000_000)
        tools.convert(a_disk(tmp_path), DiskFormat.RAW, target, DiskFormat.QCOW2)
        assert tools.info(target, DiskFormat.QCOW2).virtual_size == 40 * MIB
        assert target.stat().st_size < 5 * MIB

    @pytest.mark.parametrize("target_format", [DiskFormat.RAW, DiskFormat.QCOW2])
    def test_the_target_has_a_largest_size(self, tools: DiskTools, tmp_path: Path, target_format: DiskFormat) -> None:
        source, target = a_disk(tmp_path), tmp_path / "out"
        target.write_bytes(b"old")
        with pytest.raises(BadDisk) as refused:
            tools.convert(source, DiskFormat.RAW, target, target_format, max_bytes=MIB)
        assert refused.value.reason == "too-large"
        assert list(tmp_path.iterdir()) == [source], "on failure nothing is left, not even what was there"

    def test_a_disk_is_not_converted_onto_itself(self, tools: DiskTools, tmp_path: Path) -> None:
        source = a_disk(tmp_path)
        (tmp_path / "link").symlink_to(source)
        for target in (source, tmp_path / "link"):
            with pytest.raises(BadInput):
                tools.convert(source, DiskFormat.RAW, target, DiskFormat.QCOW2)
        assert source.stat().st_size == 40 * MIB

    def test_what_is_no_file_is_bad_input(self, tools: DiskTools, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        for path in (tmp_path, tmp_path / "pipe", tmp_path / "missing"):
            with pytest.raises(BadInput):
                tools.info(path, DiskFormat.RAW)

    def test_a_format_that_cannot_be_written_is_bad_input(self, tools: DiskTools, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="target format"):
            tools.convert(a_disk(tmp_path), DiskFormat.RAW, tmp_path / "out", DiskFormat.AKI)
        with pytest.raises(BadInput, match="target format"):
            tools.convert(
                a_disk(tmp_path), DiskFormat.RAW, tmp_path / "out", DiskFormat.VMDK, sub_format="monolithicFlat"
            )

    def test_time_and_memory_have_an_end(self, make_tools: MakeTools, tmp_path: Path) -> None:
        source = a_disk(tmp_path, size=4 << 30)
        with pytest.raises(TimedOut):
            make_tools(ToolLimits(wall_s=0.001)).convert(source, DiskFormat.RAW, tmp_path / "out", DiskFormat.VMDK)
        with pytest.raises(BadDisk) as refused:
            make_tools(ToolLimits(memory_bytes=24 * MIB)).convert(
                source, DiskFormat.RAW, tmp_path / "out", DiskFormat.QCOW2
            )
        assert refused.value.reason == "resources"
        assert list(tmp_path.iterdir()) == [source]

    @pytest.mark.parametrize(("source_format", "sub_format"), TARGETS)
    def test_bytes_from_elsewhere_are_the_same_disk(
        self, tools: DiskTools, tmp_path: Path, source_format: DiskFormat, sub_format: str
    ) -> None:
        source, file = a_disk(tmp_path), tmp_path / "other"
        tools.convert(source, DiskFormat.RAW, file, source_format, sub_format=sub_format)
        other = Bytes(file.read_bytes())
        assert tools.info(other, source_format, name="web").virtual_size == 40 * MIB
        tools.convert(other, source_format, tmp_path / "back", DiskFormat.RAW)
        assert (tmp_path / "back").read_bytes() == source.read_bytes()
        assert raw_of(tools, other, source_format) == source.read_bytes()

    def test_a_disk_handed_over_comes_in_order_and_without_its_holes(self, tools: DiskTools, tmp_path: Path) -> None:
        file = tmp_path / "other"
        tools.convert(a_disk(tmp_path), DiskFormat.RAW, file, DiskFormat.QCOW2)
        spans: list[tuple[int, int]] = []
        sink = lambda offset, data: spans.append((offset, offset + len(data)))  # noqa: E731
        assert tools.to_raw(Bytes(file.read_bytes()), DiskFormat.QCOW2, sink, name="web") == 40 * MIB
        assert spans == sorted(spans)
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))
        assert sum(end - start for start, end in spans) <= 5 * MIB

    @pytest.mark.parametrize("name", hostile(Path("secret")))
    def test_hostile_bytes_from_elsewhere_are_refused_and_read_nothing(
        self, tools: DiskTools, secret: Path, name: str
    ) -> None:
        data, disk_format = hostile(secret)[name]
        with pytest.raises(BadDisk, match=r"web\.img: expected"):
            tools.info(Bytes(data), disk_format, name="web.img")
        with pytest.raises(BadDisk) as refused:
            raw_of(tools, Bytes(data), disk_format)
        assert "root:x" not in str(refused.value)

    def test_what_reading_raises_comes_out_as_it_is(self, tools: DiskTools, tmp_path: Path) -> None:
        tools.convert(a_disk(tmp_path), DiskFormat.RAW, tmp_path / "other", DiskFormat.QCOW2)
        data = (tmp_path / "other").read_bytes()
        with pytest.raises(Damaged, match="block 7"):
            raw_of(tools, Holey(data), DiskFormat.QCOW2)

    def test_what_the_taker_raises_ends_the_work(self, tools: DiskTools, tmp_path: Path) -> None:
        tools.convert(a_disk(tmp_path), DiskFormat.RAW, tmp_path / "other", DiskFormat.QCOW2)

        def sink(_: int, __: memoryview) -> None:
            raise NoRoom("the block store", reason="full")

        with pytest.raises(NoRoom, match="full"):
            tools.to_raw(Bytes((tmp_path / "other").read_bytes()), DiskFormat.QCOW2, sink, name="web")


class Holey(Bytes):
    """A disk of which all but the headers is lost."""

    def read(self, offset: int, length: int) -> bytes:
        if offset >= MIB:
            raise Damaged("block", "7", "it is missing")
        return super().read(offset, length)


def raw_of(tools: DiskTools, source: Bytes, source_format: DiskFormat) -> bytes:
    disk = bytearray(40 * MIB)

    def sink(offset: int, data: memoryview) -> None:
        disk[offset : offset + len(data)] = data

    size = tools.to_raw(source, source_format, sink, name="web.img")
    return bytes(disk[:size])
