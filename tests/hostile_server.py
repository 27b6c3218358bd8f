"""A web server on 127.0.0.1 that does what it should not: a thread per connection, raw bytes out.

A path is a function ``(server, wire, asked)`` that writes to the connection what it likes.
"""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]  # lower-case names


Play = Callable[["Hostile", socket.socket, Asked], None]


@dataclass
class Hostile:
    port: int = 0
    plays: dict[str, Play] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def serves(self, path: str, play: Play) -> str:
        self.plays[path] = play
        return self.url(path)

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]


def answer(status: str = "200 OK", body: bytes = b"", **headers: str) -> bytes:
    """A whole answer. Header names with ``_`` for ``-``; Content-Length unless another framing is given."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if not {"Content-Length", "Transfer-Encoding"} & set(named):
        named["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value != "-")
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body


def says(data: bytes) -> Play:
    """These bytes, and the end."""
    return lambda server, wire, asked: wire.sendall(data)


def drips(head: bytes, body: bytes, *, pause_s: float) -> Play:
    """A byte at a time."""

    def play(server: Hostile, wire: socket.socket, asked: Asked) -> None:
        wire.sendall(head)
        for index in range(len(body)):
            wire.sendall(body[index : index + 1])
            if server.closing.wait(pause_s):
                return

    return play


def hangs(head: bytes = b"") -> Play:
    """So much, and then silence."""

    def play(server: Hostile, wire: socket.socket, asked: Asked) -> None:
        wire.sendall(head)
        server.closing.wait(60)

    return play


def pours(head: bytes, piece: bytes) -> Play:
    """No end."""

    def play(server: Hostile, wire: socket.socket, asked: Asked) -> None:
        wire.sendall(head)
        while not server.closing.is_set():
            wire.sendall(piece)

    return play


def file_of(body: bytes, *, etag: str = '"one"', break_at: list[int] | None = None, ranges: bool = True) -> Play:
    """A file as a good server gives it, whose connection breaks at these places, once each."""
    breaks = break_at if break_at is not None else []

    def play(server: Hostile, wire: socket.socket, asked: Asked) -> None:
        first = 0
        match = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", ""))
        if match and ranges and asked.headers.get("if-range") == etag:
            first = int(match[1])
        more = {"ETag": etag} if etag else {}
        length = len(body) - first
        if first:
            span = f"bytes {first}-{len(body) - 1}/{len(body)}"
            wire.sendall(answer("206 Partial Content", Content_Length=str(length), Content_Range=span, **more))
        else:
            wire.sendall(answer(Content_Length=str(length), **more))
        stop = breaks.pop(0) if breaks else len(body)
        wire.sendall(body[first:stop])

    return play


@contextmanager
def hostile_server(tls: ssl.SSLContext | None = None) -> Iterator[Hostile]:
    server = Hostile()
    listener = socket.create_server(("127.0.0.1", 0))
    server.port = listener.getsockname()[1]
    thread = threading.Thread(target=_accept, args=(server, listener, tls), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def certificate(folder: Path, host: str) -> tuple[ssl.SSLContext, Path]:
    """A server's context for ``host``, and the certificate to trust."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    name = f"IP:{host}" if re.fullmatch(r"[0-9.]+", host) else f"DNS:{host}"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-keyout", str(key), "-out", str(cert), "-days", "2", "-subj", "/CN=test"]
    subprocess.run([*command, "-addext", f"subjectAltName={name}"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


def _accept(server: Hostile, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
    while True:
        try:
            wire, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(server, wire, tls), daemon=True).start()


def _serve(server: Hostile, wire: socket.socket, tls: ssl.SSLContext | None) -> None:
    wire.settimeout(60)
    with suppress(OSError):
        try:
            if tls is not None:
                wire = tls.wrap_socket(wire, server_side=True)
            asked = _read(wire)
            server.asked.append(asked)
            server.plays[asked.path](server, wire, asked)
        finally:
            wire.close()


def _read(wire: socket.socket) -> Asked:
    head = b""
    until = time.monotonic() + 30
    while b"\r\n\r\n" not in head and time.monotonic() < until:
        data = wire.recv(65536)
        if not data:
            raise ConnectionError
        head += data
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines if ": " in line)
    return Asked(first.split(" ")[1], {name.lower(): value for name, value in headers.items()})
