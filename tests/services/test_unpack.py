"""What comes packed: unpacked block by block, within limits, whatever is in it."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
import io
import lzma
import random
import tarfile
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from imageferry.db.records import SqlRecords
from imageferry.domain.access import ProjectId, UserId
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.digest import Algorithm
from imageferry.domain.errors import BadDisk, Cancelled, DigestMismatch, FerryError, OverLimit, TooLarge
from imageferry.domain.image import DiskFormat
from imageferry.domain.task import Progress, Task, TaskId, TaskKind
from imageferry.formats.judge import Limits
from imageferry.service.blobs import Blobs, Section, whole
from imageferry.service.importing.unpack import Asked, Unpacker, UnpackLimits
from imageferry.service.plans import StepContext
from imageferry.stores.memory import MemoryBlocks
from tests.disks import gpt_disk, jpeg, mbr_disk, put, qcow2, tar_archive, vmdk_stream
from tests.rules.test_compressed import zstd_bomb
from tests.rules.test_zip import archive as zipped
from tests.services.conftest import Clock

MIB = 1 << 20
RAW = mbr_disk(MIB) + random.Random(2).randbytes(3 * MIB + 512) + bytes(6 * MIB)
VMDK = vmdk_stream()
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lambda data: lzma.compress(data, preset=0),
    "zstd": zstd.compress,
    "zip": lambda data: zipped(("disk.raw", data)),
    "zip, stored": lambda data: zipped(("folder/", b""), ("folder/disk.raw", data), method=zipfile.ZIP_STORED),
}


@dataclass(kw_only=True)
class Bench:
    records: SqlRecords
    store: MemoryBlocks
    blobs: Blobs
    clock: Clock
    work: Path
    task: Task

    def kept(self, data: bytes) -> Section:
        writer = self.blobs.writer(())
        for start in range(0, len(data), BLOCK_SIZE):
            writer.write(data[start : start + BLOCK_SIZE])
        return whole(self.blobs.keep(writer.finish()))

    def context(self, note: Callable[[Progress], bool] = lambda _: False) -> StepContext:
        return StepContext(
            task=self.task, state={}, work=self.work, deadline=time.monotonic() + 600, note=note,
            stopping=lambda: False, may_be_seen=False,
        )  # fmt: skip

    def unpack(self, data: bytes, *, context: StepContext | None = None, limits: Any = None, **asked: Any) -> bytes:
        return self.read(self.sections(data, context=context, limits=limits, **asked))

    def sections(
        self, data: bytes, *, context: StepContext | None = None, limits: UnpackLimits | None = None, **asked: Any
    ) -> tuple[Section, ...]:
        unpacker = Unpacker(
            records=self.records, blobs=self.blobs, judging=Limits(), limits=limits or UnpackLimits(members=20)
        )
        return unpacker.unpack(context or self.context(), [self.kept(data)], Asked(what="disk.x", **asked))

    def read(self, sections: tuple[Section, ...]) -> bytes:
        return b"".join(self.blobs.read(sections))


@pytest.fixture
def bench(records: SqlRecords, store: MemoryBlocks, blobs: Blobs, clock: Clock, tmp_path: Path) -> Bench:
    now = clock()
    task = Task(
        id=TaskId("t"), kind=TaskKind.IMPORT, source="test", project_id=ProjectId("p"), user_id=UserId("u"),
        input={}, step_count=1, created_at=now, updated_at=now,
    )  # fmt: skip
    with records.writing() as session:
        session.tasks.add(task)
    return Bench(records=records, store=store, blobs=blobs, clock=clock, work=tmp_path, task=task)


def ova(
    *files: tuple[str, bytes], disks: tuple[str, ...] = (), more: str = "", form: int = tarfile.USTAR_FORMAT
) -> bytes:
    """An appliance whose description names ``disks``, by default all files."""
    names = disks or tuple(name for name, _ in files)
    refs = "".join(f'<File ovf:id="f{at}" ovf:href="{name}"/>' for at, name in enumerate(names))
    said = "".join(f'<Disk ovf:diskId="d{at}" ovf:fileRef="f{at}" {more}/>' for at, _ in enumerate(names))
    text = (
        '<?xml version="1.0"?><Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" '
        'xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1">'
        f'<References>{refs}</References><DiskSection>{said}<Disk ovf:diskId="empty"/></DiskSection></Envelope>'
    )
    return tarred(("web.ovf", text.encode()), *files, form=form)


def tarred(*files: tuple[str, bytes], form: int = tarfile.USTAR_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            if form == tarfile.PAX_FORMAT:
                entry.pax_headers = {"comment": "a longer header"}
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("pack", PACKERS.values(), ids=list(PACKERS))
def test_whatever_it_is_packed_in_the_disk_comes_out(bench: Bench, pack: Callable[[bytes], bytes]) -> None:
    assert bench.unpack(pack(RAW)) == RAW


@pytest.mark.parametrize("disk", [RAW, VMDK, qcow2(), jpeg(), b"", gpt_disk() + bytes(700)])
def test_what_is_not_packed_stays_where_it_is(bench: Bench, disk: bytes) -> None:
    (section,) = bench.sections(disk)
    assert section == whole(section.blob)
    assert bench.read((section,)) == disk


def test_zeros_become_holes_and_a_stored_file_is_copied_by_nobody(bench: Bench) -> None:
    disk = mbr_disk(MIB) + bytes(40 * MIB)
    bench.unpack(gzip.compress(disk, 1))
    assert len(list(bench.store.stored())) == 2  # the packed bytes, and the disk's first block
    packed = zipped(("disk.raw", RAW), method=zipfile.ZIP_STORED)
    sections = bench.sections(packed)
    before = len(list(bench.store.stored()))
    assert bench.read(sections) == RAW
    assert len(list(bench.store.stored())) == before
    assert sections[0].start > 0


@pytest.mark.parametrize("kind", ["gzip", "xz", "bzip2", "zstd"])
def test_several_streams_in_a_row_are_one_file(bench: Bench, kind: str) -> None:
    pack = PACKERS[kind]
    assert bench.unpack(pack(RAW[:100_000]) + pack(RAW[100_000:])) == RAW


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_the_disk_of_an_appliance_is_the_one_that_its_description_names(bench: Bench, form: int) -> None:
    data = ova(("other.iso", b"x" * 700), ("disk.vmdk", VMDK), ("web.nvram", b"n"), disks=("disk.vmdk",), form=form)
    assert bench.unpack(data) == VMDK


def test_one_layer_more_is_taken_off_in_either_order_and_no_third(bench: Bench) -> None:
    appliance = ova(("disk.vmdk", VMDK))
    assert bench.unpack(gzip.compress(appliance)) == VMDK
    assert bench.unpack(ova(("disk.vmdk.gz", gzip.compress(VMDK)))) == VMDK
    assert bench.unpack(zipped(("disk.raw.xz", PACKERS["xz"](RAW)), ("README", b"words"))) == RAW
    for data, words in (
        (gzip.compress(gzip.compress(RAW)), "a gzip archive in a gzip archive"),
        (zipped(("web.ova", appliance)), "an OVA appliance in a ZIP archive"),
        (ova(("disk.vmdk", zipped(("disk.vmdk", VMDK)))), "a ZIP archive in an OVA appliance"),
        (gzip.compress(ova(("disk.vmdk", gzip.compress(VMDK)))), "a gzip archive in an OVA appliance in a gzip"),
        (zipped(("a.gz", gzip.compress(PACKERS["xz"](RAW)))), "an xz archive in a gzip archive in a ZIP"),
    ):
        with pytest.raises(BadDisk, match=words) as refused:
            bench.unpack(data)
        assert refused.value.reason == "nested"


def test_of_several_files_the_one_that_is_a_disk_is_taken_and_of_several_disks_the_chosen_one(bench: Bench) -> None:
    assert bench.unpack(zipped(("LICENSE", b"words"), ("__MACOSX/._d", b"\0\5\x16\7"), ("d.raw", RAW))) == RAW
    two = zipped(("a.raw", RAW), ("b.vmdk", VMDK), ("c.txt", b"words"))
    with pytest.raises(BadDisk, match=r"2 disks: 'a\.raw', 'b\.vmdk'") as refused:
        bench.unpack(two)
    assert refused.value.reason == "several-disks"
    assert bench.unpack(two, member="b.vmdk") == VMDK
    machine = ova(("a.vmdk", VMDK), ("b.vmdk", VMDK + bytes(512)))
    with pytest.raises(BadDisk, match=r"'a\.vmdk', 'b\.vmdk'") as refused:
        bench.unpack(machine)
    assert refused.value.reason == "several-disks"
    assert bench.unpack(machine, member="b.vmdk") == VMDK + bytes(512)
    for data in (two, machine):
        with pytest.raises(BadDisk, match="without the disk that is wanted: 'a"):
            bench.unpack(data, member="nobody")
    for data in (RAW, gzip.compress(RAW, 1)):
        with pytest.raises(BadDisk, match=r"no archive that 'a\.raw' could be in"):
            bench.unpack(data, member="a.raw")


@pytest.mark.parametrize("kind", list(PACKERS))
def test_what_is_cut_or_damaged_is_refused_with_a_sentence(bench: Bench, kind: str) -> None:
    whole_file = bytearray(PACKERS[kind](RAW))
    with pytest.raises(BadDisk, match=r"disk\.x: expected a disk image, found") as refused:
        bench.unpack(bytes(whole_file[:-30]))
    assert refused.value.reason == "truncated"
    if kind != "zstd":  # it has no checksum unless who packs wants one
        whole_file[len(whole_file) // 3] ^= 0x10
        with pytest.raises(BadDisk) as refused:
            bench.unpack(bytes(whole_file))
        assert refused.value.reason == "malformed"
    with pytest.raises(BadDisk):
        bench.unpack(PACKERS[kind](RAW) + b"what is that?")


def _of_kind(kind: bytes) -> bytes:
    """An appliance whose second member is something else than a file."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        text = tarfile.TarInfo("web.ovf")
        tar.addfile(text)
        other = tarfile.TarInfo("disk.vmdk")
        other.type, other.linkname = kind, "/etc/passwd"
        tar.addfile(other)
    return out.getvalue()


