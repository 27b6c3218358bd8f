"""python-swiftclient and openstacksdk as they are, against a running service."""

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
    name = f"swift-user-{os.getpid()}-{next(_users)}"
    service.add_user(name, f"{name}-project", password="pw")
    return Peer.of(service, tmp_path, name, f"{name}-project", "pw")


@pytest.fixture
def disk(peer: Peer) -> Path:
    """5,000,000 bytes, half of them zeros."""
    path = peer.folder / "disk.img"
    path.write_bytes(os.urandom(2_500_000) + bytes(2_500_000))
    return path


def test_stat_of_an_account_never_used(peer: Peer) -> None:
    said = peer.run("swift", "stat")
    assert "Containers: 0" in said
    assert "Bytes: 0" in said


def test_post_and_stat_show_metadata(peer: Peer) -> None:
    peer.run("swift", "post", "box", "-m", "Colour:blue")
    peer.run("swift", "post", "box", "-m", "Size:big")
    said = peer.run("swift", "stat", "box")
    assert "Meta Colour: blue" in said
    assert "Meta Size: big" in said
    peer.run("swift", "post", "-m", "Colour:red")
    assert "Meta Colour: red" in peer.run("swift", "stat")


def test_upload_list_download_delete(peer: Peer, disk: Path) -> None:
    assert peer.run("swift", "upload", "box", "disk.img").strip() == "disk.img"
    assert "disk.img" in peer.run("swift", "list", "box", "--lh")
    assert "Content Length: 5000000" in peer.run("swift", "stat", "box", "disk.img")
    peer.run("swift", "download", "box", "disk.img", "-o", "back.img")
    assert (peer.folder / "back.img").read_bytes() == disk.read_bytes()
    peer.run("swift", "delete", "box", "disk.img")
    assert peer.run("swift", "list", "box") == ""


@pytest.mark.parametrize(
    ("kind", "mark"), [("--use-slo", "X-Static-Large-Object: True"), ("--use-dlo", "Manifest: box_")]
)
def test_a_segmented_upload_comes_back_whole_and_goes_whole(peer: Peer, disk: Path, kind: str, mark: str) -> None:
    peer.run("swift", "upload", "box", "disk.img", "-S", "1000000", kind)
    assert len(peer.run("swift", "list", "box_segments").splitlines()) == 5
    said = peer.run("swift", "stat", "box", "disk.img")
    assert "Content Length: 5000000" in said
    assert mark in said
    peer.run("swift", "download", "box", "disk.img", "-o", "back.img")
    assert (peer.folder / "back.img").read_bytes() == disk.read_bytes()
    peer.run("swift", "delete", "box", "disk.img")
    assert peer.run("swift", "list", "box_segments") == ""


def test_segments_that_are_there_are_not_sent_again(peer: Peer, disk: Path) -> None:
    peer.run("swift", "upload", "box", "disk.img", "-S", "1000000")
    assert "segment" not in peer.run("swift", "upload", "box", "disk.img", "-S", "1000000", "--skip-identical")
    assert disk.exists()


def test_a_folder_of_odd_names_goes_there_and_back(peer: Peer) -> None:
    names = ["plain", "ü/é \U0001f427", "a b/c+d%20e", "deep/er/x#y?z"]
    for name in names:
        path = peer.folder / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    peer.run("swift", "upload", "box", "tree")
    assert sorted(peer.run("swift", "list", "box").splitlines()) == sorted(f"tree/{name}" for name in names)
    peer.run("swift", "download", "box", "-D", "back")
    assert {name: (peer.folder / "back" / "tree" / name).read_text() for name in names} == {n: n for n in names}


def test_copy_keeps_metadata_and_takes_more(peer: Peer, disk: Path) -> None:
    peer.run("swift", "upload", "box", disk.name, "-H", "X-Object-Meta-Colour: blue")
    peer.run("swift", "copy", "box", disk.name, "-d", "/other/copy.img", "-H", "X-Object-Meta-Size: big")
    said = peer.run("swift", "stat", "other", "copy.img")
    assert "Meta Colour: blue" in said
    assert "Meta Size: big" in said
    assert "Content Length: 5000000" in said


