"""python-glanceclient as it is, against a running service. It fetches the schema before nearly every command."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from pathlib import Path

import pytest

from tests.disks import jpeg
from tests.peers import Peer, program
from tests.running import RunningService

_numbers = itertools.count(1)


@pytest.fixture
def peer(service: RunningService, tmp_path: Path) -> Peer:
    """A member of a project of its own."""
    program("glance")
    name = f"glance-user-{os.getpid()}-{next(_numbers)}"
    service.add_user(name, f"{name}-project", password="pw")
    return Peer.of(service, tmp_path, name, f"{name}-project", "pw")


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    path = tmp_path / "disk.raw"
    path.write_bytes(os.urandom(3_500_000))
    return path


def row(said: str, name: str) -> str:
    """The value in a line of the client's table."""
    match = re.search(rf"^\| {re.escape(name)} +\| (.*?) *\|$", said, re.MULTILINE)
    assert match is not None, said
    return match[1]


def create(peer: Peer, *more: str) -> str:
    """An image with data: where no file is named, the client sends its standard input."""
    return peer.run(
        "glance", "image-create", "--disk-format", "raw", "--container-format", "bare", "--file", "disk.raw", *more
    )


def test_the_life_of_an_image(peer: Peer, disk: Path) -> None:
    said = create(peer, "--name", "first", "--property", "os_distro=debian", "--tags", "a")
    key = row(said, "id")
    assert row(said, "status") == "active"
    assert row(said, "checksum") == hashlib.md5(disk.read_bytes()).hexdigest()
    assert key in peer.run("glance", "image-list")
    peer.run("glance", "image-download", "--file", "back.raw", "--progress", key)  # compares the hash as well
    assert (peer.folder / "back.raw").read_bytes() == disk.read_bytes()
    said = peer.run(
        "glance", "image-update", key, "--name", "second", "--min-ram", "64", "--remove-property", "os_distro"
    )
    assert (row(said, "name"), row(said, "min_ram"), "os_distro" in said) == ("second", "64", False)
    peer.run("glance", "image-tag-update", key, "b")
    assert row(peer.run("glance", "image-show", key), "tags") == '["a", "b"]'
    peer.run("glance", "image-deactivate", key)
    peer.run("glance", "image-reactivate", key)
    peer.run("glance", "image-delete", key)
    assert f"HTTP 404 Not Found: No image found with ID {key}" in peer.complaint("glance", "image-show", key)


def test_lists_of_more_than_a_page(peer: Peer, disk: Path) -> None:
    assert disk.exists()
    for number in range(3):
        create(peer, "--name", f"page-{number}")
    said = peer.run("glance", "image-list", "--page-size", "1", "--sort", "name:asc")
    assert re.findall(r"page-\d", said) == ["page-0", "page-1", "page-2"]


def test_sharing(peer: Peer, disk: Path, service: RunningService) -> None:
    assert disk.exists()
    friend = service.admin("project", "add", f"glance-friend-{next(_numbers)}-{os.getpid()}")
    key = row(create(peer, "--name", "shared", "--visibility", "shared"), "id")
    assert "pending" in peer.run("glance", "member-create", key, friend)
    assert friend in peer.run("glance", "member-list", "--image-id", key)
    assert "403" in peer.complaint("glance", "member-update", key, friend, "accepted")
    peer.run("glance", "member-delete", key, friend)
    assert friend not in peer.run("glance", "member-list", "--image-id", key)


def test_a_disk_of_the_wrong_format_is_refused_with_the_reason(peer: Peer) -> None:
    (peer.folder / "holiday.qcow2").write_bytes(jpeg())
    file = ["--file", "holiday.qcow2", "--disk-format", "qcow2", "--container-format", "bare"]
    said = peer.complaint("glance", "image-create", *file)
    assert "found a JPEG picture" in said


def test_what_it_asks_before_an_import(peer: Peer) -> None:
    assert "import-methods" in peer.run("glance", "import-info")
    assert "default" in peer.run("glance", "stores-info")


_WITHOUT_STDIN = "import os, sys; os.close(0); os.execv(sys.argv[1], sys.argv[1:])"  # else it wants no --file


def test_staged_and_imported(peer: Peer) -> None:
    data = os.urandom(3_000_000)
    (peer.folder / "disk.raw").write_bytes(data)
    kind = ["--disk-format", "raw", "--container-format", "bare", "--file", "disk.raw"]
    words = ["image-create-via-import", *kind, "--import-method", "glance-direct"]
    said = peer.run("python", "-c", _WITHOUT_STDIN, str(program("glance")), *words)
    match = re.search(r"\| id +\| (\S+)", said)
    assert match
    for _ in range(20):
        if re.search(r"\| status +\| active", said := peer.run("glance", "image-show", match[1])):
            break
    assert hashlib.md5(data).hexdigest() in said
    assert "success" in peer.run("glance", "image-tasks", match[1])
    listed = peer.run("glance", "task-list")
    task = re.search(r"\| (\S{36}) \| api_image_import \| success", listed)
    assert task, listed
    assert match[1] in peer.run("glance", "task-show", task[1])
