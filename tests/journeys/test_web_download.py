"""Images by URL against a running service: the real clients, the old guide's call, kill -9, slow sources."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import random
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.disks import mbr_disk
from tests.hostile_server import Asked, Hostile, answer, file_of, hostile_server, says
from tests.journeys.plain import Plain
from tests.journeys.test_glanceclient import row
from tests.journeys.test_openstackclient import eventually, told
from tests.peers import Peer, program
from tests.running import RunningService

MIB = 1 << 20
OPEN = {"IMAGEFERRY_FETCH_NETWORKS": "127.0.0.1", "IMAGEFERRY_FETCH_PORTS": ""}


@pytest.fixture(scope="module")
def fetching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service that may fetch from this machine."""
    running = RunningService(data=tmp_path_factory.mktemp("service") / "data", env=OPEN).start()
    running.add_user("mira", "web", password="pw")
    yield running
    running.stop()


@pytest.fixture
def server() -> Iterator[Hostile]:
    with hostile_server() as running:
        yield running


@pytest.fixture
def peer(fetching: RunningService, tmp_path: Path) -> Peer:
    return Peer.of(fetching, tmp_path, "mira", "web", "pw")


def disk(size: int = 5 * MIB) -> bytes:
    return mbr_disk(MIB) + random.Random(size).randbytes(size - MIB)


def typed(peer: Peer, *command: str) -> str:
    """Run a client at a terminal: else it takes its standard input for the image's data."""
    far, near = pty.openpty()
    try:
        done = subprocess.run(
            [program(command[0]), *command[1:]],
            env=peer.env,
            cwd=peer.folder,
            capture_output=True,
            text=True,
            timeout=120,
            stdin=near,
        )
    finally:
        os.close(far)
        os.close(near)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def test_openstackclient_imports_from_a_url_and_shows_that_it_failed(peer: Peer, server: Hostile) -> None:
    create = ("openstack", "image", "create", "--disk-format", "raw", "--container-format", "bare", "-f", "json")
    key = json.loads(typed(peer, *create, "web"))["id"]
    url = server.serves("/web.raw", file_of(disk(), break_at=[2 * MIB]))
    peer.run("openstack", "image", "import", "--method", "web-download", "--uri", url, key)
    image = eventually(lambda: told(peer, "image", "show", key), lambda image: image["status"] == "active")
    assert image["size"] == 5 * MIB
    peer.run("openstack", "image", "save", "--file", "back.raw", key)
    assert (peer.folder / "back.raw").read_bytes() == disk()
    bad = json.loads(typed(peer, *create, "bad"))["id"]
    url = server.serves("/page", says(answer(body=b"<html>log in</html>" * 9000)))
    peer.run("openstack", "image", "import", "--method", "web-download", "--uri", url, bad)
    shown = eventually(lambda: told(peer, "image", "show", bad), lambda image: image["status"] == "queued")
    assert shown["properties"]["os_glance_failed_import"] == "default"


def test_glanceclient_creates_an_image_from_a_url_and_says_why_one_failed(peer: Peer, server: Hostile) -> None:
    create = ("glance", "image-create-via-import", "--import-method", "web-download", "--disk-format", "raw")
    create = (*create, "--container-format", "bare")
    key = row(typed(peer, *create, "--uri", server.serves("/web.raw", file_of(disk()))), "id")
    eventually(lambda: row(peer.run("glance", "image-show", key), "status"), lambda status: status == "active")
    assert "success" in peer.run("glance", "image-tasks", key)
    url = server.serves("/gone", says(answer("404 Not Found")))
    bad = row(typed(peer, *create, "--uri", url), "id")
    tasks = eventually(lambda: peer.run("glance", "image-tasks", bad), lambda said: "failure" in said)
    assert "found the answer 404 Not Found" in tasks
    again = ("image-import", "--import-method", "web-download", "--uri", "http://10.0.0.1/x", bad)
    assert "expected a public address, found an address that is private" in peer.complaint("glance", *again)


