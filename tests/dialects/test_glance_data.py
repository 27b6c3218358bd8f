"""The bytes of an image, its members and its states: specs/openstack.md 4.9, 4.10, 4.13."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from tests.dialects.openstack_service import Cloud, Reply, running_cloud
from tests.dialects.test_glance_images import made, patch
from tests.disks import jpeg

_RAW = {"disk_format": "raw", "container_format": "bare"}
_TYPE = {"content-type": "application/octet-stream"}
BLOCK = 4 << 20


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="module")
def mine(cloud: Cloud) -> Cloud:
    return cloud.as_("mira", "demo")


@pytest.fixture(scope="module")
def alex(cloud: Cloud) -> Cloud:
    return cloud.as_("alex", "alt")


def put(
    cloud: Cloud, key: str, body: bytes | Sequence[bytes], headers: Mapping[str, str] | None = None, **options: Any
) -> Reply:
    return cloud.call("PUT", f"/v2/images/{key}/file", body=body, headers={**_TYPE, **(headers or {})}, **options)


def filled(cloud: Cloud, data: bytes, **attributes: Any) -> str:
    key: str = made(cloud, **{**_RAW, **attributes})["id"]
    assert put(cloud, key, data).status == 204
    return key


# -- up ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 1100, BLOCK, 2 * BLOCK + 5])
def test_what_goes_up_comes_down(mine: Cloud, size: int) -> None:
    data = bytes(range(251)) * (size // 251 + 1)
    data = data[:size]
    key = made(mine, **_RAW)["id"]
    reply = put(mine, key, data, {"X-OpenStack-Image-Size": str(size)})
    assert (reply.status, reply.body) == (204, b"")
    image = mine.get(f"/v2/images/{key}").json
    assert (image["status"], image["size"], image["virtual_size"]) == ("active", size, size)
    assert image["checksum"] == hashlib.md5(data).hexdigest()
    assert (image["os_hash_algo"], image["os_hash_value"]) == ("sha512", hashlib.sha512(data).hexdigest())
    down = mine.get(f"/v2/images/{key}/file")
    assert down.status == 200
    assert down.body == data
    assert down.headers["content-type"] == "application/octet-stream"
    assert down.headers["content-md5"] == image["checksum"]
    assert down.headers["content-length"] == str(size)


def test_chunks_of_one_mib_as_glanceclient_sends_them(mine: Cloud) -> None:
    key = made(mine, **_RAW)["id"]
    chunks = [bytes([number]) * (1 << 20) for number in range(9)]
    assert put(mine, key, chunks, {"X-OpenStack-Image-Size": str(9 << 20)}).status == 204
    assert mine.get(f"/v2/images/{key}/file").body == b"".join(chunks)


def test_an_upload_needs_its_type_its_formats_and_a_queued_image(mine: Cloud) -> None:
    key = made(mine)["id"]
    assert put(mine, key, b"x", {"content-type": "application/json"}).status == 415
    assert put(mine, key, b"x", {"content-type": ""}).status == 415
    assert put(mine, key, b"x").status == 400  # no formats
    assert patch(mine, key, [{"op": "replace", "path": "/disk_format", "value": "raw"}]).status == 200
    assert put(mine, key, b"x").status == 400
    assert patch(mine, key, [{"op": "replace", "path": "/container_format", "value": "bare"}]).status == 200
    assert put(mine, key, b"x", {"X-Image-Meta-Store": "ghost"}).status == 400
    assert put(mine, key, b"\x01\x80\xff", {"X-Image-Meta-Store": "default"}).status == 204
    assert put(mine, key, b"x").status == 409
    reply = patch(mine, key, [{"op": "replace", "path": "/disk_format", "value": "qcow2"}])
    assert reply.status == 403


@pytest.mark.parametrize(
    ("body", "announced", "status"),
    [
        (b"12345", "4", 400),
        (b"12345", "6", 400),
        (b"12345", "x", 400),
        (b"12345", "-5", 400),
        (b"12345", "5" * 40, 400),
        ([b"123", b"45"], "4", 400),
        ([b"123", b"45"], "6", 400),
        ([b"\x01\x80\xff", b"45"], "5", 204),
        ([b"x" * BLOCK] * 9, "1", 400),
        (b"x", str(1 << 39), 400),
        ([b"x"], str(1 << 39), 413),
        ([b"x" * BLOCK] * 9, None, 413),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_the_size_that_was_announced_must_come(
    mine: Cloud, body: bytes | list[bytes], announced: str | None, status: int
) -> None:
    key = made(mine, **_RAW)["id"]
    headers = {} if announced is None else {"X-OpenStack-Image-Size": announced}
    assert put(mine, key, body, headers).status == status
    assert mine.get(f"/v2/images/{key}").json["status"] == ("active" if status == 204 else "queued")


def test_a_cut_upload_leaves_the_image_queued_and_can_be_sent_again(mine: Cloud) -> None:
    key = made(mine, **_RAW)["id"]
    put(mine, key, [b"x" * BLOCK, b"y"], cut=True)
    image = mine.get(f"/v2/images/{key}").json
    assert (image["status"], image["checksum"], image["size"]) == ("queued", None, None)
    assert mine.get(f"/v2/images/{key}/file").status == 204
    assert put(mine, key, b"\x01\x80\xffwhole").status == 204
    assert mine.get(f"/v2/images/{key}/file").body == b"\x01\x80\xffwhole"


def test_a_disk_of_another_format_is_a_415_with_the_whole_sentence(mine: Cloud) -> None:
    key = made(mine, name="pic", disk_format="qcow2", container_format="bare")["id"]
    reply = put(mine, key, jpeg())
    assert reply.status == 415
    assert reply.json["message"].startswith("pic: expected a disk image in the format qcow2, found a JPEG")
    assert reply.json["reason"] == "not-a-disk"
    assert reply.json["hint"]
    image = mine.get(f"/v2/images/{key}").json
    assert (image["status"], image["checksum"], image["os_hash_value"]) == ("queued", None, None)
    assert mine.get(f"/v2/images/{key}/file").status == 204


def test_what_is_in_a_container_is_not_looked_at(mine: Cloud) -> None:
    filled(mine, jpeg(), container_format="ova")


def test_a_format_changed_during_the_upload_lets_nothing_through(mine: Cloud) -> None:
    """Else an unjudged file would become a qcow2 that a host opens."""
    key = made(mine, disk_format="qcow2", container_format="ova")["id"]
    service = mine.services.images
    caller = mine.services.identity.validate(mine.token or "").caller
    with service.upload(caller, key) as upload:
        upload.write(jpeg())
        assert patch(mine, key, [{"op": "replace", "path": "/container_format", "value": "bare"}]).status == 200
        with pytest.raises(Exception, match="of another format by now"):
            upload.commit()
    assert mine.get(f"/v2/images/{key}").json["status"] == "queued"


def test_who_may_upload(cloud: Cloud, mine: Cloud, alex: Cloud) -> None:
    key = made(mine, visibility="private", **_RAW)["id"]
    community = made(mine, visibility="community", **_RAW)["id"]
    assert put(cloud.as_("rita", "demo"), key, b"x").status == 403
    assert put(cloud.as_(None), key, b"x").status == 401
    assert put(alex, key, b"x").status == 404
    assert put(alex, community, b"x").status == 403
    assert mine.get(f"/v2/images/{key}").json["status"] == "queued"


# -- down ----------------------------------------------------------------------------

_DATA = b"hello world\x80\x00" * 100


@pytest.fixture(scope="module")
def key(mine: Cloud) -> str:
    return filled(mine, _DATA)


@pytest.mark.parametrize(
    ("headers", "status", "start", "stop"),
    [
        ({"Range": "bytes=0-0"}, 206, 0, 1),
        ({"Range": "bytes=5-"}, 206, 5, 1300),
        ({"Range": "bytes=-5"}, 206, 1295, 1300),
        ({"Range": "bytes=0-99999"}, 206, 0, 1300),
        ({"Range": "bytes=-99999"}, 206, 0, 1300),
        ({"Content-Range": "bytes 0-9/*"}, 206, 0, 10),
        ({"Content-Range": "bytes=0-9/1300"}, 206, 0, 10),
        ({"Range": "bytes=0-1,3-4"}, 400, 0, 0),
        ({"Range": "bytes=1300-"}, 416, 0, 0),
        ({"Range": "bytes=-0"}, 416, 0, 0),
        ({"Range": "bytes=5-1"}, 416, 0, 0),
        ({"Range": "nonsense"}, 416, 0, 0),
        ({"Range": "pages=1-2"}, 416, 0, 0),
        ({"Content-Range": "nonsense"}, 416, 0, 0),
    ],
    ids=str,
)
def test_ranges(mine: Cloud, key: str, headers: dict[str, str], status: int, start: int, stop: int) -> None:
    reply = mine.get(f"/v2/images/{key}/file", headers=headers)
    assert reply.status == status
    if status == 206:
        assert reply.body == _DATA[start:stop]
        assert reply.headers["content-range"] == f"bytes {start}-{stop - 1}/1300"
        assert reply.headers["content-length"] == str(stop - start)
        assert reply.headers["content-md5"] == hashlib.md5(_DATA).hexdigest()
    if status == 416:
        assert reply.headers["content-range"] == "bytes */1300"


def test_prefer_and_head_and_an_empty_image(mine: Cloud, key: str) -> None:
    assert mine.get(f"/v2/images/{key}/file?prefer=default").status == 200
    assert mine.get(f"/v2/images/{key}/file?prefer=default,ghost").status == 400
    assert mine.call("HEAD", f"/v2/images/{key}/file").status == 405
    empty = mine.get(f"/v2/images/{made(mine)['id']}/file")
    assert (empty.status, empty.body) == (204, b"")


def test_deactivated_bytes_are_withheld(cloud: Cloud, mine: Cloud) -> None:
    image = filled(mine, b"\x01\x80\xffsecret")
    for _ in range(2):
        assert mine.call("POST", f"/v2/images/{image}/actions/deactivate").status == 204
    assert mine.get(f"/v2/images/{image}").json["status"] == "deactivated"
    assert mine.get(f"/v2/images/{image}/file").status == 403
    assert cloud.as_("admin", "admin").get(f"/v2/images/{image}/file").body == b"\x01\x80\xffsecret"
    for _ in range(2):
        assert mine.call("POST", f"/v2/images/{image}/actions/reactivate").status == 204
    assert mine.get(f"/v2/images/{image}/file").body == b"\x01\x80\xffsecret"
    assert mine.call("POST", f"/v2/images/{image}/actions/explode").status == 404
    queued = made(mine)["id"]
    for action in ("deactivate", "reactivate"):
        assert mine.call("POST", f"/v2/images/{queued}/actions/{action}").status == 403
    assert cloud.as_("rita", "demo").call("POST", f"/v2/images/{image}/actions/deactivate").status == 403


# -- members ---------------------------------------------------------------------------


def test_sharing_as_in_the_transcripts(cloud: Cloud, mine: Cloud, alex: Cloud) -> None:
    image, alt = filled(mine, b"\x01\x80\xffshared"), cloud.projects["alt"].id
    path = f"/v2/images/{image}/members"
    assert alex.get(f"/v2/images/{image}").status == 404
    offered = mine.call("POST", path, {"member": alt})
    assert offered.status == 200
    record = offered.json
    assert record.pop("created_at") == record.pop("updated_at")
    assert record == {
        "member_id": alt,
        "image_id": image,
        "status": "pending",
        "schema": "/v2/schemas/member",
    }
    assert alex.get(f"/v2/images/{image}").status == 200  # while pending
    assert alex.get(f"/v2/images/{image}/file").body == b"\x01\x80\xffshared"
    assert mine.call("POST", path, {"member": alt}).status == 409
    assert mine.get(path).json == {"members": [offered.json], "schema": "/v2/schemas/members"}
    assert alex.get(f"{path}/{alt}").json == offered.json
    assert mine.call("PUT", f"{path}/{alt}", {"status": "accepted"}).status == 403
    cloud.clock.pass_time(30)
    accepted = alex.call("PUT", f"{path}/{alt}", {"status": "accepted"})
    assert (accepted.status, accepted.json["status"]) == (200, "accepted")
    assert accepted.json["updated_at"] > accepted.json["created_at"]
    assert alex.call("DELETE", f"{path}/{alt}").status == 403
    assert alex.call("POST", path, {"member": cloud.projects["contract"].id}).status == 403
    reply = mine.call("DELETE", f"{path}/{alt}")
    assert (reply.status, reply.body) == (204, b"")
    assert mine.call("DELETE", f"{path}/{alt}").status == 404
    assert alex.get(f"/v2/images/{image}").status == 404


def test_a_member_sees_itself_only(cloud: Cloud, mine: Cloud, alex: Cloud) -> None:
    image, alt, third = made(mine)["id"], cloud.projects["alt"].id, cloud.projects["contract"].id
    path = f"/v2/images/{image}/members"
    for project in (alt, third):
        assert mine.call("POST", path, {"member": project}).status == 200
    assert {member["member_id"] for member in mine.get(path).json["members"]} == {alt, third}
    assert [member["member_id"] for member in alex.get(path).json["members"]] == [alt]
    assert alex.get(f"{path}/{third}").status == 404
    assert alex.call("PUT", f"{path}/{third}", {"status": "accepted"}).status == 404


def test_a_project_may_be_named_within_ones_domain(cloud: Cloud, mine: Cloud, alex: Cloud) -> None:
    """Clients send the name where they may not look up the id."""
    image, alt = made(mine)["id"], cloud.projects["alt"].id
    path = f"/v2/images/{image}/members"
    assert mine.call("POST", path, {"member": "alt"}).json["member_id"] == alt
    assert mine.get(f"{path}/alt").json["member_id"] == alt
    assert alex.call("PUT", f"{path}/alt", {"status": "rejected"}).json["status"] == "rejected"
    assert mine.call("DELETE", f"{path}/alt").status == 204
    assert mine.call("POST", path, {"member": "Ab3dEfgh-prj"}).status == 404  # of another domain


_BODIES = [{}, [], "x", {"member": ""}, {"member": None}, {"member": 5}, {"member": ["x"]}]


@pytest.mark.parametrize("body", _BODIES, ids=repr)
def test_an_offer_names_its_project(mine: Cloud, body: object) -> None:
    assert mine.call("POST", f"/v2/images/{made(mine)['id']}/members", body).status == 400


def test_only_projects_that_exist_and_only_shared_images(cloud: Cloud, mine: Cloud, alex: Cloud) -> None:
    image, alt = made(mine)["id"], cloud.projects["alt"].id
    for ghost in ("ghost", "\U0001f600", "x" * 5000):
        assert mine.call("POST", f"/v2/images/{image}/members", {"member": ghost}).status == 404
    for visibility in ("private", "community"):
        unshared = made(mine, visibility=visibility)["id"]
        assert mine.call("POST", f"/v2/images/{unshared}/members", {"member": alt}).status == 403
    assert mine.call("PUT", f"/v2/images/{image}/members/{alt}", {"status": "accepted"}).status == 403
    for status in ("maybe", "", None, 5, ["accepted"]):
        assert alex.call("PUT", f"/v2/images/{image}/members/{alt}", {"status": status}).status == 400
    assert cloud.as_("rita", "demo").call("POST", f"/v2/images/{image}/members", {"member": alt}).status == 403
