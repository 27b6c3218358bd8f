"""Compressed streams, decoded as they come in, never more at once than a piece."""

from __future__ import annotations

import bz2
import zlib
from collections.abc import Iterator
from enum import StrEnum
from typing import Protocol

from imageferry.domain.errors import BadInput

_PIECE = 1 << 20  # bytes decoded at once, however well they were compressed
_SLICE = 1 << 14  # bytes encoded at once: the rest of it is copied for every stream that ends in it
_GZIP = 16 + zlib.MAX_WBITS


class Compression(StrEnum):
    NONE = ""
    GZIP = "gz"
    BZIP2 = "bz2"


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decode(self, data: bytes) -> tuple[bytes, bytes, bool]:
        """A piece, the input that is left, and whether there may be more without new input."""


class _Gzip:
    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(_GZIP)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decode(self, data: bytes) -> tuple[bytes, bytes, bool]:
        part = self._zlib.decompress(data, _PIECE)
        return part, self._zlib.unconsumed_tail, len(part) == _PIECE


class _Bzip2:
    def __init__(self) -> None:
        self._bz2 = bz2.BZ2Decompressor()

    @property
    def eof(self) -> bool:
        return self._bz2.eof

    @property
    def unused_data(self) -> bytes:
        return self._bz2.unused_data

    def decode(self, data: bytes) -> tuple[bytes, bytes, bool]:
        part = self._bz2.decompress(data, _PIECE)
        return part, b"", not self._bz2.needs_input


class Decoding:
    """One stream, or several of the same kind in a row."""

    def __init__(self, compression: Compression) -> None:
        self._compression = compression
        self._decoder: _Decoder | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Raises BadInput: this is not what was announced."""
        if self._compression is Compression.NONE:
            yield data
            return
        for start in range(0, len(data), _SLICE):
            yield from self._decoded(data[start : start + _SLICE])

    def _decoded(self, data: bytes) -> Iterator[bytes]:
        more = False
        while data or more:
            if self._decoder is None:
                data = data.lstrip(b"\0")  # padding between two streams
                if not data:
                    return
                self._decoder = _Gzip() if self._compression is Compression.GZIP else _Bzip2()
            decoder = self._decoder
            try:
                part, data, more = decoder.decode(data)
            except (zlib.error, OSError, ValueError, EOFError) as error:
                raise BadInput("archive", str(error), f"{self._compression.name.lower()} data") from error
            if part:
                yield part
            if decoder.eof:
                data, more, self._decoder = decoder.unused_data, False, None

    def finish(self) -> None:
        """Raises BadInput: the stream was cut off."""
        if self._decoder is not None:
            raise BadInput("archive", "its end is missing", f"whole {self._compression.name.lower()} data")
