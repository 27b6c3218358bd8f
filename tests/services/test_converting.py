"""From an image to the same disk in another format, and looking through one: whole or not at all, cut off anywhere."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from imageferry.db.records import SqlRecords
from imageferry.domain.access import Caller, ProjectId
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.digest import Algorithm
from imageferry.domain.errors import BadInput, Forbidden, NotFound, StatusConflict
from imageferry.domain.image import ContainerFormat, DiskFormat, Image, ImageId, Status, Visibility, new_image_id
from imageferry.domain.image_quota import Resource
from imageferry.domain.moment import Moment
from imageferry.domain.task import Task, TaskKind, TaskStatus
from imageferry.formats.judge import Limits
from imageferry.ports.records import ImageQuery
from imageferry.ports.tasks import Interrupted
from imageferry.service.blobs import Blobs, whole
from imageferry.service.converting.request import CONVERTIBLE, Conversions, ConvertRequest
from imageferry.service.converting.steps import DiskSteps
from imageferry.service.image_quotas import ImageQuotas
from imageferry.service.image_upload import IMAGE_DIGESTS
from imageferry.service.sweeping import Sweeper
from imageferry.service.tasks import TaskService
from imageferry.stores.memory import MemoryBlocks
from imageferry.tools.qemu_img import QemuImg
from tests.disks import qcow2_with_backing
from tests.services.conftest import Clock
from tests.services.test_importing import packed, raw_disk
from tests.walking import Walker

STEPS = ["locate", "inspect", "convert", "check", "publish"]
_QEMU_NAMES = {DiskFormat.VHD: "vpc"}


@dataclass(kw_only=True)
class Mill:
    """Images in, images out."""

    records: SqlRecords
    store: MemoryBlocks
    blobs: Blobs
    conversions: Conversions
    tasks: TaskService
    walker: Walker
    quotas: ImageQuotas
    caller: Caller
    clock: Clock
    folder: Path

    def image(self, raw: bytes, disk_format: DiskFormat = DiskFormat.RAW, **more: object) -> Image:
        """An active image with that disk inside."""
        name = _QEMU_NAMES.get(disk_format, disk_format.value)
        return self.kept(raw if disk_format is DiskFormat.RAW else packed(raw, name, self.folder), disk_format, **more)

    def kept(self, data: bytes, disk_format: DiskFormat, **more: object) -> Image:
        writer = self.blobs.writer(IMAGE_DIGESTS)
        for start in range(0, len(data), BLOCK_SIZE):
            writer.write(data[start : start + BLOCK_SIZE])
        draft, now = writer.finish(), self.clock()
        image = Image(
            id=new_image_id(),
            owner=ProjectId("p"),
            name="web",
            status=Status.ACTIVE,
            disk_format=disk_format,
            container_format=ContainerFormat.BARE,
            size=len(data),
            checksum=draft.digests[Algorithm.MD5],
            hash_value=draft.digests[Algorithm.SHA512],
            properties={"os": "x"},
            tags=frozenset({"one"}),
            min_disk=3,
            blob_id=draft.id,
            created_at=now,
            updated_at=now,
        )
        image = replace(image, **more)  # type: ignore[arg-type]
        with self.records.writing() as session:
            self.blobs.keep_in(session, draft)
            session.images.add(image)
        return image

    def begin(self, image: Image, to: DiskFormat, *, in_place: bool = False) -> Task:
        return self.conversions.convert(self.caller, "test", ConvertRequest(image_id=image.id, to=to, replace=in_place))

    def done(self, task: Task) -> Task:
        self.walker.walk()
        return self.tasks.show(self.caller, task.id)

    def images(self) -> dict[ImageId, Image]:
        with self.records.reading() as session:
            return {image.id: image for image in session.images.page(ImageQuery(hidden=None))}

    def raw_of(self, image: Image) -> bytes:
        """What a guest would read."""
        with self.records.reading() as session:
            blob = session.blobs.get(image.blob_id)  # type: ignore[arg-type]
        assert blob is not None
        data = b"".join(self.blobs.read([whole(blob)]))
        assert (image.size, image.checksum) == (len(data), hashlib.md5(data).hexdigest())
        assert image.hash_value == hashlib.sha512(data).hexdigest()
        assert image.disk_format is not None
        source, target = self.folder / "s", self.folder / "t"
        source.write_bytes(data)
        QemuImg().convert(source, image.disk_format, target, DiskFormat.RAW)
        return target.read_bytes()


@pytest.fixture
def mill(
    records: SqlRecords,
    store: MemoryBlocks,
    blobs: Blobs,
    clock: Clock,
    member: Callable[[str], Caller],
    tmp_path: Path,
) -> Mill:
    quotas = ImageQuotas(records, {Resource.IMAGES: 4})
    steps = DiskSteps(records=records, blobs=blobs, tools=QemuImg(), clock=clock, limits=Limits(), quotas=quotas)
    plans = {TaskKind.CONVERT.value: steps.convert_plan(), TaskKind.CHECK.value: steps.check_plan()}
    tasks = TaskService(records, clock, tmp_path / "work", plans)
    walker = Walker(tasks)
    tasks.attach(walker)
    return Mill(
        records=records,
        store=store,
        blobs=blobs,
        conversions=Conversions(records, tasks, quotas),
        tasks=tasks,
        walker=walker,
        quotas=quotas,
        caller=member("p"),
        clock=clock,
        folder=tmp_path,
    )


@pytest.mark.parametrize(
    ("disk_format", "to"), [pair for pair in itertools.permutations(CONVERTIBLE, 2) if DiskFormat.QCOW2 in pair]
)
def test_the_guest_sees_the_same_disk(mill: Mill, disk_format: DiskFormat, to: DiskFormat) -> None:
    raw = raw_disk(5 << 20)
    image = mill.image(raw, disk_format, visibility=Visibility.PRIVATE)
    task = mill.done(mill.begin(image, to))
    assert task.status is TaskStatus.SUCCEEDED, task.message
    images = mill.images()
    made = images[ImageId(task.result["image_id"])]
    assert (made.disk_format, made.status, made.name, made.properties) == (to, Status.ACTIVE, "web", {"os": "x"})
    assert (made.tags, made.min_disk, made.visibility) == (frozenset({"one"}), 3, Visibility.PRIVATE)
    assert mill.raw_of(made)[: len(raw)] == raw
    assert images[image.id] == image


@pytest.mark.parametrize("to", [to for to in CONVERTIBLE if to is not DiskFormat.RAW])
def test_a_disk_that_ends_inside_a_sector(mill: Mill, to: DiskFormat) -> None:
    raw = raw_disk((2 << 20) + 77)
    task = mill.done(mill.begin(mill.image(raw), to))
    assert task.status is TaskStatus.SUCCEEDED, task.message
    assert mill.raw_of(mill.images()[ImageId(task.result["image_id"])])[: len(raw)] == raw


def test_in_place_the_image_keeps_its_id_and_lets_go_of_the_old_bytes(mill: Mill) -> None:
    raw = raw_disk(3 * BLOCK_SIZE)
    image = mill.image(raw)
    task = mill.done(mill.begin(image, DiskFormat.QCOW2, in_place=True))
    assert (task.status, task.result) == (TaskStatus.SUCCEEDED, {"image_id": image.id}), task.message
    (made,) = mill.images().values()
    assert (made.id, made.disk_format, made.created_at) == (image.id, DiskFormat.QCOW2, image.created_at)
    assert made.virtual_size == len(raw)
    assert mill.raw_of(made) == raw
    mill.clock.pass_time(30 * 3600)
    Sweeper(mill.records, mill.store, mill.clock).sweep(older_than_s=0)
    with mill.records.reading() as session:
        assert image.blob_id is not None
        assert session.blobs.get(image.blob_id) is None


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_cut_off_anywhere_and_done_again_it_comes_out_the_same(
    mill: Mill, step: str, moment: str, in_place: bool
) -> None:
    raw = raw_disk()
    image = mill.image(raw)
    deaths = iter([True])

    def die(name: str) -> None:
        if name == step and next(deaths, False):
            raise Interrupted

    setattr(mill.walker, moment, die)
    task = mill.begin(image, DiskFormat.QCOW2, in_place=in_place)
    assert not mill.done(task).status.is_final
    if step != "publish" or moment == "before":
        assert mill.images() == {image.id: image}
    for file in (mill.folder / "work").glob("*/*"):
        file.unlink()  # as on another machine
    ended = mill.done(task)
    assert ended.status is TaskStatus.SUCCEEDED, ended.message
    images = mill.images()
    assert len(images) == (1 if in_place else 2)
    assert mill.raw_of(images[ImageId(ended.result["image_id"])]) == raw


def _change(mill: Mill, image: Image, **changes: object) -> None:
    with mill.records.writing() as session:
        session.images.update(replace(image, **changes), was=image.status)  # type: ignore[arg-type]


def test_what_happens_to_the_image_meanwhile_is_not_undone(mill: Mill) -> None:
    image = mill.image(raw_disk())
    task = mill.begin(image, DiskFormat.QCOW2, in_place=True)
    mill.walker.before = lambda step: _change(mill, image, protected=True) if step == "publish" else None
    assert (mill.done(task).status, mill.done(task).error_code) == (TaskStatus.FAILED, "status-conflict")
    assert mill.images() == {image.id: replace(image, protected=True)}


def test_a_name_given_meanwhile_stays(mill: Mill) -> None:
    image = mill.image(raw_disk())
    task = mill.begin(image, DiskFormat.QCOW2, in_place=True)
    mill.walker.before = lambda step: _change(mill, image, name="new") if step == "publish" else None
    assert mill.done(task).status is TaskStatus.SUCCEEDED
    assert mill.images()[image.id].name == "new"


def test_an_image_deleted_meanwhile_stays_deleted(mill: Mill) -> None:
    image = mill.image(raw_disk())
    task = mill.begin(image, DiskFormat.QCOW2)

    def delete(step: str) -> None:
        if step == "convert":
            with mill.records.writing() as session:
                session.images.delete(image.id, Moment(1))

    mill.walker.before = delete
    assert mill.done(task).error_code == "not-found"
    assert mill.images() == {}


def test_what_is_public_is_made_public_again_by_who_may(mill: Mill) -> None:
    image = mill.image(raw_disk(), visibility=Visibility.PUBLIC, protected=True)
    task = mill.done(mill.begin(image, DiskFormat.QCOW2))
    made = mill.images()[ImageId(task.result["image_id"])]
    assert (made.visibility, made.protected) == (Visibility.SHARED, False)


def test_what_cannot_be_converted_is_refused_at_once(mill: Mill, member: Callable[[str], Caller]) -> None:
    image = mill.image(raw_disk())
    with pytest.raises(BadInput):
        mill.begin(image, DiskFormat.RAW)
    with pytest.raises(BadInput):
        mill.begin(image, DiskFormat.ISO)
    with pytest.raises(BadInput):
        mill.begin(mill.kept(b"x", DiskFormat.ISO), DiskFormat.RAW)
    with pytest.raises(BadInput):
        mill.begin(mill.image(raw_disk(), container_format=ContainerFormat.OVA), DiskFormat.QCOW2)
    with pytest.raises(NotFound):
        mill.begin(replace(image, id=new_image_id()), DiskFormat.QCOW2)
    _change(mill, image, protected=True)
    with pytest.raises(Forbidden):
        mill.begin(image, DiskFormat.QCOW2, in_place=True)
    _change(mill, image, status=Status.DEACTIVATED)
    with pytest.raises(StatusConflict):
        mill.begin(image, DiskFormat.QCOW2)
    mill.caller = member("q")
    with pytest.raises(NotFound):
        mill.begin(image, DiskFormat.QCOW2)


def test_what_is_public_elsewhere_is_not_converted_into_ones_own(mill: Mill, member: Callable[[str], Caller]) -> None:
    image = mill.image(raw_disk(), visibility=Visibility.PUBLIC)
    mill.caller = member("q")
    with pytest.raises(NotFound):
        mill.begin(image, DiskFormat.QCOW2)
    with pytest.raises(NotFound):
        mill.conversions.check(mill.caller, "test", image.id, {})


def test_the_limit_of_images_holds_for_new_ones_only(mill: Mill) -> None:
    images = [mill.image(raw_disk(seed=number)) for number in range(4)]
    with pytest.raises(Exception, match="at most 4 images"):
        mill.begin(images[0], DiskFormat.QCOW2)
    task = mill.done(mill.begin(images[0], DiskFormat.QCOW2, in_place=True))
    assert task.status is TaskStatus.SUCCEEDED, task.message


def test_a_hostile_disk_that_came_in_unjudged_goes_no_further(mill: Mill) -> None:
    """As kept by an older version, say: its owner called it raw, and nobody looked."""
    image = mill.kept(qcow2_with_backing("/etc/passwd"), DiskFormat.QCOW2)
    task = mill.done(mill.begin(image, DiskFormat.RAW))
    assert (task.status, task.error_code) == (TaskStatus.FAILED, "backing-file")
    checked = mill.done(mill.conversions.check(mill.caller, "test", image.id, {}))
    assert checked.error_code == "backing-file"
    assert mill.images() == {image.id: image}


def test_a_cancelled_conversion_leaves_nothing(mill: Mill) -> None:
    image = mill.image(raw_disk())
    task = mill.begin(image, DiskFormat.QCOW2)
    assert mill.tasks.cancel(mill.caller, task.id)
    assert mill.done(task).status is TaskStatus.CANCELLED
    assert mill.images() == {image.id: image}


# -- looking through -----------------------------------------------------------------


@pytest.mark.parametrize("disk_format", CONVERTIBLE)
def test_a_check_tells_what_the_disk_is(mill: Mill, disk_format: DiskFormat) -> None:
    image = mill.image(raw_disk(4 << 20), disk_format)
    task = mill.done(mill.conversions.check(mill.caller, "test", image.id, {}))
    assert task.status is TaskStatus.SUCCEEDED, task.message
    facts = dict(task.result)
    assert facts["virtual_size"] >= 4 << 20
    assert (facts["format"], facts["file_size"], facts["leaks"]) == (disk_format, image.size, 0)
    assert facts["looked_through"] is (disk_format not in (DiskFormat.RAW, DiskFormat.VHD))


def test_a_check_finds_broken_tables(mill: Mill) -> None:
    data = bytearray(packed(raw_disk(), "qcow2", mill.folder))
    table = int.from_bytes(data[48:56], "big")
    counts = int.from_bytes(data[table : table + 8], "big")
    data[counts + 2 : counts + 8] = bytes(6)
    image = mill.kept(bytes(data), DiskFormat.QCOW2)
    task = mill.done(mill.conversions.check(mill.caller, "test", image.id, {}))
    assert (task.status, task.error_code) == (TaskStatus.FAILED, "malformed")
    assert "errors in its tables" in task.message


@pytest.mark.parametrize("step", ["locate", "inspect", "look_through"])
def test_a_check_that_is_cut_off_is_done_again(mill: Mill, step: str) -> None:
    image = mill.image(raw_disk(), DiskFormat.QCOW2)
    deaths = iter([True])

    def die(name: str) -> None:
        if name == step and next(deaths, False):
            raise Interrupted

    mill.walker.after = die
    task = mill.conversions.check(mill.caller, "test", image.id, {})
    assert not mill.done(task).status.is_final
    for file in (mill.folder / "work").glob("*/*"):
        file.unlink()
    assert mill.done(task).status is TaskStatus.SUCCEEDED