def test_the_old_guides_call_as_it_is_written(fetching: RunningService) -> None:
    """curl, an address with a host in it, and the account's name: only names and the token are put in."""
    api = web(fetching)
    api.put("mycontainer", b"")
    api.put("mycontainer/path", disk())
    command = f"""curl -s -i -X POST -H "X-Auth-Token: {api.token}" -H "Content-Type: application/json" -d '
        {{
          "type": "import",
          "input": {{
            "import_from": "swift://cloud.foo/web/mycontainer/path",
            "import_from_format": "raw",
            "image_properties": {{"name": "GreatStack 1.22", "tags": ["lamp", "custom"]}}
          }}
        }}' {fetching.url}/v2/tasks"""
    said = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True).stdout
    assert said.startswith("HTTP/1.1 201")
    task = json.loads(said.split("\n\n", 1)[1])
    ended = api.until_over(f"/v2/tasks/{task['id']}")
    assert ended["status"] == "success", ended
    image = api.get(f"/v2/images/{ended['result']['image_id']}")
    assert (image["name"], sorted(image["tags"])) == ("GreatStack 1.22", ["custom", "lamp"])
    assert (image["status"], image["disk_format"], image["size"]) == ("active", "raw", 5 * MIB)


@dataclass
class Halting:
    """A file that comes as far as ``stops`` says, each time anew, and there stands still. ``sent``: where it does."""

    body: bytes
    stops: list[int]
    etag: str = '"one"'
    sent: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __call__(self, server: Hostile, wire: socket.socket, asked: Asked) -> None:
        body, match = self.body, re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", ""))
        first = int(match[1]) if match and asked.headers.get("if-range") == self.etag else 0
        more = {"ETag": self.etag, "Content_Length": str(len(body) - first)}
        if first:
            wire.sendall(answer("206 P", Content_Range=f"bytes {first}-{len(body) - 1}/{len(body)}", **more))
        else:
            wire.sendall(answer(**more))
        stop = self.stops.pop(0) if self.stops else len(body)
        wire.sendall(body[first:stop])
        if stop < len(body):
            self.sent.release()
            server.closing.wait(60)


def killed_at(service: RunningService, play: Halting, stop: int) -> list[str]:
    """Kill -9 when all whole blocks before ``stop`` are noted; their names."""
    assert play.sent.acquire(timeout=30)
    end = time.monotonic() + 30
    while len(noted := names_noted(service)) < stop // (4 * MIB):
        assert time.monotonic() < end, noted
        time.sleep(0.1)
    service.kill()
    return noted


def names_noted(service: RunningService) -> list[str]:
    notes = list((service.data / "work").glob("*/received"))
    return [line.split()[1] for note in notes for line in note.read_text().splitlines()[1:]]


def test_a_fetch_goes_on_where_it_was_however_often_the_service_is_killed(
    new_service: Callable[..., RunningService], server: Hostile
) -> None:
    service = new_service(env=OPEN).start()
    service.add_user("mira", "web", password="pw")
    body = disk(60 * MIB)[: 20 * MIB] + bytes(16 * MIB) + disk(60 * MIB)[36 * MIB :]  # with a hole
    stops = [17 * MIB, 30 * MIB, 59 * MIB]
    play = Halting(body, list(stops))
    key = web(service).new_image()
    asked = {"method": {"name": "web-download", "uri": server.serves("/d", play)}}
    web(service).post(f"/v2/images/{key}/import", asked)
    for stop in stops:
        killed_at(service, play, stop)
        service.start()
    api = web(service)
    image = api.until(f"/v2/images/{key}", lambda image: image["status"] != "importing")
    assert (image["status"], image["size"]) == ("active", len(body))
    assert image["checksum"] == hashlib.md5(body).hexdigest()
    assert image["os_hash_value"] == hashlib.sha512(body).hexdigest()
    assert api.call("GET", f"/v2/images/{key}/file").body == body
    went_on = [int(each.headers["range"][6:-1]) for each in server.asked[1:]]
    assert went_on == [16 * MIB, 28 * MIB, 56 * MIB], "from the last whole block on"


