"""The import method web-download, and tasks that fetch: specs/openstack.md 4.11, 4.14, 5.1 to 5.3."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from imageferry.domain.image_quota import Resource
from tests.dialects.openstack_service import Cloud, Reply, running_cloud
from tests.dialects.test_glance_images import made
from tests.dialects.test_glance_import import begin, shown
from tests.dialects.test_glance_task_starts import done, start
from tests.disks import jpeg, mbr_disk, qcow2_with_backing
from tests.hostile_server import Hostile, answer, file_of, hostile_server, pours, says
from tests.walking import Walker

_RAW = {"disk_format": "raw", "container_format": "bare"}
_QCOW2 = {"disk_format": "qcow2", "container_format": "bare"}
_DISK = mbr_disk(1 << 20)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """127.0.0.1 is open, for the tests' own server; the rest of this machine is not."""
    folder = tmp_path_factory.mktemp("data")
    with running_cloud(folder, fetch_networks=("127.0.0.1",), fetch_ports=(), fetch_stall_s=1.0) as running:
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
    return cloud.as_("mira", "demo")


@pytest.fixture(scope="module")
def qcow2(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("disk") / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "5M"], check=True)
    return path.read_bytes()


def fetch(cloud: Cloud, key: str, uri: object, **more: Any) -> Reply:
    return begin(cloud, key, {"method": {"name": "web-download", "uri": uri}, **more})


def last_task(cloud: Cloud, key: str) -> dict[str, Any]:
    task: dict[str, Any] = cloud.get(f"/v2/images/{key}/tasks").json["tasks"][0]
    return task


# -- into an image ---------------------------------------------------------------------


def test_it_is_listed_among_the_methods(mine: Cloud) -> None:
    methods = mine.get("/v2/info/import").json["import-methods"]["value"]
    assert "web-download" in methods
    assert "glance-download" not in methods
    reply = mine.call("POST", "/v2/images", {})
    assert "web-download" in reply.headers["openstack-image-import-methods"].split(",")


def test_an_import_as_in_the_transcript(mine: Cloud, walker: Walker, server: Hostile, qcow2: bytes) -> None:
    uri = server.serves("/a.qcow2?sig=s", file_of(qcow2))
    key = made(mine, name="q", **_QCOW2)["id"]
    reply = fetch(mine, key, uri)
    assert (reply.status, reply.body) == (202, b"")
    image, task = shown(mine, key), last_task(mine, key)
    assert (image["status"], image["os_glance_import_task"]) == ("importing", task["id"])
    assert image["os_glance_importing_to_stores"] == "default"
    assert (task["type"], task["status"], task["result"]) == ("api_image_import", "pending", None)
    assert task["input"]["import_req"]["method"] == {"name": "web-download", "uri": uri}
    assert task["input"]["backend"] == ["default"]
    assert fetch(mine, key, uri).status == 409
    walker.walk()
    image, task = shown(mine, key), last_task(mine, key)
    assert (image["status"], image["size"], image["virtual_size"]) == ("active", len(qcow2), 5 << 20)
    assert (image["checksum"], image["disk_format"]) == (hashlib.md5(qcow2).hexdigest(), "qcow2")
    assert (image["os_glance_importing_to_stores"], image["os_glance_failed_import"]) == ("", "")
    assert "os_glance_import_task" not in image
    assert mine.get(f"/v2/images/{key}/file").body == qcow2
    assert (task["status"], task["result"]) == ("success", {"image_id": key})
    assert [item["id"] for item in mine.get("/v2/tasks?type=api_image_import").json["tasks"]] == [task["id"]]


@pytest.mark.parametrize(
    ("play", "code", "words"),
    [
        (says(answer("404 Not Found", b"gone")), "status", "expected the file, found the answer 404 Not Found"),
        (says(answer(body=jpeg())), "not-a-disk", "pic: expected a disk image in the format qcow2, found a JPEG"),
        (says(answer(body=qcow2_with_backing("/etc/passwd"))), "backing-file", "/etc/passwd"),
        (says(answer(body=_DISK)), "wrong-format", "raw disk"),
        (says(answer("302 Found", Location="http://169.254.169.254/")), "forbidden-address", "metadata"),
        (says(answer("302 Found", Location="http://127.0.0.2/")), "forbidden-address", "loopback"),
        (says(answer(Content_Length=str(1 << 40))), "too-large", "33554432"),
        (pours(b"HTTP/1.0 200 OK\r\n\r\nQFI\xfb", bytes(65536)), "unknown-feature", "qcow2"),
    ],
    ids=["404", "jpeg", "backing", "raw", "metadata", "loopback", "large", "endless"],
)
def test_a_failure_says_why_and_the_retry_just_works(
    mine: Cloud, walker: Walker, server: Hostile, qcow2: bytes, play: Any, code: str, words: str
) -> None:
    key = made(mine, name="pic", **_QCOW2)["id"]
    assert fetch(mine, key, server.serves("/bad?sig=secret", play)).status == 202
    walker.walk()
    image, task = shown(mine, key), last_task(mine, key)
    assert (image["status"], image["size"], image["checksum"]) == ("queued", None, None)
    assert (image["os_glance_importing_to_stores"], image["os_glance_failed_import"]) == ("", "default")
    assert (task["status"], task["result"], task["error"]["code"]) == ("failure", None, code)
    assert words in task["message"]
    assert "secret" not in task["message"] + str(task["error"])
    assert fetch(mine, key, server.serves("/good", file_of(qcow2))).status == 202
    walker.walk()
    assert (shown(mine, key)["status"], shown(mine, key)["os_glance_failed_import"]) == ("active", "")


