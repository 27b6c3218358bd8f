"""A scanner's finding, as it is seen through Glance: by every road of an import."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dialects.openstack_service import Cloud, running_cloud
from tests.dialects.test_glance_import import begin, shown, staged
from tests.file_systems import EICAR, ext4
from tests.hostile_server import file_of, hostile_server
from tests.scanners import yara_rules
from tests.walking import Walker

SAID = "expected a disk that no scanner objects to, found FerryTest in the file /etc/motd (ext4)"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    rules = yara_rules(tmp_path_factory.mktemp("rules"))
    settings = {"scan_yara": str(rules), "fetch_networks": ("127.0.0.0/8",), "fetch_ports": ()}
    with running_cloud(tmp_path_factory.mktemp("data"), **settings) as running:
        yield running


@pytest.fixture
def walker(cloud: Cloud) -> Walker:
    walker = Walker(cloud.services.tasks)
    cloud.services.tasks.attach(walker)
    return walker


@pytest.fixture(scope="module")
def mine(cloud: Cloud) -> Cloud:
    return cloud.as_("mira", "demo")


def disk(folder: Path, motd: bytes) -> bytes:
    target = folder / "disk.qcow2"
    source = ext4(folder, {"etc/motd": motd})
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", source, target], check=True)
    return target.read_bytes()


def test_what_was_staged_is_refused_and_the_image_is_queued_again(mine: Cloud, walker: Walker, tmp_path: Path) -> None:
    key = staged(mine, disk(tmp_path, EICAR), name="web", disk_format="qcow2", container_format="bare")
    assert begin(mine, key).status == 202
    walker.walk()
    assert shown(mine, key)["status"] == "queued"
    assert mine.get(f"/v2/images/{key}/file").status == 204
    (task,) = mine.get(f"/v2/images/{key}/tasks").json["tasks"]
    assert (task["status"], task["error"]["code"]) == ("failure", "infected")
    assert task["message"].startswith(f"web: {SAID}")


def test_what_was_staged_and_is_clean_becomes_active(mine: Cloud, walker: Walker, tmp_path: Path) -> None:
    key = staged(mine, disk(tmp_path, b"welcome\n"), disk_format="qcow2", container_format="bare")
    assert begin(mine, key).status == 202
    walker.walk()
    assert shown(mine, key)["status"] == "active"


def test_what_is_kept_in_a_container_nobody_opens_is_scanned_as_bytes(mine: Cloud, walker: Walker) -> None:
    key = staged(mine, b"anything " * 100 + EICAR, disk_format="raw", container_format="ova")
    assert begin(mine, key).status == 202
    walker.walk()
    (task,) = mine.get(f"/v2/images/{key}/tasks").json["tasks"]
    assert (task["status"], task["error"]["code"]) == ("failure", "infected")
    assert "in the bytes from 0 on" in task["message"]


@pytest.mark.parametrize("road", ["web-download", "task"])
def test_what_is_fetched_is_refused(mine: Cloud, walker: Walker, tmp_path: Path, road: str) -> None:
    with hostile_server() as server:
        url = server.serves("/web.qcow2", file_of(disk(tmp_path, EICAR)))
        if road == "web-download":
            attributes = {"name": "web", "disk_format": "qcow2", "container_format": "bare"}
            key = mine.call("POST", "/v2/images", attributes).json["id"]
            assert begin(mine, key, {"method": {"name": road, "uri": url}}).status == 202
        else:
            properties = {"name": "fetched", "container_format": "bare"}
            asked = {"import_from": url, "import_from_format": "qcow2", "image_properties": properties}
            reply = mine.call("POST", "/v2/tasks", {"type": "import", "input": asked})
            assert reply.status == 201, reply.body
        walker.walk()
    if road == "web-download":
        assert shown(mine, key)["status"] == "queued"
        (task,) = mine.get(f"/v2/images/{key}/tasks").json["tasks"]
        assert task["error"]["code"] == "infected"
    else:
        task = mine.get(f"/v2/tasks/{reply.json['id']}").json
        assert task["status"] == "failure"
        assert mine.get("/v2/images?name=fetched").json["images"] == []
    assert SAID in task["message"]
