"""Packed disks through every way to import one: the disk inside becomes the image, or the answer says why not."""

from __future__ import annotations

import gzip
import hashlib
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.openstack_service import Cloud, running_cloud
from tests.dialects.test_glance_images import made
from tests.dialects.test_glance_import import begin, shown
from tests.dialects.test_glance_task_starts import done
from tests.dialects.test_glance_web_download import fetch, last_task
from tests.disks import mbr_disk, ova, vmdk_stream
from tests.hostile_server import Hostile, file_of, hostile_server
from tests.rules.test_zip import archive as zipped
from tests.services.test_unpack import ova as appliance
from tests.walking import Walker

RAW = mbr_disk(1 << 20)
VMDK = vmdk_stream()
_OCTETS = {"Content-Type": "application/octet-stream"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("data")
    with running_cloud(folder, fetch_networks=("127.0.0.1",), fetch_ports=()) as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[Hostile]:
    with hostile_server() as running:
        yield running


@pytest.fixture
def walker(cloud: Cloud) -> Walker:
    walker = Walker(cloud.services.tasks)
    cloud.services.tasks.attach(walker)
    return walker


@pytest.fixture(scope="module")
def mine(cloud: Cloud) -> Cloud:
    mine = cloud.as_("mira", "demo")
    mine.call("PUT", f"/v1/AUTH_{cloud.projects['demo'].id}/c")
    return mine


def staged(mine: Cloud, walker: Walker, data: bytes, **kinds: str) -> dict[str, Any]:
    key: str = made(mine, name="web", **kinds)["id"]
    assert mine.call("PUT", f"/v2/images/{key}/stage", headers=_OCTETS, body=data).status == 204
    assert begin(mine, key).status == 202
    walker.walk()
    return shown(mine, key)


@pytest.mark.parametrize(
    ("data", "disk_format", "inside"),
    [
        (gzip.compress(RAW), "raw", RAW),
        (lzma.compress(RAW, preset=0), "raw", RAW),
        (zipped(("disk.raw", RAW), ("README", b"words")), "raw", RAW),
        (zipped(("disk.vmdk", VMDK), method=0), "vmdk", VMDK),
        (appliance(("web.vmdk", VMDK)), "vmdk", VMDK),
    ],
    ids=["gzip", "xz", "zip", "stored", "ova"],
)
def test_staged_and_fetched_images_are_the_disk_inside(
    mine: Cloud, walker: Walker, server: Hostile, data: bytes, disk_format: str, inside: bytes
) -> None:
    kinds = {"disk_format": disk_format, "container_format": "bare"}
    first = staged(mine, walker, data, **kinds)
    key: str = made(mine, name="web", **kinds)["id"]
    assert fetch(mine, key, server.serves("/web", file_of(data))).status == 202
    walker.walk()
    for image in (first, shown(mine, key)):
        assert image["status"] == "active", last_task(mine, image["id"])
        assert (image["size"], image["checksum"]) == (len(inside), hashlib.md5(inside).hexdigest())
        assert image["os_hash_value"] == hashlib.sha512(inside).hexdigest()
        assert mine.get(f"/v2/images/{image['id']}/file").body == inside


def test_what_is_no_bare_disk_is_kept_as_it_came(mine: Cloud, walker: Walker) -> None:
    for data, kinds in (
        (appliance(("web.vmdk", VMDK)), {"disk_format": "vmdk", "container_format": "ova"}),
        (gzip.compress(b"a ramdisk"), {"disk_format": "ari", "container_format": "ari"}),
        (gzip.compress(b"a ramdisk"), {"disk_format": "ari", "container_format": "bare"}),
    ):
        image = staged(mine, walker, data, **kinds)
        assert (image["status"], image["size"]) == ("active", len(data))


def test_a_task_may_say_which_disk_and_what_its_digest_is(mine: Cloud, walker: Walker) -> None:
    data = zipped(("a.raw", RAW), ("b.vmdk", VMDK))
    target = f"/v1/AUTH_{mine.projects['demo'].id}/c/two.zip"
    assert mine.call("PUT", target, body=data).status == 201
    asked: dict[str, Any] = {"import_from": "c/two.zip", "image_properties": {"name": "b"}}
    task = done(mine, walker, "import", asked)
    assert (task["status"], task["error"]["code"]) == ("failure", "several-disks")
    assert "'a.raw', 'b.vmdk'" in task["message"]
    asked["import_member"] = "b.vmdk"
    checksum = f"sha256:{hashlib.sha256(VMDK).hexdigest()}"
    outside = f"md5:{hashlib.md5(data).hexdigest()}"
    wrong = done(mine, walker, "import", {**asked, "verify": {"unpacked_checksum": outside}})
    assert wrong["error"]["code"] == "digest-mismatch"
    right = {**asked, "verify": {"unpacked_checksum": checksum, "checksum": outside}}
    task = done(mine, walker, "import", right)
    assert task["status"] == "success", task["message"]
    assert mine.get(f"/v2/images/{task['result']['image_id']}/file").body == VMDK
    for harmed in ({**asked, "import_member": 5}, {**asked, "verify": {"unpacked_checksum": "md5:x"}}):
        assert mine.call("POST", "/v2/tasks", {"type": "import", "input": harmed}).status == 400


def test_an_upload_is_never_unpacked_and_the_refusal_says_what_it_is(mine: Cloud) -> None:
    for data, words in ((gzip.compress(RAW), "a gzip archive"), (ova(), "an OVA appliance")):
        key = made(mine, name="web", disk_format="raw", container_format="bare")["id"]
        reply = mine.call("PUT", f"/v2/images/{key}/file", headers=_OCTETS, body=data)
        assert reply.status == 400 or reply.status == 415, reply.body
        assert words in reply.body.decode()
        assert "Unpack it, and bring the disk itself." in reply.body.decode()
        assert shown(mine, key)["status"] == "queued"


def test_an_administrator_may_have_nothing_unpacked(tmp_path: Path) -> None:
    with running_cloud(tmp_path, unpack_imports=False) as cloud:
        mine = cloud.as_("mira", "demo")
        walker = Walker(cloud.services.tasks)
        cloud.services.tasks.attach(walker)
        image = staged(mine, walker, gzip.compress(RAW), disk_format="raw", container_format="bare")
        assert image["status"] == "queued"
        assert "a gzip archive" in last_task(mine, image["id"])["message"]
