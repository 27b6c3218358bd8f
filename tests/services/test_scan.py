"""Scanning imports: what is found ends them, what cannot be said ends them too, and no image appears."""

from __future__ import annotations

import gzip
import random
import subprocess
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from imageferry.db.records import SqlRecords
from imageferry.domain.access import Caller, ProjectId
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.errors import Infected, Unavailable
from imageferry.domain.image import DiskFormat
from imageferry.domain.moment import later
from imageferry.domain.task import Task, TaskKind, TaskStatus
from imageferry.formats.judge import Limits
from imageferry.ports.file_systems import DiskBytes, Event, ReadingLimits, Volume, VolumeEnd
from imageferry.ports.records import ImageQuery
from imageferry.ports.scanner import Match, Scanner
from imageferry.ports.tasks import Interrupted
from imageferry.service.blobs import Blobs
from imageferry.service.image_quotas import ImageQuotas
from imageferry.service.importing.fetching import Fetching
from imageferry.service.importing.imports import Imports
from imageferry.service.importing.request import ImportRequest
from imageferry.service.importing.samples import Samples
from imageferry.service.importing.scan import Scanning
from imageferry.service.importing.steps import ImportSteps
from imageferry.service.importing.unpack import Unpacker
from imageferry.service.objects import Objects, Traits
from imageferry.service.quarantine import Quarantine
from imageferry.service.tasks import TaskService
from imageferry.tools.file_systems import SleuthKit
from imageferry.tools.qemu_img import QemuImg
from imageferry.tools.scanners.clamscan import Clamscan
from imageferry.tools.scanners.yara import Yara
from tests.file_systems import EICAR, MIB, ext4, fat, iso, needs, partitioned
from tests.scanners import signatures, yara_rules
from tests.services.conftest import Clock
from tests.walking import Walker

P = ProjectId("p")
WEEK = 7 * 24 * 3600.0
FILES = {"etc/hostname": b"web\n", "usr/bin/tool": random.Random(1).randbytes(2 * MIB)}
BAD = FILES | {"var/mail/user": b"Dear all, " + EICAR}


@dataclass
class Searching:
    """A true scanner for the tests: it looks for a few bytes. Remembers what it was shown."""

    wanted: bytes = EICAR
    most_bytes: int = 256 << 20
    trouble: Exception | None = None
    shown: list[bytes] = field(default_factory=list)

    def scan(self, files: Sequence[Path], *, folder: Path, watch: Callable[[], None]) -> list[Match]:
        assert list(folder.iterdir()) == []
        watch()
        if self.trouble:
            raise self.trouble
        contents = [file.read_bytes() for file in files]
        self.shown += contents
        assert all(len(content) <= self.most_bytes for content in contents)
        return [Match(index=index, rule="Wanted") for index, content in enumerate(contents) if self.wanted in content]


class Telling:
    """A reader of file systems that tells what it is told to."""

    def __init__(self, *told: Event) -> None:
        self._told = told

    def read(self, disk: DiskBytes, *, limits: ReadingLimits, watch: Callable[[], None]) -> Generator[Event]:
        yield from self._told