_BAD_URIS: list[object] = [
    None,
    "",
    5,
    ["http://example.org/"],
    {"a": 1},
    "x",
    "/etc/passwd",
    "file:///etc/passwd",
    "ftp://example.org/x",
    "http:///x",
    "http://",
    "http://127.1/x",
    "http://0x7f.1/x",
    "http://2130706433/x",
    "http://127.0.0.2/x",
    "http://[::1]/x",
    "http://[::ffff:10.0.0.1]/x",
    "http://10.0.0.1/x",
    "http://169.254.169.254/latest/meta-data",
    "http://user:pw@example.org/x",
    "http://example.org\\@127.0.0.1/x",
    "http://example.org/a b",
    "http://example.org/\r\nHost: x",
    "http://example.org:99999/",
    "http://" + "a" * 5000,
]


@pytest.mark.parametrize("uri", _BAD_URIS, ids=lambda uri: repr(uri)[:40])
def test_a_bad_uri_is_refused_at_once_and_nothing_is_changed(mine: Cloud, walker: Walker, uri: object) -> None:
    key = made(mine, **_RAW)["id"]
    reply = fetch(mine, key, uri)
    assert reply.status == 400, reply.body
    assert shown(mine, key)["status"] == "queued"
    assert mine.get(f"/v2/images/{key}/tasks").json == {"tasks": []}


def test_the_state_comes_before_the_uri(mine: Cloud, cloud: Cloud) -> None:
    assert fetch(mine, "5d0a30b6-0000-4000-8000-000000000000", "x").status == 404
    assert fetch(mine, made(mine)["id"], "x").status == 409
    assert fetch(mine, made(mine, disk_format="raw")["id"], "http://example.org/").status == 409
    key = made(mine, visibility="community", **_RAW)["id"]
    for caller, status in ((cloud.as_("rita", "demo"), 403), (cloud.as_("alex", "alt"), 403), (cloud.as_(None), 401)):
        assert fetch(caller, key, "http://example.org/").status == status
    assert fetch(mine, key, "http://example.org/", stores=["ghost"]).status == 409


def test_what_is_in_a_container_is_not_looked_at(mine: Cloud, walker: Walker, server: Hostile) -> None:
    key = made(mine, disk_format="raw", container_format="ova")["id"]
    fetch(mine, key, server.serves("/box", file_of(jpeg())))
    walker.walk()
    assert (shown(mine, key)["status"], shown(mine, key)["virtual_size"]) == ("active", None)


def test_a_projects_limit_holds_while_bytes_come_in(cloud: Cloud, walker: Walker, server: Hostile) -> None:
    alex, project = cloud.as_("alex", "alt"), cloud.projects["alt"].id
    limits = cloud.services.image_quotas
    limits.set_limit(project, Resource.BYTES, 700_000)
    for path, play in (("/told", file_of(_DISK)), ("/untold", says(b"HTTP/1.0 200 OK\r\n\r\n" + _DISK))):
        key = made(alex, **_RAW)["id"]
        assert fetch(alex, key, server.serves(path, play)).status == 202
        walker.walk()
        assert (last_task(alex, key)["error"]["code"], shown(alex, key)["status"]) == ("over-limit", "queued")
    limits.set_limit(project, Resource.UPLOADS, 0)
    assert fetch(alex, made(alex, **_RAW)["id"], server.url("/told")).status == 413


# -- tasks -----------------------------------------------------------------------------


def wish(uri: str, **more: Any) -> dict[str, Any]:
    properties = {"name": "ok", "disk_format": "qcow2", "container_format": "bare", "tags": ["t", "u"], "os": "x"}
    return {"import_from": uri, "import_from_format": "qcow2", "image_properties": properties, **more}


