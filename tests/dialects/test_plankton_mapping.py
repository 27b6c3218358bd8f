"""One image seen from both sides: what Plankton registers in Glance, what Glance makes in Plankton, and Swift below."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.dialects.openstack_service import Cloud, running_cloud
from tests.dialects.plankton_service import IMAGES, Plankton, fault, meta_of
from tests.disks import jpeg, mbr_disk, qcow2

PATCH = {"content-type": "application/openstack-images-v2.1-json-patch"}
OCTETS = {"content-type": "application/octet-stream"}
DISK = mbr_disk(1 << 20)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("mapping")) as running:
        yield running


@pytest.fixture
def mira(cloud: Cloud) -> Plankton:
    return Plankton.of(cloud, "mira", "demo")


@pytest.fixture
def alex(cloud: Cloud) -> Plankton:
    return Plankton.of(cloud, "alex", "alt")


def in_glance(caller: Plankton, image: str) -> dict[str, Any]:
    found: dict[str, Any] = caller.cloud.get(f"/v2/images/{image}").json
    return found


def patch(caller: Plankton, image: str, name: str, value: object) -> int:
    document = [{"op": "replace", "path": f"/{name}", "value": value}]
    return caller.cloud.call("PATCH", f"/v2/images/{image}", document, headers=PATCH).status


def uploaded(caller: Plankton, data: bytes = DISK, **wish: object) -> str:
    """An image made through Glance."""
    document = {"name": "from glance", "disk_format": "raw", "container_format": "bare", **wish}
    image = str(caller.cloud.call("POST", "/v2/images", document).json["id"])
    if data:
        assert caller.cloud.call("PUT", f"/v2/images/{image}/file", body=data, headers=OCTETS).status == 204
    return image


# -- registered, seen in Glance ---------------------------------------------------------


def test_a_registered_image_is_an_image_of_glance(mira: Plankton) -> None:
    data = qcow2()
    image = mira.registered(data, name="Debian%20%C3%A9", disk_format="qcow2", property_OS="Linux")
    found = in_glance(mira, image)
    assert found["name"] == "Debian é"
    assert found["status"] == "active"
    assert found["owner"] == mira.project
    assert (found["visibility"], found["protected"], found["os"]) == ("shared", False, "Linux")
    assert (found["disk_format"], found["container_format"], found["size"]) == ("qcow2", "bare", len(data))
    assert found["virtual_size"] == 10 << 30
    assert (len(found["checksum"]), found["os_hash_algo"], len(found["os_hash_value"])) == (32, "sha512", 128)
    assert image in [row["id"] for row in mira.cloud.get("/v2/images?limit=1000").json["images"]]
    assert mira.cloud.get(f"/v2/images/{image}/file").body == data
    assert mira.cloud.get(f"/image/v2/images/{image}").json == found


@pytest.mark.parametrize(
    ("user", "project", "visibility"), [("mira", "demo", "community"), ("admin", "admin", "public")]
)
def test_publishing_is_what_glance_lets_the_caller_do(cloud: Cloud, user: str, project: str, visibility: str) -> None:
    caller = Plankton.of(cloud, user, project)
    image = caller.registered(is_public="True")
    assert in_glance(caller, image)["visibility"] == visibility
    assert meta_of(caller.change(image, is_public="False"))["is-public"] == "False"
    assert in_glance(caller, image)["visibility"] == "shared"


@pytest.mark.parametrize(("visibility", "public"), [("community", "True"), ("shared", "False"), ("private", "False")])
def test_visibility_set_in_glance_is_seen(mira: Plankton, visibility: str, public: str) -> None:
    image = mira.registered(is_public="False" if public == "True" else "True")
    assert patch(mira, image, "visibility", visibility) == 200
    assert mira.head(image)["is-public"] == public


def test_members_are_the_same_on_both_sides(mira: Plankton, alex: Plankton) -> None:
    image = mira.registered()
    members = f"/v2/images/{image}/members"
    assert mira.cloud.call("PUT", f"{IMAGES}/{image}/members/{alex.project}", body=b"").status == 204
    assert [row["member_id"] for row in mira.cloud.get(members).json["members"]] == [alex.project]
    assert in_glance(alex, image)["id"] == image
    assert mira.cloud.call("DELETE", f"{members}/{alex.project}").status == 204
    assert mira.members(image) == []
    assert mira.cloud.call("POST", members, {"member": alex.project}).status == 200
    assert mira.members(image) == [alex.project]
    assert alex.head(image)["owner"] == mira.project
    location = mira.head(image)["location"].removeprefix("pithos://").removeprefix(mira.project)
    assert alex.cloud.get(f"/v1/AUTH_{mira.project}{location}").body == b"hello"


def test_what_glance_changes_plankton_shows(mira: Plankton) -> None:
    image = mira.registered(property_os="Linux")
    for name, value in (("name", "new"), ("os", "BSD"), ("Os-Distro", "x")):
        operation = "add" if name == "Os-Distro" else "replace"
        document = [{"op": operation, "path": f"/{name}", "value": value}]
        assert mira.cloud.call("PATCH", f"/v2/images/{image}", document, headers=PATCH).status == 200
    said = mira.head(image)
    assert (said["name"], said["property-os"], said["property-os-distro"]) == ("new", "BSD", "x")
    assert mira.cloud.call("POST", f"/v2/images/{image}/actions/deactivate", body=b"").status == 204
    assert mira.head(image)["status"] == "deactivated"
    assert mira.cloud.call("POST", f"/v2/images/{image}/actions/reactivate", body=b"").status == 204
    assert mira.head(image)["status"] == "available"
    assert patch(mira, image, "disk_format", "qcow2") == 403


def test_deleting_the_image_in_glance_leaves_the_object(mira: Plankton) -> None:
    location = mira.put(name="left")
    image = meta_of(mira.post(location))["id"]
    assert mira.cloud.call("DELETE", f"/v2/images/{image}").status == 204
    assert mira.cloud.call("HEAD", f"{IMAGES}/{image}").status == 404
    assert mira.cloud.get(f"/v1/AUTH_{mira.project}/pithos/left").body == b"hello"
    assert meta_of(mira.post(location))["id"] == image


# -- made in Glance, seen by Plankton -----------------------------------------------------


@pytest.mark.parametrize(
    ("data", "wish", "words"),
    [
        (DISK, {}, ("available", "diskdump", "bare")),
        (qcow2(), {"disk_format": "qcow2"}, ("available", "qcow2", "bare")),
        (b"x", {"disk_format": "aki", "container_format": "aki"}, ("available", "aki", "aki")),
        (b"", {}, ("saving", "diskdump", "bare")),
        (b"", {"disk_format": None, "container_format": None}, ("saving", "", "")),
    ],
)
def test_an_image_of_glance_is_shown_without_a_location(
    mira: Plankton, data: bytes, wish: dict[str, object], words: tuple[str, str, str]
) -> None:
    image = uploaded(mira, data, **wish, os_distro="debian")
    said = mira.head(image)
    assert (said["status"], said["disk-format"], said["container-format"]) == words
    assert (said["location"], said["size"], said["owner"]) == ("", str(len(data)), mira.project)
    assert said["property-os-distro"] == "debian"
    assert len(said["checksum"]) == (64 if data else 0)
    assert image in [row["id"] for row in mira.listed()]


def test_an_object_of_the_same_bytes_has_the_same_checksum(mira: Plankton) -> None:
    assert mira.head(uploaded(mira, DISK))["checksum"] == mira.head(mira.registered(DISK))["checksum"]


def test_it_is_changed_and_shared_but_not_unregistered(mira: Plankton, alex: Plankton) -> None:
    image = uploaded(mira, DISK)
    assert mira.change(image, name="renamed", property_os="Linux", is_public="true").status == 200
    assert mira.cloud.call("PUT", f"{IMAGES}/{image}/members/{alex.project}", body=b"").status == 204
    found = in_glance(mira, image)
    assert (found["name"], found["os"], found["visibility"]) == ("renamed", "Linux", "community")
    fault(mira.change(image, status="mine"), 400, "badRequest")
    fault(mira.change(image, disk_format="extdump"), 400, "badRequest")
    assert "bytes" in fault(mira.cloud.call("DELETE", f"{IMAGES}/{image}"), 403, "forbidden")
    assert mira.cloud.get(f"/v2/images/{image}/file").body == DISK


def test_a_private_image_of_glance_becomes_a_shared_one_with_its_first_member(mira: Plankton, alex: Plankton) -> None:
    image = uploaded(mira, DISK, visibility="private")
    assert mira.cloud.call("PUT", f"{IMAGES}/{image}/members/{alex.project}", body=b"").status == 204
    assert in_glance(mira, image)["visibility"] == "shared"
    assert alex.head(image)["id"] == image


def test_the_id_of_an_object_is_not_given_to_an_image_of_glance(mira: Plankton, alex: Plankton) -> None:
    location = mira.put()
    image = meta_of(mira.post(location))["id"]
    assert mira.cloud.call("DELETE", f"{IMAGES}/{image}").status == 204
    assert alex.cloud.call("POST", "/v2/images", {"id": image}).status == 409
    assert mira.post(location).status == 200


# -- below, in Swift -------------------------------------------------------------------------


def test_an_object_that_swift_overwrites_is_the_image_if_it_is_a_disk(mira: Plankton) -> None:
    location = mira.put(DISK, "turned")
    image = meta_of(mira.post(location))["id"]
    mira.put(jpeg(), "turned")
    said = mira.head(image)
    assert (said["status"], said["size"]) == ("error", str(len(jpeg())))
    assert "JPEG" in said["description"]
    assert in_glance(mira, image)["status"] == "deactivated"
    assert mira.cloud.get(f"/v2/images/{image}/file").status == 403
    assert mira.cloud.as_("admin", "admin").get(f"/v2/images/{image}/file").status == 204
    assert mira.cloud.call("POST", f"/v2/images/{image}/actions/reactivate", body=b"").status == 403
    mira.put(DISK, "turned")
    assert mira.head(image)["status"] == "available"
    assert mira.cloud.get(f"/v2/images/{image}/file").body == DISK


def test_an_object_that_swift_deletes_takes_the_image_along_unless_that_is_protected(mira: Plankton) -> None:
    location = mira.put(name="goes")
    image = meta_of(mira.post(location))["id"]
    assert patch(mira, image, "protected", True) == 200
    path = f"/v1/AUTH_{mira.project}/pithos/goes"
    assert mira.cloud.call("DELETE", path).status == 409
    fault(mira.cloud.call("DELETE", f"{IMAGES}/{image}"), 403, "forbidden")
    assert patch(mira, image, "protected", False) == 200
    assert mira.cloud.call("DELETE", path).status == 204
    assert mira.cloud.get(f"/v2/images/{image}").status == 404
    assert mira.cloud.call("HEAD", f"{IMAGES}/{image}").status == 404


def test_a_copy_is_no_image_and_has_an_id_of_its_own(mira: Plankton) -> None:
    image = meta_of(mira.post(mira.put(name="first")))["id"]
    copy = {"destination": "pithos/second"}
    assert mira.cloud.call("COPY", f"/v1/AUTH_{mira.project}/pithos/first", headers=copy).status == 201
    second = meta_of(mira.post(f"pithos://{mira.project}/pithos/second"))["id"]
    assert second != image