def test_delete_of_a_container_takes_what_is_inside(peer: Peer, disk: Path) -> None:
    peer.run("swift", "upload", "box", disk.name, "--object-name", "one")
    peer.run("swift", "upload", "box", disk.name, "--object-name", "two", "-S", "2000000")
    peer.run("swift", "delete", "box")
    assert peer.run("swift", "list").split() == ["box_segments"]
    assert peer.run("swift", "list", "box_segments") == ""


def test_many_are_deleted_with_one_call(peer: Peer, disk: Path) -> None:
    for number in range(30):
        path = peer.folder / "many" / f"n%41 {number} ü"
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    peer.run("swift", "upload", "box", "many")
    peer.run("swift", "upload", "box", disk.name, "-S", "1000000", "--use-slo")
    names = [f"many/n%41 {number} ü" for number in range(25)]
    said = peer.complaint("swift", "--debug", "delete", "box", *names, code=0)
    assert "bulk-delete" in said
    assert len(peer.run("swift", "list", "box").splitlines()) == 6
    peer.run("swift", "delete", "--all")
    assert peer.run("swift", "list") == ""


def test_listings_with_prefix_and_delimiter(peer: Peer) -> None:
    (peer.folder / "x").write_text("x")
    for name in ("a/1", "a/2", "b"):
        peer.run("swift", "upload", "box", "x", "--object-name", name)
    assert peer.run("swift", "list", "box", "--delimiter", "/").split() == ["a/", "b"]
    assert peer.run("swift", "list", "box", "--prefix", "a/").split() == ["a/1", "a/2"]


def test_what_is_not_there_ends_with_a_word(peer: Peer) -> None:
    peer.run("swift", "stat", "none", code=1)
    peer.run("swift", "download", "none", "x", code=1)


def test_capabilities_are_shown(peer: Peer) -> None:
    said = json.loads(peer.run("swift", "capabilities", "--json"))
    assert said["swift"]["policies"][0]["name"] == "Policy-0"


def test_openstack_commands_on_containers_and_objects(peer: Peer, disk: Path) -> None:
    peer.run("openstack", "container", "create", "box")
    peer.run("openstack", "object", "create", "box", disk.name)
    shown = json.loads(peer.run("openstack", "object", "show", "box", disk.name, "-f", "json"))
    assert shown["content-length"] == "5000000"
    peer.run("openstack", "object", "save", "box", disk.name, "--file", "back.img")
    assert (peer.folder / "back.img").read_bytes() == disk.read_bytes()
    peer.run("openstack", "container", "delete", "--recursive", "box")
    assert json.loads(peer.run("openstack", "container", "list", "-f", "json")) == []


_SDK = """
import sys, openstack
cloud = openstack.connect()
cloud.create_container("box")
cloud.create_object("box", "small", filename=sys.argv[1])
cloud.create_object("box", "large", filename=sys.argv[1], segment_size=1 << 20)
cloud.create_object("box", "dynamic", filename=sys.argv[1], segment_size=1 << 20, use_slo=False)
wanted = open(sys.argv[1], "rb").read()
for name in ("small", "large", "dynamic"):
    headers, found = cloud.get_object("box", name, resp_chunk_size=None), None
    assert headers is not None, name
    cloud.get_object("box", name, outfile=sys.argv[1] + ".back")
    assert open(sys.argv[1] + ".back", "rb").read() == wanted, name
    assert not cloud.is_object_stale("box", name, sys.argv[1]), name
for name in ("small", "large", "dynamic"):
    cloud.delete_object("box", name)
print(sorted(o.name for o in cloud.list_objects("box")))
"""


def test_the_sdk_uploads_small_and_large_objects(peer: Peer, disk: Path) -> None:
    """A service without ``slo`` in /info makes this crash: the SDK reads its limits from there."""
    said = peer.run("python", "-c", _SDK, disk.name)
    assert said.strip() == "['dynamic/000000', 'dynamic/000001', 'dynamic/000002', 'dynamic/000003', 'dynamic/000004']"
