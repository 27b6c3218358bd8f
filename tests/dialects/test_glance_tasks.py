"""Tasks of every door, in Glance's form: specs/openstack.md 5.1 and 5.3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from imageferry.domain.access import Caller
from imageferry.service.exporting.exports import ExportRequest
from imageferry.service.importing.request import ImportRequest
from tests.dialects.openstack_service import Cloud, running_cloud
from tests.dialects.test_glance_images import made
from tests.dialects.test_glance_import import begin, staged
from tests.disks import jpeg, mbr_disk
from tests.walking import Walker

_RAW = {"disk_format": "raw", "container_format": "bare"}
_DISK = mbr_disk(1 << 20)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="module")
def mine(cloud: Cloud) -> Cloud:
    return cloud.as_("mira", "demo")


@pytest.fixture(scope="module")
def ids(cloud: Cloud, mine: Cloud) -> dict[str, str]:
    """Of tasks by another door and by this one, in the order of their making."""
    walker = Walker(cloud.services.tasks)
    cloud.services.tasks.attach(walker)
    account = f"/v1/AUTH_{cloud.projects['demo'].id}"
    for path, body in (("c", b""), ("c/disk", _DISK), ("c/picture", jpeg())):
        assert mine.call("PUT", f"{account}/{path}", body=body).status == 201
    caller = caller_of(mine)
    services = cloud.services
    imported = services.imports.start(caller, "k5", ImportRequest(container="c", object="disk", name="an image"))
    refused = services.imports.start(caller, "k5", ImportRequest(container="c", object="picture", name="no image"))
    walker.walk()
    image = services.tasks.show(caller, imported.id).result["image_id"]
    exported = services.exports.start(caller, "k5", ExportRequest(image_id=image, container="c"))
    walker.walk()
    key = staged(mine, _DISK, **_RAW)
    assert begin(mine, key).status == 202
    direct = mine.get(f"/v2/images/{key}").json["os_glance_import_task"]
    return {
        "imported": imported.id,
        "refused": refused.id,
        "exported": exported.id,
        "direct": direct,
        "image": image,
        "staged": key,
    }


def caller_of(cloud: Cloud) -> Caller:
    return cloud.services.identity.validate(cloud.token or "").caller


def listed(cloud: Cloud, query: str = "") -> list[str]:
    reply = cloud.get(f"/v2/tasks{query}")
    assert reply.status == 200, reply.body
    return [task["id"] for task in reply.json["tasks"]]


def shown(cloud: Cloud, key: str) -> dict[str, Any]:
    task: dict[str, Any] = cloud.get(f"/v2/tasks/{key}").json
    return task


def test_an_import_by_another_door(cloud: Cloud, mine: Cloud, ids: dict[str, str]) -> None:
    task = shown(mine, ids["imported"])
    assert (task["type"], task["status"], task["message"]) == ("import", "success", "")
    assert task["input"]["import_from"] == "c/disk"
    assert task["result"] == {"image_id": ids["image"]}
    assert (task["owner"], task["user_id"]) == (cloud.projects["demo"].id, cloud.users["mira"])
    assert (task["self"], task["schema"]) == (f"/v2/tasks/{ids['imported']}", "/v2/schemas/task")
    assert task["expires_at"] > task["updated_at"]
    assert (task["progress"]["percent"], task["error"]) == (100, None)
    steps = task["steps"]
    assert [step["outcome"] for step in steps] == ["done"] * task["progress"]["steps"]
    assert steps[-1]["name"] == task["progress"]["step"] == "publish"
    assert all(step["started_at"] <= step["ended_at"] and step["seconds"] >= 0 for step in steps)


def test_a_refusal_is_told_to_a_person_and_to_a_program(mine: Cloud, ids: dict[str, str]) -> None:
    task = shown(mine, ids["refused"])
    assert (task["status"], task["result"]) == ("failure", None)
    assert "found a JPEG" in task["message"]
    assert task["error"] == {"code": "not-a-disk", "reason": task["message"], "where": "inspect"}
    assert (task["steps"][-1]["outcome"], task["steps"][-1]["message"]) == ("failed", task["message"])


def test_an_export_and_an_import_at_the_image(mine: Cloud, ids: dict[str, str]) -> None:
    task = shown(mine, ids["exported"])
    assert (task["type"], task["status"]) == ("export", "success")
    assert task["input"] == {"image_uuid": ids["image"], "receiving_swift_container": "c"}
    assert task["result"] == {"export_location": "c/an image.vmdk"}
    task = shown(mine, ids["direct"])
    assert (task["type"], task["status"], task["result"]) == ("api_image_import", "pending", None)
    assert task["input"]["import_req"]["method"] == {"name": "glance-direct"}
    assert "expires_at" not in task


def test_the_list_is_brief_and_newest_first(mine: Cloud, ids: dict[str, str]) -> None:
    reply = mine.get("/v2/tasks").json
    assert (reply["schema"], reply["first"]) == ("/v2/schemas/tasks", "/v2/tasks")
    assert "next" not in reply
    assert [task["id"] for task in reply["tasks"]] == [
        ids["direct"],
        ids["exported"],
        ids["refused"],
        ids["imported"],
    ]
    for task in reply["tasks"]:
        assert not {"input", "result", "message"} & task.keys()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?status=success", ["exported", "imported"]),
        ("?status=failure", ["refused"]),
        ("?status=pending", ["direct"]),
        ("?status=processing", []),
        ("?type=import", ["refused", "imported"]),
        ("?type=api_image_import", ["direct"]),
        ("?type=export", ["exported"]),
        ("?sort_dir=asc", ["imported", "refused", "exported", "direct"]),
        ("?limit=20&sort_key=status&sort_dir=desc", ["exported", "imported", "direct", "refused"]),
        ("?sort_key=expires_at&sort_dir=asc&limit=1", ["direct"]),
        ("?limit=0", []),
        ("?owner=somebody", []),
    ],
)
def test_lists_by_what_is_asked_for(mine: Cloud, ids: dict[str, str], query: str, names: list[str]) -> None:
    assert listed(mine, query) == [ids[name] for name in names]


@pytest.mark.parametrize("key", ["created_at", "expires_at", "status", "type", "updated_at"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_page_by_page_every_task_comes_once(mine: Cloud, ids: dict[str, str], key: str, direction: str) -> None:
    whole = listed(mine, f"?sort_key={key}&sort_dir={direction}")
    found, path = [], f"?limit=1&sort_key={key}&sort_dir={direction}"
    while path:
        page = mine.get(f"/v2/tasks{path}").json
        found += [task["id"] for task in page["tasks"]]
        path = page.get("next", "").removeprefix("/v2/tasks")
    assert found == whole
    assert set(found) == {ids["imported"], ids["refused"], ids["exported"], ids["direct"]}


@pytest.mark.parametrize(
    "query",
    ["status=done", "type=location", "sort_key=owner", "sort_dir=up", "limit=-1", "limit=x", "marker=ghost"],
)
def test_nonsense_is_refused(mine: Cloud, query: str) -> None:
    assert mine.get(f"/v2/tasks?{query}").status == 400


def test_who_sees_what(cloud: Cloud, mine: Cloud, ids: dict[str, str]) -> None:
    alex, admin, demo = cloud.as_("alex", "alt"), cloud.as_("admin", "admin"), cloud.projects["demo"].id
    assert len(listed(cloud.as_("rita", "demo"))) == 4
    assert listed(alex) == listed(alex, f"?owner={demo}") == []
    assert alex.get(f"/v2/tasks/{ids['imported']}").status == 404
    assert alex.get(f"/v2/tasks?marker={ids['imported']}").status == 400
    assert listed(admin) == []
    assert len(listed(admin, f"?owner={demo}")) == 4
    assert admin.get(f"/v2/tasks/{ids['imported']}").status == 200
    assert cloud.as_(None).get("/v2/tasks").status == 401
    assert mine.get("/v2/tasks/nope").status == 404


def test_tasks_are_not_deleted_all_at_once(mine: Cloud) -> None:
    assert mine.call("DELETE", "/v2/tasks").status == 405


def test_the_tasks_of_an_image_that_another_door_made(mine: Cloud, ids: dict[str, str]) -> None:
    (task,) = mine.get(f"/v2/images/{ids['image']}/tasks").json["tasks"]
    assert (task["id"], task["type"]) == (ids["imported"], "import")
    assert mine.get(f"/v2/images/{made(mine)['id']}/tasks").json == {"tasks": []}


def test_schemas(mine: Cloud) -> None:
    task = mine.get("/v2/schemas/task").json
    assert task["properties"]["type"]["enum"] == ["import", "api_image_import", "export", "convert", "check"]
    assert task["properties"]["status"]["enum"] == ["pending", "processing", "success", "failure"]
    assert mine.get("/v2/schemas/tasks").json["properties"]["tasks"]["items"] == task