@dataclass(kw_only=True)
class Yard:
    """Objects in, images or refusals out."""

    records: SqlRecords
    blobs: Blobs
    objects: Objects
    quotas: ImageQuotas
    fetching: Fetching
    clock: Clock
    folder: Path
    caller: Caller
    keep_s: float = WEEK
    task: Task | None = None

    def done(
        self,
        disk: bytes | Path,
        *scanners: Scanner,
        file_systems: Any = None,
        limits: ReadingLimits | None = None,
        **options: Any,
    ) -> Task:
        """The import of that disk at its end."""
        data = disk if isinstance(disk, bytes) else disk.read_bytes()
        with self.objects.upload(self.caller, P, "c", "disk", traits=Traits(metadata={}, headers={})) as upload:
            for start in range(0, len(data), BLOCK_SIZE):
                upload.write(data[start : start + BLOCK_SIZE])
            upload.commit()
        steps = ImportSteps(
            records=self.records,
            blobs=self.blobs,
            objects=self.objects,
            tools=QemuImg(),
            clock=self.clock,
            limits=Limits(),
            quotas=self.quotas,
            fetching=self.fetching,
            unpacker=Unpacker(records=self.records, blobs=self.blobs, judging=Limits()),
        )
        scanning = Scanning(
            records=self.records,
            blobs=self.blobs,
            tools=QemuImg(),
            file_systems=file_systems or SleuthKit(),
            scanners=scanners,
            clock=self.clock,
            keep_s=self.keep_s,
            most_bytes=1 << 40,
            limits=limits or ReadingLimits(),
        )
        tasks = TaskService(
            self.records, self.clock, self.folder / "work", {TaskKind.IMPORT: scanning.into(steps.plan())}
        )
        walker = Walker(tasks)
        tasks.attach(walker)
        imports = Imports(self.records, self.objects, tasks, self.quotas, self.fetching)
        request = ImportRequest(container="c", object="disk", name="an image", **options)
        task = imports.start(self.caller, "test", request)
        while walker.waiting:
            walker.walk()
        self.log = tasks.log(self.caller, task.id)
        assert not (self.folder / "work" / task.id).exists(), "nothing is left lying about"
        return tasks.show(self.caller, task.id)

    def refused(self, disk: bytes | Path, *scanners: Scanner, **options: Any) -> str:
        """The message of an import that a scanner objects to."""
        task = self.done(disk, *scanners, **options)
        assert (task.status, task.step, task.error_code) == (TaskStatus.FAILED, "scan", "infected"), task.message
        with self.records.reading() as session:
            assert session.images.page(ImageQuery(hidden=None)) == []
        self.task = task
        return task.message

    def passed(self, disk: bytes | Path, *scanners: Scanner, **options: Any) -> None:
        task = self.done(disk, *scanners, **options)
        assert task.status is TaskStatus.SUCCEEDED, task.message
        assert "scan" in [line.name for line in self.log]


@pytest.fixture
def yard(
    records: SqlRecords,
    blobs: Blobs,
    clock: Clock,
    member: Callable[[str], Caller],
    fetching: Fetching,
    tmp_path: Path,
) -> Yard:
    objects = Objects(records, blobs, clock)
    objects.create_container(member("p"), P, "c", {})
    return Yard(
        records=records,
        blobs=blobs,
        objects=objects,
        quotas=ImageQuotas(records, {}),
        fetching=fetching,
        clock=clock,
        folder=tmp_path,
        caller=member("p"),
    )


def as_format(disk: Path, disk_format: str) -> Path:
    target = disk.with_suffix(f".{disk_format}")
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", disk_format, disk, target], check=True)
    return target


def with_swap(path: Path, *, secret: bytes) -> Path:
    """A disk of three partitions, of which the middle one has no files but those bytes."""
    middle = bytearray(random.Random(2).randbytes(MIB))
    middle[70_000 : 70_000 + len(secret)] = secret
    first = ext4(path.parent, FILES).read_bytes()
    return partitioned(path, [first, bytes(middle), fat(path.parent, {"A": b"a"}).read_bytes()])


class TestWithRealScanners:
    @pytest.fixture(params=["clamscan", "yara"])
    def scanner(self, request: pytest.FixtureRequest, tmp_path: Path) -> Scanner:
        if request.param == "yara":
            return Yara(yara_rules(tmp_path / "rules"))
        needs("clamscan")
        return Clamscan(database=signatures(tmp_path / "signatures"))

    @pytest.mark.parametrize("disk_format", ["qcow2", "vmdk", "vdi"])
    def test_eicar_in_an_ext4_inside_a_disk_is_found_and_the_file_named(
        self, yard: Yard, tmp_path: Path, scanner: Scanner, disk_format: str
    ) -> None:
        message = yard.refused(as_format(ext4(tmp_path, BAD), disk_format), scanner)
        assert message.startswith("disk: expected a disk that no scanner objects to, found Ferry")
        assert "in the file /var/mail/user (ext4)" in message
        assert "ask the administrator" in message
        yard.passed(as_format(ext4(tmp_path, FILES), disk_format), scanner)


