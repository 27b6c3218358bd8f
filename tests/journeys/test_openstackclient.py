"""python-openstackclient and openstacksdk as they are, against a running service.

Each start of the command line takes seconds, so that a test is a trip of several commands.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.disks import jpeg
from tests.peers import Peer, program
from tests.running import RunningService

_numbers = itertools.count(1)


@pytest.fixture
def new_peer(service: RunningService, tmp_path: Path) -> Callable[[], Peer]:
    """Makes members, each with a project of its own."""
    program("openstack")

    def make() -> Peer:
        name = f"osc-user-{os.getpid()}-{next(_numbers)}"
        service.add_user(name, f"{name}-project", password="pw")
        return Peer.of(service, tmp_path, name, f"{name}-project", "pw")

    return make


@pytest.fixture
def peer(new_peer: Callable[[], Peer]) -> Peer:
    return new_peer()


@pytest.fixture
def admin(service: RunningService, tmp_path: Path) -> Peer:
    auth = service.cloud["auth"]
    return Peer.of(service, tmp_path, auth["username"], auth["project_name"], auth["password"])


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """5,000,000 bytes of a raw disk that is nothing else."""
    path = tmp_path / "disk.raw"
    path.write_bytes(bytes(1_000_000) + os.urandom(4_000_000))
    return path


def eventually(ask: Callable[[], Any], good: Callable[[Any], bool], *, tries: int = 20) -> Any:
    """What is told once it is good; every question takes a second or two by itself."""
    for _ in range(tries):
        if good(answer := ask()):
            return answer
    pytest.fail(f"still {answer}")


def told(peer: Peer, *arguments: str) -> Any:
    return json.loads(peer.run("openstack", *arguments, "-f", "json"))


def test_who_am_i_and_what_is_there(peer: Peer) -> None:
    token = told(peer, "token", "issue")
    assert len(token["id"]) == 43
    assert [project["ID"] for project in told(peer, "project", "list")] == [token["project_id"]]
    catalog = {service["Type"]: service["Endpoints"] for service in told(peer, "catalog", "list")}
    assert {"identity", "image", "object-store", "vmimport", "import-export"} == catalog.keys()
    assert catalog["object-store"][0]["url"].endswith(f"/v1/AUTH_{token['project_id']}")


def test_an_administrator_looks_things_up_by_name(admin: Peer, peer: Peer) -> None:
    name = peer.env["OS_USERNAME"]
    user = told(admin, "user", "show", name)
    assert (user["name"], user["enabled"]) == (name, True)
    assert told(admin, "project", "show", peer.env["OS_PROJECT_NAME"])["id"] == user["default_project_id"]
    assert told(admin, "domain", "show", "Default")["id"] == "default"
    assert {role["Name"] for role in told(admin, "role", "list")} == {"admin", "member", "reader"}
    assert [region["Region"] for region in told(admin, "region", "list")] == ["RegionOne"]
    assert len(told(admin, "endpoint", "list", "--service", "image")) == 3


def test_the_life_of_an_image(peer: Peer, disk: Path) -> None:
    made = told(peer, "image", "create", "--file", "disk.raw", "--disk-format", "raw", "first", "--tag", "a")
    assert (made["status"], made["size"], made["tags"]) == ("active", 5_000_000, ["a"])
    assert made["checksum"] == hashlib.md5(disk.read_bytes()).hexdigest()
    assert [image["Name"] for image in told(peer, "image", "list", "--private")] == []
    assert [image["ID"] for image in told(peer, "image", "list")] == [made["id"]]
    peer.run("openstack", "image", "save", "first", "--file", "back.raw")
    assert (peer.folder / "back.raw").read_bytes() == disk.read_bytes()
    changes = ["--property", "os_distro=debian", "--tag", "b", "--min-disk", "1", "--name", "second"]
    peer.run("openstack", "image", "set", "first", *changes)
    peer.run("openstack", "image", "unset", "second", "--tag", "a")
    shown = told(peer, "image", "show", "second")
    assert (shown["id"], shown["tags"], shown["min_disk"]) == (made["id"], ["b"], 1)
    assert shown["properties"]["os_distro"] == "debian"
    peer.run("openstack", "image", "set", "second", "--deactivate")
    assert "Unable to download" in peer.complaint("openstack", "image", "save", "second", "--file", "no.raw")
    peer.run("openstack", "image", "delete", "second")
    assert "No Image found for second" in peer.complaint("openstack", "image", "show", "second")


def test_a_disk_of_the_wrong_format_is_refused_with_the_reason(peer: Peer) -> None:
    (peer.folder / "holiday.qcow2").write_bytes(jpeg())
    file = ["--file", "holiday.qcow2", "--disk-format", "qcow2"]
    said = peer.complaint("openstack", "image", "create", *file, "holiday")
    assert "415" in said
    assert "expected a disk image in the format qcow2, found a JPEG picture" in said


def test_staged_and_imported(peer: Peer, disk: Path) -> None:
    file = ["--file", "disk.raw", "--disk-format", "raw"]
    key = told(peer, "image", "create", "--import", *file, "staged")["id"]
    image = eventually(lambda: told(peer, "image", "show", key), lambda image: image["status"] == "active")
    assert (image["size"], image["checksum"]) == (5_000_000, hashlib.md5(disk.read_bytes()).hexdigest())
    (peer.folder / "holiday.qcow2").write_bytes(jpeg())
    file = ["--file", "holiday.qcow2", "--disk-format", "qcow2"]
    key = told(peer, "image", "create", "--import", *file, "holiday")["id"]
    image = eventually(lambda: told(peer, "image", "show", key), lambda image: image["status"] == "queued")
    assert image["properties"]["os_glance_failed_import"] == "default"
    # The retry, in the two steps that --import takes together.
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", peer.folder / "good.qcow2", "5M"], check=True)
    peer.run("openstack", "image", "stage", key, "--file", "good.qcow2")
    peer.run("openstack", "image", "import", key, "--method", "glance-direct")
    image = eventually(lambda: told(peer, "image", "show", key), lambda image: image["status"] == "active")
    assert image["virtual_size"] == 5 << 20


def test_sharing_between_two_projects(new_peer: Callable[[], Peer], disk: Path) -> None:
    owner, friend = new_peer(), new_peer()
    name, project = f"shared-{next(_numbers)}", friend.env["OS_PROJECT_NAME"]
    file = ["--file", str(disk), "--disk-format", "raw"]  # without one the client sends its stdin
    key = told(owner, "image", "create", "--shared", *file, name)["id"]
    project_id = told(friend, "token", "issue")["project_id"]
    # By the project's name: members may not look it up, so that the client sends it as it is.
    assert told(owner, "image", "add", "project", key, project)["member_id"] == project_id
    assert told(friend, "image", "list") == []
    friend.run("openstack", "image", "set", "--accept", key)
    assert [image["ID"] for image in told(friend, "image", "list", "--shared")] == [key]
    members = told(owner, "image", "member", "list", key)
    assert [(member["Member ID"], member["Status"]) for member in members] == [(project_id, "accepted")]
    owner.run("openstack", "image", "remove", "project", key, project)
    assert told(friend, "image", "list") == []


def test_containers_and_objects(peer: Peer, disk: Path) -> None:
    assert told(peer, "container", "create", "box")[0]["container"] == "box"
    assert told(peer, "object", "create", "box", "disk.raw")[0]["etag"] == hashlib.md5(disk.read_bytes()).hexdigest()
    assert [entry["Name"] for entry in told(peer, "object", "list", "box")] == ["disk.raw"]
    assert told(peer, "container", "show", "box")["object_count"] == "1"
    peer.run("openstack", "object", "save", "box", "disk.raw", "--file", "back.raw")
    assert (peer.folder / "back.raw").read_bytes() == disk.read_bytes()
    peer.run("openstack", "container", "delete", "--recursive", "box")
    assert told(peer, "container", "list") == []


_SDK = """
import sys
import openstack

