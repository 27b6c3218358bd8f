"""Images as records: create, show, list, delete. Rows of specs/openstack.md 4.1 to 4.9."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from imageferry.dialects.edge.http import status_for
from imageferry.dialects.glance.errors import ROWS
from imageferry.domain import errors
from imageferry.domain.errors import FerryError
from imageferry.wire.glance_changes import PATCH_TYPE
from tests.dialects.openstack_service import BASE, Cloud, Reply, running_cloud


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("glance")) as made:
        yield made


@pytest.fixture(scope="module")
def mine(cloud: Cloud) -> Cloud:
    return cloud.as_("mira", "demo")


@pytest.fixture(scope="module")
def admin(cloud: Cloud) -> Cloud:
    return cloud.as_("admin", "admin")


@pytest.fixture(scope="module")
def alex(cloud: Cloud) -> Cloud:
    return cloud.as_("alex", "alt")


def made(cloud: Cloud, **attributes: Any) -> dict[str, Any]:
    reply = cloud.call("POST", "/v2/images", attributes)
    assert reply.status == 201, reply.body
    document: dict[str, Any] = reply.json
    return document


def patch(cloud: Cloud, image: str, changes: object, kind: str = PATCH_TYPE) -> Reply:
    return cloud.call("PATCH", f"/v2/images/{image}", body=json.dumps(changes).encode(), headers={"content-type": kind})


# -- discovery -----------------------------------------------------------------------


def test_versions_at_every_door(cloud: Cloud) -> None:
    def links(mount: str) -> list[dict[str, Any]]:
        entries = [
            {"id": f"v2.{n}", "status": "SUPPORTED", "links": [{"rel": "self", "href": f"{mount}/v2/"}]}
            for n in range(18, -1, -1)
        ]
        entries[0]["status"] = "CURRENT"
        return entries

    for path, status, host, mount in (
        ("/versions", 200, "cloud.example:8765", BASE),
        ("/image", 300, "cloud.example:8765", f"{BASE}/image"),
        ("/image/", 300, "cloud.example:8765", f"{BASE}/image"),
        ("/image/versions", 200, "cloud.example:8765", f"{BASE}/image"),
        ("/image/v1/images", 300, "cloud.example:8765", f"{BASE}/image"),
        ("/image/v9/images/detail", 300, "cloud.example:8765", f"{BASE}/image"),
        ("/", 300, "image.uk-1.example", "http://image.uk-1.example"),
        ("/v1/images", 300, "image.uk-1.example", "http://image.uk-1.example"),
        ("/v9", 300, "Image.UK-1.example:80", "http://Image.UK-1.example:80"),
    ):
        reply = cloud.get(path, host=host)
        assert (path, reply.status) == (path, status)
        assert reply.json == {"versions": links(mount)}
    assert "values" in cloud.get("/").json["versions"]  # Keystone's
    assert cloud.get("/image/v2/nothing").status == 404
    assert cloud.get("/v2/images/").status == 404


def test_schemas(mine: Cloud) -> None:
    image = mine.get("/v2/schemas/image").json
    assert image["name"] == "image"
    assert image["additionalProperties"] == {"type": "string"}
    assert image["properties"]["status"]["readOnly"] is True
    assert {"id", "name", "visibility", "tags", "min_disk", "os_hash_value", "file"} <= image["properties"].keys()
    images = mine.get("/v2/schemas/images").json
    assert images["properties"]["images"] == {"type": "array", "items": image}
    assert [link["rel"] for link in images["links"]] == ["first", "next", "describedby"]
    member = mine.get("/v2/schemas/member").json
    assert member["properties"].keys() == {"member_id", "image_id", "created_at", "updated_at", "status", "schema"}
    assert member["properties"]["status"]["enum"] == ["pending", "accepted", "rejected"]
    assert mine.get("/v2/schemas/members").json["properties"]["members"]["items"] == member
    assert mine.get("/v2/schemas/nothing").status == 404


def test_info(mine: Cloud) -> None:
    assert mine.get("/v2/info/stores").json == {"stores": [{"id": "default", "default": "true"}]}
    import_methods = mine.get("/v2/info/import").json["import-methods"]
    assert import_methods["type"] == "array"
    assert import_methods["value"] == ["glance-direct", "web-download", "copy-image"]


# -- create and show -----------------------------------------------------------------


def test_a_create_answers_as_in_the_transcript(cloud: Cloud, mine: Cloud) -> None:
    wish = {
        "name": "x1",
        "disk_format": "raw",
        "container_format": "bare",
        "visibility": "private",
        "tags": ["b", "a", "a"],
        "os_distro": "debian",
    }
    reply = mine.call("POST", "/v2/images", wish)
    image = reply.json
    key = image["id"]
    assert reply.status == 201
    assert reply.headers["location"] == f"{BASE}/v2/images/{key}"
    assert reply.headers["openstack-image-store-ids"] == "default"
    assert reply.headers["openstack-image-import-methods"] == "glance-direct,web-download,copy-image"
    assert image == {
        "os_distro": "debian",
        "name": "x1",
        "disk_format": "raw",
        "container_format": "bare",
        "visibility": "private",
        "size": None,
        "virtual_size": None,
        "status": "queued",
        "checksum": None,
        "protected": False,
        "min_ram": 0,
        "min_disk": 0,
        "owner": cloud.projects["demo"].id,
        "os_hidden": False,
        "os_hash_algo": None,
        "os_hash_value": None,
        "id": key,
        "created_at": "2026-11-20T07:28:02Z",
        "updated_at": "2026-11-20T07:28:02Z",
        "tags": ["a", "b"],
        "self": f"/v2/images/{key}",
        "file": f"/v2/images/{key}/file",
        "schema": "/v2/schemas/image",
    }
    assert mine.get(f"/v2/images/{key}").json == image
    assert mine.get(f"/image/v2/images/{key}").json == image
    below = mine.call("POST", "/image/v2/images", {})
    assert below.headers["location"] == f"{BASE}/image/v2/images/{below.json['id']}"


def test_an_empty_create_has_the_defaults(mine: Cloud) -> None:
    image = made(mine)
    assert (image["name"], image["visibility"], image["disk_format"]) == (None, "shared", None)


def test_the_caller_may_choose_the_id_once(mine: Cloud) -> None:
    key = str(uuid.uuid4())
    assert made(mine, id=key.upper())["id"] == key
    assert mine.call("POST", "/v2/images", {"id": key}).status == 409
    assert mine.call("DELETE", f"/v2/images/{key}").status == 204
    assert mine.call("POST", "/v2/images", {"id": key}).status == 409


_REFUSED: list[tuple[object, int]] = [
    ([], 400),
    ("x", 400),
    (5, 400),
    ({"id": "no-uuid"}, 400),
    ({"id": 5}, 400),
    ({"id": None}, 201),
    ({"disk_format": "floppy"}, 400),
    ({"disk_format": ["raw"]}, 400),
    ({"container_format": "box"}, 400),
    ({"visibility": "secret"}, 400),
    ({"visibility": None}, 400),
    ({"visibility": "public"}, 403),
    ({"status": "active"}, 403),
    ({"size": 5}, 403),
    ({"checksum": "x"}, 403),
    ({"os_hash_value": "x"}, 403),
    ({"created_at": "2026-11-20T07:28:02Z"}, 403),
    ({"self": "/x"}, 403),
    ({"locations": [{"url": "file:///etc/passwd"}]}, 403),
    ({"direct_url": "file:///etc/passwd"}, 403),
    ({"deleted": "x"}, 403),
    ({"deleted_at": "x"}, 403),
    ({"os_glance_import_task": "x"}, 403),
    ({"owner": "another"}, 403),
    ({"owner": None}, 400),
    ({"prop": 5}, 400),
    ({"prop": None}, 400),
    ({"prop": {"a": "b"}}, 400),
    ({"": "x"}, 400),
    ({"p" * 256: "x"}, 400),
    ({"prop": "x" * 65_536}, 400),
    ({"name": "x" * 256}, 400),
    ({"name": 5}, 400),
    ({"name": "a\0b"}, 400),
    ({"min_disk": -1}, 400),
    ({"min_disk": "1"}, 400),
    ({"min_disk": 1.5}, 400),
    ({"min_ram": True}, 400),
    ({"min_ram": 2**70}, 400),
    ({"protected": "true"}, 400),
    ({"os_hidden": 1}, 400),
    ({"tags": "a"}, 400),
    ({"tags": [1]}, 400),
    ({"tags": ["x" * 256]}, 400),
    ({"tags": [f"tag {n}" for n in range(10_000)]}, 413),
    ({f"prop {n}": "x" for n in range(20_000)}, 413),
]


@pytest.mark.parametrize(("wish", "status"), _REFUSED, ids=lambda value: repr(value)[:40])
def test_what_a_create_refuses(mine: Cloud, wish: object, status: int) -> None:
    assert mine.call("POST", "/v2/images", wish).status == status


@pytest.mark.parametrize("name", ["\U0001f600", "‮abc", "a\tb\nc", "<script>alert(1)</script>", "\U0001f42e" * 255, ""])
def test_names_of_all_sorts(mine: Cloud, name: str) -> None:
    image = made(mine, name=name, tags=[name or "x"], prop=name)
    assert mine.get(f"/v2/images/{image['id']}").json["name"] == name
    found = mine.get(f"/v2/images?name={quote(name)}").json["images"]
    assert image["id"] in [one["id"] for one in found]


def test_who_may_create(cloud: Cloud, admin: Cloud) -> None:
    assert cloud.as_("rita", "demo").call("POST", "/v2/images", {}).status == 403
    assert cloud.as_("mira").call("POST", "/v2/images", {}).status == 403
    reply = cloud.as_(None).call("POST", "/v2/images", {})
    assert (reply.status, reply.headers["www-authenticate"]) == (401, f'Keystone uri="{BASE}/v3"')
    assert made(admin, visibility="public", owner=cloud.projects["alt"].id)["owner"] == cloud.projects["alt"].id
    assert made(admin, owner="ghost")["owner"] == "ghost"  # as in Glance, which knows no projects
    for nobody in ("", "a\0b", "x" * 300, 5):
        assert admin.call("POST", "/v2/images", {"owner": nobody}).status == 400


@pytest.mark.parametrize("key", ["nope", "%00", "a%2Fb", "%F0%9F%98%80", "x" * 3000, str(uuid.UUID(int=5))])
def test_what_is_not_there_is_a_404(mine: Cloud, key: str) -> None:
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/file"),
        ("GET", "/members"),
        ("PUT", "/tags/x"),
        ("POST", "/actions/deactivate"),
    ):
        assert (method, path, mine.call(method, f"/v2/images/{key}{path}").status) == (method, path, 404)
    assert patch(mine, key, []).status == 404


def test_a_404_reads_as_the_original_does(mine: Cloud) -> None:
    reply = mine.get("/v2/images/nope")
    assert reply.json == {"message": "No image found with ID nope", "code": "404 Not Found", "title": "Not Found"}


def test_another_projects_image(cloud: Cloud, mine: Cloud, alex: Cloud, admin: Cloud) -> None:
    private = made(mine, visibility="private")["id"]
    community = made(mine, visibility="community")["id"]
    assert alex.get(f"/v2/images/{private}").status == 404
    assert alex.call("DELETE", f"/v2/images/{private}").status == 404
    assert patch(alex, private, []).status == 404
    assert alex.get(f"/v2/images/{community}").status == 200
    assert alex.call("DELETE", f"/v2/images/{community}").status == 403
    assert patch(alex, community, [{"op": "add", "path": "/x", "value": "y"}]).status == 403
    assert alex.call("PUT", f"/v2/images/{community}/tags/x").status == 403
    reader = cloud.as_("rita", "demo")
    assert reader.get(f"/v2/images/{private}").status == 200
    assert reader.call("DELETE", f"/v2/images/{private}").status == 403
    assert patch(reader, private, []).status == 403
    assert reader.call("PUT", f"/v2/images/{private}/tags/x").status == 403
    assert admin.get(f"/v2/images/{private}").status == 200


def test_delete(mine: Cloud) -> None:
    key = made(mine, protected=True)["id"]
    assert mine.call("DELETE", f"/v2/images/{key}").status == 403
    assert patch(mine, key, [{"op": "replace", "path": "/protected", "value": False}]).status == 200
    reply = mine.call("DELETE", f"/v2/images/{key}")
    assert (reply.status, reply.body) == (204, b"")
    assert mine.get(f"/v2/images/{key}").status == 404
    assert mine.call("DELETE", f"/v2/images/{key}").status == 404


def test_head_is_a_405_as_in_the_original(mine: Cloud) -> None:
    reply = mine.call("HEAD", f"/v2/images/{made(mine)['id']}")
    assert (reply.status, reply.headers["allow"], reply.body) == (405, "DELETE, GET, PATCH", b"")
    assert mine.call("PUT", "/v2/images").status == 405


# -- the form of errors ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/json"),
        ("application/json, */*", "application/json"),
        ("text/html,application/xhtml+xml;q=0.9", "text/html; charset=UTF-8"),
        ("*/*", "text/html; charset=UTF-8"),
        ("", "text/html; charset=UTF-8"),  # as openstacksdk sends it with uploads
        ("text/plain", "text/plain; charset=UTF-8"),
        ("image/png", "text/plain; charset=UTF-8"),
    ],
)
def test_an_error_has_the_form_that_is_asked_for_and_no_markup_of_strangers(
    mine: Cloud, accept: str, kind: str
) -> None:
    reply = mine.get("/v2/images/%3Cscript%3Ealert(1)%3C%2Fscript%3E".replace("%2F", ""), headers={"accept": accept})
    assert (reply.status, reply.headers["content-type"]) == (404, kind)
    assert b"No image found with ID" in reply.body
    if "html" in kind:
        assert b"<script>" not in reply.body
        assert b"&lt;script&gt;" in reply.body
    if "plain" in kind:
        assert reply.body == b"404 Not Found: No image found with ID <script>alert(1)<script>\n"


def test_every_error_has_words_here() -> None:
    for name in dir(errors):
        kind = getattr(errors, name)
        if isinstance(kind, type) and issubclass(kind, FerryError):
            status, title = status_for(kind.__new__(kind), ROWS)
            assert 400 <= status < 600
            assert title


def test_no_header_can_be_smuggled_in(mine: Cloud) -> None:
    reply = mine.call("POST", "/v2/images", {"name": "a\r\nX-Evil: 1", "p": "b\r\nX-Evil: 1"})
    assert "x-evil" not in reply.headers
    evil = mine.call("POST", "/v2/images", {}, host="a\r\nX-Evil: 1")
    assert evil.headers["location"].startswith("http://localhost/v2/images/")
