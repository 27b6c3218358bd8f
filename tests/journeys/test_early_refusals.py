"""What the first bytes forbid is refused while the rest is still being sent, and who sends it reads why."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.disks import jpeg
from tests.journeys.plain import Plain
from tests.peers import Peer, program
from tests.running import RunningService

SIZE = 1 << 30
SAID = "expected a disk image in the format qcow2, found a JPEG picture. Choose the disk file itself."
OCTETS = {"Content-Type": "application/octet-stream"}
PROMPT_S = 20.0  # with the start of a Python client on a busy machine; the whole body alone would take as long

SDK = """
import sys, openstack
openstack.connect().create_image(sys.argv[1], filename=sys.argv[2], container_format="bare", disk_format="qcow2")
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    running = RunningService(data=tmp_path_factory.mktemp("early") / "data").start()
    running.add_user("mira", "demo")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def mira(service: RunningService) -> Plain:
    return Plain(service).log_in("mira", "pw", "demo")


@pytest.fixture(scope="module")
def holiday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1 GiB that begins as a picture does."""
    path = tmp_path_factory.mktemp("disk") / "holiday.qcow2"
    path.write_bytes(jpeg())
    os.truncate(path, SIZE)
    return path


@pytest.fixture
def peer(service: RunningService, mira: Plain, tmp_path: Path) -> Peer:
    return Peer.of(service, tmp_path, "mira", "demo", "pw")


def queued(mira: Plain) -> str:
    fields = {"name": "web", "disk_format": "qcow2", "container_format": "bare"}
    key: str = mira.call("POST", "/v2/images", fields).json()["id"]
    return key


def assert_a_retry_works(mira: Plain, key: str, folder: Path) -> None:
    image = mira.call("GET", f"/v2/images/{key}").json()
    assert (image["status"], image["size"]) == ("queued", None)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", folder / "good", "5M"], check=True)
    assert mira.call("PUT", f"/v2/images/{key}/file", (folder / "good").read_bytes(), OCTETS).status == 204


CURL = {
    "a length": ("-H", "Expect:"),
    "a length, and a wait for 100": ("-H", "Expect: 100-continue"),
    "chunks": ("-H", "Expect:", "-H", "Transfer-Encoding: chunked"),
    "chunks, and a wait for 100": ("-H", "Expect: 100-continue", "-H", "Transfer-Encoding: chunked"),
}


@pytest.mark.parametrize("call", ["file", "stage"])
@pytest.mark.parametrize("way", CURL)
def test_curl(mira: Plain, holiday: Path, tmp_path: Path, way: str, call: str) -> None:
    key = queued(mira)
    headers = ["-H", f"X-Auth-Token: {mira.token}", "-H", "Content-Type: application/octet-stream", *CURL[way]]
    url = f"{mira.service.url}/v2/images/{key}/{call}"
    started = time.monotonic()
    done = subprocess.run(["curl", "-sS", "-T", holiday, *headers, url], capture_output=True, text=True, timeout=60)
    assert time.monotonic() - started < PROMPT_S
    assert SAID in done.stdout, done
    assert_a_retry_works(mira, key, tmp_path)


@pytest.mark.parametrize("words", ["glance image-upload", "glance image-stage", "openstack image stage"])
def test_who_fills_an_image(mira: Plain, peer: Peer, holiday: Path, tmp_path: Path, words: str) -> None:
    key = queued(mira)
    name, *command = words.split()
    started = time.monotonic()
    said = peer.complaint(name, *command, "--file", str(holiday), key)
    assert time.monotonic() - started < PROMPT_S
    assert SAID in said
    assert_a_retry_works(mira, key, tmp_path)


def test_who_creates_an_image_from_a_file(peer: Peer, holiday: Path) -> None:
    said = peer.complaint("openstack", "image", "create", "--disk-format", "qcow2", "--file", str(holiday), "web")
    assert SAID in said


def test_a_program_with_the_sdk(peer: Peer, holiday: Path) -> None:
    program("openstack")
    assert SAID in peer.complaint("python", "-c", SDK, "by-sdk", str(holiday))


@pytest.mark.parametrize("chunked", [False, True])
def test_who_goes_on_sending_is_listened_to_for_a_while_and_no_longer(mira: Plain, chunked: bool) -> None:
    """So that the answer arrives before the reset that follows bytes nobody reads."""
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {SIZE}"
    head = f"PUT /v2/images/{queued(mira)}/file HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {mira.token}\r\n{framing}\r\n"
    head += "Accept: application/json\r\nContent-Type: application/octet-stream\r\n\r\n"
    piece = jpeg() + bytes((64 << 10) - len(jpeg()))
    part = b"10000\r\n%b\r\n" % piece if chunked else piece
    host, port = mira.service.listen.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.sendall(head.encode() + part + part)
        answer = wire.recv(65536)
        assert answer.startswith(b"HTTP/1.1 415 ")
        assert b"\r\nconnection: close\r\n" in answer
        assert SAID.encode() in answer
        for _ in range(500):
            wire.sendall(part)
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            for _ in range(10_000):
                wire.sendall(part)


def test_who_holds_the_connection_after_a_refusal_is_let_go(mira: Plain) -> None:
    head = f"PUT /v2/images/{queued(mira)}/file HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {mira.token}\r\n"
    head += f"Content-Length: {SIZE}\r\nContent-Type: application/octet-stream\r\n\r\n"
    host, port = mira.service.listen.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as wire:
        wire.sendall(head.encode() + jpeg() + bytes(128 << 10))
        started = time.monotonic()
        while wire.recv(65536):
            pass
        assert time.monotonic() - started < 10