cloud = openstack.connect()
disk = open("disk.raw", "rb").read()
made = cloud.create_image("by-sdk", filename="disk.raw", disk_format="raw", container_format="bare",
                          wait=True, validate_checksum=True, meta={"os_distro": "debian"})
assert made.status == "active", made
assert cloud.image.find_image("by-sdk").id == made.id
assert cloud.image.find_image("no-such-image") is None
again = cloud.create_image("by-sdk", filename="disk.raw", disk_format="raw", container_format="bare",
                           validate_checksum=True, allow_duplicates=False)
assert again.id == made.id, "the same bytes are not sent twice"
cloud.image.download_image(made, stream=False, output="back.raw")
assert open("back.raw", "rb").read() == disk
cloud.image.update_image(made, min_ram=512, os_version="13")
cloud.image.add_tag(made, "tagged")
shown = cloud.image.get_image(made.id)
assert (shown.min_ram, shown.os_version, shown.tags) == (512, "13", ["tagged"]), shown
for number in range(3):
    cloud.image.create_image(f"page-{number}", container_format="bare", disk_format="raw")
names = [image.name for image in cloud.image.images(limit=1, sort="name:asc")]
assert names == ["by-sdk", "page-0", "page-1", "page-2"], names
cloud.image.deactivate_image(made.id)
cloud.image.reactivate_image(made.id)
assert [project.name for project in cloud.identity.user_projects(cloud.current_user_id)]
cloud.delete_image("by-sdk", wait=True)
try:
    cloud.image.get_image(made.id)
except openstack.exceptions.NotFoundException as error:
    assert "No image found with ID" in str(error), error
else:
    sys.exit("the image is still there")
print("well")
"""


def test_the_sdk_in_a_script(peer: Peer, disk: Path) -> None:
    assert disk.exists()
    assert peer.run("python", "-c", _SDK).strip() == "well"
