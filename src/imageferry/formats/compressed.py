"""Compressed streams, decoded as they come in, never more at once than a piece."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Protocol

from backports import zstd  # the standard library's, from Python 3.14 on

from imageferry.domain.errors import BadInput

_PIECE = 1 << 20  # bytes decoded at once, however well they were compressed
_SLICE = 1 << 14  # bytes encoded at once: the rest of it is copied for every stream that ends in it
_XZ_MEMORY = 80 << 20  # bytes; 'xz -9' needs 65 MiB
_ZSTD_WINDOW = 27  # its logarithm: 128 MiB, which is what the tool takes and 'zstd --ultra -22' needs


class Compression(StrEnum):
    NONE = ""
    GZIP = "gz"
    BZIP2 = "bz2"
    XZ = "xz"
    ZSTD = "zst"
    DEFLATE = "deflate"  # without a head, as in ZIP archives


class _Decoder(Protocol):
    """As the standard library's decoders are, but for that of zlib."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Zlib:
    """zlib's decoder in the form of the others: what it has not looked at yet, it keeps."""

    def __init__(self, window_bits: int) -> None:
        self._zlib = zlib.decompressobj(window_bits)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        part = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        self.needs_input = len(part) < max_length
        return part


_DECODERS: Mapping[Compression, Callable[[], _Decoder]] = {
    Compression.GZIP: lambda: _Zlib(16 + zlib.MAX_WBITS),
    Compression.BZIP2: bz2.BZ2Decompressor,
    Compression.XZ: lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY),
    Compression.ZSTD: lambda: zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW}),
    Compression.DEFLATE: lambda: _Zlib(-zlib.MAX_WBITS),
}
_BROKEN = (zlib.error, lzma.LZMAError, zstd.ZstdError, OSError, ValueError, EOFError)


class Decoding:
    """One stream, or several of the same kind in a row."""

    def __init__(self, compression: Compression) -> None:
        self._compression = compression
        self._decoder: _Decoder | None = None
        self._between = False  # one stream has ended

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Pieces of what is inside. A bomb is read as slowly as the pieces are taken.

        Raises:
            BadInput: this is not what was announced, or needs more memory than is given to it.
        """
        if self._compression is Compression.NONE:
            yield data
            return
        for start in range(0, len(data), _SLICE):
            yield from self._decoded(data[start : start + _SLICE])

    def _decoded(self, data: bytes) -> Iterator[bytes]:
        more = False
        while data or more:
            if self._decoder is None:
                data = data.lstrip(b"\0") if self._between else data  # padding
                if not data:
                    return
                self._decoder = _DECODERS[self._compression]()
            decoder = self._decoder
            try:
                part = decoder.decompress(data, _PIECE)
            except _BROKEN as error:
                raise BadInput("archive", str(error), f"{self._compression.name.lower()} data") from error
            if part:
                yield part
            if decoder.eof:
                data, more, self._decoder, self._between = decoder.unused_data, False, None, True
            else:
                data, more = b"", not decoder.needs_input

    def finish(self) -> None:
        """Raises BadInput: the stream was cut off."""
        if self._decoder is not None:
            raise BadInput("archive", "its end is missing", f"whole {self._compression.name.lower()} data")
