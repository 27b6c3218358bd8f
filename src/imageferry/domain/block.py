"""A block: 4 MiB of some blob, named by its own bytes.

The name is the SHA-256 of the block without its trailing zero bytes, so that a block of
zeros of any length is the one empty block, which is never stored. The rule is the one of
Pithos, whose clients send hash maps made by it.

Cautions: the same trimmed bytes can stand for blocks of different lengths (a short last
block, a full one with zeros behind). The length therefore comes from the blob, never from
the block; a reader pads with zeros to the length that the blob says.
"""

from __future__ import annotations

import hashlib
import re
from typing import NewType

BLOCK_SIZE = 4 << 20  # bytes

BlockName = NewType("BlockName", str)
"""64 lower-case hex digits."""

EMPTY = BlockName(hashlib.sha256(b"").hexdigest())
"""The block of zeros. It costs nothing: no store ever holds it."""

_ZEROS = bytes(BLOCK_SIZE)
_NAME = re.compile(r"[0-9a-f]{64}")


def is_block_name(text: str) -> bool:
    """Whether a stranger's text has the form of a block name."""
    return _NAME.fullmatch(text) is not None


def trimmed_length(data: bytes | bytearray) -> int:
    """How many bytes remain when trailing zeros are taken away.

    Compares whole runs with a constant (memcmp speed) and halves the run until the last
    non-zero byte is found; a block without trailing zeros costs one look at its last byte.
    """
    end = len(data)
    if not end or data[-1]:
        return end
    run = 1 << (end.bit_length() - 1)
    while run and end:
        if run <= end and data.endswith(_zeros(run), 0, end):
            end -= run
            if run > end:
                run >>= 1
        else:
            run >>= 1
    return end


def trimmed(data: bytes | bytearray) -> memoryview:
    """The block without its trailing zeros, not copied."""
    return memoryview(data)[: trimmed_length(data)]


def name_of(content: bytes | bytearray | memoryview) -> BlockName:
    """The name of a block whose trailing zeros are gone already (see ``trimmed``)."""
    return BlockName(hashlib.sha256(content).hexdigest())


def padded(content: bytes, length: int) -> bytes:
    """The block as the blob means it: ``content``, then zeros up to ``length`` bytes."""
    return content if len(content) == length else content + bytes(length - len(content))


def zeros(length: int) -> bytes:
    """``length`` zero bytes; a whole block of them is shared, not made anew."""
    return _ZEROS if length == BLOCK_SIZE else bytes(length)


def _zeros(length: int) -> bytes:
    return _ZEROS if length == BLOCK_SIZE else _ZEROS[:length]
