"""From an object to an image: every refusal before an image exists, every step repeatable."""

from __future__ import annotations

import gzip
import hashlib
import random
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from imageferry.db.records import SqlRecords
from imageferry.domain.access import Caller, ProjectId
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.errors import AlreadyExists, NotFound
from imageferry.domain.image import DiskFormat, Image, ImageId, Status
from imageferry.domain.task import URL_IMPORT, Task, TaskKind, TaskStatus
from imageferry.formats.judge import Limits
from imageferry.ports.records import ImageQuery
from imageferry.ports.tasks import Interrupted
from imageferry.service.blobs import Blobs, whole
from imageferry.service.image_quotas import ImageQuotas
from imageferry.service.importing.fetching import Fetching
from imageferry.service.importing.imports import Imports
from imageferry.service.importing.request import ImportRequest
from imageferry.service.importing.steps import ImportSteps
from imageferry.service.importing.unpack import Unpacker
from imageferry.service.objects import Objects, Traits
from imageferry.service.sweeping import Sweeper
from imageferry.service.tasks import TaskService
from imageferry.stores.memory import MemoryBlocks
from imageferry.tools.qemu_img import QemuImg
from tests.disks import gzip_archive, jpeg, mbr_disk, qcow2_with_backing, vmdk_pointing_to
from tests.services.conftest import Clock
from tests.walking import Walker

P = ProjectId("p")
MIB = 1 << 20
STEPS = ["locate", "verify", "unpack", "inspect", "convert", "check", "publish"]


@dataclass(kw_only=True)
class Yard:
    """Objects in, images out."""

    records: SqlRecords
    store: MemoryBlocks
    blobs: Blobs
    objects: Objects
    tasks: TaskService
    imports: Imports
    walker: Walker
    caller: Caller
    sweeper: Sweeper
    clock: Clock
    started: list[Task] = field(default_factory=list)

    def put(self, name: str, data: bytes, manifest: str | None = None) -> None:
        with self.objects.upload(
            self.caller, P, "c", name, traits=Traits(metadata={}, headers={}, manifest=manifest)
        ) as upload:
            for start in range(0, len(data), BLOCK_SIZE):
                upload.write(data[start : start + BLOCK_SIZE])
            upload.commit()

    def start(self, name: str = "disk", **options: Any) -> Task:
        asked = {"container": "c", "object": name, "name": "an image", "convert_to": DiskFormat.RAW, **options}
        request = ImportRequest(**asked)
        return self.imports.start(self.caller, "test", request)

    def done(self, name: str = "disk", **options: Any) -> Task:
        task = self.start(name, **options)
        self.walker.walk()
        return self.tasks.show(self.caller, task.id)

    def images(self) -> list[Image]:
        with self.records.reading() as session:
            return session.images.page(ImageQuery(hidden=None))

    def content(self, image: Image) -> bytes:
        with self.records.reading() as session:
            blob = session.blobs.get(image.blob_id)  # type: ignore[arg-type]
        assert blob is not None
        return b"".join(self.blobs.read([whole(blob)]))


@pytest.fixture
def yard(
    records: SqlRecords,
    store: MemoryBlocks,
    blobs: Blobs,
    clock: Clock,
    member: Callable[[str], Caller],
    fetching: Fetching,
    tmp_path: Path,
) -> Yard:
    objects = Objects(records, blobs, clock)
    quotas = ImageQuotas(records, {})
    steps = ImportSteps(
        records=records,
        blobs=blobs,
        objects=objects,
        tools=QemuImg(),
        clock=clock,
        limits=Limits(),
        quotas=quotas,
        fetching=fetching,
        unpacker=Unpacker(records=records, blobs=blobs, judging=Limits()),
    )
    plans = {TaskKind.IMPORT: steps.plan(), URL_IMPORT: steps.plan_of_url()}
    tasks = TaskService(records, clock, tmp_path / "work", plans)
    walker = Walker(tasks)
    tasks.attach(walker)
    objects.create_container(member("p"), P, "c", {})
    return Yard(
        records=records,
        store=store,
        blobs=blobs,
        objects=objects,
        tasks=tasks,
        imports=Imports(records, objects, tasks, quotas, fetching),
        walker=walker,
        caller=member("p"),
        sweeper=Sweeper(records, store, clock),
        clock=clock,
    )


