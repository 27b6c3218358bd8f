"""Rules of our own for the scanners, and a small clamd: nothing is downloaded."""

from __future__ import annotations

import os
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.file_systems import EICAR


def signatures(folder: Path) -> Path:
    """A folder of ClamAV signatures that finds EICAR anywhere in a file."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # in the cage another user may read them
    (folder / "ferry.ndb").write_text(f"Ferry.Test:0:*:{EICAR.hex()}\n")
    return folder


def yara_rules(folder: Path) -> Path:
    """A folder of YARA rules that does the same."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # in the cage another user may read them
    text = EICAR.hex(" ")
    (folder / "ferry.yar").write_text(f"rule FerryTest {{ strings: $a = {{ {text} }} condition: $a }}\n")
    return folder


class SmallClamd(socketserver.ThreadingUnixStreamServer):
    """Speaks INSTREAM as clamd(8) says, and finds EICAR. ``mood``: what is wrong with it."""

    daemon_threads = True

    def __init__(self, path: Path, mood: str = "sound", most_bytes: int = 25 << 20) -> None:
        self.mood = mood
        self.most_bytes = most_bytes
        self.asked = threading.Event()
        super().__init__(str(path), _Answering)


class _Answering(socketserver.BaseRequestHandler):
    server: SmallClamd
    request: socket.socket

    def handle(self) -> None:
        with suppress(OSError, struct.error):  # whoever asked has gone
            self._converse()

    def _converse(self) -> None:
        if self._exactly(10) != b"zINSTREAM\0":
            return
        self.server.asked.set()
        if self.server.mood == "crashing":
            return
        content = b""
        while length := struct.unpack(">I", self._exactly(4))[0]:
            content += self._exactly(length)
            if len(content) > self.server.most_bytes:
                self.request.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                return
        match self.server.mood:
            case "hanging":
                threading.Event().wait(5)
            case "silent":
                self.request.sendall(b"\0")
            case "without rules":
                self.request.sendall(b"stream: No signatures loaded. ERROR\0")
            case "broken rules":
                self.request.sendall(b"UNKNOWN COMMAND\0")
            case _:
                self.request.sendall(b"stream: Ferry.Test FOUND\0" if EICAR in content else b"stream: OK\0")

    def _exactly(self, length: int) -> bytes:
        data = b""
        while len(data) < length and (part := self.request.recv(length - len(data))):
            data += part
        return data


@contextmanager
def small_clamd(folder: Path, mood: str = "sound", most_bytes: int = 25 << 20) -> Iterator[str]:
    """The address of one that runs."""
    path = folder / f"clamd-{os.urandom(4).hex()}"
    with SmallClamd(path, mood, most_bytes) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield str(path)
        finally:
            server.shutdown()
            thread.join()


def program(folder: Path, name: str, text: str) -> str:
    """A shell script in the place of a scanner."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)