class TestWhereItIsFound:
    def test_in_a_partition(self, yard: Yard, tmp_path: Path) -> None:
        parts = [ext4(tmp_path, FILES).read_bytes(), fat(tmp_path, {"DIR/BAD.TXT": EICAR}).read_bytes()]
        disk = partitioned(tmp_path / "disk", parts)
        assert "the file /DIR/BAD.TXT (fat16)" in yard.refused(as_format(disk, "qcow2"), Searching())

    def test_in_a_partition_that_has_no_files(self, yard: Yard, tmp_path: Path) -> None:
        message = yard.refused(with_swap(tmp_path / "disk", secret=EICAR), Searching())
        assert f"in the bytes from {17 * MIB} on" in message
        yard.passed(with_swap(tmp_path / "disk", secret=b""), Searching())

    def test_between_partitions(self, yard: Yard, tmp_path: Path) -> None:
        disk = partitioned(tmp_path / "disk", [ext4(tmp_path, FILES).read_bytes()])
        content = bytearray(disk.read_bytes())
        content[512 * 100 : 512 * 100 + len(EICAR)] = EICAR
        assert "in the bytes from 0 on" in yard.refused(bytes(content), Searching())

    def test_on_a_cd(self, yard: Yard, tmp_path: Path) -> None:
        assert "/AUTORUN/BAD.EXE" in yard.refused(iso(tmp_path, {"AUTORUN/BAD.EXE": EICAR}), Searching()).upper()
        yard.passed(iso(tmp_path, FILES), Searching())

    def test_in_a_disk_without_a_file_system(self, yard: Yard) -> None:
        disk = bytearray(random.Random(3).randbytes(9 * MIB))
        disk[510:512] = b"\x55\xaa"
        place = BLOCK_SIZE - 30  # over the border of two blocks
        disk[place : place + len(EICAR)] = EICAR
        assert "in the bytes from 0 on" in yard.refused(bytes(disk), Searching())

    def test_in_a_packed_disk(self, yard: Yard, tmp_path: Path) -> None:
        packed = gzip.compress(ext4(tmp_path, BAD).read_bytes())
        assert "/var/mail/user" in yard.refused(packed, Searching(), unpack=True)

    def test_in_what_is_turned_into_another_format(self, yard: Yard, tmp_path: Path) -> None:
        disk = as_format(ext4(tmp_path, BAD), "qcow2")
        assert "/var/mail/user" in yard.refused(disk, Searching(), convert_to=DiskFormat.RAW)
        yard.passed(as_format(ext4(tmp_path, FILES), "qcow2"), Searching(), convert_to=DiskFormat.RAW)

    def test_by_the_second_of_two_scanners(self, yard: Yard, tmp_path: Path) -> None:
        assert "found Wanted" in yard.refused(ext4(tmp_path, BAD), Searching(wanted=b"no such bytes"), Searching())

    @pytest.mark.parametrize("harm", ["its magic number", "its root directory", "its inodes"])
    def test_in_a_file_system_that_is_broken(self, yard: Yard, tmp_path: Path, harm: str) -> None:
        needs("debugfs")
        disk = ext4(tmp_path, BAD)
        content = bytearray(disk.read_bytes())
        if harm == "its magic number":
            content[1024 + 56 : 1024 + 58] = b"\0\0"
        else:
            said = subprocess.run(["debugfs", "-R", "stats", disk], capture_output=True, text=True).stdout
            table = int(said.split("inode table at ")[1].split()[0]) * 1024
            first = 1 if harm == "its root directory" else 11
            content[table + first * 128 : table + 40 * 256] = random.Random(4).randbytes(40 * 256 - first * 128)
        assert EICAR in content
        yard.refused(partitioned(tmp_path / "disk", [bytes(content)]), Searching())

    def test_where_reading_goes_over_a_limit(self, yard: Yard, tmp_path: Path) -> None:
        for limits in (ReadingLimits(files=1), ReadingLimits(depth=0)):
            yard.refused(ext4(tmp_path, BAD), Searching(), limits=limits)

    def test_where_a_volume_was_seen_and_another_over_it_was_not(self, yard: Yard, tmp_path: Path) -> None:
        disk = ext4(tmp_path, BAD)
        all_of_it = Volume(kind="ext4", offset=0, size=disk.stat().st_size)
        part = Volume(kind="unknown", offset=0, size=disk.stat().st_size - MIB)
        seen = (all_of_it, VolumeEnd(whole=True))
        yard.refused(disk, Searching(), file_systems=Telling(*seen, part, VolumeEnd(whole=False)))
        yard.passed(disk, Searching(), file_systems=Telling(*seen))

    def test_on_the_border_of_two_pieces(self, yard: Yard, tmp_path: Path) -> None:
        content = bytearray(random.Random(5).randbytes(3 * MIB))
        content[MIB - 10 : MIB - 10 + len(EICAR)] = EICAR
        yard.refused(ext4(tmp_path, {"f": bytes(content)}), Searching(most_bytes=MIB))