def _endless(data: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        last = tar.getmembers()[-1]
    return data[: last.offset_data + -(-last.size // 512) * 512]


_HEADERS = tarred(("a", b"b"), form=tarfile.PAX_FORMAT)[:1024]
_ENTITY = b'<!DOCTYPE e [<!ENTITY x SYSTEM "file:///etc/passwd">]><Envelope>&x;</Envelope>'
APPLIANCES: dict[str, tuple[bytes, str, str]] = {
    "a disk elsewhere": (ova(("a.vmdk", VMDK), disks=("/etc/passwd",)), "outside-extent", "'/etc/passwd' is not in it"),
    "a disk by URL": (ova(("a.vmdk", VMDK), disks=("file:///etc/passwd",)), "outside-extent", "is not in it"),
    "a disk above": (ova(("a.vmdk", VMDK), disks=("../../etc/passwd",)), "outside-extent", "is not in it"),
    "a delta": (ova(("a.vmdk", VMDK), more='ovf:parentRef="d1"'), "delta", "leans on another"),
    "a link": (_of_kind(tarfile.SYMTYPE), "malformed", "'disk.vmdk' is a link"),
    "a device": (_of_kind(tarfile.BLKTYPE), "malformed", "is a device"),
    "two of one name": (ova(("a.vmdk", VMDK), ("a.vmdk", RAW)), "malformed", "two files named"),
    "another format": (ova(("a.vmdk", qcow2())), "wrong-format", "is no VMDK, but qcow2"),
    "a raw disk": (ova(("a.vmdk", RAW)), "wrong-format", "is no VMDK"),
    "no disk": (ova(disks=("a.vmdk",), more="").replace(b"fileRef", b"noneRef"), "nested", "without a file"),
    "no description": (tarred(("web.ovf", b"words"), ("a.vmdk", VMDK)), "malformed", "OVF description"),
    "another text": (tarred(("web.ovf", b"<html/>"), ("a.vmdk", VMDK)), "malformed", "Envelope"),
    "an entity": (tarred(("web.ovf", _ENTITY), ("a.vmdk", VMDK)), "malformed", "document type"),
    "a huge description": (tarred(("web.ovf", b"<Envelope>" + bytes(5 * MIB))), "malformed", "bytes"),
    "headers without end": (tarred(("web.ovf", b""))[:512] + _HEADERS * 20, "malformed", "more than 8 extra headers"),
    "too many files": (ova(*((f"{number}.vmdk", b"") for number in range(25))), "nested", "more than 20 files"),
    "cut short": (ova(("a.vmdk", VMDK * 20))[: -len(VMDK) * 3], "truncated", "cut short"),
    "without its end": (_endless(ova(("a.vmdk", VMDK))), "malformed", "end is missing"),
}


@pytest.mark.parametrize(("data", "reason", "words"), APPLIANCES.values(), ids=list(APPLIANCES))
def test_appliances_that_lead_elsewhere_or_are_not_sound_are_refused(
    bench: Bench, data: bytes, reason: str, words: str
) -> None:
    with pytest.raises(BadDisk) as refused:
        bench.unpack(data)
    assert refused.value.reason == reason, str(refused.value)
    assert words in str(refused.value)
    assert "root:" not in str(refused.value)


def test_what_an_appliance_promises_of_its_disk_is_held_to(bench: Bench) -> None:
    def with_list(digest: str) -> bytes:
        return ova(("disk.vmdk", VMDK), ("web.mf", f"SHA256(disk.vmdk)= {digest}\n".encode()), disks=("disk.vmdk",))

    assert bench.unpack(with_list(hashlib.sha256(VMDK).hexdigest())) == VMDK
    with pytest.raises(DigestMismatch):
        bench.unpack(with_list("0" * 64))


def test_a_tar_archive_that_is_no_appliance_is_left_as_it_is(bench: Bench) -> None:
    assert bench.unpack(tar_archive("disk.raw")) == tar_archive("disk.raw")


def test_what_is_a_disk_as_well_is_not_unpacked(bench: Bench) -> None:
    """To be refused for being two things, by the judge."""
    both = put(gpt_disk(), (0, gzip.compress(RAW)[:300]))
    assert bench.unpack(both) == both


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd", "zip"])
def test_a_bomb_is_given_up_at_the_limit_in_little_memory(bench: Bench, kind: str) -> None:
    zeros = bytes(8 * MIB)
    bomb = zstd_bomb(512) if kind == "zstd" else PACKERS[kind](mbr_disk(MIB) + zeros * 30)
    bench.kept(bomb)
    tracemalloc.start()
    with pytest.raises(TooLarge) as refused:
        bench.unpack(bomb, limits=UnpackLimits(decoded=100 * MIB))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (refused.value.limit, "disk.x" in str(refused.value)) == (100 * MIB, True)
    assert most < 64 * MIB
    with pytest.raises(TooLarge, match="at most 50 bytes for each that came"):
        bench.unpack(bomb, limits=UnpackLimits(ratio=50, ratio_from=32 * MIB))


def test_a_small_disk_may_be_packed_as_well_as_it_likes(bench: Bench) -> None:
    disk = mbr_disk(MIB) + bytes(30 * MIB)
    assert bench.unpack(zstd.compress(disk), limits=UnpackLimits(ratio=50, ratio_from=32 * MIB)) == disk


def test_a_file_in_an_archive_is_as_long_as_it_says_and_no_longer(bench: Bench) -> None:
    data = zipped(("disk.raw", RAW))
    size = len(RAW).to_bytes(4, "little")
    assert data.count(size) == 2
    for lie in (len(RAW) - 512, len(RAW) + 512, 0):
        with pytest.raises(BadDisk, match=r"longer than it says|not what its directory says"):
            bench.unpack(data.replace(size, lie.to_bytes(4, "little")))


def test_what_the_first_bytes_forbid_is_refused_before_the_rest_is_unpacked(bench: Bench) -> None:
    picture = gzip.compress(jpeg() + random.Random(6).randbytes(12 * MIB), 1)[:-100]
    with pytest.raises(BadDisk, match="JPEG") as refused:
        bench.unpack(picture, format=DiskFormat.RAW)
    assert refused.value.reason == "not-a-disk"


def test_it_tells_how_far_it_is_and_ends_when_it_is_told_to(bench: Bench) -> None:
    packed = gzip.compress(random.Random(6).randbytes(20 * MIB), 1)
    told: list[Progress] = []

    def note(progress: Progress) -> bool:
        told.append(progress)
        return False

    context = bench.context(note)
    bench.unpack(packed, context=context)
    assert context._progress == Progress(done=len(packed), total=len(packed))
    bomb = bench.kept(PACKERS["bzip2"](bytes(64 * MIB)))
    assert bomb.size < 1000
    asked: list[Progress] = []

    def stop(progress: Progress) -> bool:
        asked.append(progress)
        return len(asked) > 1

    context = bench.context(stop)
    context._noted = -1e9
    unpacker = Unpacker(records=bench.records, blobs=bench.blobs, judging=Limits())
    with pytest.raises(Cancelled):
        unpacker.unpack(context, [bomb], Asked(what="disk.x"))
    assert asked[-1].done == 0  # in the middle of the only block that came


def test_what_a_project_may_keep_is_asked_for_while_it_grows_and_holes_are_free(bench: Bench) -> None:
    asked: list[int] = []

    def room(stored: int) -> None:
        asked.append(stored)
        if stored > 5 * MIB:
            raise OverLimit("project p", 5 * MIB, found=stored)

    bench.unpack(gzip.compress(mbr_disk(MIB) + bytes(40 * MIB), 1), room=room)
    assert max(asked) <= BLOCK_SIZE
    with pytest.raises(OverLimit):
        bench.unpack(gzip.compress(random.Random(1).randbytes(9 * MIB), 1), room=room)


def test_the_digests_that_are_wanted_come_with_the_bytes(bench: Bench) -> None:
    (section,) = bench.sections(gzip.compress(RAW, 1), algorithms=[Algorithm.SHA512])
    assert section.blob.digests == {Algorithm.SHA512: hashlib.sha512(RAW).hexdigest()}


def test_whatever_is_flipped_only_errors_with_a_sentence_come_out(bench: Bench) -> None:
    dice = random.Random(8)
    small = mbr_disk(64 << 10)
    files = [pack(small) for pack in PACKERS.values()] + [ova(("d.vmdk", VMDK)), zipped(("a", small), ("b", VMDK))]
    for data in files:
        for _ in range(25):
            harmed = bytearray(data)
            for _ in range(dice.randint(1, 3)):
                harmed[dice.randrange(len(harmed))] = dice.randrange(256)
            with contextlib.suppress(FerryError):
                bench.unpack(bytes(harmed))