def raw_disk(size: int = 3 * MIB, seed: int = 0) -> bytes:
    return mbr_disk(MIB) + random.Random(seed).randbytes(size - MIB)


def packed(raw: bytes, disk_format: str, folder: Path, *options: str) -> bytes:
    source, target = folder / "in", folder / "out"
    source.write_bytes(raw)
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", disk_format, *options, source, target], check=True)
    return target.read_bytes()


def test_a_vmdk_becomes_a_raw_image_with_all_that_is_known_of_it(yard: Yard, tmp_path: Path) -> None:
    raw = raw_disk()
    yard.put("disk", packed(raw, "vmdk", tmp_path, "-o", "subformat=streamOptimized"))
    task = yard.done(source_format=DiskFormat.VMDK, min_disk=7, min_ram=9, properties={"os": "x"})
    assert task.status is TaskStatus.SUCCEEDED, task.message
    (image,) = yard.images()
    assert task.result == {"image_id": image.id}
    assert (image.status, image.disk_format, image.owner) == (Status.ACTIVE, DiskFormat.RAW, "p")
    assert (image.size, image.virtual_size) == (len(raw), len(raw))
    assert (image.checksum, image.hash_value) == (hashlib.md5(raw).hexdigest(), hashlib.sha512(raw).hexdigest())
    assert (image.min_disk, image.min_ram, image.properties) == (7, 9, {"os": "x"})
    assert yard.content(image) == raw


@pytest.mark.parametrize("disk_format", ["qcow2", "vdi", "vhdx", "vpc"])
def test_other_formats_are_converted_as_well(yard: Yard, tmp_path: Path, disk_format: str) -> None:
    raw = raw_disk(4 * MIB)
    yard.put("disk", packed(raw, disk_format, tmp_path))
    task = yard.done()
    assert task.status is TaskStatus.SUCCEEDED, task.message
    (image,) = yard.images()
    assert yard.content(image)[: len(raw)] == raw


def test_a_disk_that_ends_inside_a_sector_is_filled_up_in_other_formats(yard: Yard) -> None:
    yard.put("disk", raw_disk(3 * MIB + 77))
    task = yard.done(convert_to=DiskFormat.QCOW2)
    assert task.status is TaskStatus.SUCCEEDED, task.message
    (image,) = yard.images()
    assert (image.disk_format, image.virtual_size) == (DiskFormat.QCOW2, 3 * MIB + 512)


