"""From a URL to an image: fetched once, judged on the way, safe to do twice, never stuck."""

from __future__ import annotations

import hashlib
import random
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from imageferry.db.records import SqlRecords
from imageferry.domain.access import Caller, ProjectId
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.errors import BadInput, BadSource, StatusConflict
from imageferry.domain.image import ContainerFormat, DiskFormat, Image, ImageId, Status, new_image_id
from imageferry.domain.task import FETCHED_IMPORT, URL_IMPORT, Task, TaskStatus
from imageferry.formats.judge import Limits
from imageferry.ports.records import ImageQuery
from imageferry.ports.tasks import Interrupted
from imageferry.service.blobs import Blobs
from imageferry.service.image_quotas import ImageQuotas
from imageferry.service.images import Images
from imageferry.service.importing.downloads import Downloads, DownloadSteps
from imageferry.service.importing.fetching import Fetching
from imageferry.service.importing.imports import Imports
from imageferry.service.importing.request import ImportRequest
from imageferry.service.importing.staged import StagedSteps
from imageferry.service.importing.steps import ImportSteps
from imageferry.service.importing.unpack import Unpacker
from imageferry.service.objects import Objects
from imageferry.service.sweeping import Sweeper
from imageferry.service.tasks import TaskService
from imageferry.stores.memory import MemoryBlocks
from imageferry.tools.qemu_img import QemuImg
from tests.disks import jpeg, mbr_disk, qcow2_with_backing, vhd_fixed
from tests.hostile_server import Asked, Hostile, answer, file_of, hangs, hostile_server, pours, says
from tests.services.conftest import Clock
from tests.services.test_importing import packed, raw_disk
from tests.services.test_staged import _Projects
from tests.walking import Walker

MIB = 1 << 20
RAW = raw_disk(9 * MIB + 512)


@dataclass(kw_only=True)
class Pier:
    """URLs in, images out."""

    server: Hostile
    records: SqlRecords
    store: MemoryBlocks
    images: Images
    downloads: Downloads
    imports: Imports
    tasks: TaskService
    walker: Walker
    caller: Caller
    sweeper: Sweeper
    clock: Clock

    def queued(self, disk_format: DiskFormat = DiskFormat.RAW, kind: ContainerFormat = ContainerFormat.BARE) -> ImageId:
        def draft(project: ProjectId, now: int) -> Image:
            kinds: dict[str, Any] = {"disk_format": disk_format, "container_format": kind}
            return Image(id=new_image_id(), owner=project, created_at=now, updated_at=now, **kinds)  # type: ignore[arg-type]

        return self.images.create(self.caller, draft).id

    def begin(self, image_id: ImageId, url: object) -> Task:
        return self.downloads.start(self.caller, "test", image_id, url, {})

    def filled(self, image_id: ImageId, url: str) -> Task:
        task = self.begin(image_id, url)
        self.walker.walk()
        return self.task(task)

    def made(self, url: str, **options: Any) -> Task:
        task = self.imports.start(self.caller, "test", ImportRequest(url=url, name="an image", **options))
        self.walker.walk()
        return self.task(task)

    def task(self, task: Task) -> Task:
        return self.tasks.show(self.caller, task.id)

    def image(self, image_id: ImageId) -> Image:
        return self.images.show(self.caller, image_id)

    def only_image(self) -> Image:
        with self.records.reading() as session:
            (image,) = session.images.page(ImageQuery(hidden=None))
        return image

    def content(self, image_id: ImageId) -> bytes | None:
        opened = self.images.open(self.caller, image_id)
        return None if opened is None else b"".join(self.images.read(opened))

    def blocks_left(self) -> int:
        """How many blocks there are once nothing is held any more but by records."""
        self.clock.pass_time(30 * 3600)
        self.sweeper.sweep(older_than_s=0)
        return len(list(self.store.stored()))


@pytest.fixture
def pier(
    records: SqlRecords,
    store: MemoryBlocks,
    blobs: Blobs,
    clock: Clock,
    member: Callable[[str], Caller],
    fetching: Fetching,
    tmp_path: Path,
) -> Iterator[Pier]:
    limits, quotas, tools = Limits(), ImageQuotas(records, {}), QemuImg()
    shared: dict[str, Any] = {"records": records, "blobs": blobs, "tools": tools, "clock": clock}
    shared["unpacker"] = Unpacker(records=records, blobs=blobs, judging=limits)
    shared |= {"limits": limits, "quotas": quotas}
    objects = Objects(records, blobs, clock)
    making = ImportSteps(objects=objects, fetching=fetching, **shared)
    filling = DownloadSteps(fetching=fetching, staged=StagedSteps(**shared), records=records, quotas=quotas)
    plans = {FETCHED_IMPORT: filling.plan(), URL_IMPORT: making.plan_of_url()}
    tasks = TaskService(records, clock, tmp_path / "work", plans)
    walker = Walker(tasks)
    tasks.attach(walker)

    with hostile_server() as server:
        yield Pier(
            server=server,
            records=records,
            store=store,
            images=Images(records, blobs, clock, _Projects(), quotas),
            downloads=Downloads(records, clock, tasks, quotas, fetching),
            imports=Imports(records, objects, tasks, quotas, fetching),
            tasks=tasks,
            walker=walker,
            caller=member("p"),
            sweeper=Sweeper(records, store, clock),
            clock=clock,
        )


