"""What a program in the cage and we say to each other over a socket: a kind, a length, and so many bytes.

Both ends import this module, so it stays small.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Protocol

HEAD = struct.Struct(">BI")
MOST_BYTES = 1 << 20  # of one frame
_SPAN = struct.Struct(">QI")
_COUNT = struct.Struct(">Q")


class Kind(IntEnum):
    """Of a frame. All but BYTES go from the cage to us."""

    READY = 1
    READ = 2  # give me bytes of the disk: offset and length; answered by BYTES
    BYTES = 3
    VOLUME = 4  # a JSON object
    FILE = 5  # a JSON object
    DATA = 6  # of the file
    ZEROS = 7  # so many of them
    VOLUME_END = 8  # a JSON object
    END = 9


class Socket(Protocol):
    def sendall(self, data: bytes, /) -> None: ...


def send(socket: Socket, kind: Kind, payload: bytes = b"") -> None:
    socket.sendall(HEAD.pack(kind, len(payload)) + payload)


def span(offset: int, length: int) -> bytes:
    return _SPAN.pack(offset, length)


def span_of(payload: bytes) -> tuple[int, int]:
    """Raises ValueError: it is none."""
    if len(payload) != _SPAN.size:
        raise ValueError("not a span")
    offset, length = _SPAN.unpack(payload)
    return offset, length


def count(number: int) -> bytes:
    return _COUNT.pack(number)


def count_of(payload: bytes) -> int:
    """Raises ValueError: it is none."""
    if len(payload) != _COUNT.size:
        raise ValueError("not a number")
    (number,) = _COUNT.unpack(payload)
    return int(number)