def test_a_conversion_to_raw_needs_no_room_beside_the_store(
    yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = raw_disk(9 * MIB)
    yard.put("disk", packed(raw, "qcow2", tmp_path))
    left: list[Path] = []
    yard.walker.after = lambda _: left.extend(path for path in (tmp_path / "work").rglob("*") if path.is_file())
    monkeypatch.setattr(Blobs, "to_file", None)
    assert yard.done().status is TaskStatus.SUCCEEDED
    assert left == []
    assert yard.content(yard.images()[0]) == raw


def test_a_block_that_is_lost_while_it_is_converted_is_named_and_no_image_appears(yard: Yard, tmp_path: Path) -> None:
    yard.put("disk", packed(raw_disk(9 * MIB), "qcow2", tmp_path))
    lost = [block.name for block in yard.store.stored()]

    def lose(name: str) -> None:
        if name == "convert":
            yard.store.delete(lost)

    yard.walker.before = lose
    task = yard.done()
    assert (task.status, task.error_code) == (TaskStatus.FAILED, "damaged")
    assert any(name in task.message for name in lost), task.message
    assert yard.images() == []


def test_a_raw_disk_is_imported_without_storing_a_byte_more(yard: Yard) -> None:
    yard.put("disk", raw_disk(9 * MIB))
    before = len(list(yard.store.stored()))
    assert yard.done().status is TaskStatus.SUCCEEDED
    assert len(list(yard.store.stored())) == before
    assert yard.content(yard.images()[0]) == raw_disk(9 * MIB)


@pytest.mark.parametrize("cut_at", [2 * BLOCK_SIZE, 2 * BLOCK_SIZE + 77])
def test_segments_are_joined_and_where_blocks_allow_without_copying(yard: Yard, cut_at: int) -> None:
    raw = raw_disk(5 * BLOCK_SIZE + 512)
    yard.put("seg/1", raw[:cut_at])
    yard.put("seg/2", raw[cut_at:])
    yard.put("disk", b"", manifest="c/seg/")
    before = len(list(yard.store.stored()))
    assert yard.done().status is TaskStatus.SUCCEEDED
    assert yard.content(yard.images()[0]) == raw
    if cut_at % BLOCK_SIZE == 0:
        assert len(list(yard.store.stored())) == before


def test_the_promised_digest_is_of_the_joined_bytes(yard: Yard) -> None:
    raw = raw_disk(BLOCK_SIZE + 100 * 512)
    yard.put("seg/1", raw[:BLOCK_SIZE])
    yard.put("seg/2", raw[BLOCK_SIZE:])
    yard.put("disk", b"", manifest="c/seg/")
    right = Digest(Algorithm.SHA1, hashlib.sha1(raw).hexdigest())
    assert yard.done(digest=right).status is TaskStatus.SUCCEEDED
    wrong = yard.done(digest=Digest(Algorithm.SHA1, "0" * 40))
    assert (wrong.status, wrong.error_code) == (TaskStatus.FAILED, "digest-mismatch")
    assert right.value in wrong.message
    assert len(yard.images()) == 1


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (jpeg(), "not-a-disk", "JPEG"),
        (b"", "empty", "empty"),
        (gzip_archive(), "not-a-disk", "text"),
        (qcow2_with_backing("/etc/passwd"), "backing-file", "/etc/passwd"),
        (vmdk_pointing_to("/etc/passwd"), "outside-extent", "/etc/passwd"),
        (b"just text, at some length\n" * 100, "not-a-disk", "text"),
    ],
)
def test_what_is_no_safe_disk_ends_with_the_reason_and_without_an_image(
    yard: Yard, data: bytes, code: str, words: str
) -> None:
    yard.put("disk", data)
    task = yard.done()
    assert task.status is TaskStatus.FAILED
    assert task.error_code == code, task.message
    assert words in task.message
    assert yard.images() == []


def test_a_disk_of_another_format_than_was_said_is_refused(yard: Yard, tmp_path: Path) -> None:
    yard.put("disk", packed(raw_disk(), "qcow2", tmp_path))
    task = yard.done(source_format=DiskFormat.VMDK)
    assert task.error_code == "wrong-format"
    assert "qcow2" in task.message


def test_a_gzip_is_taken_for_its_inside_only_where_that_was_asked_for(yard: Yard, tmp_path: Path) -> None:
    raw = raw_disk() + bytes(40 * MIB)
    yard.put("disk", gzip.compress(raw, 1))
    refused = yard.done(unpack=False)
    assert (refused.error_code, "gzip" in refused.message) == ("not-a-disk", True)
    task = yard.done(unpack=True)
    assert task.status is TaskStatus.SUCCEEDED, task.message
    assert yard.content(yard.images()[0]) == raw
    yard.put("disk", gzip.compress(packed(raw, "qcow2", tmp_path), 1))
    assert yard.done(unpack=True).status is TaskStatus.SUCCEEDED
    yard.put("disk", gzip.compress(raw, 1)[:-100])
    broken = yard.done(unpack=True)
    assert broken.error_code == "truncated"


def test_digests_are_promised_of_the_packed_bytes_of_the_unpacked_ones_or_of_both(yard: Yard) -> None:
    raw = raw_disk()
    packed = gzip.compress(raw, 1)  # once: the time stands in it
    yard.put("disk", packed)

    def sha256(data: bytes) -> Digest:
        return Digest(Algorithm.SHA256, hashlib.sha256(data).hexdigest())

    outside, inside = sha256(packed), sha256(raw)
    assert yard.done(digest=inside).error_code == "digest-mismatch"
    wrong = yard.done(unpacked_digest=outside)
    assert (wrong.error_code, "disk, unpacked: promised" in wrong.message) == ("digest-mismatch", True)
    assert yard.done(digest=outside, unpacked_digest=inside).status is TaskStatus.SUCCEEDED
    yard.put("disk", raw)
    assert yard.done(digest=inside, unpacked_digest=inside).status is TaskStatus.SUCCEEDED


