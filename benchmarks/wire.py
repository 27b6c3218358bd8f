"""A client with as little of its own as can be: sockets, sendfile, recv_into. Runs as a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path


def put(address: str, path: str, source: Path, headers: dict[str, str]) -> float:
    """PUT a file; returns seconds from the first byte out to the whole answer in."""
    size = source.stat().st_size
    with socket.create_connection(_split(address)) as connection, source.open("rb") as file:
        head = _head("PUT", path, address, {**headers, "Content-Length": str(size)})
        started = time.monotonic()
        connection.sendall(head)
        offset = 0
        while offset < size:
            offset += os.sendfile(connection.fileno(), file.fileno(), offset, size - offset)
        answer = connection.recv(65536)
        elapsed = time.monotonic() - started
    if b" 201 " not in answer.split(b"\r\n")[0]:
        raise SystemExit(f"PUT {path}: {answer[:300]!r}")
    return elapsed


def get(address: str, path: str, headers: dict[str, str]) -> float:
    """GET and throw away; returns seconds."""
    buffer = bytearray(1 << 20)
    with socket.create_connection(_split(address)) as connection:
        started = time.monotonic()
        connection.sendall(_head("GET", path, address, headers))
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        head, _, rest = received.partition(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise SystemExit(f"GET {path}: {head[:300]!r}")
        length = next(
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
        )
        left = length - len(rest)
        while left:
            count = connection.recv_into(buffer, min(left, len(buffer)))
            if not count:
                raise SystemExit(f"GET {path}: cut off with {left} bytes to go")
            left -= count
        return time.monotonic() - started


def in_processes(jobs: list[list[str]]) -> float:
    """Run several of these clients at once, each a process; returns the seconds of the slowest."""
    running = [
        subprocess.Popen([sys.executable, "-m", "benchmarks.wire", *job], stdout=subprocess.PIPE, text=True)
        for job in jobs
    ]
    seconds = []
    for process in running:
        out, _ = process.communicate()
        if process.returncode:
            raise SystemExit(f"a client failed: {out}")
        seconds.append(float(out))
    return max(seconds)


def _head(method: str, path: str, address: str, headers: dict[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {address}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.partition(":")
    return host, int(port)


if __name__ == "__main__":
    method, where, what, token, *rest = sys.argv[1:]
    auth = {"X-Auth-Token": token}
    print(put(where, what, Path(rest[0]), auth) if method == "put" else get(where, what, auth))