class TestTheBytesOfIt:
    def test_are_kept_apart_with_who_when_and_why(self, yard: Yard, tmp_path: Path) -> None:
        disk = as_format(ext4(tmp_path, BAD), "qcow2")
        yard.refused(disk, Searching())
        quarantine = Quarantine(yard.records, yard.blobs, yard.clock)
        (item,) = quarantine.items()
        assert yard.task is not None
        assert (item.task_id, item.project_id, item.user_id) == (yard.task.id, P, yard.caller.user_id)
        assert (item.what, item.rule, item.place) == ("disk", "Wanted", "the file /var/mail/user (ext4)")
        assert item.expires_at == later(item.created_at, seconds=WEEK)
        quarantine.save(item.task_id, tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == disk.read_bytes()

    def test_are_not_kept_where_nobody_wants_them(self, yard: Yard, tmp_path: Path) -> None:
        yard.keep_s = 0.0
        yard.refused(ext4(tmp_path, BAD), Searching())
        assert list(Quarantine(yard.records, yard.blobs, yard.clock).items()) == []


class TestACutOff:
    def test_in_the_middle_is_done_again(self, yard: Yard, tmp_path: Path) -> None:
        class Once(Searching):
            def scan(self, files: Sequence[Path], *, folder: Path, watch: Callable[[], None]) -> list[Match]:
                found = super().scan(files, folder=folder, watch=watch)
                if len(self.shown) == len(files):
                    raise Interrupted
                return found

        yard.passed(as_format(ext4(tmp_path, FILES), "qcow2"), Once())
        assert [line.outcome for line in yard.log if line.name == "scan"] == ["interrupted", "done"]


class TestWhatCannotBeSaid:
    @pytest.mark.parametrize(
        "trouble", [Unavailable("the scanner", reason="it is not there"), RuntimeError("unheard-of")]
    )
    def test_ends_the_import(self, yard: Yard, tmp_path: Path, trouble: Exception) -> None:
        task = yard.done(ext4(tmp_path, FILES), Searching(trouble=trouble))
        assert (task.status, task.step) == (TaskStatus.FAILED, "scan")
        with yard.records.reading() as session:
            assert session.images.page(ImageQuery(hidden=None)) == []

    def test_a_reader_that_is_missing_ends_it_too(self, yard: Yard, tmp_path: Path) -> None:
        task = yard.done(ext4(tmp_path, FILES), Searching(), file_systems=SleuthKit(program="no_such_module"))
        assert (task.status, task.step, task.error_code) == (TaskStatus.FAILED, "scan", "unavailable")

    def test_is_nothing_where_no_scanner_is_configured(self, yard: Yard, tmp_path: Path) -> None:
        task = yard.done(ext4(tmp_path, BAD))
        assert task.status is TaskStatus.SUCCEEDED
        assert "scan" not in [line.name for line in yard.log]


class TestSamples:
    def shown(self, tmp_path: Path, pieces: Sequence[bytes | int], most: int) -> list[bytes]:
        scanner = Searching(wanted=b"no such bytes", most_bytes=most)
        samples = Samples("disk", tmp_path, [scanner], lambda: None)
        samples.begin("a file")
        for piece in pieces:
            samples.zeros(piece) if isinstance(piece, int) else samples.add(piece)
        samples.finish()
        samples.close()
        assert list(tmp_path.iterdir()) == []
        return scanner.shown

    def test_pieces_overlap_and_miss_nothing(self, tmp_path: Path) -> None:
        content = random.Random(6).randbytes(5000)
        shown = self.shown(tmp_path, [content[:100], content[100:3000], content[3000:]], 800)
        assert shown[0] == content[:800]
        assert all(after[:100] == before[-100:] for before, after in pairwise(shown))
        assert shown[0] + b"".join(piece[100:] for piece in shown[1:]) == content

    def test_zeros_inside_a_file_are_shown_long_ones_part_it(self, tmp_path: Path) -> None:
        assert self.shown(tmp_path, [b"a", MIB, b"b", 5], 64 * MIB) == [b"a" + bytes(MIB) + b"b"]
        assert self.shown(tmp_path, [b"a", 1 << 60, b"b"], 64 * MIB) == [b"a", b"b"]

    def test_what_a_try_before_has_left_is_not_shown(self, tmp_path: Path) -> None:
        for name in ("files", "scanner"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "0").write_bytes(b"old")
        assert self.shown(tmp_path, [b"new"], MIB) == [b"new"]

    def test_many_files_go_in_batches_and_none_is_lost(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("imageferry.service.importing.samples._BATCH_FILES", 7)
        scanner = Searching(wanted=b"33")
        samples = Samples("disk", tmp_path, [scanner], lambda: None)
        with pytest.raises(Infected, match="found Wanted in file 33"):
            for number in range(50):
                samples.begin(f"file {number}")
                samples.add(b"%d" % number)
        assert len(scanner.shown) == 35
        samples.close()
