"""Compressed streams decoded as they come in: the same bytes however they are cut, in time for each byte that came."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import time
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from backports import zstd

from imageferry.domain.errors import BadInput
from imageferry.formats.compressed import Compression, Decoding

KINDS = pytest.mark.parametrize(
    ("kind", "pack"),
    [
        (Compression.GZIP, gzip.compress),
        (Compression.BZIP2, bz2.compress),
        (Compression.XZ, lzma.compress),
        (Compression.ZSTD, zstd.compress),
    ],
    ids=["gzip", "bzip2", "xz", "zstd"],
)
Pack = Callable[[bytes], bytes]


def _decoded(kind: Compression, pieces: list[bytes]) -> bytes:
    decoding = Decoding(kind)
    found = b"".join(part for piece in pieces for part in decoding.feed(piece))
    decoding.finish()
    return found


@KINDS
def test_the_bytes_are_the_same_however_they_are_cut(kind: Compression, pack: Pack) -> None:
    dice = random.Random(3)
    data = dice.randbytes(100_000) + bytes(3 << 20)
    body = pack(data) + pack(b"") + bytes(8) + pack(b"second")
    for size in (1000, 1 << 14, (1 << 14) + 1, 1 << 20):
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        assert _decoded(kind, pieces) == data + b"second"


@KINDS
def test_very_many_streams_in_a_row_take_time_for_their_bytes_only(kind: Compression, pack: Pack) -> None:
    """What was left behind each was copied once for every one of them: minutes for some mebibytes."""
    empty = pack(b"")

    def seconds(kibibytes: int) -> float:
        body = empty * ((kibibytes << 10) // len(empty))
        started = time.process_time()
        assert _decoded(kind, [body]) == b""
        return time.process_time() - started

    assert seconds(1024) < 8 * max(seconds(256), 0.1)


@KINDS
def test_what_is_cut_or_another_kind_is_refused(kind: Compression, pack: Pack) -> None:
    for body in (pack(b"bytes")[:-1], b"no such thing", pack(b"bytes") + b"x"):
        with pytest.raises(BadInput):
            _decoded(kind, [body])


def test_what_is_not_compressed_goes_through() -> None:
    assert _decoded(Compression.NONE, [b"as", b" it is"]) == b"as it is"


@KINDS
def test_a_flipped_bit_is_found(kind: Compression, pack: Pack) -> None:
    data = random.Random(4).randbytes(50_000)
    body = bytearray(pack(data))
    body[len(body) // 2] ^= 1
    if kind is not Compression.ZSTD:  # where a checksum is the choice of who packs
        with pytest.raises(BadInput):
            _decoded(kind, [bytes(body)])


def test_a_checksum_in_zstd_counts() -> None:
    body = bytearray(zstd.compress(bytes(range(256)) * 200, options={zstd.CompressionParameter.checksum_flag: 1}))
    body[-1] ^= 1
    with pytest.raises(BadInput):
        _decoded(Compression.ZSTD, [bytes(body)])


def zstd_bomb(mebibytes: int) -> bytes:
    """Four bytes for every 128 KiB."""
    block = (((128 << 10) << 3) | 2).to_bytes(3, "little") + b"A"
    last = (1).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\x00\x58" + block * (mebibytes * 8) + last


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Compression.GZIP, gzip.compress(bytes(64 << 20))),
        (Compression.BZIP2, bz2.compress(bytes(64 << 20))),
        (Compression.XZ, lzma.compress(bytes(64 << 20), preset=0)),
        (Compression.ZSTD, zstd_bomb(64)),
    ],
    ids=["gzip", "bzip2", "xz", "zstd"],
)
def test_a_bomb_comes_out_in_pieces_however_much_of_it_goes_in_at_once(kind: Compression, body: bytes) -> None:
    decoding = Decoding(kind)
    tracemalloc.start()
    sizes = [len(part) for part in decoding.feed(body)]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    decoding.finish()
    assert sum(sizes) == 64 << 20
    assert max(sizes) <= 1 << 20
    assert most < 16 << 20


def test_windows_that_would_need_too_much_memory_are_refused() -> None:
    large = bytearray(lzma.compress(b"data" * 100))
    large[16] = 40  # the dictionary: 4 GiB - 1
    size = (large[12] + 1) * 4
    large[12 + size - 4 : 12 + size] = zlib.crc32(large[12 : 12 + size - 4]).to_bytes(4, "little")
    with pytest.raises(BadInput, match="Memory"):
        _decoded(Compression.XZ, [bytes(large)])
    frame = b"\x28\xb5\x2f\xfd\x00\xa8" + (4 << 3 | 1).to_bytes(3, "little") + b"data"  # a window of 2 GiB
    with pytest.raises(BadInput, match="memory"):
        _decoded(Compression.ZSTD, [frame])


@pytest.mark.parametrize("preset", [0, 9, 9 | lzma.PRESET_EXTREME])
def test_whatever_xz_makes_by_itself_is_read(preset: int) -> None:
    data = random.Random(1).randbytes(1000) * 50
    compressor = lzma.LZMACompressor(preset=0)
    body = bytearray(compressor.compress(data) + compressor.flush())
    body[16] = {0: 18}.get(preset, 28)  # the dictionary that this preset names: 256 KiB, 64 MiB
    size = (body[12] + 1) * 4
    body[12 + size - 4 : 12 + size] = zlib.crc32(body[12 : 12 + size - 4]).to_bytes(4, "little")
    assert _decoded(Compression.XZ, [bytes(body)]) == data
