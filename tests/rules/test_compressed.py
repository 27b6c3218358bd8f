"""Compressed streams decoded as they come in: the same bytes however they are cut, in time for each byte that came."""

from __future__ import annotations

import bz2
import gzip
import random
import time
from collections.abc import Callable

import pytest

from imageferry.domain.errors import BadInput
from imageferry.formats.compressed import Compression, Decoding

KINDS = pytest.mark.parametrize(
    ("kind", "pack"), [(Compression.GZIP, gzip.compress), (Compression.BZIP2, bz2.compress)]
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
    body = pack(data) + pack(b"") + bytes(5) + pack(b"second")
    for size in (1000, 1 << 14, (1 << 14) + 1, 1 << 20):
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        assert _decoded(kind, pieces) == data + b"second"


@KINDS
def test_very_many_streams_in_a_row_take_time_for_their_bytes_only(kind: Compression, pack: Pack) -> None:
    """What was left behind each was copied once for every one of them: minutes for some mebibytes."""
    empty = pack(b"")

    def seconds(mebibytes: int) -> float:
        body = empty * ((mebibytes << 20) // len(empty))
        started = time.process_time()
        assert _decoded(kind, [body]) == b""
        return time.process_time() - started

    assert seconds(4) < 8 * max(seconds(1), 0.1)


@KINDS
def test_what_is_cut_or_another_kind_is_refused(kind: Compression, pack: Pack) -> None:
    for body in (pack(b"bytes")[:-1], b"no such thing", pack(b"bytes") + b"x"):
        with pytest.raises(BadInput):
            _decoded(kind, [body])


def test_what_is_not_compressed_goes_through() -> None:
    assert _decoded(Compression.NONE, [b"as", b" it is"]) == b"as it is"
