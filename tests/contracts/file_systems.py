"""What every reader of file systems promises (see ports/file_systems.py)."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from imageferry.domain.errors import Cancelled, Damaged
from imageferry.formats.source import Bytes
from imageferry.ports.file_systems import UNKNOWN, Event, File, FileSystems, ReadingLimits, Volume, VolumeEnd
from tests import file_systems as made
from tests.file_systems import MIB

FILES = {
    "hello": b"hello\n",
    "large": random.Random(1).randbytes(3 * MIB + 17),
    "holes": b"a" + bytes(3 * MIB) + b"b",
    "empty": b"",
}
BELOW = {"etc/passwd": b"root", "a/b/c/d/e/f": b"deep"}


@dataclass
class Told:
    """What was told of one volume."""

    kind: str
    offset: int
    size: int
    files: dict[str, bytes] = field(default_factory=dict)
    times: int = 0  # files that were told
    whole: bool | None = None
    why: str = ""


def told(events: Iterable[Event]) -> list[Told]:
    found: list[Told] = []
    for event in events:
        match event:
            case Volume():
                assert not found or found[-1].whole is not None
                found.append(Told(event.kind, event.offset, event.size))
            case File():
                path = event.path
                found[-1].files[path] = b""
                found[-1].times += 1
            case VolumeEnd():
                found[-1].whole, found[-1].why = event.whole, event.why
            case bytes():
                found[-1].files[path] += event
            case int():
                found[-1].files[path] += bytes(event)
    assert all(volume.whole is not None for volume in found)
    return found


def read(
    reader: FileSystems, disk: bytes | Path, limits: ReadingLimits | None = None, watch: object = lambda: None
) -> list[Told]:
    data = disk if isinstance(disk, bytes) else disk.read_bytes()
    return told(reader.read(Bytes(data), limits=limits or ReadingLimits(), watch=watch))  # type: ignore[arg-type]


def whole(volumes: list[Told]) -> bool:
    """Nothing is left to look at otherwise."""
    return bool(volumes) and all(volume.whole for volume in volumes)


class FileSystemsContract:
    @pytest.mark.parametrize("kind", made.MAKERS)
    def test_every_file_is_told_with_all_its_bytes(self, reader: FileSystems, tmp_path: Path, kind: str) -> None:
        files = FILES if kind == "ntfs" else FILES | BELOW
        (volume,) = read(reader, made.MAKERS[kind](tmp_path, files))
        assert (volume.kind, volume.offset, volume.whole, volume.why) == (kind, 0, True, "")
        by_name = {path.lower().lstrip("/"): content for path, content in volume.files.items()}
        assert {name: by_name[name] for name in files} == files

    def test_what_stands_beside_the_content_of_a_file_is_told_too(self, reader: FileSystems, tmp_path: Path) -> None:
        disk = made.ntfs(tmp_path, {"page": b"1"})
        (tmp_path / "more").write_bytes(b"2" * 5000)
        made.run("ntfscp", "-f", "-N", "hidden", disk, tmp_path / "more", "page")
        (volume,) = read(reader, disk)
        assert (volume.files["/page"], volume.files["/page:hidden"]) == (b"1", b"2" * 5000)

    @pytest.mark.parametrize("label", ["gpt", "dos"])
    def test_partitions_are_volumes_and_what_cannot_be_read_is_told(
        self, reader: FileSystems, tmp_path: Path, label: str
    ) -> None:
        first = made.ext4(tmp_path, {"first": b"1"}).read_bytes()
        last = made.fat(tmp_path, {"LAST": b"2"}).read_bytes()
        disk = made.partitioned(tmp_path / "disk", [first, random.Random(2).randbytes(MIB), last], label=label)
        volumes = read(reader, disk)
        assert [(volume.kind, volume.offset, volume.whole) for volume in volumes] == [
            ("ext4", MIB, True),
            (UNKNOWN, 17 * MIB, False),
            ("fat16", 18 * MIB, True),
        ]
        assert volumes[0].files["/first"] == b"1"
        assert volumes[1].size == MIB
        assert volumes[2].files["/LAST"] == b"2"

    def test_a_file_of_two_names_is_told_once_and_links_are_not_followed(
        self, reader: FileSystems, tmp_path: Path
    ) -> None:
        root = made.tree(tmp_path, {"one": b"content"})
        (root / "two").hardlink_to(root / "one")
        (root / "link").symlink_to("/etc/passwd")
        (root / "round").symlink_to(".")
        (volume,) = read(reader, made.ext_of(root, tmp_path / "disk"))
        assert sorted(volume.files.values()) == [b"content"]

    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            (b"new\nline", "/new\\nline"),
            (b"\x1b[31mred", "/\\x1b[31mred"),
            (b"\xff\xfe", "/\\xff\\xfe"),
            ("\u202egpj".encode(), "/\\u202egpj"),
            ("\N{ROCKET}".encode(), "/\N{ROCKET}"),
            (b"..\\..\\x", "/..\\..\\x"),
        ],
    )
    def test_odd_names_are_only_names(self, reader: FileSystems, tmp_path: Path, name: bytes, shown: str) -> None:
        root = made.tree(tmp_path, {})
        (root / os.fsdecode(name)).write_bytes(b"x")
        (volume,) = read(reader, made.ext_of(root, tmp_path / "disk"))
        assert volume.files == {shown: b"x"}

    def test_names_that_climb_or_end_early_are_only_names(self, reader: FileSystems, tmp_path: Path) -> None:
        image = made.ext4(tmp_path, {"abcdefgh": b"1", "ijklmnop": b"2"}).read_bytes()
        image = image.replace(b"abcdefgh", b"../../et").replace(b"ijklmnop", b"ij\0lmnop")
        (volume,) = read(reader, image)
        assert {b"1", b"2"} <= set(volume.files.values()) or not volume.whole

    def test_what_was_deleted_is_not_told(self, reader: FileSystems, tmp_path: Path) -> None:
        made.needs("debugfs")
        disk = made.ext4(tmp_path, {"kept": b"1", "gone": b"2"})
        made.run("debugfs", "-w", "-R", "rm gone", disk)
        (volume,) = read(reader, disk)
        assert list(volume.files) == ["/kept"]

    @pytest.mark.parametrize("disk", [b"\0", b"x" * 511, bytes(MIB), random.Random(3).randbytes(4 * MIB)])
    def test_what_is_no_file_system_is_not_called_seen(self, reader: FileSystems, disk: bytes) -> None:
        (volume,) = read(reader, disk)
        assert (volume.kind, volume.size, volume.whole) == (UNKNOWN, len(disk), False)

    @pytest.mark.parametrize(
        ("at", "mark"), [(0, b"XFSB"), (0, b"LUKS\xba\xbe"), (65_600, b"_BHRfS_M"), (1024, b"\x10\x20\xf5\xf2")]
    )
    def test_a_disk_that_a_guest_may_take_for_another_is_not_called_seen(
        self, reader: FileSystems, tmp_path: Path, at: int, mark: bytes
    ) -> None:
        image = bytearray(made.ext4(tmp_path, {"harmless": b"1"}).read_bytes())
        image[at : at + len(mark)] = mark
        assert not whole(read(reader, bytes(image)))

    @pytest.mark.parametrize("feature", ["needs_recovery", "inline_data", "journal_dev"])
    def test_an_ext_of_which_a_guest_may_see_more_is_not_called_seen(
        self, reader: FileSystems, tmp_path: Path, feature: str
    ) -> None:
        bits = {"needs_recovery": 0x4, "inline_data": 0x8000, "journal_dev": 0x8}
        image = bytearray(made.ext4(tmp_path, {"harmless": b"1"}).read_bytes())
        image[1120:1124] = (int.from_bytes(image[1120:1124], "little") | bits[feature]).to_bytes(4, "little")
        assert not whole(read(reader, bytes(image)))

    def test_directories_in_a_circle_come_to_an_end(self, reader: FileSystems, tmp_path: Path) -> None:
        made.needs("debugfs")
        disk = made.ext4(tmp_path, {"a/b/c/file": b"1"})
        made.run("debugfs", "-w", "-R", "link a a/b/c/again", disk)
        made.run("debugfs", "-w", "-R", "link / a/b/root", disk)
        (volume,) = read(reader, disk)
        assert volume.times == len(volume.files) == 1

    def test_a_file_that_promises_more_than_the_disk_holds_is_left_out_and_said(
        self, reader: FileSystems, tmp_path: Path
    ) -> None:
        made.needs("debugfs")
        disk = made.ext4(tmp_path, {"huge": b"x", "small": b"y"})
        made.run("debugfs", "-w", "-R", f"sif huge size {1 << 50}", disk)
        before = time.monotonic()
        (volume,) = read(reader, disk, ReadingLimits(content_bytes=MIB))
        assert time.monotonic() - before < 20
        assert volume.files["/small"] == b"y"
        assert not volume.whole
        assert "more bytes" in volume.why

    @pytest.mark.parametrize(
        "limits", [ReadingLimits(files=20), ReadingLimits(depth=1), ReadingLimits(content_bytes=0, content_times=0.0)]
    )
    def test_what_is_over_a_limit_is_not_called_seen(
        self, reader: FileSystems, tmp_path: Path, limits: ReadingLimits
    ) -> None:
        files = {f"d{number % 5}/{number}/x": b"content" for number in range(40)}
        (volume,) = read(reader, made.ext4(tmp_path, files), limits)
        assert not volume.whole
        assert volume.why
        assert volume.times < 40

    def test_thousands_of_partitions_come_to_an_end(self, reader: FileSystems) -> None:
        volumes = read(reader, many_partitions(8 * MIB), ReadingLimits(volumes=16))
        assert len(volumes) == 17
        assert not whole(volumes)
        assert (volumes[-1].offset, volumes[-1].size) == (0, 8 * MIB), "all of it is to be looked at"

    def test_no_time_is_no_crash(self, reader: FileSystems, tmp_path: Path) -> None:
        disk = made.ext4(tmp_path, {str(number): random.Random(number).randbytes(100_000) for number in range(100)})
        volumes = read(reader, disk, ReadingLimits(wall_s=0.5), watch=lambda: time.sleep(0.6))
        assert not whole(volumes)

    @pytest.mark.parametrize("kind", made.MAKERS)
    def test_a_disk_cut_short_gives_what_there_is_or_is_not_called_seen(
        self, reader: FileSystems, tmp_path: Path, kind: str
    ) -> None:
        content = random.Random(4).randbytes(3 * MIB)
        image = made.MAKERS[kind](tmp_path, {"large": content}).read_bytes()
        for part in (3, 50):
            volumes = read(reader, image[: len(image) * part // 100])
            assert not whole(volumes) or content in [file for volume in volumes for file in volume.files.values()]

    @pytest.mark.parametrize("kind", made.MAKERS)
    def test_whatever_the_bytes_are_it_ends_and_says_so(self, reader: FileSystems, tmp_path: Path, kind: str) -> None:
        image = made.MAKERS[kind](tmp_path, FILES).read_bytes()
        draw = random.Random(5)
        used = [at for at in range(0, len(image), 512) if any(image[at : at + 512])]
        for _ in range(int(os.environ.get("IMAGEFERRY_FUZZ", "3"))):
            harmed = bytearray(image)
            for _ in range(draw.randrange(1, 200)):
                at = draw.choice(used[: draw.choice([8, 64, len(used)])]) + draw.randrange(512)
                harmed[at] = draw.choice([0, 0xFF, draw.randrange(256)])
            read(reader, bytes(harmed), ReadingLimits(wall_s=30, content_bytes=64 * MIB))

    def test_raising_in_watch_ends_the_reading(self, reader: FileSystems, tmp_path: Path) -> None:
        def stop() -> None:
            raise Cancelled("the import")

        with pytest.raises(Cancelled):
            read(reader, made.ext4(tmp_path, FILES), watch=stop)

    def test_trouble_with_the_disk_itself_comes_out(self, reader: FileSystems) -> None:
        class Broken(Bytes):
            def read(self, offset: int, length: int) -> bytes:
                raise Damaged("block", "b1")

        with pytest.raises(Damaged):
            told(reader.read(Broken(bytes(MIB)), limits=ReadingLimits(), watch=lambda: None))

    def test_nothing_goes_on_when_nobody_asks_for_more(self, reader: FileSystems, tmp_path: Path) -> None:
        events = reader.read(Bytes(made.ext4(tmp_path, FILES).read_bytes()), limits=ReadingLimits(), watch=lambda: None)
        before = children()  # services of other tests among them
        next(events)
        assert children() > before
        events.close()  # type: ignore[attr-defined]
        assert children() == before


def children() -> int:
    found = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(os.getpid())], capture_output=True, text=True)
    return sum(1 for line in found.stdout.splitlines() if line.split()[1] != "ps")


def many_partitions(size: int) -> bytes:
    """A GPT of 4,096 entries that all lead to the same place, with both headers' sums right."""
    import zlib

    count, entry_size = 4096, 128
    kind, first, last = b"\xaf\x3d\xc6\x0f\x83\x84\x72\x47\x8e\x79\x3d\x69\xd8\x47\x7d\xe4", 2048, size // 512 - 2048
    entries = b"".join(
        kind + number.to_bytes(16, "little") + struct.pack("<QQQ", first + number, last, 0) + bytes(72)
        for number in range(1, count + 1)
    )

    def header(own: int, other: int, table: int) -> bytes:
        fields = struct.pack(
            "<8sIIIIQQQQ16sQIII",
            b"EFI PART",
            0x10000,
            92,
            0,
            0,
            own,
            other,
            first,
            last,
            bytes(16),
            table,
            count,
            entry_size,
            zlib.crc32(entries),
        )
        return fields[:16] + struct.pack("<I", zlib.crc32(fields)) + fields[20:]

    disk = bytearray(size)
    disk[446:462] = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff\xff\xff", 1, size // 512 - 1)
    disk[510:512] = b"\x55\xaa"
    disk[512 : 512 + 92] = header(1, size // 512 - 1, 2)
    disk[1024 : 1024 + len(entries)] = entries
    disk[size - 512 : size - 512 + 92] = header(size // 512 - 1, 1, 2)
    return bytes(disk)
