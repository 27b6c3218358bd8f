"""What an upload sends, as the service counts it: what is missing there, rounded to blocks, and little more.

The large figures (2 GiB with 200 MiB of data) are those of ``benchmarks/hashmap.py``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from imageferry import client
from imageferry.clouds.config import open_configured
from tests.counting_door import CountingDoor
from tests.running import RunningService

MIB = 1 << 20
BLOCK = 4 * MIB
SIZE = 64 * MIB
WORDS = 256 << 10  # bytes of heads, hash maps and answers of one upload

KINDS = ("synnefo", "openstack")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    service = RunningService(data=tmp_path_factory.mktemp("missing") / "data").start()
    service.add_user("mira", "mira")
    yield service
    service.stop()


@pytest.fixture
def door(service: RunningService) -> Iterator[CountingDoor]:
    door = CountingDoor(service.url.removeprefix("http://"))
    yield door
    door.close()


@pytest.fixture
def clouds(service: RunningService, door: CountingDoor, tmp_path: Path) -> Path:
    """A clouds.yaml with the same account by both ways in, through the door."""
    names = {"username": "mira", "password": "pw", "project_name": "mira"}
    domains = {"user_domain_name": "Default", "project_domain_name": "Default"}
    entries: Mapping[str, object] = {
        "synnefo": {"type": "synnefo", "url": f"{door.url}/identity", "token": service.admin("token", "mira")},
        "openstack": {"auth": {"auth_url": f"{door.url}/v3", **names, **domains}, "region_name": "RegionOne"},
    }
    file = tmp_path / "clouds.yaml"
    file.write_text(yaml.safe_dump({"clouds": dict(entries)}))
    return file


def sparse_disk(path: Path) -> Path:
    """64 MiB, 16 of them noise in two pieces that lie across blocks."""
    with path.open("wb") as file:
        file.truncate(SIZE)
        for at in (6 * MIB, 41 * MIB):
            file.seek(at)
            file.write(os.urandom(8 * MIB))
    return path


def rounded(path: Path) -> int:
    """The bytes of all blocks that are not zeros."""
    data = path.read_bytes()
    pieces = (data[at : at + BLOCK] for at in range(0, SIZE, BLOCK))
    return sum(len(piece) for piece in pieces if piece.strip(b"\0"))


@pytest.mark.parametrize("kind", KINDS)
def test_holes_stay_here_and_a_change_of_one_percent_sends_its_blocks(
    kind: str, clouds: Path, door: CountingDoor, tmp_path: Path
) -> None:
    disk = sparse_disk(tmp_path / "disk")
    assert (data := rounded(disk)) == 24 * MIB
    cloud = open_configured(kind, file=clouds)
    put = lambda: cloud.objects.put(disk, "disks", kind, watch=lambda _: None)  # noqa: E731
    door.since()
    assert put().sent == data
    assert data <= door.since() <= data + WORDS
    assert put().sent == 0
    assert door.since() <= WORDS
    with disk.open("r+b") as file:
        file.seek(43 * MIB)
        file.write(os.urandom(16 * MIB // 100))
    assert put().sent == BLOCK
    assert BLOCK <= door.since() <= BLOCK + WORDS
    client.pull_object(cloud, "disks", kind, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == disk.read_bytes()
    cloud.close()


@pytest.mark.parametrize("kind", KINDS)
def test_an_upload_that_was_killed_sends_only_the_rest(
    kind: str, clouds: Path, door: CountingDoor, tmp_path: Path
) -> None:
    disk = sparse_disk(tmp_path / "disk")
    data = rounded(disk)
    command = [sys.executable, "-m", "imageferry.cli.main", "object", "put", str(disk), "disks", f"killed-{kind}"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    env |= {"OS_CLIENT_CONFIG_FILE": str(clouds), "OS_CLOUD": kind}
    door.since()
    door.pace = 10 * MIB
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while door.received < 18 * MIB and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    first = door.since()
    assert 18 * MIB <= first < data
    door.pace = 0
    subprocess.run(command, env=env, check=True, capture_output=True)
    second = door.since()
    assert second <= data - first + 4 * BLOCK + WORDS  # four blocks were on their way
    assert second <= data - 2 * BLOCK + WORDS
    cloud = open_configured(kind, file=clouds)
    client.pull_object(cloud, "disks", f"killed-{kind}", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == disk.read_bytes()
    cloud.close()
