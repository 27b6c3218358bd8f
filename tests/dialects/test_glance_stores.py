"""One store: what is said of it, and how the calls for several are answered. As the real Glance answers, asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dialects.openstack_service import Cloud, running_cloud
from tests.dialects.test_glance_data import put
from tests.dialects.test_glance_images import made, patch

_RAW = {"disk_format": "raw", "container_format": "bare"}
_GHOST = "5d0a30b6-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="module")
def mine(cloud: Cloud) -> Cloud:
    return cloud.as_("mira", "demo")


@pytest.fixture(scope="module")
def admin(cloud: Cloud) -> Cloud:
    return cloud.as_("admin", "admin")


@pytest.fixture(scope="module")
def full(mine: Cloud) -> str:
    """The id of an active image."""
    key: str = made(mine, **_RAW)["id"]
    assert put(mine, key, b"\0" * 512).status == 204
    return key


@pytest.fixture(scope="module")
def empty(mine: Cloud) -> str:
    key: str = made(mine, **_RAW)["id"]
    return key


def copied(cloud: Cloud, key: str, **more: object) -> int:
    return cloud.call("POST", f"/v2/images/{key}/import", {"method": {"name": "copy-image"}, **more}).status


def test_a_copy_to_the_store_that_has_it_is_refused(admin: Cloud, full: str) -> None:
    assert copied(admin, full) == 400
    assert copied(admin, full, stores=["default"]) == 400
    assert copied(admin, full, stores=["ghost"]) == 409
    assert copied(admin, full, stores=["default"], all_stores=True) == 400


def test_a_copy_to_every_store_that_lacks_it_is_done_at_once(admin: Cloud, mine: Cloud, full: str) -> None:
    before = mine.get(f"/v2/images/{full}").json
    assert copied(admin, full, all_stores=True) == 202
    assert copied(admin, full, stores=[]) == 202
    after = mine.get(f"/v2/images/{full}").json
    assert (after["os_glance_importing_to_stores"], after["os_glance_failed_import"]) == ("", "")
    assert {name: after[name] for name in before if name != "updated_at"} == {
        name: before[name] for name in before if name != "updated_at"
    }


def test_a_copy_leaves_a_task_that_succeeded(admin: Cloud, full: str) -> None:
    assert copied(admin, full, all_stores=True) == 202
    task = admin.get(f"/v2/images/{full}/tasks").json["tasks"][0]
    assert (task["type"], task["status"], task["result"]) == ("api_image_import", "success", {"image_id": full})
    assert task["input"]["import_req"]["method"] == {"name": "copy-image"}
    assert task["expires_at"]


def test_a_copy_is_for_administrators_and_of_active_images(cloud: Cloud, admin: Cloud, mine: Cloud, full: str) -> None:
    assert copied(mine, full) == 403
    assert copied(admin, made(mine)["id"]) == 409
    assert copied(mine, made(mine)["id"]) == 409
    assert copied(admin, _GHOST) == 404
    assert copied(cloud.as_("alex", "alt"), made(mine, visibility="private")["id"]) == 404
    assert copied(cloud.as_("rita", "demo"), full) == 403
    assert copied(cloud.as_(None), full) == 401


def test_the_detail_of_stores_is_for_administrators(cloud: Cloud, admin: Cloud, mine: Cloud) -> None:
    (store,) = admin.get("/v2/info/stores/detail").json["stores"]
    assert store == {"id": "default", "default": "true", "type": "blocks", "weight": 0, "properties": {}}
    assert mine.get("/v2/info/stores/detail").status == 403
    assert cloud.as_(None).get("/v2/info/stores/detail").status == 401


def test_what_the_service_tells_of_itself_it_tells_those_with_a_token(cloud: Cloud) -> None:
    for path in ("schemas/image", "info/import", "info/stores"):
        assert cloud.as_(None).get(f"/v2/{path}").status == 401


def test_an_image_is_not_taken_out_of_the_only_store(admin: Cloud, mine: Cloud, full: str, empty: str) -> None:
    def drop(cloud: Cloud, store: str, key: str) -> int:
        return cloud.call("DELETE", f"/v2/stores/{store}/{key}").status

    assert (drop(admin, "default", full), drop(mine, "default", full)) == (403, 403)
    assert drop(admin, "default", empty) == 409
    assert drop(admin, "ghost", full) == 409
    assert (drop(admin, "default", _GHOST), drop(admin, "default", "x")) == (404, 404)
    assert mine.get(f"/v2/images/{full}/file").status == 200
    assert mine.get(f"/v2/stores/default/{full}").status == 405


def test_there_is_no_cache_of_images(cloud: Cloud, admin: Cloud, mine: Cloud, full: str) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("PUT", f"/{full}"), ("DELETE", f"/{full}")):
        statuses = [who.call(method, f"/v2/cache{path}").status for who in (admin, mine, cloud.as_(None))]
        assert statuses == [404, 403, 401]
    assert mine.get(f"/v2/cache/{full}").status == 405
    assert admin.get("/v2/queue").status == 404
    assert admin.get("/v2/cached_images").status == 404


def test_locations_are_not_offered(cloud: Cloud, admin: Cloud, mine: Cloud, full: str, empty: str) -> None:
    path = f"/v2/images/{full}/locations"
    assert (admin.get(path).status, admin.get(path).json) == (200, [])
    assert mine.get(path).status == 403
    assert mine.get(f"/v2/images/{_GHOST}/locations").status == 404
    wish = {"url": "http://elsewhere.example/disk", "validation_data": {}}
    for who in (admin, mine):
        assert who.call("POST", f"/v2/images/{empty}/locations", wish).status == 403
    for change in (
        {"op": "add", "path": "/locations/-", "value": wish},
        {"op": "replace", "path": "/locations", "value": [wish]},
        {"op": "remove", "path": "/locations/0"},
    ):
        assert patch(mine, empty, [change]).status == 403
    assert cloud.as_(None).call("POST", path, wish).status == 401
    assert "locations" not in mine.get(f"/v2/images/{full}").json