def test_a_task_as_in_the_transcript(cloud: Cloud, mine: Cloud, walker: Walker, server: Hostile, qcow2: bytes) -> None:
    asked = wish(server.serves("/task.qcow2", file_of(qcow2)))
    task = done(mine, walker, "import", asked)
    assert (task["type"], task["status"], task["input"], task["message"]) == ("import", "success", asked, "")
    image = shown(mine, task["result"]["image_id"])
    assert (image["status"], image["disk_format"], image["size"]) == ("active", "qcow2", len(qcow2))
    assert (sorted(image["tags"]), image["os"], image["name"]) == (["t", "u"], "x", "ok")
    assert image["owner"] == task["owner"] == cloud.projects["demo"].id
    assert mine.get(f"/v2/images/{image['id']}/file").body == qcow2
    assert task["id"] in [item["id"] for item in mine.get("/v2/tasks?type=import").json["tasks"]]


def test_without_a_format_the_image_gets_the_one_that_is_found(
    mine: Cloud, walker: Walker, server: Hostile, qcow2: bytes
) -> None:
    uri = server.serves("/what.img", file_of(qcow2))
    task = done(mine, walker, "import", {"import_from": uri, "import_from_format": "", "image_properties": {}})
    image = shown(mine, task["result"]["image_id"])
    assert (image["disk_format"], image["name"]) == ("qcow2", "what.img")


def test_what_must_hold_is_checked_and_it_is_converted_when_asked(
    mine: Cloud, walker: Walker, server: Hostile, qcow2: bytes
) -> None:
    uri = server.serves("/verified", file_of(qcow2))
    digest = hashlib.sha256(qcow2).hexdigest()
    verify = {"format": "qcow2", "max_virtual_size": 5 << 20, "checksum": f"sha256:{digest}"}
    task = done(mine, walker, "import", wish(uri, verify=verify, convert_to="raw"))
    assert task["status"] == "success", task
    image = shown(mine, task["result"]["image_id"])
    assert (image["disk_format"], image["size"]) == ("raw", 5 << 20)
    for wrong, code in (
        ({"checksum": f"sha256:{'0' * 64}"}, "digest-mismatch"),
        ({"max_virtual_size": 1 << 20}, "too-large"),
    ):
        task = done(mine, walker, "import", wish(uri, verify=wrong))
        assert (task["status"], task["result"], task["error"]["code"]) == ("failure", None, code)


def test_objects_of_this_service_by_all_their_addresses(
    cloud: Cloud, mine: Cloud, walker: Walker, server: Hostile, qcow2: bytes
) -> None:
    project = cloud.projects["demo"]
    for path, body in (("c", b""), ("c/path/disk", qcow2)):
        assert mine.call("PUT", f"/v1/AUTH_{project.id}/{path}", body=body).status == 201
    for address in (
        "c/path/disk",
        f"swift://AUTH_{project.id}/c/path/disk",
        f"swift://cloud.foo/AUTH_{project.id}/c/path/disk",
        f"swift://cloud.foo/{project.id}/c/path/disk",
        "swift://cloud.foo/demo/c/path/disk",
        "SWIFT://cloud.foo:8080/demo/c/path/disk",
    ):
        task = done(mine, walker, "import", wish(address))
        assert task["status"] == "success", task
        assert shown(mine, task["result"]["image_id"])["disk_format"] == "qcow2"
    assert server.asked == [] or all("cloud.foo" not in str(asked.headers) for asked in server.asked)


def test_objects_of_others_only_with_rights(cloud: Cloud, mine: Cloud, walker: Walker, qcow2: bytes) -> None:
    alex, account = cloud.as_("alex", "alt"), f"AUTH_{cloud.projects['alt'].id}"
    for path, body in (("shelf", b""), ("shelf/disk", qcow2)):
        assert alex.call("PUT", f"/v1/{account}/{path}", body=body).status == 201
    asked = wish(f"swift://{account}/shelf/disk")
    assert start(mine, "import", asked).status == 403
    acl = {"x-container-read": f"{cloud.projects['demo'].id}:*"}
    assert alex.call("POST", f"/v1/{account}/shelf", headers=acl).status == 204
    task = done(mine, walker, "import", asked)
    assert task["status"] == "success", task
    assert shown(mine, task["result"]["image_id"])["owner"] == cloud.projects["demo"].id


def test_a_failed_fetch_makes_no_image_and_says_why(mine: Cloud, walker: Walker, server: Hostile) -> None:
    before = len(mine.get("/v2/images?limit=1000").json["images"])
    task = done(mine, walker, "import", wish(server.serves("/gone", says(answer("410 Gone")))))
    assert (task["status"], task["result"], task["error"]["code"]) == ("failure", None, "status")
    assert "410 Gone" in task["message"]
    assert len(mine.get("/v2/images?limit=1000").json["images"]) == before
