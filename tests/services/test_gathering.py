"""Bytes with gaps between them become the blocks of a blob."""

from __future__ import annotations

import hashlib
import random

import pytest

from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.digest import Algorithm
from imageferry.service.blobs import Blobs, whole
from imageferry.service.gathering import Gathering


@pytest.mark.parametrize("seed", range(6))
def test_what_was_written_and_zeros_between_are_the_blob(blobs: Blobs, seed: int) -> None:
    dice = random.Random(seed)
    size = dice.randrange(1, 7 * BLOCK_SIZE)
    disk, at = bytearray(size), 0
    writer = blobs.writer((Algorithm.SHA512,))
    gathering = Gathering(writer)
    while True:
        at += dice.choice((0, 1, 4096, BLOCK_SIZE - 1, BLOCK_SIZE, dice.randrange(3 * BLOCK_SIZE)))
        data = dice.randbytes(dice.choice((1, 512, 65536, BLOCK_SIZE, BLOCK_SIZE + 3)))[: size - at]
        if at >= size:
            break
        gathering.write(at, memoryview(data))
        disk[at : at + len(data)] = data
        at += len(data)
    gathering.end(size)
    draft = writer.finish()
    assert draft.size == size
    assert draft.digests[Algorithm.SHA512] == hashlib.sha512(disk).hexdigest()
    assert b"".join(blobs.read([whole(blobs.keep(draft))])) == bytes(disk)


def test_a_disk_of_which_nothing_was_written_is_a_hole(blobs: Blobs) -> None:
    writer = blobs.writer(())
    Gathering(writer).end(3 * BLOCK_SIZE + 512)
    draft = writer.finish()
    assert (draft.size, draft.blocks) == (3 * BLOCK_SIZE + 512, {})


def test_bytes_that_go_back_are_refused(blobs: Blobs) -> None:
    writer = blobs.writer(())
    gathering = Gathering(writer)
    gathering.write(10, memoryview(b"abc"))
    with pytest.raises(ValueError, match="come behind"):
        gathering.write(12, memoryview(b"d"))
    writer.abandon()
