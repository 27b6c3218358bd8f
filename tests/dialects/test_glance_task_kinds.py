"""Conversions and checks as tasks of Glance's form, forgetting tasks, and who may use them: specs/openstack.md 5.3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from imageferry.wire.dates import parse_iso
from tests.dialects.openstack_service import Cloud, running_cloud
from tests.dialects.test_glance_data import put
from tests.dialects.test_glance_images import made
from tests.dialects.test_glance_task_starts import done, start
from tests.disks import mbr_disk
from tests.walking import Walker

_RAW = {"disk_format": "raw", "container_format": "bare"}
_GHOST = "5d0a30b6-0000-4000-8000-000000000000"
_DISK = mbr_disk(1 << 20)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="module")
def mine(cloud: Cloud) -> Cloud:
    return cloud.as_("mira", "demo")


@pytest.fixture
def walker(cloud: Cloud) -> Walker:
    walker = Walker(cloud.services.tasks)
    cloud.services.tasks.attach(walker)
    return walker


@pytest.fixture
def image(mine: Cloud) -> dict[str, Any]:
    key = made(mine, name="web", os_distro="debian", tags=["t"], **_RAW)["id"]
    assert put(mine, key, _DISK).status == 204
    shown: dict[str, Any] = mine.get(f"/v2/images/{key}").json
    return shown


def test_a_conversion_makes_an_image_beside_the_old_one(mine: Cloud, walker: Walker, image: dict[str, Any]) -> None:
    asked = {"image_id": image["id"], "to": "qcow2"}
    task = done(mine, walker, "convert", asked)
    assert (task["status"], task["type"], task["input"]) == ("success", "convert", asked), task
    made_id = task["result"]["image_id"]
    after = mine.get(f"/v2/images/{made_id}").json
    assert (after["name"], after["os_distro"], after["tags"]) == ("web", "debian", ["t"])
    assert (after["disk_format"], after["status"], after["virtual_size"]) == ("qcow2", "active", 1 << 20)
    assert mine.get(f"/v2/images/{made_id}/file").body[:4] == b"QFI\xfb"
    assert mine.get(f"/v2/images/{image['id']}").json == image


def test_a_conversion_in_place(mine: Cloud, walker: Walker, image: dict[str, Any]) -> None:
    task = done(mine, walker, "convert", {"image_id": image["id"], "to": "vmdk", "replace": True})
    assert task["result"] == {"image_id": image["id"]}
    after = mine.get(f"/v2/images/{image['id']}").json
    assert after["disk_format"] == "vmdk"
    assert after["checksum"] != image["checksum"]
    assert after["size"] == len(mine.get(f"/v2/images/{image['id']}/file").body)


@pytest.mark.parametrize("kind", ["check", "verify"])
def test_a_check_tells_the_facts(mine: Cloud, walker: Walker, image: dict[str, Any], kind: str) -> None:
    task = done(mine, walker, kind, {"image_id": image["id"]})
    assert (task["status"], task["type"]) == ("success", "check")
    assert task["result"] == {
        "format": "raw",
        "sub_format": "",
        "virtual_size": 1 << 20,
        "file_size": 1 << 20,
        "looked_through": False,
        "leaks": 0,
    }
    assert task["progress"]["percent"] == 100


_BAD: list[tuple[str, object, int]] = [
    ("convert", {}, 400),
    ("convert", {"image_id": "IMAGE"}, 400),
    ("convert", {"image_id": "IMAGE", "to": "floppy"}, 400),
    ("convert", {"image_id": "IMAGE", "to": ["qcow2"]}, 400),
    ("convert", {"image_id": "IMAGE", "to": "raw"}, 400),
    ("convert", {"image_id": "IMAGE", "to": "iso"}, 400),
    ("convert", {"image_id": "IMAGE", "to": "qcow2", "replace": "yes"}, 400),
    ("convert", {"image_id": _GHOST, "to": "qcow2"}, 404),
    ("convert", {"image_id": "../x", "to": "qcow2"}, 400),
    ("convert", {"image_id": None, "to": "qcow2"}, 400),
    ("check", {}, 400),
    ("check", {"image_id": {"a": 1}}, 400),
    ("check", {"image_id": _GHOST}, 404),
    ("check", [], 400),
    ("check", {"image_id": "IMAGE", "expires_in": 0}, 400),
    ("check", {"image_id": "IMAGE", "expires_in": True}, 400),
    ("check", {"image_id": "IMAGE", "expires_in": "3600"}, 400),
    ("check", {"image_id": "IMAGE", "expires_in": 1e99}, 400),
    ("check", {"image_id": "IMAGE", "expires_in": 3600 * 24 * 365}, 400),
    ("Check", {"image_id": "IMAGE"}, 400),
]


@pytest.mark.parametrize(("kind", "asked", "status"), _BAD, ids=repr)
def test_what_cannot_be_asked_for(
    mine: Cloud, walker: Walker, image: dict[str, Any], kind: str, asked: Any, status: int
) -> None:
    if isinstance(asked, dict) and asked.get("image_id") == "IMAGE":
        asked = {**asked, "image_id": image["id"]}
    assert start(mine, kind, asked).status == status
    assert walker.waiting == []


def test_an_image_without_bytes_is_not_converted(mine: Cloud) -> None:
    key = made(mine, **_RAW)["id"]
    assert start(mine, "convert", {"image_id": key, "to": "qcow2"}).status == 409
    assert start(mine, "check", {"image_id": key}).status == 409


def test_a_reader_and_other_projects_start_nothing(cloud: Cloud, image: dict[str, Any]) -> None:
    asked = {"image_id": image["id"], "to": "qcow2"}
    for kind in ("convert", "check"):
        assert start(cloud.as_("rita", "demo"), kind, asked).status == 403
        assert start(cloud.as_("alex", "alt"), kind, asked).status == 404
        assert start(cloud.as_(None), kind, asked).status == 401


def test_a_task_is_kept_as_long_as_was_asked_for(
    cloud: Cloud, mine: Cloud, walker: Walker, image: dict[str, Any]
) -> None:
    for seconds, more in ((48 * 3600, {}), (3600, {"expires_in": 3600}), (30 * 86400, {"expires_in": 30 * 86400})):
        task = done(mine, walker, "check", {"image_id": image["id"], **more})
        assert (parse_iso(task["expires_at"]) - parse_iso(task["updated_at"])) // 1_000_000 == seconds


# -- forgetting -----------------------------------------------------------------------


def test_a_task_is_forgotten_after_its_end(cloud: Cloud, mine: Cloud, walker: Walker, image: dict[str, Any]) -> None:
    task = start(mine, "check", {"image_id": image["id"]}).json
    path = task["self"]
    assert mine.call("DELETE", path).status == 409
    walker.walk()
    assert cloud.as_("rita", "demo").call("DELETE", path).status == 403
    assert cloud.as_("alex", "alt").call("DELETE", path).status == 404
    assert cloud.as_(None).call("DELETE", path).status == 401
    assert (mine.call("DELETE", path).status, mine.get(path).status) == (204, 404)
    assert mine.call("DELETE", path).status == 404
    assert mine.call("DELETE", "/v2/tasks/nope").status == 404
    assert task["id"] not in [item["id"] for item in mine.get("/v2/tasks?limit=1000").json["tasks"]]


def test_lists_know_the_new_types(mine: Cloud, walker: Walker, image: dict[str, Any]) -> None:
    task = done(mine, walker, "convert", {"image_id": image["id"], "to": "qcow2"})
    assert task["id"] in [item["id"] for item in mine.get("/v2/tasks?type=convert").json["tasks"]]
    assert task["id"] not in [item["id"] for item in mine.get("/v2/tasks?type=check").json["tasks"]]
    assert {"convert", "check"} <= set(mine.get("/v2/schemas/task").json["properties"]["type"]["enum"])


# -- who may ----------------------------------------------------------------------------


def test_where_tasks_are_for_administrators_nobody_else_uses_them(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_cloud(tmp_path_factory.mktemp("admins"), tasks_for="admins") as cloud:
        mine, admin = cloud.as_("mira", "demo"), cloud.as_("admin", "admin")
        for path in ("/v2/tasks", "/image/v2/tasks"):
            assert mine.get(path).status == 403
            assert mine.call("POST", path, {"type": "check", "input": {"image_id": _GHOST}}).status == 403
            assert mine.get(f"{path}/{_GHOST}").status == 403
            assert mine.call("DELETE", f"{path}/{_GHOST}").status == 403
            assert cloud.as_(None).get(path).status == 401
            assert admin.get(path).status == 200
            assert admin.call("DELETE", f"{path}/{_GHOST}").status == 404