# -- into an image that is there -------------------------------------------------------


def test_a_queued_image_is_filled_with_what_lies_there(pier: Pier) -> None:
    url = pier.server.serves("/disk?sig=x", file_of(RAW))
    key = pier.queued()
    task = pier.begin(key, url)
    assert (pier.image(key).status, pier.image(key).import_task) == (Status.IMPORTING, task.id)
    pier.walker.walk()
    assert pier.task(task).status is TaskStatus.SUCCEEDED, pier.task(task).message
    image = pier.image(key)
    assert (image.status, image.size, image.virtual_size) == (Status.ACTIVE, len(RAW), len(RAW))
    assert (image.checksum, image.hash_value) == (hashlib.md5(RAW).hexdigest(), hashlib.sha512(RAW).hexdigest())
    assert pier.content(key) == RAW
    assert len(pier.server.asked) == 1
    log = pier.tasks.log(pier.caller, task.id)
    assert [(line.name, line.outcome) for line in log] == [
        (name, "done") for name in ("fetch", "unpack", "inspect", "publish")
    ]
    assert (log[0].progress.done, log[0].progress.total) == (len(RAW), len(RAW))


def test_other_formats_stay_what_they_are(pier: Pier, tmp_path: Path) -> None:
    for word, disk_format in (("qcow2", DiskFormat.QCOW2), ("vmdk", DiskFormat.VMDK), ("vhdx", DiskFormat.VHDX)):
        data = packed(raw_disk(4 * MIB), word, tmp_path)
        key = pier.queued(disk_format)
        task = pier.filled(key, pier.server.serves(f"/{word}", file_of(data, break_at=[70_000])))
        assert task.status is TaskStatus.SUCCEEDED, task.message
        assert pier.image(key).virtual_size == 4 * MIB
        assert pier.content(key) == data


def test_holes_are_skipped_and_what_is_known_is_stored_once(pier: Pier) -> None:
    disk = mbr_disk() + bytes(40 * MIB) + random.Random(3).randbytes(100)
    for number in range(2):
        key = pier.queued()
        assert pier.filled(key, pier.server.serves(f"/{number}", file_of(disk))).status is TaskStatus.SUCCEEDED
        assert pier.content(key) == disk
    assert pier.blocks_left() == 2


@pytest.mark.parametrize("size", [1, 512, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 2 * BLOCK_SIZE])
@pytest.mark.parametrize("framing", ["length", "chunks", "end"])
def test_files_of_any_length_come_whole(pier: Pier, size: int, framing: str) -> None:
    body = random.Random(size).randbytes(size)
    heads = {
        "length": answer(body=body),
        "chunks": answer(Transfer_Encoding="chunked") + b"%x\r\n%b\r\n0\r\n\r\n" % (size, body),
        "end": b"HTTP/1.0 200 OK\r\n\r\n" + body,
    }
    key = pier.queued(kind=ContainerFormat.OVA)
    task = pier.filled(key, pier.server.serves("/disk", says(heads[framing])))
    assert task.status is TaskStatus.SUCCEEDED, task.message
    assert pier.content(key) == body


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (jpeg() + bytes(40 * MIB), "not-a-disk", "JPEG"),
        (b"<html>Please log in</html>" * 4000 + bytes(40 * MIB), "not-a-disk", "web page"),
        (qcow2_with_backing("/etc/passwd") + bytes(40 * MIB), "backing-file", "/etc/passwd"),
        (mbr_disk() + bytes(40 * MIB), "wrong-format", "qcow2"),
    ],
    ids=["jpeg", "page", "backing", "raw"],
)
def test_what_the_first_bytes_forbid_ends_it_at_once(pier: Pier, body: bytes, code: str, words: str) -> None:
    sent = 0

    def play(server: Hostile, wire: socket.socket, asked: Asked) -> None:
        nonlocal sent
        wire.sendall(answer(Content_Length=str(len(body))))
        for start in range(0, len(body), 65536):
            wire.sendall(body[start : start + 65536])
            sent = start

    key = pier.queued(DiskFormat.QCOW2)
    task = pier.filled(key, pier.server.serves("/disk", play))
    assert (task.status, task.error_code) == (TaskStatus.FAILED, code)
    assert words in task.message
    assert sent < 20 * MIB
    image = pier.image(key)
    assert (image.status, image.blob_id, image.size, image.checksum) == (Status.QUEUED, None, None, None)
    assert pier.blocks_left() == 0


