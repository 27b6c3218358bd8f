"""A client with as little of its own as can be: sockets, sendfile, recv_into. Runs as a process of its own.

    python -m benchmarks.wire JOB     a JSON list: what to do, and its arguments

Prints the seconds it took.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

Job = list[object]


def put(address: str, path: str, token: str, source: str) -> float:
    """PUT a file; returns seconds from the first byte out to the whole answer in."""
    size = Path(source).stat().st_size
    with socket.create_connection(_split(address)) as connection, Path(source).open("rb") as file:
        headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream", "Connection": "close"}
        head = _head("PUT", path, address, token, headers)
        started = time.monotonic()
        connection.sendall(head)
        offset = 0
        while offset < size:
            offset += os.sendfile(connection.fileno(), file.fileno(), offset, size - offset)
        answer = connection.recv(65536)
        elapsed = time.monotonic() - started
    if b" 20" not in answer.split(b"\r\n")[0]:
        raise SystemExit(f"PUT {path}: {answer[:300]!r}")
    return elapsed


def get(address: str, path: str, token: str) -> float:
    """GET and throw away; returns seconds."""
    with Line(address, token) as line:
        started = time.monotonic()
        line.ask("GET", path)
        return time.monotonic() - started


def many(address: str, path: str, token: str, method: str, count: int, size: int, start: float) -> float:
    """``count`` requests one after the other to ``path`` + a number, with fresh bodies of ``size`` bytes.

    ``start``: when to begin (monotonic clock), so that several processes begin together.
    """
    bodies = [os.urandom(size) for _ in range(count)]
    with Line(address, token) as line:
        time.sleep(max(0.0, start - time.monotonic()))
        started = time.monotonic()
        for number, body in enumerate(bodies):
            line.ask(method, path.replace("#", str(number)), body)
        return time.monotonic() - started


class Line:
    """A connection, used again for as long as the server leaves it open."""

    def __init__(self, address: str, token: str) -> None:
        self._address = address
        self._token = token
        self._socket: socket.socket | None = None
        self._buffer = bytearray(1 << 20)

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def ask(self, method: str, path: str, body: bytes = b"") -> None:
        """One request, its answer read and thrown away. Ends the process where it is an error."""
        connection = self._socket or socket.create_connection(_split(self._address))
        self._socket = connection
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        headers = {"Content-Length": str(len(body))} if body else {}
        connection.sendall(_head(method, path, self._address, self._token, headers) + body)
        received = b""
        while b"\r\n\r\n" not in received:
            piece = connection.recv(65536)
            if not piece:
                raise SystemExit(f"{method} {path}: cut off in the head")
            received += piece
        head, _, rest = received.partition(b"\r\n\r\n")
        if b" 20" not in head.split(b"\r\n")[0]:
            raise SystemExit(f"{method} {path}: {received[:300]!r}")
        fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
        left = int(fields[b"content-length"]) - len(rest)
        while left:
            count = connection.recv_into(self._buffer, min(left, len(self._buffer)))
            if not count:
                raise SystemExit(f"{method} {path}: cut off with {left} bytes to go")
            left -= count
        if b"close" in fields.get(b"connection", b""):
            self._close()

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


_JOBS = {"put": put, "get": get, "many": many}


def in_processes(jobs: list[Job]) -> float:
    """Run several of these clients at once, each a process; returns the seconds of the slowest."""
    running = [
        subprocess.Popen([sys.executable, "-m", "benchmarks.wire", json.dumps(job)], stdout=subprocess.PIPE, text=True)
        for job in jobs
    ]
    seconds = []
    for process in running:
        out, _ = process.communicate()
        if process.returncode:
            raise SystemExit(f"a client failed: {out}")
        seconds.append(float(out))
    return max(seconds)


def _head(method: str, path: str, address: str, token: str, more: Mapping[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {address}", f"X-Auth-Token: {token}"]
    lines += [f"{name}: {value}" for name, value in more.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.partition(":")
    return host, int(port)


if __name__ == "__main__":
    what, *arguments = json.loads(sys.argv[1])
    print(_JOBS[what](*arguments))
