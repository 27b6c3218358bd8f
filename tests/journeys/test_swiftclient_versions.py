"""python-swiftclient and openstackclient as they are, on containers that keep versions, on archives, and on links."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path

import pytest

from tests.peers import Peer, program
from tests.running import RunningService

_users = itertools.count(1)


@pytest.fixture
def peer(service: RunningService, tmp_path: Path) -> Peer:
    """A member of a project of its own."""
    program("swift")
    name = f"versions-user-{os.getpid()}-{next(_users)}"
    service.add_user(name, f"{name}-project", password="pw")
    return Peer.of(service, tmp_path, name, f"{name}-project", "pw")


def upload(peer: Peer, container: str, text: str) -> None:
    (peer.folder / "note.txt").write_text(text)
    peer.run("swift", "upload", container, "note.txt")


def ids(peer: Peer, container: str) -> list[str]:
    """The versions as ``swift list --versions`` shows them: the id stands in a line with the name."""
    lines = peer.run("swift", "list", container, "--versions").splitlines()
    return [word for line in lines for word in line.split() if word.replace(".", "").isdigit() and "." in word]


def test_versions_are_listed_read_deleted_and_brought_back(peer: Peer) -> None:
    peer.run("swift", "post", "box", "-H", "X-Versions-Enabled: true")
    assert "Versions Enabled" in peer.run("swift", "stat", "box").replace("-", " ").title()
    for text in ("one", "two", "three"):
        upload(peer, "box", text)
    third, second, first = ids(peer, "box")
    assert third > second > first
    peer.run("swift", "download", "box", "note.txt", "--version-id", first, "-o", "back.txt")
    assert (peer.folder / "back.txt").read_text() == "one"
    assert "Content Length: 3" in peer.run("swift", "stat", "box", "note.txt", "--version-id", second)
    peer.run("swift", "delete", "box", "note.txt", "--version-id", second)
    assert ids(peer, "box") == [third, first]
    peer.run("swift", "delete", "box", "note.txt")
    assert peer.run("swift", "list", "box") == ""
    assert len(ids(peer, "box")) == 3
    peer.run("swift", "delete", "box", "--versions")
    assert "box" not in peer.run("swift", "list").split()


def test_a_segmented_upload_is_a_version_like_any(peer: Peer) -> None:
    peer.run("swift", "post", "box", "-H", "X-Versions-Enabled: true")
    old = os.urandom(300_000)
    (peer.folder / "disk").write_bytes(old)
    peer.run("swift", "upload", "-S", "100000", "--leave-segments", "box", "disk")
    (peer.folder / "disk").write_bytes(b"new")
    peer.run("swift", "upload", "--leave-segments", "box", "disk")
    _, first = ids(peer, "box")
    peer.run("swift", "download", "box", "disk", "--version-id", first, "-o", "back")
    assert (peer.folder / "back").read_bytes() == old


def test_an_archive_works_as_a_stack(peer: Peer) -> None:
    peer.run("swift", "post", "old")
    peer.run("swift", "post", "box", "-H", "X-Versions-Location: old")
    upload(peer, "box", "one")
    upload(peer, "box", "two")
    assert peer.run("swift", "list", "old").startswith("008note.txt/")
    peer.run("swift", "delete", "box", "note.txt")
    peer.run("swift", "download", "box", "note.txt", "-o", "back.txt")
    assert (peer.folder / "back.txt").read_text() == "one"
    assert peer.run("swift", "list", "old") == ""


def test_links_are_made_followed_and_deleted(peer: Peer) -> None:
    upload(peer, "box", "one")
    (peer.folder / "empty").touch()
    peer.run("swift", "upload", "box", "empty", "--object-name", "link", "-H", "X-Symlink-Target: box/note.txt")
    peer.run("swift", "download", "box", "link", "-o", "back.txt")
    assert (peer.folder / "back.txt").read_text() == "one"
    peer.run("swift", "delete", "box", "link")
    assert peer.run("swift", "list", "box").split() == ["note.txt"]


def test_openstackclient_shows_and_saves_the_current_version(peer: Peer) -> None:
    program("openstack")
    peer.run("swift", "post", "box", "-H", "X-Versions-Enabled: true")
    upload(peer, "box", "one")
    upload(peer, "box", "three")
    [row] = json.loads(peer.run("openstack", "object", "list", "box", "--long", "-f", "json"))
    assert (row["Name"], row["Bytes"]) == ("note.txt", 5)
    peer.run("openstack", "object", "save", "box", "note.txt", "--file", "back.txt")
    assert (peer.folder / "back.txt").read_text() == "three"
    peer.run("openstack", "object", "delete", "box", "note.txt")
    assert len(ids(peer, "box")) == 3
