"""ClamAV's service ``clamd``, over its socket.

Every file is sent as a stream, so clamd may run under another user or on another machine.

Source: clamd(8), "COMMANDS", INSTREAM.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from imageferry.domain.errors import BadInput, TimedOut, Unavailable
from imageferry.ports.scanner import Match
from imageferry.tools.scanners.words import short

_LENGTH = struct.Struct(">I")
_PART = 1 << 20  # bytes sent at a time
_ANSWER_BYTES = 4096  # longest answer that is read
_BEAT_S = 1.0
_CONNECT_S = 5.0

_T = TypeVar("_T")


class Clamd:
    """Raises BadInput if ``address`` is neither the path of a socket nor HOST:PORT.

    ``seconds`` of silence end it, in the middle of a file too.
    """

    # Debian's clamd.conf has StreamMaxLength and MaxFileSize at 25 MB, and calls clean what it passes over.
    most_bytes = 24 << 20

    def __init__(self, address: str, *, seconds: float = 300.0) -> None:
        host, _, port = address.rpartition(":")
        if not address.startswith("/") and not (host and port.isdigit() and 0 < int(port) < 65_536):
            raise BadInput("address of clamd", address, "the path of its socket, or HOST:PORT")
        self._address = address
        self._seconds = seconds

    def scan(self, files: Sequence[Path], *, folder: Path, watch: Callable[[], None]) -> list[Match]:  # noqa: ARG002
        matches = []
        for index, file in enumerate(files):
            rule = self._one(file, watch)
            if rule is not None:
                matches.append(Match(index=index, rule=rule))
        return matches

    def _one(self, file: Path, watch: Callable[[], None]) -> str | None:
        try:
            with file.open("rb", buffering=0) as source, self._connected() as link:
                patience = _Patience(link, self._seconds, watch)
                patience.send(b"zINSTREAM\0")
                while part := source.read(_PART):
                    patience.send(_LENGTH.pack(len(part)) + part)
                patience.send(_LENGTH.pack(0))
                answer = patience.answer()
        except OSError as error:
            raise Unavailable("clamd", reason=short(error.strerror or str(error))) from error
        status = answer.removeprefix(b"stream: ")
        if status == b"OK":
            return None
        if status.endswith(b" FOUND"):
            return short(status.removesuffix(b" FOUND"))
        raise Unavailable("clamd", reason=f"it said {short(status)!r}")

    def _connected(self) -> socket.socket:
        if not self._address.startswith("/"):
            host, _, port = self._address.rpartition(":")
            return socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S)
        link = socket.socket(socket.AF_UNIX)
        try:
            link.settimeout(_CONNECT_S)
            link.connect(self._address)
        except BaseException:
            link.close()
            raise
        return link


class _Patience:
    """A socket that waits a second at a time, and not for ever."""

    def __init__(self, link: socket.socket, seconds: float, watch: Callable[[], None]) -> None:
        link.settimeout(_BEAT_S)
        self._link = link
        self._seconds = seconds
        self._watch = watch

    def send(self, data: bytes) -> None:
        self._watch()
        view = memoryview(data)
        while view:
            try:
                sent = self._waited(partial(self._link.send, view))
            except (BrokenPipeError, ConnectionResetError):
                return  # it has answered before the end: it does not read what is too much for it
            view = view[sent:]

    def answer(self) -> bytes:
        """Up to the zero byte at its end."""
        said = bytearray()
        while not said.endswith(b"\0") and len(said) < _ANSWER_BYTES:
            part = self._waited(lambda: self._link.recv(_ANSWER_BYTES))
            if not part:
                raise Unavailable("clamd", reason="it closed the connection without an answer")
            said += part
        return bytes(said).rstrip(b"\0\n")

    def _waited(self, call: Callable[[], _T]) -> _T:
        end = time.monotonic() + self._seconds
        while True:
            try:
                return call()
            except TimeoutError:
                self._watch()
                if time.monotonic() > end:
                    raise TimedOut("clamd", reason="it did not answer", seconds=self._seconds) from None
