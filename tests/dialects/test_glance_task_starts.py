"""Tasks that are started by Glance's own call: specs/openstack.md 5.1 to 5.3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.dialects.openstack_service import BASE, Cloud, Reply, running_cloud
from tests.disks import jpeg, mbr_disk
from tests.walking import Walker

_DISK = mbr_disk(1 << 20)
_GHOST = "5d0a30b6-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="module")
def mine(cloud: Cloud) -> Cloud:
    mine = cloud.as_("mira", "demo")
    for path, body in (("c", b""), ("out", b""), ("c/a/disk", _DISK), ("c/picture", jpeg())):
        assert mine.call("PUT", f"/v1/AUTH_{cloud.projects['demo'].id}/{path}", body=body).status == 201
    return mine


@pytest.fixture
def walker(cloud: Cloud) -> Walker:
    walker = Walker(cloud.services.tasks)
    cloud.services.tasks.attach(walker)
    return walker


def wish(**more: Any) -> dict[str, Any]:
    return {"import_from": "c/a/disk", "import_from_format": "raw", "image_properties": {"name": "ok"}, **more}


def start(cloud: Cloud, kind: object, task_input: object) -> Reply:
    return cloud.call("POST", "/v2/tasks", {"type": kind, "input": task_input})


def done(cloud: Cloud, walker: Walker, kind: str, task_input: object) -> dict[str, Any]:
    reply = start(cloud, kind, task_input)
    assert reply.status == 201, reply.body
    walker.walk()
    task: dict[str, Any] = cloud.get(f"/v2/tasks/{reply.json['id']}").json
    return task


def test_an_import_as_in_the_transcript(cloud: Cloud, mine: Cloud, walker: Walker) -> None:
    properties = {"name": "ok", "disk_format": "raw", "container_format": "bare", "min_ram": 512, "os_distro": "x"}
    asked = wish(image_properties={**properties, "visibility": "private"})
    reply = start(mine, "import", asked)
    task = reply.json
    assert reply.status == 201
    assert reply.headers["location"] == f"{BASE}/v2/tasks/{task['id']}"
    assert (task["type"], task["status"], task["message"], task["result"]) == ("import", "pending", "", None)
    assert (task["input"], task["owner"]) == (asked, cloud.projects["demo"].id)
    assert task["request_id"].startswith("req-")
    walker.walk()
    ended = mine.get(f"/v2/tasks/{task['id']}").json
    assert ended["status"] == "success", ended
    image = mine.get(f"/v2/images/{ended['result']['image_id']}").json
    assert {name: image[name] for name in properties} == properties
    assert (image["visibility"], image["status"], image["owner"]) == ("private", "active", task["owner"])
    assert mine.get(f"/v2/images/{image['id']}/file").body == _DISK


def test_an_object_by_its_address(cloud: Cloud, mine: Cloud, walker: Walker) -> None:
    address = f"swift://AUTH_{cloud.projects['demo'].id}/c/a/disk"
    assert done(mine, walker, "import", wish(import_from=address))["status"] == "success"
    other = f"swift://AUTH_{cloud.projects['alt'].id}/c/a/disk"
    assert start(mine, "import", wish(import_from=other)).status == 403


def test_a_refusal_is_told_in_a_sentence(mine: Cloud, walker: Walker) -> None:
    task = done(mine, walker, "import", wish(import_from="c/picture", import_from_format="qcow2"))
    assert (task["status"], task["result"], task["error"]["code"]) == ("failure", None, "not-a-disk")
    assert "found a JPEG" in task["message"]


_BAD: list[tuple[object, object, int]] = [
    (None, wish(), 400),
    ("convert", wish(), 400),
    ("api_image_import", wish(), 400),
    (["import"], wish(), 400),
    ("import", None, 400),
    ("import", [], 400),
    ("import", {}, 400),
    ("import", wish(import_from=None), 400),
    ("import", wish(import_from="c"), 400),
    ("import", wish(import_from="file:///etc/passwd"), 400),
    ("import", wish(import_from="swift://cloud.foo/c/o"), 400),
    ("import", wish(import_from="swift://cloud.foo"), 400),
    ("import", wish(import_from="swift://"), 400),
    ("import", wish(import_from="swift:c/a/disk"), 400),
    ("import", wish(import_from="swift+http://u:p@cloud.foo/c/o"), 400),
    ("import", wish(import_from="ftp://example.org/x"), 400),
    ("import", wish(import_from="http://127.0.0.1/x"), 400),
    ("import", wish(import_from="http://127.1/x"), 400),
    ("import", wish(import_from="http://user:pw@example.org/x"), 400),
    ("import", wish(import_from="HTTP://example.org:22/x"), 400),
    ("import", wish(import_from="c/nothing-here"), 404),
    ("import", wish(import_from_format="zip"), 400),
    ("import", wish(image_properties=None), 400),
    ("import", wish(image_properties={"name": 5}), 400),
    ("import", wish(image_properties={"status": "active"}), 403),
    ("import", wish(image_properties={"visibility": "public"}), 403),
    ("import", wish(image_properties={"tags": ["t" * 256]}), 400),
    ("import", wish(image_properties={"owner": "5d0a30b6000040008000000000000000"}), 403),
    ("import", wish(convert_to="zip"), 400),
    ("import", wish(convert_to="iso"), 400),
    ("import", wish(verify="qcow2"), 400),
    ("import", wish(verify={"colour": "red"}), 400),
    ("import", wish(verify={"format": "zip"}), 400),
    ("import", wish(verify={"format": "qcow2"}), 400),
    ("import", wish(verify={"max_virtual_size": -1}), 400),
    ("import", wish(verify={"max_virtual_size": True}), 400),
    ("import", wish(verify={"checksum": "0" * 32}), 400),
    ("import", wish(verify={"checksum": "md5:xyz"}), 400),
    ("import", wish(verify={"checksum": "crc32:00000000"}), 400),
    ("import", wish(image_properties={"container_format": "ova"}), 400),
    ("export", {}, 400),
    ("export", {"image_uuid": _GHOST}, 400),
    ("export", {"image_uuid": "x", "receiving_swift_container": "out"}, 400),
    ("export", {"image_uuid": _GHOST, "receiving_swift_container": "a/b"}, 400),
    ("export", {"image_uuid": _GHOST, "receiving_swift_container": "out"}, 404),
]


@pytest.mark.parametrize(("kind", "task_input", "status"), _BAD, ids=repr)
def test_what_cannot_be_asked_for(mine: Cloud, kind: object, task_input: object, status: int) -> None:
    before = len(mine.get("/v2/tasks?limit=1000").json["tasks"])
    reply = start(mine, kind, task_input)
    assert reply.status == status, reply.body
    assert len(mine.get("/v2/tasks?limit=1000").json["tasks"]) == before


def test_an_export_lands_in_the_container(cloud: Cloud, mine: Cloud, walker: Walker) -> None:
    image = done(mine, walker, "import", wish(image_properties={"name": "out we go"}))["result"]["image_id"]
    asked = {"image_uuid": image, "receiving_swift_container": "out"}
    task = done(mine, walker, "export", asked)
    assert (task["type"], task["status"], task["input"]) == ("export", "success", asked)
    location = task["result"]["export_location"]
    assert location == "out/out we go.vmdk"
    path = f"/v1/AUTH_{cloud.projects['demo'].id}/out/out%20we%20go.vmdk"
    assert mine.get(path).body.startswith(b"KDMV")
    assert start(mine, "export", asked).status == 409


def test_who_may_start(cloud: Cloud) -> None:
    assert start(cloud.as_("rita", "demo"), "import", wish()).status == 403
    assert start(cloud.as_(None), "import", wish()).status == 401
    assert start(cloud.as_("alex", "alt"), "import", wish()).status == 404
