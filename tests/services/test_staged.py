"""From staged bytes to an image: never stuck, nothing left behind, cut off anywhere."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from imageferry.db.records import SqlRecords
from imageferry.domain.access import Caller, ProjectId
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.errors import BadDisk, StatusConflict
from imageferry.domain.image import ContainerFormat, DiskFormat, Image, ImageId, Status, new_image_id
from imageferry.domain.task import STAGED_IMPORT, Task, TaskKind, TaskStatus
from imageferry.formats.judge import Limits
from imageferry.ports.tasks import Interrupted
from imageferry.service.blobs import Blobs
from imageferry.service.image_quotas import ImageQuotas
from imageferry.service.images import Images
from imageferry.service.importing.staged import StagedImports, StagedSteps
from imageferry.service.importing.unpack import Unpacker
from imageferry.service.sweeping import Sweeper
from imageferry.service.tasks import TaskService
from imageferry.stores.memory import MemoryBlocks
from imageferry.tools.qemu_img import QemuImg
from tests.disks import jpeg
from tests.services.conftest import Clock
from tests.services.test_importing import packed, raw_disk
from tests.walking import Walker

STEPS = ["locate", "unpack", "inspect", "publish"]


class _Projects:
    def project_called(self, text: str, *, by: ProjectId) -> ProjectId | None:
        return None


@dataclass(kw_only=True)
class Dock:
    """Bytes staged, images out."""

    store: MemoryBlocks
    images: Images
    staged: StagedImports
    tasks: TaskService
    walker: Walker
    caller: Caller
    sweeper: Sweeper
    clock: Clock

    def stage(self, data: bytes, disk_format: DiskFormat = DiskFormat.RAW) -> ImageId:
        def draft(project: ProjectId, now: int) -> Image:
            kinds = {"disk_format": disk_format, "container_format": ContainerFormat.BARE}
            return Image(id=new_image_id(), owner=project, created_at=now, updated_at=now, **kinds)  # type: ignore[arg-type]

        image = self.images.create(self.caller, draft)
        self.stage_again(image.id, data)
        return image.id

    def stage_again(self, image_id: ImageId, data: bytes) -> None:
        with self.images.stage(self.caller, image_id) as upload:
            for start in range(0, len(data), BLOCK_SIZE):
                upload.write(data[start : start + BLOCK_SIZE])
            upload.commit()

    def begin(self, image_id: ImageId) -> Task:
        return self.staged.start(self.caller, "test", image_id, {})

    def image(self, image_id: ImageId) -> Image:
        return self.images.show(self.caller, image_id)

    def task(self, task: Task) -> Task:
        return self.tasks.show(self.caller, task.id)

    def content(self, image_id: ImageId) -> bytes | None:
        opened = self.images.open(self.caller, image_id)
        return None if opened is None else b"".join(self.images.read(opened))

    def blocks_left(self) -> int:
        """How many blocks there are once nothing is held any more but by records."""
        self.clock.pass_time(30 * 3600)
        self.sweeper.sweep(older_than_s=0)
        return len(list(self.store.stored()))


@pytest.fixture
def dock(
    records: SqlRecords,
    store: MemoryBlocks,
    blobs: Blobs,
    clock: Clock,
    member: Callable[[str], Caller],
    tmp_path: Path,
) -> Dock:
    limits = Limits()
    quotas = ImageQuotas(records, {})
    unpacker = Unpacker(records=records, blobs=blobs, judging=limits)
    steps = StagedSteps(
        records=records, blobs=blobs, tools=QemuImg(), clock=clock, limits=limits, quotas=quotas, unpacker=unpacker
    )
    tasks = TaskService(records, clock, tmp_path / "work", {STAGED_IMPORT: steps.plan()})
    walker = Walker(tasks)
    tasks.attach(walker)
    images = Images(records, blobs, clock, _Projects(), quotas)
    return Dock(
        store=store,
        images=images,
        staged=StagedImports(records, clock, tasks, quotas),
        tasks=tasks,
        walker=walker,
        caller=member("p"),
        sweeper=Sweeper(records, store, clock),
        clock=clock,
    )


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_cut_off_anywhere_and_done_again_it_comes_out_the_same(
    dock: Dock, tmp_path: Path, step: str, moment: str
) -> None:
    data = packed(raw_disk(), "qcow2", tmp_path)
    key = dock.stage(data, DiskFormat.QCOW2)
    deaths = iter([True])

    def die(name: str) -> None:
        if name == step and next(deaths, False):
            raise Interrupted

    setattr(dock.walker, moment, die)
    task = dock.begin(key)
    dock.walker.walk()
    assert not dock.task(task).status.is_final
    assert [due.task_id for due in dock.tasks.unfinished()] == [task.id]  # what a start of the service walks again
    for file in (tmp_path / "work").glob("*/*"):
        file.unlink()  # as on another machine
    dock.walker.walk()
    ended = dock.task(task)
    assert ended.status is TaskStatus.SUCCEEDED, ended.message
    assert ended.result == {"image_id": key}
    image = dock.image(key)
    assert (image.status, image.disk_format, image.size) == (Status.ACTIVE, DiskFormat.QCOW2, len(data))
    assert dock.content(key) == data


def test_a_task_that_takes_the_service_down_is_given_up_and_the_image_is_free_again(
    dock: Dock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A death without a last word: the step began, and nothing is noted of its end."""
    key = dock.stage(raw_disk())
    task = dock.begin(key)

    def die(*_: object) -> None:
        raise Interrupted

    monkeypatch.setattr(dock.tasks, "_end_step", die)
    for _ in range(9):
        dock.walker.walk()
    assert dock.task(task).status is TaskStatus.FAILED
    assert "cut off" in dock.task(task).message
    assert dock.image(key).status is Status.QUEUED