def test_an_object_that_is_missing_is_refused_at_once(yard: Yard) -> None:
    with pytest.raises(NotFound, match="nothing-here"):
        yard.start("nothing-here")


def test_an_object_removed_or_replaced_before_its_turn_fails_with_the_reason(yard: Yard) -> None:
    yard.put("disk", raw_disk())
    task = yard.start()
    yard.objects.delete(yard.caller, P, "c", "disk")
    yard.walker.walk()
    assert yard.tasks.show(yard.caller, task.id).error_code == "not-found"
    yard.put("disk", raw_disk())
    task = yard.start()
    yard.put("disk", raw_disk(seed=1))
    yard.walker.walk()
    changed = yard.tasks.show(yard.caller, task.id)
    assert changed.status is TaskStatus.FAILED
    assert "unchanged" in changed.message
    assert yard.images() == []


def test_an_object_removed_and_swept_in_the_middle_does_no_harm(yard: Yard) -> None:
    yard.put("disk", raw_disk())
    task = yard.start()

    def remove(name: str) -> None:
        if name == "verify":
            yard.objects.delete(yard.caller, P, "c", "disk")
        yard.clock.pass_time(30 * 3600)
        yard.sweeper.sweep(older_than_s=0)

    yard.walker.before = remove
    yard.walker.walk()
    assert yard.tasks.show(yard.caller, task.id).status is TaskStatus.SUCCEEDED
    assert yard.content(yard.images()[0]) == raw_disk()
    yard.sweeper.sweep(older_than_s=0)
    assert yard.content(yard.images()[0]) == raw_disk()


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("disk_format", ["raw", "vmdk", "raw, packed"])
def test_cut_off_anywhere_and_done_again_it_comes_out_the_same_and_once(
    yard: Yard, tmp_path: Path, disk_format: str, step: str, moment: str
) -> None:
    raw = raw_disk()
    kind, _, wrapped = disk_format.partition(", ")
    data = packed(raw, kind, tmp_path)
    yard.put("disk", gzip.compress(data, 1) if wrapped else data)
    deaths = iter([True])

    def die(name: str) -> None:
        if name == step and next(deaths, False):
            raise Interrupted

    setattr(yard.walker, moment, die)
    task = yard.start()
    yard.walker.walk()
    assert yard.tasks.show(yard.caller, task.id).status is TaskStatus.RUNNING or step == "locate"
    for folder in (tmp_path / "work").glob("*/*"):
        folder.unlink()  # as on another machine
    yard.walker.walk()
    ended = yard.tasks.show(yard.caller, task.id)
    assert ended.status is TaskStatus.SUCCEEDED, ended.message
    (image,) = yard.images()
    assert yard.content(image) == raw


def test_an_id_in_use_is_refused_at_once_and_also_when_it_is_taken_meanwhile(yard: Yard) -> None:
    yard.put("disk", raw_disk())
    wanted = ImageId("9d0c7f7e-1d2b-4c3a-8b5e-0a4f3d2c1b60")
    first = yard.start(image_id=wanted)
    with pytest.raises(AlreadyExists):
        yard.start(image_id=wanted)
    yard.walker.walk()
    assert yard.tasks.show(yard.caller, first.id).result == {"image_id": wanted}
    with pytest.raises(AlreadyExists):
        yard.start(image_id=wanted)
    with yard.records.writing() as session:
        session.images.delete(wanted, yard.clock())
    with pytest.raises(AlreadyExists):
        yard.start(image_id=wanted)


def test_a_virtual_size_over_the_limit_is_refused_before_a_byte_is_written(yard: Yard, tmp_path: Path) -> None:
    target = tmp_path / "huge.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=2M", target, "1P"], check=True)
    yard.put("disk", target.read_bytes())
    task = yard.done()
    assert task.error_code == "too-large"
    assert "PiB" in task.message or "1125899906842624" in task.message
