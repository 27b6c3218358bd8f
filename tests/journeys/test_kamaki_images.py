"""Images by the unchanged kamaki 0.16, and the requests of the old guide as they were on the wire."""

from __future__ import annotations

import itertools
import json
import os
import re
import socket
from pathlib import Path

import pytest

from tests.disks import jpeg, qcow2
from tests.journeys.plain import Plain
from tests.journeys.test_kamaki import PROGRAM, Kamaki
from tests.running import RunningService

_numbers = itertools.count(1)

needs_kamaki = pytest.mark.skipif(
    not PROGRAM.exists(), reason="there is no Python 2.7 to run it with: scripts/setup --kamaki"
)


@pytest.fixture
def kamaki(service: RunningService, tmp_path: Path) -> Kamaki:
    user = f"ida{next(_numbers)}"
    service.add_user(user, f"{user}@example.org")
    caller = Kamaki(service, tmp_path, user)
    (tmp_path / "debian.diskdump").write_bytes(b"hello")
    return caller


def told(said: str) -> dict[str, str]:
    """The lines ``name: value`` of what it says."""
    return dict(re.findall(r"^ *([a-z-_]+): (.*)$", said, re.MULTILINE))


def registered(kamaki: Kamaki, *words: str, name: str = "Debian Bäse") -> dict[str, str]:
    said = kamaki("image", "register", "--name", name, "--location", "/pithos/debian.diskdump", *words)
    assert "Metadata file uploaded as /pithos/debian.diskdump.meta (version " in said or "--no-metafile-upload" in words
    return told(said)


@needs_kamaki
def test_it_registers_what_it_uploaded_and_keeps_a_metafile(kamaki: Kamaki) -> None:
    assert "Upload completed" in kamaki("file", "upload", "debian.diskdump", "/pithos/debian.diskdump")
    image = registered(kamaki, "-p", "OSFAMILY=linux", "-p", "ROOT_PARTITION=1", "--public")
    assert image["name"] == "Debian Bäse"
    assert image["status"] == "available"
    assert image["is-public"] == "True"
    assert image["osfamily"] == "linux"
    assert image["owner"].endswith(f" ({kamaki.user}@example.org)")
    assert image["location"].endswith("/pithos/debian.diskdump")
    kamaki("file", "download", "/pithos/debian.diskdump.meta", "meta")
    kept = json.loads((kamaki.folder / "meta").read_text())
    assert (kept["id"], kept["properties"]["root_partition"]) == (image["id"], "1")
    again = kamaki("image", "register", "--name", "x", "--location", "/pithos/debian.diskdump")
    assert "already exists" in again
    assert registered(kamaki, "-f", "--metafile", "meta", name="from its file")["id"] == image["id"]


@needs_kamaki
def test_it_uploads_and_registers_in_one_go(kamaki: Kamaki) -> None:
    (kamaki.folder / "disk.qcow2").write_bytes(qcow2())
    words = ("--upload-image-file", "disk.qcow2", "--location", "/pithos/a b/ü.qcow2", "--disk-format", "qcow2")
    said = kamaki("image", "register", "--name", "up", *words)
    assert told(said)["disk-format"] == "qcow2"
    assert "Metadata file uploaded as /pithos/a b/ü.qcow2.meta" in said
    (kamaki.folder / "picture").write_bytes(jpeg())
    words = ("--upload-image-file", "picture", "--location", "/pithos/picture")
    said = kamaki("image", "register", "--name", "up", *words)
    assert "JPEG" in said
    assert "up" not in kamaki("image", "list", "--name", "picture")


@needs_kamaki
def test_it_lists_filters_shows_and_changes(kamaki: Kamaki) -> None:
    kamaki("file", "upload", "debian.diskdump", "/pithos/debian.diskdump")
    image = registered(kamaki, "-p", "OSFAMILY=linux", "--no-metafile-upload", name="Debian Böse")["id"]
    assert f"{image} Debian Böse" in kamaki("image", "list", "--name", "debian böse", "--status", "AVAILABLE")
    assert f"{image} " in kamaki("image", "list", "-l", "--property", "osfamily=linux", "--disk-format", "diskdump")
    assert image not in kamaki("image", "list", "--container-format", "ovf")
    assert image not in kamaki("image", "list", "--size-min", "6")
    assert f"{image} " in kamaki("image", "list", "--order=-size")
    kamaki("image", "modify", image, "--name", "Other", "-p", "USERS=root", "-p", "osfamily=bsd", "--public")
    shown = told(kamaki("image", "info", image))
    assert (shown["name"], shown["users"], shown["osfamily"], shown["is-public"]) == ("Other", "root", "bsd", "True")
    kamaki("image", "modify", image, "--status", "", "-p", "users=", "--private")
    shown = told(kamaki("image", "info", image))
    assert (shown["status"], shown["is-public"], shown["size"]) == ("", "False", "5B")
    assert "users" not in shown
    assert "4194304" in kamaki("image", "info", image, "--hashmap")


@needs_kamaki
def test_it_shares_and_others_find_what_is_shared(service: RunningService, kamaki: Kamaki, tmp_path: Path) -> None:
    friend = f"ben{next(_numbers)}"
    service.add_user(friend, f"{friend}@example.org")
    (tmp_path / "theirs").mkdir()
    other = Kamaki(service, tmp_path / "theirs", friend)
    (uuid,) = re.findall(r"^id: ([0-9a-f]{32})$", other("user", "info"), re.MULTILINE)
    kamaki("file", "upload", "debian.diskdump", "/pithos/debian.diskdump")
    image = registered(kamaki, "--no-metafile-upload")
    kamaki("image", "modify", image["id"], "--member-add", uuid)
    assert f"{uuid} ({friend}@example.org)" in kamaki("image", "list", "--members-of", image["id"])
    assert image["id"] in other("image", "list")
    assert told(other("image", "info", image["id"]))["name"] == "Debian Bäse"
    assert other("file", "cat", image["location"]).startswith("hello")
    for words in (("modify", image["id"], "--name", "mine"), ("unregister", image["id"])):
        assert re.search(r"\(?403\)? Forbidden", other("image", *words)), words
    kamaki("image", "modify", image["id"], "--member-del", uuid)
    assert image["id"] not in other("image", "list")
    assert "403" in other("image", "info", image["id"])


