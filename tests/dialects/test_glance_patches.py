"""Changes of an image: both sorts of JSON patch, and tags. Rows of specs/openstack.md 4.7 and 4.9."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from imageferry.wire.glance_changes import OLD_PATCH_TYPE, PATCH_TYPE
from tests.dialects.openstack_service import Cloud, running_cloud
from tests.dialects.test_glance_images import made, patch


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("patches")) as running:
        yield running


@pytest.fixture(scope="module")
def mine(cloud: Cloud) -> Cloud:
    return cloud.as_("mira", "demo")


@pytest.fixture(scope="module")
def admin(cloud: Cloud) -> Cloud:
    return cloud.as_("admin", "admin")


def test_a_patch_as_in_the_transcript(mine: Cloud) -> None:
    key = made(mine, name="x1", custom="c")["id"]
    mine.clock.pass_time(5)
    changes = [
        {"op": "replace", "path": "/name", "value": "x2"},
        {"op": "add", "path": "/hw", "value": "1"},
        {"op": "remove", "path": "/custom"},
    ]
    reply = patch(mine, key, changes)
    assert reply.status == 200
    assert (reply.json["name"], reply.json["hw"], "custom" in reply.json) == ("x2", "1", False)
    assert reply.json["updated_at"] > reply.json["created_at"]
    assert mine.get(f"/v2/images/{key}").json == reply.json


def test_the_older_patch(mine: Cloud) -> None:
    key = made(mine, name="x1", custom="c")["id"]
    changes = [{"replace": "/name", "value": "x2"}, {"add": "/hw", "value": "1"}, {"remove": "/custom"}]
    reply = patch(mine, key, changes, OLD_PATCH_TYPE)
    assert (reply.json["name"], reply.json["hw"], "custom" in reply.json) == ("x2", "1", False)
    wrongs: list[object] = [
        [{"op": "add", "path": "/x", "value": "y"}],
        [{"add": "/a", "remove": "/b", "value": "x"}],
        [{}],
    ]
    for wrong in wrongs:
        assert patch(mine, key, wrong, OLD_PATCH_TYPE).status == 400


@pytest.mark.parametrize("kind", ["application/json", "application/json-patch+json", "", "text/html"])
def test_another_type_is_a_415_that_names_both(mine: Cloud, kind: str) -> None:
    reply = patch(mine, made(mine)["id"], [], kind)
    assert (reply.status, reply.headers["accept-patch"]) == (415, f"{OLD_PATCH_TYPE}, {PATCH_TYPE}")


def _op(op: object, path: object, *value: object) -> dict[str, object]:
    return {"op": op, "path": path, **({"value": value[0]} if value else {})}


_PATCHES: list[tuple[object, int]] = [
    ([], 200),
    ({}, 400),
    ("x", 400),
    (["x"], 400),
    ([[]], 400),
    ([{}], 400),
    ([_op("test", "/name", "x")], 400),
    ([_op("move", "/name", "x")], 400),
    ([_op("copy", "/name", "x")], 400),
    ([_op(["add"], "/name", "x")], 400),
    ([_op("add", "name", "x")], 400),
    ([_op("add", "/", "x")], 400),
    ([_op("add", "", "x")], 400),
    ([_op("add", 5, "x")], 400),
    ([_op("add", "/a/b", "x")], 400),
    ([_op("add", "/a~2b", "x")], 400),
    ([_op("add", "/a~1b~0c", "x")], 200),
    ([_op("add", "/x")], 400),
    ([_op("add", "/x", 5)], 400),
    ([_op("replace", "/there", "y")], 200),
    ([_op("add", "/there", "y")], 200),
    ([_op("replace", "/missing", "y")], 409),
    ([_op("remove", "/missing")], 409),
    ([_op("remove", "/there")], 200),
    ([_op("remove", "/name")], 403),
    ([_op("remove", "/tags")], 403),
    ([_op("remove", "/disk_format")], 403),
    ([_op("replace", "/name", None)], 200),
    ([_op("replace", "/tags", ["a", "b"])], 200),
    ([_op("add", "/tags", ["a"])], 200),
    ([_op("replace", "/tags", "a")], 400),
    ([_op("add", "/tags/-", "a")], 400),
    ([_op("replace", "/disk_format", "qcow2")], 200),
    ([_op("replace", "/disk_format", "floppy")], 400),
    ([_op("replace", "/min_ram", -1)], 400),
    ([_op("replace", "/min_ram", "5")], 400),
    ([_op("replace", "/visibility", "community")], 200),
    ([_op("replace", "/visibility", "public")], 403),
    ([_op("replace", "/owner", "another")], 403),
    *[
        ([_op("replace", f"/{name}", "x")], 403)
        for name in (
            "id",
            "status",
            "size",
            "virtual_size",
            "checksum",
            "os_hash_algo",
            "os_hash_value",
            "created_at",
            "updated_at",
            "self",
            "file",
            "schema",
            "direct_url",
            "locations",
            "stores",
            "deleted",
            "os_glance_import_task",
        )
    ],
    ([_op("add", "/locations/-", {"url": "file:///etc/passwd"})], 403),
    ([_op("remove", "/locations/0")], 403),
    ([_op("add", "/os_glance_x", "x")], 403),
    ([_op("remove", "/os_glance_x")], 403),
    ([_op("add", f"/p{n}", "x") for n in range(10_000)], 413),
    ([_op("add", "/tags", [f"t{n}" for n in range(10_000)])], 413),
    ([_op("add", "/a\0b", "x")], 400),
    ([_op("add", "/\U0001f600", "‮")], 200),
]


@pytest.mark.parametrize(("changes", "status"), _PATCHES, ids=lambda value: repr(value)[:60])
def test_every_rule_of_a_patch(mine: Cloud, changes: object, status: int) -> None:
    image = made(mine, name="x", there="here")
    reply = patch(mine, image["id"], changes)
    assert reply.status == status, reply.body
    if status != 200:
        assert mine.get(f"/v2/images/{image['id']}").json == image


def test_a_patch_is_all_or_nothing(mine: Cloud) -> None:
    image = made(mine, name="before")
    changes = [_op("replace", "/name", "after"), _op("replace", "/missing", "x")]
    assert patch(mine, image["id"], changes).status == 409
    assert mine.get(f"/v2/images/{image['id']}").json["name"] == "before"


def test_only_an_admin_gives_an_image_away(cloud: Cloud, admin: Cloud, mine: Cloud) -> None:
    key, alt = made(mine)["id"], cloud.projects["alt"].id
    assert patch(mine, key, [_op("replace", "/owner", alt)]).status == 403
    assert patch(admin, key, [_op("replace", "/owner", "")]).status == 400
    assert patch(admin, key, [_op("replace", "/owner", alt)]).json["owner"] == alt


# -- tags ----------------------------------------------------------------------------


def test_tags(mine: Cloud) -> None:
    key = made(mine, tags=["old"])["id"]
    for tag in ("new", "new", "with%20blank", "%F0%9F%98%80"):
        assert mine.call("PUT", f"/v2/images/{key}/tags/{tag}").status == 204
    assert mine.get(f"/v2/images/{key}").json["tags"] == ["new", "old", "with blank", "\U0001f600"]
    assert mine.call("DELETE", f"/v2/images/{key}/tags/old").status == 204
    assert mine.call("DELETE", f"/v2/images/{key}/tags/old").status == 404
    assert mine.call("PUT", f"/v2/images/{key}/tags/{'x' * 256}").status == 400
    assert mine.call("PUT", f"/v2/images/{key}/tags/%00").status == 400
    assert patch(mine, key, [_op("replace", "/tags", [f"t{n}" for n in range(128)])]).status == 200
    assert mine.call("PUT", f"/v2/images/{key}/tags/one-more").status == 413
    assert mine.call("PUT", f"/v2/images/{key}/tags/t5").status == 204
