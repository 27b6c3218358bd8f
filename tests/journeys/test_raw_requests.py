"""Requests as only a raw socket sends them: refused or answered, never a 5xx, and none hides in another."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from tests.journeys.plain import Plain
from tests.running import RunningService

DATA = bytes(range(256)) * 64
PATIENCE_S = 1.0


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    running = RunningService(
        data=tmp_path_factory.mktemp("raw") / "data",
        env={"IMAGEFERRY_HEAD_S": str(PATIENCE_S), "IMAGEFERRY_BODY_IDLE_S": str(PATIENCE_S)},
    ).start()
    running.add_user("mira", "demo")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def mira(service: RunningService) -> Plain:
    person = Plain(service).log_in("mira", "pw", "demo")
    assert person.call("PUT", f"/v1/AUTH_{person.project_id}/c").status == 201
    assert person.call("PUT", f"/v1/AUTH_{person.project_id}/c/o", body=DATA).status == 201
    return person


def speak(service: RunningService, data: bytes) -> bytes:
    """All that comes back until the other end closes, or keeps silent for longer than it waits for a head."""
    host, port = service.listen.split(":")
    heard = b""
    with socket.create_connection((host, int(port)), timeout=PATIENCE_S + 1) as connection:
        try:
            connection.sendall(data)
            while piece := connection.recv(1 << 16):
                heard += piece
        except OSError:  # it closed before it had read all: as good an answer as any
            pass
    return heard


def statuses(heard: bytes) -> list[int]:
    return [int(code) for code in re.findall(rb"^HTTP/1\.1 (\d{3})", heard, re.MULTILINE)]


Make = Callable[[str, str], bytes]


def request(line: str, *headers: str, body: bytes = b"") -> Make:
    """``{a}`` in them stands for the account, the token comes along."""

    def make(account: str, token: str) -> bytes:
        rows = [line, "Host: cloud.example", f"X-Auth-Token: {token}", *headers]
        return "\r\n".join(rows).replace("{a}", account).encode("latin-1") + b"\r\n\r\n" + body

    return make


PUT = "PUT {a}/c/new HTTP/1.1"
REFUSED: dict[str, Make] = {
    "10,000 headers of metadata": request(PUT, *(f"X-Object-Meta-{n}: x" for n in range(10_000)), "Content-Length: 0"),
    "91 headers of metadata": request(PUT, *(f"X-Object-Meta-{n}: x" for n in range(91)), "Content-Length: 0"),
    "a header of 1 MiB": request(PUT, f"X-Object-Meta-A: {'x' * (1 << 20)}", "Content-Length: 0"),
    "a path of 1 MiB": request(f"GET {{a}}/c/{'x' * (1 << 20)} HTTP/1.1"),
    "two lengths": request(PUT, "Content-Length: 5", "Content-Length: 6", body=b"hello!"),
    "a length below zero": request(PUT, "Content-Length: -1"),
    "a length that is no number": request(PUT, "Content-Length: 5x", body=b"hello"),
    "a length of forty digits": request(PUT, f"Content-Length: {'9' * 40}", body=b"hello"),
    "an unknown coding": request(PUT, "Transfer-Encoding: rot13", body=b"hello"),
    "chunks that lie": request(PUT, "Transfer-Encoding: chunked", body=b"5\r\nhelloworld\r\n0\r\n\r\n"),
    "a chunk of too many digits": request(
        PUT, "Transfer-Encoding: chunked", body=b"fffffffffffffffff\r\nx\r\n0\r\n\r\n"
    ),
    "a chunk with a bomb of extensions": request(
        PUT, "Transfer-Encoding: chunked", body=b"1;" + b"x" * (1 << 20) + b"\r\nx\r\n0\r\n\r\n"
    ),
    "a space in a header's name": request(PUT, "X-Object-Meta A: x", "Content-Length: 0"),
    "NUL in a header": request(PUT, "X-Object-Meta-A: a\0b", "Content-Length: 0"),
    "a bare line feed in a header": request(PUT, "X-Object-Meta-A: a\nX-Object-Meta-B: b\0", "Content-Length: 0"),
    "a method of control characters": request("G\x01T {a}/c HTTP/1.1"),
    "a line feed in the path": request("GET {a}/c/\nx HTTP/1.1"),
    "no such version": request("GET {a}/c HTTP/9.9"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_proper_request_is_refused(service: RunningService, mira: Plain, what: str) -> None:
    heard = speak(service, REFUSED[what](f"/v1/AUTH_{mira.project_id}", mira.token))
    assert not heard or statuses(heard), heard[:300]  # a head that is no head may be hung up on without a word
    assert all(400 <= status < 500 for status in statuses(heard)), heard[:300]
    assert mira.call("HEAD", f"/v1/AUTH_{mira.project_id}/c/new").status == 404
    assert mira.call("GET", f"/v1/AUTH_{mira.project_id}/c/o").body == DATA


def test_a_request_cannot_hide_in_another(service: RunningService, mira: Plain) -> None:
    """With both a length and chunks: whichever counts, the rest is not taken for a request."""
    account = f"/v1/AUTH_{mira.project_id}"
    hidden = f"DELETE {account}/c/o HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {mira.token}\r\n\r\n".encode()
    for headers in (
        ("Content-Length: {n}", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Content-Length: {n}"),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity", "Content-Length: {n}"),
        ("Transfer-Encoding: xchunked", "Content-Length: {n}"),
        ("Transfer-Encoding : chunked", "Content-Length: {n}"),
    ):
        body = b"0\r\n\r\n" + hidden
        rows = [row.replace("{n}", str(len(body))) for row in headers]
        heard = speak(service, request(PUT, *rows, body=body)(account, mira.token))
        answers = statuses(heard)
        assert answers, headers
        assert answers[1:] in ([], [400]), (headers, heard)
        assert mira.call("HEAD", f"{account}/c/o").status == 200, headers


def test_ranges_that_overlap_a_million_times_cost_nothing(service: RunningService, mira: Plain) -> None:
    account = f"/v1/AUTH_{mira.project_id}"
    for count in (50, 1_000, 60_000, 1_000_000):
        ranges = ",".join(["0-"] * count)
        heard = speak(
            service, request("GET {a}/c/o HTTP/1.1", f"Range: bytes={ranges}", "Connection: close")(account, mira.token)
        )
        assert len(heard) < 51 * (len(DATA) + 300), count
        assert statuses(heard)[0] in (200, 206, 416, 431), heard[:200]


def test_a_header_cannot_be_smuggled_into_an_answer(service: RunningService, mira: Plain) -> None:
    account = f"/v1/AUTH_{mira.project_id}"
    for line in (
        f"GET {account}/c/%0d%0aX-Evil:%20yes HTTP/1.1",
        f"GET {account}/c?format=json&prefix=%0d%0aX-Evil:%20yes HTTP/1.1",
        "GET /v2/images?marker=%0d%0aX-Evil:%20yes HTTP/1.1",
        "GET /%0d%0aX-Evil:%20yes HTTP/1.1",
        f"COPY {account}/c/o HTTP/1.1\r\nDestination: c/%0d%0aX-Evil:%20yes",
        f"POST {account}/c/o HTTP/1.1\r\nContent-Type: a/b%0d%0aX-Evil: yes",
    ):
        heard = speak(service, request(line, "Connection: close")(account, mira.token))
        assert statuses(heard), line
        assert not re.search(rb"^X-Evil", heard, re.MULTILINE | re.IGNORECASE), heard


def test_a_refusal_reaches_who_still_sends_chunks(service: RunningService, mira: Plain) -> None:
    account = f"/v1/AUTH_{mira.project_id}"
    head = request("PUT {a}/nowhere/x HTTP/1.1", "Transfer-Encoding: chunked")(account, mira.token)
    host, port = service.listen.split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(head)
        time.sleep(0.3)  # it is refused by now
        for _ in range(20):
            connection.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")
            time.sleep(0.01)
        connection.sendall(b"0\r\n\r\n")
        assert statuses(connection.recv(4096)) == [404]
