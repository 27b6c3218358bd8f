"""Clients that hold connections and send next to nothing: others are served, and the slow ones let go."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys.plain import Plain
from tests.running import RunningService

CROWD = 300
PATIENCE_S = 3.0


@pytest.fixture
def service(new_service: Callable[..., RunningService]) -> RunningService:
    service = new_service(env={"IMAGEFERRY_HEAD_S": str(PATIENCE_S), "IMAGEFERRY_BODY_IDLE_S": str(PATIENCE_S)})
    service.start()
    service.add_user("mira", "demo")
    return service


@pytest.fixture
def mira(service: RunningService) -> Plain:
    return Plain(service).log_in("mira", "pw", "demo")


def test_heads_that_never_end_keep_nobody_waiting(service: RunningService, mira: Plain) -> None:
    before = threads_and_memory(service)
    with connections(service, b"GET /v2/images HTTP/1.1\r\nHost: x\r\n") as crowd:
        for connection in crowd:
            connection.sendall(b"X-A: b\r\n")
        assert_served(mira)
        assert_bounded(before, threads_and_memory(service))
        assert_let_go(crowd, b"X-A: b\r\n")


def test_bodies_that_trickle_keep_nobody_waiting(service: RunningService, mira: Plain) -> None:
    mira.call("PUT", f"{storage(mira)}/slow")
    before = threads_and_memory(service)
    head = f"PUT {storage(mira)}/slow/x HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {mira.token}\r\n"
    head += "Content-Length: 1000000\r\n\r\n"
    with connections(service, head.encode()) as crowd:
        for connection in crowd:
            connection.sendall(b".")
        assert_served(mira)
        assert_bounded(before, threads_and_memory(service))
        assert_let_go(crowd, b".", b"408 Request Timeout")
    assert mira.call("GET", f"{storage(mira)}/slow").body == b""


def test_bodies_of_logins_that_trickle_keep_nobody_waiting(service: RunningService, mira: Plain) -> None:
    before = threads_and_memory(service)
    with connections(service, b"POST /v3/auth/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{") as crowd:
        assert_served(mira)
        assert_bounded(before, threads_and_memory(service))
        assert_let_go(crowd, b" ")


def test_answers_that_nobody_reads_end(service: RunningService, mira: Plain) -> None:
    mira.call("PUT", f"{storage(mira)}/big")
    mira.call("PUT", f"{storage(mira)}/big/x", body=bytes(range(256)) * (64 << 12))
    before = threads_and_memory(service)
    head = f"GET {storage(mira)}/big/x HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {mira.token}\r\n\r\n"
    with connections(service, head.encode(), count=40):
        time.sleep(1.0)
        assert_served(mira)
        assert_bounded(before, threads_and_memory(service), more_mib=40 * 11)
        until = time.monotonic() + 10 * PATIENCE_S
        while service.log().count("stopped reading") < 40:
            assert time.monotonic() < until
            time.sleep(0.2)


def storage(person: Plain) -> str:
    return f"/v1/AUTH_{person.project_id}"


@contextlib.contextmanager
def connections(service: RunningService, first: bytes, count: int = CROWD) -> Iterator[list[socket.socket]]:
    host, port = service.listen.rsplit(":", 1)
    with contextlib.ExitStack() as stack:
        crowd = []
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection((host, int(port)), timeout=10))
            connection.sendall(first)
            crowd.append(connection)
        yield crowd


def assert_served(mira: Plain) -> None:
    for _ in range(5):
        started = time.monotonic()
        assert mira.call("GET", "/v2/images").status == 200
        assert mira.call("HEAD", storage(mira)).status in (200, 204)
        assert time.monotonic() - started < PATIENCE_S


def assert_let_go(crowd: list[socket.socket], drip: bytes, answer: bytes = b"") -> None:
    """All of them, though each goes on to send a little now and then; those that are told why get ``answer``."""
    held = list(crowd)
    said: list[bytes] = []
    until = time.monotonic() + 4 * PATIENCE_S + 10
    while held and time.monotonic() < until:
        time.sleep(0.5)
        held = [connection for connection in held if not is_over(connection, drip, said)]
    assert len(held) == 0
    assert not answer or any(answer in words for words in said)


def is_over(connection: socket.socket, drip: bytes, said: list[bytes]) -> bool:
    """Whether there is an answer or an end."""
    connection.setblocking(False)
    try:
        said.append(connection.recv(4096))
        return True
    except BlockingIOError:
        with contextlib.suppress(OSError):
            connection.sendall(drip)
        return False
    except OSError:
        return True


def threads_and_memory(service: RunningService) -> tuple[int, int]:
    """Threads of the service, and its resident memory in KiB."""
    assert service.process is not None
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    threads, memory = (re.search(rf"^{word}:\s+(\d+)", status, re.MULTILINE) for word in ("Threads", "VmRSS"))
    assert threads is not None
    assert memory is not None
    return int(threads[1]), int(memory[1])


def assert_bounded(before: tuple[int, int], now: tuple[int, int], more_mib: int = 100) -> None:
    assert now[0] < before[0] + 80
    assert now[1] < before[1] + (more_mib << 10)