def test_what_the_end_forbids_leaves_nothing_behind_and_a_retry_just_works(pier: Pier, tmp_path: Path) -> None:
    data = packed(raw_disk(12 * MIB), "qcow2", tmp_path)
    cut = data[: len(data) - 3 * MIB]
    key = pier.queued(DiskFormat.QCOW2)
    task = pier.filled(key, pier.server.serves("/cut", says(b"HTTP/1.0 200 OK\r\n\r\n" + cut)))
    assert (task.status, task.error_code) == (TaskStatus.FAILED, "truncated")
    assert pier.image(key).status is Status.QUEUED
    assert pier.content(key) is None
    assert pier.blocks_left() == 0
    again = pier.filled(key, pier.server.serves("/whole", file_of(data)))
    assert again.status is TaskStatus.SUCCEEDED, again.message
    assert pier.content(key) == data


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (answer("404 Gone"), "status", "404 Not Found"),
        (answer(body=b"x", Content_Encoding="gzip"), "encoding", "gzip"),
        (answer(Content_Length=str(65 * MIB)), "too-large", "67108864"),
        (b"SSH-2.0-OpenSSH\r\n\r\n" + bytes(99), "answer", "HTTP"),
        (answer("302 Found", Location="http://10.0.0.1/"), "forbidden-address", "private"),
        (answer("302 Found", Location="file:///etc/passwd"), "redirect", "redirect"),
    ],
    ids=["404", "gzip", "large", "ssh", "inside", "file"],
)
def test_a_bad_source_is_told_in_a_sentence_without_its_query(pier: Pier, data: bytes, code: str, words: str) -> None:
    key = pier.queued()
    task = pier.filled(key, pier.server.serves("/disk?sig=secret", says(data)))
    assert (task.status, task.error_code) == (TaskStatus.FAILED, code)
    assert words in task.message
    assert "secret" not in task.message
    assert pier.image(key).status is Status.QUEUED


def test_an_endless_source_ends_at_the_limit(pier: Pier) -> None:
    key = pier.queued()
    play = pours(b"HTTP/1.0 200 OK\r\n\r\n" + mbr_disk(), bytes(65536))
    task = pier.filled(key, pier.server.serves("/disk", play))
    assert (task.status, task.error_code) == (TaskStatus.FAILED, "too-large")
    assert pier.blocks_left() == 0


def test_a_source_that_cannot_go_on_is_asked_anew(pier: Pier) -> None:
    key = pier.queued()
    task = pier.filled(key, pier.server.serves("/disk", file_of(RAW, etag="", break_at=[5 * MIB, 100])))
    assert task.status is TaskStatus.SUCCEEDED, task.message
    assert pier.content(key) == RAW
    other = file_of(raw_disk(6 * MIB, seed=5), etag='"two"')
    plays = iter([file_of(RAW, break_at=[5 * MIB]), other, other])
    key = pier.queued()
    url = pier.server.serves("/changes", lambda server, wire, asked: next(plays)(server, wire, asked))
    assert pier.filled(key, url).status is TaskStatus.SUCCEEDED
    assert pier.content(key) == raw_disk(6 * MIB, seed=5)


def test_but_not_for_ever(pier: Pier) -> None:
    key = pier.queued()
    task = pier.filled(key, pier.server.serves("/disk", file_of(RAW, etag="", break_at=[5 * MIB] * 9)))
    assert (task.status, task.error_code, len(pier.server.asked)) == (TaskStatus.FAILED, "broken", 3)


def test_cancelling_ends_a_fetch_that_waits(pier: Pier) -> None:
    key = pier.queued()
    head = answer(Content_Length="1000000") + mbr_disk()[:1000]

    def play(server: Hostile, wire: socket.socket, asked: Asked) -> None:
        pier.tasks.cancel(pier.caller, task.id)
        hangs(head)(server, wire, asked)

    task = pier.begin(key, pier.server.serves("/disk", play))
    pier.walker.walk()
    assert pier.task(task).status is TaskStatus.CANCELLED
    assert pier.image(key).status is Status.QUEUED


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", ["fetch", "inspect", "publish"])
def test_cut_off_anywhere_and_done_again_it_comes_out_the_same(pier: Pier, step: str, moment: str) -> None:
    key = pier.queued()
    deaths = iter([True])

    def die(name: str) -> None:
        if name == step and next(deaths, False):
            raise Interrupted

    setattr(pier.walker, moment, die)
    task = pier.begin(key, pier.server.serves("/disk", file_of(RAW)))
    pier.walker.walk()
    assert not pier.task(task).status.is_final
    assert pier.image(key).status is (Status.ACTIVE if (step, moment) == ("publish", "after") else Status.IMPORTING)
    pier.walker.walk()
    assert pier.task(task).status is TaskStatus.SUCCEEDED, pier.task(task).message
    assert pier.content(key) == RAW


