"""The floor: what no server that does this work can be faster than, as plain as it can be written.

PUT: read the body from the socket, MD5 and SHA-256 on two threads, write to one file, fsync.
GET: ``os.sendfile`` of that file.
"""

from __future__ import annotations

import hashlib
import os
import queue
import socket
import sys
import threading
from pathlib import Path
from typing import Any

_PIECE = 4 << 20


def serve(folder: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"127.0.0.1:{listener.getsockname()[1]}", flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_answer, args=(connection, folder), daemon=True).start()


def _answer(connection: socket.socket, folder: Path) -> None:
    with connection:
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        head, _, rest = received.partition(b"\r\n\r\n")
        method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
        file = folder / path.rpartition("/")[2]
        if method == "GET":
            _send(connection, file)
            return
        length = next(
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
        )
        _receive(connection, file, rest, length)


def _receive(connection: socket.socket, path: Path, rest: bytes, length: int) -> None:
    hashers = [_Hasher(hashlib.md5()), _Hasher(hashlib.sha256())]
    with path.open("wb", buffering=0) as file:
        while length:
            buffer = bytearray(min(_PIECE, length))
            view = memoryview(buffer)
            filled = min(len(rest), len(buffer))
            view[:filled] = rest[:filled]
            rest = rest[filled:]
            while filled < len(buffer):
                filled += connection.recv_into(view[filled:])
            for hasher in hashers:
                hasher.queue.put(buffer)
            file.write(buffer)
            length -= len(buffer)
        os.fsync(file.fileno())
    etag, _ = [hasher.end() for hasher in hashers]
    connection.sendall(f"HTTP/1.1 201 Created\r\nEtag: {etag}\r\nContent-Length: 0\r\n\r\n".encode())


def _send(connection: socket.socket, path: Path) -> None:
    size, offset = path.stat().st_size, 0
    connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
    with path.open("rb") as file:
        while offset < size:
            offset += os.sendfile(connection.fileno(), file.fileno(), offset, size - offset)


class _Hasher:
    def __init__(self, hasher: Any) -> None:
        self.queue: queue.Queue[bytearray | None] = queue.Queue(4)
        self._hasher = hasher
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while (piece := self.queue.get()) is not None:
            self._hasher.update(piece)

    def end(self) -> str:
        self.queue.put(None)
        self._thread.join()
        return str(self._hasher.hexdigest())


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