@needs_kamaki
def test_it_unregisters_and_the_file_is_there(kamaki: Kamaki) -> None:
    kamaki("file", "upload", "debian.diskdump", "/pithos/debian.diskdump")
    image = registered(kamaki, "--no-metafile-upload")["id"]
    assert "rror" not in kamaki("image", "unregister", image)
    assert "404" in kamaki("image", "unregister", image)
    assert kamaki("file", "cat", "/pithos/debian.diskdump").startswith("hello")
    assert registered(kamaki, "--no-metafile-upload")["id"] == image
    (kamaki.folder / "other").write_bytes(os.urandom(100))
    assert "Upload completed" in kamaki("file", "upload", "-f", "other", "/pithos/debian.diskdump")
    assert told(kamaki("image", "info", image))["size"] == "100B"
    kamaki("file", "delete", "/pithos/debian.diskdump", "--yes")
    assert "404" in kamaki("image", "info", image)


# -- the guide's requests, byte by byte ----------------------------------------------------


def ask(service: RunningService, line: str, *headers: str) -> tuple[int, dict[str, str]]:
    """One request as a socket sends it, names of headers as they are written here; status and headers."""
    host, port = service.listen.split(":")
    head = "\r\n".join([f"{line} HTTP/1.1", "Host: h", *headers, "Content-Length: 0", "Connection: close", "", ""])
    heard = b""
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head.encode())
        while piece := connection.recv(1 << 16):
            heard += piece
    first, *rows = heard.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    pairs = [row.partition(": ") for row in rows]
    return int(first.split()[1]), {name.lower().removeprefix("x-image-meta-"): value for name, _, value in pairs}


@pytest.fixture
def alice(service: RunningService) -> Plain:
    name = f"alice-raw{next(_numbers)}"
    service.add_user(name, name)
    person = Plain(service).log_in(name, "pw", name)
    assert person.call("PUT", f"/v1/AUTH_{person.project_id}/pithos").status == 201
    path = f"/v1/AUTH_{person.project_id}/pithos/debian_base3.diskdump"
    assert person.call("PUT", path, body=b"hello").status == 201
    return person


def test_the_guides_requests_are_answered_as_it_says(service: RunningService, alice: Plain) -> None:
    token, location = f"X-Auth-Token: {alice.token}", f"pithos://{alice.project_id}/pithos/debian_base3.diskdump"
    register = (
        "POST /image/v1.0/images/",
        token,
        "X-Image-Meta-Name: Debian%20Base%20Gama",
        f"X-Image-Meta-Location: {location}",
        f"x-image-meta-owner: {alice.project_id} (alice@example.org)",
        "x-image-meta-property-OS: Linux",
        "x-image-meta-property-USER: root",
    )
    status, image = ask(service, *register)
    assert (status, image["property-os"], image["location"]) == (200, "Linux", location)
    path = f"/image/v1.0/images/{image['id']}"
    change = (
        f"PUT {path}",
        token,
        "X-Image-Meta-Name: Debian%20Base%20Delta",
        "X-Image-Meta-Property-os: Linux",
        "X-Image-Meta-Property-user: root",
        "X-Image-Meta-Property-USER: admin",
        "X-Image-Meta-Property-GREET: Hi%20there",
    )
    status, changed = ask(service, *change)
    assert (status, changed["property-user"], changed["property-greet"]) == (200, "admin", "Hi%20there")
    emptied = ("X-Image-Meta-Status: ", "X-Image-Meta-Property-GREET: ", "X-Image-Meta-Property-greet: Hi%20there")
    status, emptied_now = ask(service, f"PUT {path}", token, *emptied)
    assert (status, emptied_now["status"], "property-greet" in emptied_now) == (200, "", False)
    assert ask(service, f"HEAD {path}", token)[1]["name"] == "Debian%20Base%20Delta"
    assert ask(service, f"GET {path}", token)[0] == 501
    assert ask(service, "GET /image/v1.0/images/?name=debian%2520base%2520delta&sort_dir=asc", token)[0] == 200
    assert ask(service, f"PUT {path}/members/{alice.project_id}", token)[0] == 204
    assert ask(service, f"DELETE {path}", token)[0] == 204
    assert ask(service, f"DELETE {path}", token)[0] == 404


def test_more_headers_than_the_server_takes_are_refused_before_anybody_looks(
    service: RunningService, alice: Plain
) -> None:
    rows = [f"X-Image-Meta-Property-p{number}: v" for number in range(10_000)]
    location = f"X-Image-Meta-Location: pithos://{alice.project_id}/pithos/debian_base3.diskdump"
    status, _ = ask(service, "POST /image/v1.0/images/", f"X-Auth-Token: {alice.token}", location, *rows[:200])
    assert status == 431
    status, image = ask(
        service,
        "POST /image/v1.0/images/",
        f"X-Auth-Token: {alice.token}",
        "X-Image-Meta-Name: x",
        location,
        *rows[:90],
    )
    assert (status, image["property-p89"]) == (200, "v")