def test_a_refusal_leaves_a_queued_image_and_not_a_block(dock: Dock) -> None:
    key = dock.stage(jpeg() + bytes(range(256)) * 4_000, DiskFormat.QCOW2)
    task = dock.begin(key)
    assert dock.image(key).status is Status.IMPORTING
    dock.walker.walk()
    assert dock.task(task).error_code == "not-a-disk"
    image = dock.image(key)
    assert (image.status, image.blob_id, image.size, image.checksum) == (Status.QUEUED, None, None, None)
    assert dock.blocks_left() == 0
    dock.stage_again(key, raw_disk())
    assert dock.image(key).status is Status.UPLOADING


def test_what_the_first_block_forbids_is_not_staged(dock: Dock) -> None:
    with pytest.raises(BadDisk, match="found a JPEG picture"):
        dock.stage(jpeg() + bytes(range(256)) * 40_000, DiskFormat.QCOW2)
    assert dock.blocks_left() == 0


def test_what_is_packed_may_be_staged(dock: Dock) -> None:
    packed = gzip.compress(random.Random(1).randbytes(BLOCK_SIZE + 1), 1)
    assert dock.image(dock.stage(packed, DiskFormat.QCOW2)).status is Status.UPLOADING


def test_a_cancelled_import_leaves_the_image_queued(dock: Dock) -> None:
    key = dock.stage(raw_disk())
    task = dock.begin(key)
    assert dock.tasks.cancel(dock.caller, task.id)
    dock.walker.walk()
    assert dock.task(task).status is TaskStatus.CANCELLED
    assert dock.image(key).status is Status.QUEUED


def test_staged_bytes_stay_while_they_wait_and_go_with_the_image(dock: Dock) -> None:
    key = dock.stage(raw_disk(2 * BLOCK_SIZE))
    assert dock.blocks_left() == 2
    assert dock.content(key) is None
    dock.images.delete(dock.caller, key)
    assert dock.blocks_left() == 0


def test_an_image_deleted_in_the_middle_ends_the_import_with_the_reason(dock: Dock) -> None:
    key = dock.stage(raw_disk())
    task = dock.begin(key)

    def delete(name: str) -> None:
        if name == "publish":
            dock.images.delete(dock.caller, key)
        dock.clock.pass_time(30 * 3600)
        dock.sweeper.sweep(older_than_s=0)

    dock.walker.before = delete
    dock.walker.walk()
    ended = dock.task(task)
    assert (ended.status, ended.error_code) == (TaskStatus.FAILED, "not-found")
    assert key in ended.message
    assert dock.blocks_left() == 0


def test_two_stages_at_once_and_the_second_to_end_gets_the_conflict(dock: Dock) -> None:
    key = dock.stage(raw_disk(), DiskFormat.QCOW2)  # refused, so that the image is queued
    dock.begin(key)
    dock.walker.walk()
    with dock.images.stage(dock.caller, key) as first, dock.images.stage(dock.caller, key) as second:
        first.write(b"one")
        second.write(b"two")
        first.commit()
        with pytest.raises(StatusConflict):
            second.commit()
    assert dock.image(key).status is Status.UPLOADING


def test_an_import_that_cannot_begin_leaves_no_task(dock: Dock) -> None:
    key = dock.stage(raw_disk())
    dock.begin(key)
    with pytest.raises(StatusConflict):
        dock.begin(key)
    assert len(dock.tasks.page(dock.caller, kind=TaskKind.IMPORT)) == 1