def test_what_can_be_refused_at_once(pier: Pier, member: Callable[[str], Caller]) -> None:
    key = pier.queued()
    for url in (None, "", "file:///etc/passwd", "http://127.1/", "http://u:p@example.org/"):
        with pytest.raises(BadInput):
            pier.begin(key, url)
    with pytest.raises(BadSource):
        pier.begin(key, "http://10.0.0.1/")
    assert pier.image(key).status is Status.QUEUED
    pier.begin(key, pier.server.serves("/disk", file_of(RAW)))
    with pytest.raises(StatusConflict):
        pier.begin(key, pier.server.url("/disk"))


def test_an_image_deleted_meanwhile_stays_deleted(pier: Pier) -> None:
    key = pier.queued()
    task = pier.begin(key, pier.server.serves("/disk", file_of(RAW)))
    pier.images.delete(pier.caller, key)
    pier.walker.walk()
    assert (pier.task(task).status, pier.task(task).error_code) == (TaskStatus.FAILED, "not-found")
    assert pier.server.asked == []


# -- a new image -----------------------------------------------------------------------


def test_a_new_image_has_the_format_that_was_found(pier: Pier, tmp_path: Path) -> None:
    data = packed(raw_disk(4 * MIB), "qcow2", tmp_path)
    url = pier.server.serves("/disk.qcow2", file_of(data))
    options = {"tags": frozenset({"a"}), "protected": True, "hidden": True, "properties": {"os": "x"}}
    task = pier.made(url, digest=Digest(Algorithm.SHA256, hashlib.sha256(data).hexdigest()), **options)
    assert task.status is TaskStatus.SUCCEEDED, task.message
    image = pier.only_image()
    assert (image.disk_format, image.size, image.virtual_size) == (DiskFormat.QCOW2, len(data), 4 * MIB)
    assert (image.tags, image.protected, image.hidden, image.properties) == ({"a"}, True, True, {"os": "x"})
    assert (image.owner, image.checksum) == ("p", hashlib.md5(data).hexdigest())
    assert pier.content(image.id) == data


@pytest.mark.parametrize("wanted", [DiskFormat.RAW, DiskFormat.QCOW2, DiskFormat.VMDK, DiskFormat.VHD, DiskFormat.VDI])
def test_it_is_converted_when_asked(pier: Pier, tmp_path: Path, wanted: DiskFormat) -> None:
    raw = raw_disk(4 * MIB)
    data = packed(raw, "vhdx", tmp_path)
    task = pier.made(pier.server.serves("/disk", file_of(data)), convert_to=wanted)
    assert task.status is TaskStatus.SUCCEEDED, task.message
    image = pier.only_image()
    assert (image.disk_format, image.virtual_size) == (wanted, 4 * MIB)
    if wanted is DiskFormat.RAW:
        assert pier.content(image.id) == raw


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"digest": Digest(Algorithm.SHA1, "0" * 40)}, "digest-mismatch"),
        ({"source_format": DiskFormat.QCOW2}, "wrong-format"),
        ({"max_virtual_size": MIB}, "too-large"),
    ],
    ids=["digest", "format", "size"],
)
def test_what_must_hold_and_does_not_leaves_no_image(pier: Pier, options: dict[str, Any], code: str) -> None:
    task = pier.made(pier.server.serves("/disk", file_of(RAW)), **options)
    assert (task.status, task.error_code) == (TaskStatus.FAILED, code)
    assert "disk" in task.message
    with pier.records.reading() as session:
        assert session.images.page(ImageQuery(hidden=None)) == []
    assert pier.blocks_left() == 0


def test_a_fixed_vhd_is_known_by_its_end(pier: Pier) -> None:
    data = vhd_fixed(b"just a text\n" * 100_000 + bytes(8 * MIB - 1_200_000))
    task = pier.made(pier.server.serves("/disk", file_of(data)))
    assert task.status is TaskStatus.SUCCEEDED, task.message
    assert pier.only_image().disk_format is DiskFormat.VHD
