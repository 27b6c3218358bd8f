"""Stage and import, and the tasks of an image: specs/openstack.md 4.11, 4.12, 4.14."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from tests.dialects.openstack_service import Cloud, Reply, running_cloud
from tests.dialects.test_glance_data import BLOCK
from tests.dialects.test_glance_data import put as put_file
from tests.dialects.test_glance_images import made, patch
from tests.disks import jpeg, mbr_disk, qcow2_with_backing
from tests.walking import Walker

_RAW = {"disk_format": "raw", "container_format": "bare"}
_QCOW2 = {"disk_format": "qcow2", "container_format": "bare"}
_TYPE = {"content-type": "application/octet-stream"}
_DIRECT = {"method": {"name": "glance-direct"}}
_DISK = mbr_disk(1 << 20)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture
def walker(cloud: Cloud) -> Walker:
    walker = Walker(cloud.services.tasks)
    cloud.services.tasks.attach(walker)
    return walker


@pytest.fixture(scope="module")
def mine(cloud: Cloud) -> Cloud:
    return cloud.as_("mira", "demo")


@pytest.fixture(scope="module")
def qcow2(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("disk") / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "5M"], check=True)
    return path.read_bytes()


def stage(
    cloud: Cloud, key: str, body: bytes | Sequence[bytes], headers: Mapping[str, str] | None = None, **options: Any
) -> Reply:
    return cloud.call("PUT", f"/v2/images/{key}/stage", body=body, headers={**_TYPE, **(headers or {})}, **options)


def begin(cloud: Cloud, key: str, body: object = _DIRECT) -> Reply:
    return cloud.call("POST", f"/v2/images/{key}/import", body)


def shown(cloud: Cloud, key: str) -> dict[str, Any]:
    image: dict[str, Any] = cloud.get(f"/v2/images/{key}").json
    return image


def staged(cloud: Cloud, data: bytes, **attributes: Any) -> str:
    key: str = made(cloud, **attributes)["id"]
    assert stage(cloud, key, data).status == 204
    return key


# -- stage ---------------------------------------------------------------------------


def test_what_is_staged_waits_unseen_and_needs_no_formats(mine: Cloud) -> None:
    key = made(mine)["id"]
    reply = stage(mine, key, [b"x" * BLOCK, b"y"], {"X-OpenStack-Image-Size": str(BLOCK + 1)})
    assert (reply.status, reply.body) == (204, b"")
    image = shown(mine, key)
    assert (image["status"], image["size"], image["checksum"]) == ("uploading", None, None)
    down = mine.get(f"/v2/images/{key}/file")
    assert (down.status, down.body) == (204, b"")


def test_only_a_queued_image_takes_a_stage_and_only_of_bytes(mine: Cloud) -> None:
    key = made(mine, **_RAW)["id"]
    assert stage(mine, key, b"x", {"content-type": "application/json"}).status == 415
    assert stage(mine, key, b"x", {"X-OpenStack-Image-Size": "2"}).status == 400
    assert stage(mine, key, [b"x" * BLOCK] * 9).status == 413
    assert shown(mine, key)["status"] == "queued"
    assert stage(mine, key, b"x").status == 204
    assert stage(mine, key, b"x").status == 409
    assert put_file(mine, key, b"x").status == 409
    active = made(mine, **_RAW)["id"]
    assert put_file(mine, active, _DISK).status == 204
    assert stage(mine, active, b"x").status == 409


def test_a_cut_stage_leaves_the_image_queued(mine: Cloud) -> None:
    key = made(mine, **_RAW)["id"]
    stage(mine, key, [b"x" * BLOCK, b"y"], cut=True)
    assert shown(mine, key)["status"] == "queued"
    assert stage(mine, key, _DISK).status == 204


def test_who_may_stage_and_import(cloud: Cloud, mine: Cloud) -> None:
    key = staged(mine, _DISK, visibility="community", **_RAW)
    for caller, status in ((cloud.as_("rita", "demo"), 403), (cloud.as_("alex", "alt"), 403), (cloud.as_(None), 401)):
        assert stage(caller, key, b"x").status == status
        assert begin(caller, key).status == status
    private = staged(mine, _DISK, visibility="private", **_RAW)
    assert begin(cloud.as_("alex", "alt"), private).status == 404
    assert shown(mine, key)["status"] == shown(mine, private)["status"] == "uploading"


def test_a_staged_image_can_be_deleted_and_its_formats_set(mine: Cloud) -> None:
    key = staged(mine, _DISK)
    assert begin(mine, key).status == 409
    change = [{"op": "replace", "path": f"/{name}", "value": value} for name, value in _RAW.items()]
    assert patch(mine, key, change).status == 200
    assert mine.call("DELETE", f"/v2/images/{key}").status == 204
    assert mine.get(f"/v2/images/{key}").status == 404


# -- import --------------------------------------------------------------------------


def test_an_import_as_in_the_transcript(mine: Cloud, walker: Walker, qcow2: bytes) -> None:
    key = staged(mine, qcow2, name="q", **_QCOW2)
    assert mine.get(f"/v2/images/{key}/tasks").json == {"tasks": []}
    reply = begin(mine, key)
    assert (reply.status, reply.body) == (202, b"")
    image = shown(mine, key)
    (task,) = mine.get(f"/v2/images/{key}/tasks").json["tasks"]
    assert image["status"] == "importing"
    assert image["os_glance_import_task"] == task["id"]
    assert image["os_glance_importing_to_stores"] == "default"
    assert (task["status"], task["result"], task["expires_at"]) == ("pending", None, None)
    assert mine.get(f"/v2/images/{key}/file").status == 204
    for again in (begin(mine, key), stage(mine, key, b"x"), put_file(mine, key, b"x")):
        assert again.status == 409
    assert patch(mine, key, [{"op": "replace", "path": "/disk_format", "value": "raw"}]).status == 403
    walker.walk()
    image = shown(mine, key)
    assert (image["status"], image["size"], image["virtual_size"]) == ("active", len(qcow2), 5 << 20)
    assert image["checksum"] == hashlib.md5(qcow2).hexdigest()
    assert image["os_hash_value"] == hashlib.sha512(qcow2).hexdigest()
    assert (image["os_glance_importing_to_stores"], image["os_glance_failed_import"]) == ("", "")
    assert "os_glance_import_task" not in image
    assert mine.get(f"/v2/images/{key}/file").body == qcow2
    (task,) = mine.get(f"/v2/images/{key}/tasks").json["tasks"]
    assert (task["status"], task["result"], task["message"]) == ("success", {"image_id": key}, "")
    assert task["type"] == "api_image_import"
    assert task["input"]["import_req"]["method"] == {"name": "glance-direct"}
    assert task["request_id"].startswith("req-")
    assert task["expires_at"] > task["updated_at"]
    assert begin(mine, key).status == 409


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (jpeg(), "not-a-disk", "pic: expected a disk image in the format qcow2, found a JPEG"),
        (b"", "empty", "empty"),
        (qcow2_with_backing("/etc/passwd")[: 64 << 10], "backing-file", "/etc/passwd"),
        (_DISK[: 64 << 10], "wrong-format", "qcow2"),
    ],
    ids=["jpeg", "empty", "backing", "raw"],
)
def test_what_is_refused_leaves_the_image_queued_and_the_retry_just_works(
    mine: Cloud, walker: Walker, qcow2: bytes, data: bytes, code: str, words: str
) -> None:
    key = staged(mine, data, name="pic", **_QCOW2)
    assert begin(mine, key).status == 202
    walker.walk()
    image = shown(mine, key)
    assert (image["status"], image["size"], image["checksum"], image["os_hash_value"]) == ("queued", None, None, None)
    assert (image["os_glance_importing_to_stores"], image["os_glance_failed_import"]) == ("", "default")
    assert mine.get(f"/v2/images/{key}/file").status == 204
    (task,) = mine.get(f"/v2/images/{key}/tasks").json["tasks"]
    assert (task["status"], task["result"], task["error"]["code"]) == ("failure", None, code)
    assert words in task["message"]
    assert stage(mine, key, qcow2).status == 204
    assert begin(mine, key).status == 202
    walker.walk()
    image = shown(mine, key)
    assert (image["status"], image["os_glance_failed_import"]) == ("active", "")
    tasks = mine.get(f"/v2/images/{key}/tasks").json["tasks"]
    assert [task["status"] for task in tasks] == ["success", "failure"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [(qcow2_with_backing("/etc/passwd"), "backing-file"), (_DISK, "wrong-format")],
    ids=["backing", "raw"],
)
def test_what_the_first_66_kib_forbid_is_not_even_staged(
    mine: Cloud, walker: Walker, qcow2: bytes, data: bytes, reason: str
) -> None:
    assert len(data) > 66 << 10
    key = made(mine, name="pic", **_QCOW2)["id"]
    reply = stage(mine, key, data)
    assert (reply.status, reply.json["reason"]) == (415, reason)
    assert shown(mine, key)["status"] == "queued"
    assert begin(mine, key).status == 409
    assert stage(mine, key, qcow2).status == 204


def test_after_a_failed_import_a_plain_upload_works_too(mine: Cloud, walker: Walker, qcow2: bytes) -> None:
    key = staged(mine, jpeg(), **_QCOW2)
    begin(mine, key)
    walker.walk()
    assert put_file(mine, key, qcow2).status == 204
    assert (shown(mine, key)["status"], shown(mine, key)["os_glance_failed_import"]) == ("active", "")


def test_what_is_in_a_container_is_not_looked_at(mine: Cloud, walker: Walker) -> None:
    key = staged(mine, jpeg(), disk_format="raw", container_format="ova")
    begin(mine, key)
    walker.walk()
    assert (shown(mine, key)["status"], shown(mine, key)["virtual_size"]) == ("active", None)


def test_an_image_deleted_while_it_is_imported_stays_deleted(mine: Cloud, walker: Walker) -> None:
    key = staged(mine, _DISK, **_RAW)
    begin(mine, key)
    assert mine.call("DELETE", f"/v2/images/{key}").status == 204
    walker.walk()
    assert mine.get(f"/v2/images/{key}").status == 404


_BAD_BODIES: list[tuple[object, int]] = [
    ({}, 400),
    ([], 400),
    ("x", 400),
    ({"method": {}}, 400),
    ({"method": "glance-direct"}, 400),
    ({"method": {"name": ["glance-direct"]}}, 400),
    ({"method": {"name": "glance-download", "glance_region": "RegionTwo", "glance_image_id": "x"}}, 400),
    ({"method": {"name": "copy-image"}, "stores": ["default"]}, 409),
    ({**_DIRECT, "stores": "default"}, 400),
    ({**_DIRECT, "stores": ["ghost"]}, 409),
    ({**_DIRECT, "stores": ["default"], "all_stores": True}, 400),
    ({**_DIRECT, "all_stores": "yes"}, 400),
    ({**_DIRECT, "all_stores_must_succeed": 1}, 400),
]


@pytest.mark.parametrize(("body", "status"), _BAD_BODIES, ids=repr)
def test_what_cannot_be_asked_for(mine: Cloud, body: object, status: int) -> None:
    key = staged(mine, _DISK, **_RAW)
    assert begin(mine, key, body).status == status
    assert shown(mine, key)["status"] == "uploading"


def test_nothing_staged_is_a_conflict_and_no_image_a_404(mine: Cloud) -> None:
    assert begin(mine, made(mine, **_RAW)["id"]).status == 409
    assert begin(mine, "nope").status == 404
    assert mine.get("/v2/images/nope/tasks").status == 404


def test_stores_may_be_said(mine: Cloud, walker: Walker) -> None:
    for more in ({"stores": ["default"]}, {"all_stores": True, "all_stores_must_succeed": False}):
        key = staged(mine, _DISK, **_RAW)
        assert begin(mine, key, {**_DIRECT, **more}).status == 202
        walker.walk()
        assert shown(mine, key)["status"] == "active"


def test_the_tasks_of_an_image_are_its_owners(cloud: Cloud, mine: Cloud, walker: Walker) -> None:
    key = staged(mine, _DISK, visibility="community", **_RAW)
    begin(mine, key)
    walker.walk()
    path = f"/v2/images/{key}/tasks"
    assert cloud.as_("alex", "alt").get(path).json == {"tasks": []}
    assert len(cloud.as_("rita", "demo").get(path).json["tasks"]) == 1
    assert len(cloud.as_("admin", "admin").get(path).json["tasks"]) == 1
    assert cloud.as_(None).get(path).status == 401