@pytest.mark.parametrize("other", ["another file", "the note is gone", "blocks are gone", "a block is damaged"])
def test_what_cannot_be_gone_on_with_is_fetched_anew(
    new_service: Callable[..., RunningService], server: Hostile, other: str
) -> None:
    service = new_service(env=OPEN).start()
    service.add_user("mira", "web", password="pw")
    play = Halting(disk(24 * MIB), [17 * MIB])
    key = web(service).new_image()
    asked = {"method": {"name": "web-download", "uri": server.serves("/d", play)}}
    web(service).post(f"/v2/images/{key}/import", asked)
    noted = killed_at(service, play, 17 * MIB)
    blocks = {path.name: path for path in (service.data / "blocks").rglob("*") if path.is_file()}
    match other:
        case "another file":
            play.body, play.etag = disk(25 * MIB), '"two"'
        case "the note is gone":
            next((service.data / "work").glob("*/received")).unlink()
        case "blocks are gone":
            for block in blocks.values():
                block.unlink()
        case _:
            blocks[noted[1]].write_bytes(b"rubbish")
    service.start()
    api = web(service)
    image = api.until(f"/v2/images/{key}", lambda image: image["status"] != "importing")
    assert image["status"] == "active"
    assert image["checksum"] == hashlib.md5(play.body).hexdigest()
    assert api.call("GET", f"/v2/images/{key}/file").body == play.body


def test_after_kill_9_a_fetch_is_done_again_and_nothing_sticks(
    new_service: Callable[..., RunningService], server: Hostile
) -> None:
    service = new_service(env=OPEN).start()
    service.add_user("mira", "web", password="pw")
    api = web(service)
    came = threading.Event()
    body = disk(24 * MIB)

    def slowly(_: Hostile, wire: socket.socket, asked: Asked) -> None:
        wire.sendall(answer(Content_Length=str(len(body))) + body[: 10 * MIB])
        came.set()
        if len(server.asked) == 1:
            time.sleep(60)
        wire.sendall(body[10 * MIB :])

    key = api.new_image()
    api.post(f"/v2/images/{key}/import", {"method": {"name": "web-download", "uri": server.serves("/d", slowly)}})
    assert came.wait(20)
    time.sleep(1)
    assert api.get(f"/v2/images/{key}/tasks")["tasks"][0]["progress"]["done"] > 0
    service.kill()
    service.start()
    api = web(service)
    assert api.until(f"/v2/images/{key}", lambda image: image["status"] != "importing")["status"] == "active"
    assert len(server.asked) == 2
    (task,) = api.get(f"/v2/images/{key}/tasks")["tasks"]
    assert task["status"] == "success"


def test_slow_sources_hold_up_no_other_import(fetching: RunningService, server: Hostile) -> None:
    api = web(fetching)
    over = threading.Event()

    def slow(_: Hostile, wire: socket.socket, asked: Asked) -> None:
        wire.sendall(answer(Content_Length=str(5 * MIB)) + mbr_disk(MIB))
        over.wait(60)

    keys = [api.new_image() for _ in range(20)]
    for key in keys:
        api.post(f"/v2/images/{key}/import", {"method": {"name": "web-download", "uri": server.serves("/s", slow)}})
    api.put("c", b"")
    api.put("c/disk", disk())
    began = time.monotonic()
    task = api.post("/v2/tasks", {"type": "import", "input": {"import_from": "c/disk", "image_properties": {}}})
    assert api.until_over(f"/v2/tasks/{task['id']}")["status"] == "success"
    assert time.monotonic() - began < 15
    assert len(server.asked) <= 8
    for key in keys:
        api.call("DELETE", f"/v2/images/{key}")
    over.set()


class Web(Plain):
    """Calls with a token, as a script would make them."""

    def get(self, path: str) -> Any:
        return self.call("GET", path).json()

    def post(self, path: str, document: object) -> Any:
        reply = self.call("POST", path, document)
        assert reply.status in (201, 202), reply
        return json.loads(reply.body or b"null")

    def put(self, path: str, body: bytes) -> None:
        assert self.call("PUT", self.objects(path), body).status == 201

    def new_image(self) -> str:
        key: str = self.post("/v2/images", {"disk_format": "raw", "container_format": "bare"})["id"]
        return key

    def until(self, path: str, good: Callable[[Any], bool], *, seconds: float = 40.0) -> Any:
        end = time.monotonic() + seconds
        while not good(answer := self.get(path)):
            assert time.monotonic() < end, answer
            time.sleep(0.1)
        return answer

    def until_over(self, path: str) -> Any:
        return self.until(path, lambda task: task["status"] in ("success", "failure"))


def web(service: RunningService) -> Web:
    api = Web(service)
    api.log_in("mira", "pw", "web")
    return api
