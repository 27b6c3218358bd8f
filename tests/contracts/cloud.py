"""What every cloud promises (see ports/cloud/), asked of a service that really answers."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from imageferry import client
from imageferry.client import PushResult
from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.errors import (
    BadDisk,
    BadInput,
    Cancelled,
    DigestMismatch,
    FerryError,
    Forbidden,
    NotAuthenticated,
    NotFound,
    Unsupported,
)
from imageferry.domain.image import DiskFormat, MemberStatus
from imageferry.ports.cloud import Cloud, Moved
from imageferry.tools.qemu_img import QemuImg
from tests import disks
from tests.contracts.cloud_abilities import AbilitiesContract

MIB = 1 << 20

Push = Callable[..., PushResult]


class Stop(BaseException):
    """As if the person had pressed Ctrl-C."""


def disk_with_data(path: Path, size: int = 6 * MIB) -> Path:
    """A raw disk with a partition table, some noise and much nothing."""
    path.write_bytes(disks.put(disks.gpt_disk(size), (MIB, os.urandom(3 * MIB))))
    return path


def stop_after(part: float, error: BaseException) -> Callable[[Moved], None]:
    def watch(moved: Moved) -> None:
        if moved.stage == "upload" and moved.total and moved.sent > part * moved.total:
            raise error

    return watch


def everything_in(cloud: Cloud) -> dict[str, object]:
    """All that an upload could leave behind."""
    objects = {row.name: [o.name for o in cloud.objects.search(row.name)] for row in cloud.objects.containers()}
    return {
        "images": {image.id for image in cloud.images.search()},
        "objects": {name: names for name, names in objects.items() if names},
        "tasks": {task.id for task in cloud.tasks.search()} if cloud.tasks else set(),
    }


class CloudContract(AbilitiesContract):
    """Fixtures of a driver: ``cloud``, ``other`` (the same cloud for another project), ``wrong`` (a
    wrong password), ``secrets`` (what must never be seen), ``options`` (what every push needs)."""

    knows_projects = True  # whether the cloud refuses members that are no projects; stock Glance takes any text
    ready = "active"  # what an image is that can be used
    offers = True  # whether projects are asked before they see an image that is shared with them
    has_parts = True  # whether large objects go up in segments

    def tag_of(self, data: bytes) -> str:
        """What the cloud calls the tag of an object."""
        return hashlib.md5(data).hexdigest()

    def key(self, name: str) -> str:
        """A property's name as the cloud keeps it."""
        return name

    @pytest.fixture
    def push(self, cloud: Cloud, options: dict[str, object]) -> Push:
        def push(path: Path, **more: object) -> PushResult:
            return client.push(path, cloud, tools=QemuImg(), **{**options, **more})  # type: ignore[arg-type]

        return push

    def test_a_pushed_disk_comes_back_byte_for_byte(self, cloud: Cloud, push: Push, tmp_path: Path) -> None:
        disk = disk_with_data(tmp_path / "disk.raw")
        moved: list[Moved] = []
        result = push(disk, name="a disk é ☃", watch=moved.append)
        image = cloud.images.show("a disk é ☃")
        assert (image.id, image.status) == (result.image_id, self.ready)
        pulled = client.pull_image(cloud, result.image_id, tmp_path / "back")
        assert pulled.path.read_bytes() == disk.read_bytes()
        assert pulled.skipped >= 2 * MIB
        uploads = [step for step in moved if step.stage == "upload"]
        last = uploads[-1]
        assert last.done == last.total == result.sent + last.skipped + last.already_there

    def test_a_disk_in_another_format_arrives_as_well(self, cloud: Cloud, push: Push, tmp_path: Path) -> None:
        disk, other = disk_with_data(tmp_path / "disk.raw"), tmp_path / "disk.qcow2"
        QemuImg().convert(disk, client.check(disk).facts.format, other, DiskFormat.QCOW2)
        result = push(other)
        image = cloud.images.show(result.image_id)
        assert image.status == self.ready
        assert result.facts.virtual_size == 6 * MIB

    def test_a_disk_that_is_none_never_travels(self, cloud: Cloud, push: Push, tmp_path: Path) -> None:
        (tmp_path / "cat.jpg").write_bytes(disks.jpeg())
        before = everything_in(cloud)
        with pytest.raises(BadDisk):
            push(tmp_path / "cat.jpg")
        assert everything_in(cloud) == before

    def test_a_file_that_is_another_one_than_promised_never_travels(
        self, cloud: Cloud, push: Push, tmp_path: Path
    ) -> None:
        disk = disk_with_data(tmp_path / "disk.raw")
        before = everything_in(cloud)
        with pytest.raises(DigestMismatch):
            push(disk, checksum=Digest(Algorithm.SHA256, "0" * 64))
        assert everything_in(cloud) == before
        push(disk, checksum=Digest(Algorithm.SHA256, hashlib.sha256(disk.read_bytes()).hexdigest()))

    def test_a_file_that_changes_on_its_way_is_refused_and_leaves_nothing(
        self, cloud: Cloud, push: Push, tmp_path: Path
    ) -> None:
        disk = vmdk_or_raw(cloud, tmp_path)
        before = everything_in(cloud)

        def touch(moved: Moved) -> None:
            if moved.stage == "upload":
                os.utime(disk, ns=(time.time_ns(), time.time_ns() + 10**9))

        with pytest.raises(FerryError, match="changed"):
            push(disk, watch=touch)
        assert everything_in(cloud) == before

    def test_an_upload_that_is_stopped_leaves_nothing(self, cloud: Cloud, push: Push, tmp_path: Path) -> None:
        disk = vmdk_or_raw(cloud, tmp_path)
        before = everything_in(cloud)
        with pytest.raises(Cancelled):
            push(disk, segment_size=MIB, watch=stop_after(0.5, Cancelled("the push")))
        assert everything_in(cloud) == before

    def test_an_image_can_be_changed_and_deleted(self, cloud: Cloud, push: Push, tmp_path: Path) -> None:
        image_id = push(disk_with_data(tmp_path / "disk.raw")).image_id
        changed = cloud.images.change(image_id, {"name": "new", "a/b~c": "1", "gone": "x"})
        assert (changed.name, changed.properties[self.key("a/b~c")]) == ("new", "1")
        changed = cloud.images.change(image_id, {}, ("gone", "never-there"))
        assert "gone" not in changed.properties
        cloud.images.delete(image_id)
        with pytest.raises(NotFound):
            cloud.images.show(image_id)
        with pytest.raises(NotFound):
            cloud.images.delete(image_id)

    @pytest.mark.parametrize("name", ["", ".", "..", "a/b", "?limit=1", "no-such-image"])
    def test_an_image_that_is_not_there_is_not_found(self, cloud: Cloud, name: str) -> None:
        with pytest.raises(NotFound):
            cloud.images.show(name)

    def test_an_image_is_shared_accepted_and_taken_back(
        self, cloud: Cloud, other: Cloud, push: Push, tmp_path: Path
    ) -> None:
        result = push(disk_with_data(tmp_path / "disk.raw"), share=[other.project_id])
        assert [member.status for member in result.members] == ["pending" if self.offers else "accepted"]
        again = client.share(cloud, result.image_id, [other.project_id])
        assert [member.project_id for member in again] == [other.project_id]
        if self.offers:
            assert client.answer(other, result.image_id, MemberStatus.ACCEPTED).status == "accepted"
        else:
            with pytest.raises(Unsupported):
                client.answer(other, result.image_id, MemberStatus.ACCEPTED)
        assert result.image_id in {image.id for image in other.images.search()}
        assert [member.status for member in cloud.images.members(result.image_id)] == ["accepted"]
        client.unshare(cloud, result.image_id, [other.project_id])
        client.unshare(cloud, result.image_id, [other.project_id])
        assert cloud.images.members(result.image_id) == []
        with pytest.raises((NotFound, Forbidden)):
            other.images.show(result.image_id)

    def test_a_project_that_is_not_there_is_what_is_not_found(self, cloud: Cloud, push: Push, tmp_path: Path) -> None:
        if not self.knows_projects:
            pytest.skip("this cloud does not look members up")
        image_id = push(disk_with_data(tmp_path / "disk.raw")).image_id
        with pytest.raises(NotFound, match="project 'no-such'"):
            client.share(cloud, image_id, ["no-such"])
        with pytest.raises(NotFound, match="image"):
            cloud.images.share("0b5c5f9e-6b3c-4a6e-9b6e-000000000000", "no-such")

    @pytest.mark.parametrize("name", ["plain", "a folder/with é ☃ ?#%41&", "..a", "a//b"])
    @pytest.mark.parametrize("size", [0, 1, 3 * MIB + 1])
    def test_an_object_comes_back(self, cloud: Cloud, tmp_path: Path, name: str, size: int) -> None:
        (tmp_path / "file").write_bytes(os.urandom(size))
        stored = cloud.objects.put(tmp_path / "file", "objects", name, watch=lambda _: None)
        assert stored.info.size == size
        assert stored.info.etag == self.tag_of((tmp_path / "file").read_bytes())
        assert name in [row.name for row in cloud.objects.search("objects")]
        pulled = client.pull_object(cloud, "objects", name, tmp_path / "back")
        assert pulled.path.read_bytes() == (tmp_path / "file").read_bytes()
        cloud.objects.delete("objects", name)
        with pytest.raises(NotFound):
            cloud.objects.show("objects", name)

    @pytest.mark.parametrize("name", ["..", ".", "a/../../x", "../../../v3/auth"])
    def test_a_name_that_would_lead_elsewhere_is_never_sent(self, cloud: Cloud, tmp_path: Path, name: str) -> None:
        (tmp_path / "file").write_bytes(b"x")
        for act in (
            lambda: cloud.objects.put(tmp_path / "file", "objects", name, watch=lambda _: None),
            lambda: cloud.objects.delete("objects", name),
            lambda: cloud.objects.show("objects", name),
            lambda: cloud.objects.make_container(name),
        ):
            with pytest.raises(BadInput):
                act()

    def test_a_large_object_goes_up_in_parts_and_all_of_it_goes_away(self, cloud: Cloud, tmp_path: Path) -> None:
        if not self.has_parts:
            pytest.skip("this cloud knows objects by their blocks")
        (tmp_path / "file").write_bytes(os.urandom(3 * MIB + 5))
        cloud.objects.put(tmp_path / "file", "large", "o", watch=lambda _: None, segment_size=MIB)
        parts = [row for row in cloud.objects.search("large_segments") if row.name.startswith("o/")]
        assert [part.size for part in parts] == [MIB, MIB, MIB, 5]
        pulled = client.pull_object(cloud, "large", "o", tmp_path / "back")
        assert pulled.path.read_bytes() == (tmp_path / "file").read_bytes()
        cloud.objects.delete("large", "o")
        assert list(cloud.objects.search("large_segments", "o/")) == []

    def test_putting_anew_leaves_no_parts_of_the_old(self, cloud: Cloud, tmp_path: Path) -> None:
        if not self.has_parts:
            pytest.skip("this cloud knows objects by their blocks")
        for size in (3 * MIB, 5 * MIB, 10):
            (tmp_path / "file").write_bytes(os.urandom(size))
            cloud.objects.put(tmp_path / "file", "anew", "o", watch=lambda _: None, segment_size=MIB)
            parts = list(cloud.objects.search("anew_segments", "o/"))
            assert sum(part.size for part in parts) == (size if size > MIB else 0)
            assert cloud.objects.show("anew", "o").size == size

    def test_an_interrupted_upload_goes_on_where_it_was(self, cloud: Cloud, tmp_path: Path) -> None:
        if not self.has_parts:
            pytest.skip("this cloud knows objects by their blocks")
        (tmp_path / "file").write_bytes(os.urandom(8 * MIB))
        with suppress(NotFound):  # what an earlier run has left, where the cloud outlives it
            cloud.objects.delete("resume", "o")
        with suppress(NotFound):
            for row in list(cloud.objects.search("resume_segments")):
                cloud.objects.delete("resume_segments", row.name)
        with pytest.raises(Stop):
            stop = stop_after(0.6, Stop())
            cloud.objects.put(tmp_path / "file", "resume", "o", watch=stop, segment_size=MIB)
        left = list(cloud.objects.search("resume_segments"))
        assert left
        with pytest.raises(NotFound):
            cloud.objects.show("resume", "o")
        stored = cloud.objects.put(tmp_path / "file", "resume", "o", watch=lambda _: None, segment_size=MIB)
        assert stored.already_there == sum(row.size for row in left)
        assert stored.sent + stored.already_there == 8 * MIB
        pulled = client.pull_object(cloud, "resume", "o", tmp_path / "back")
        assert pulled.path.read_bytes() == (tmp_path / "file").read_bytes()

    def test_damaged_parts_of_an_earlier_run_are_sent_again(self, cloud: Cloud, tmp_path: Path) -> None:
        if not self.has_parts:
            pytest.skip("this cloud knows objects by their blocks")
        (tmp_path / "file").write_bytes(os.urandom(3 * MIB))
        put = lambda: cloud.objects.put(  # noqa: E731
            tmp_path / "file", "damaged", "o", watch=lambda _: None, segment_size=MIB
        )
        put()
        first = next(iter(cloud.objects.search("damaged_segments")))
        (tmp_path / "noise").write_bytes(os.urandom(MIB))
        cloud.objects.put(tmp_path / "noise", "damaged_segments", first.name, watch=lambda _: None)
        assert put().sent == MIB
        pulled = client.pull_object(cloud, "damaged", "o", tmp_path / "back")
        assert pulled.path.read_bytes() == (tmp_path / "file").read_bytes()

    def test_an_image_is_exported(self, cloud: Cloud, push: Push, tmp_path: Path) -> None:
        if cloud.exports is None:
            pytest.skip("this cloud exports nothing")
        result = push(disk_with_data(tmp_path / "disk.raw"), name="to export")
        task = client.export(cloud, result.image_id, "exports")
        assert (task.image_id, task.percent) == (result.image_id, 100)
        assert task.id in [row.id for row in cloud.exports.search()]
        pulled = client.pull_object(cloud, "exports", "to export.vmdk", tmp_path / "back.vmdk")
        assert client.check(pulled.path).facts.virtual_size == 6 * MIB

    def test_what_is_missing_is_not_found(self, cloud: Cloud) -> None:
        with pytest.raises(NotFound):
            list(cloud.objects.search("no-such-container"))
        with pytest.raises(NotFound):
            cloud.objects.delete("no-such-container", "o")
        if cloud.tasks is not None:
            with pytest.raises(NotFound):
                cloud.tasks.show("0b5c5f9e-6b3c-4a6e-9b6e-000000000000")

    def test_a_wrong_password_is_told_without_it(self, wrong: Cloud, secrets: list[str]) -> None:
        with pytest.raises(NotAuthenticated) as caught:
            list(wrong.images.search())
        assert all(secret not in str(caught.value) for secret in [*secrets, "wrong-pw"])

    def test_no_secret_is_logged(
        self, cloud: Cloud, push: Push, secrets: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        for name in ("keystoneauth", "urllib3", "keystoneauth.session", "imageferry.clouds", "requests"):
            caplog.set_level(logging.DEBUG, logger=name)
        push(vmdk_or_raw(cloud, tmp_path), segment_size=MIB)
        assert "imageferry.clouds" in {record.name for record in caplog.records}
        for secret in secrets:
            assert secret not in caplog.text


def vmdk_or_raw(cloud: Cloud, tmp_path: Path) -> Path:
    """A disk that the cloud takes as it is."""
    disk = disk_with_data(tmp_path / "disk.raw")
    facts = client.check(disk).facts
    layout = cloud.layout_for(facts)
    if layout.disk_format is facts.format:
        return disk
    made = tmp_path / f"disk.{layout.disk_format.value}"
    QemuImg().convert(disk, facts.format, made, layout.disk_format, sub_format=layout.sub_format)
    return made
