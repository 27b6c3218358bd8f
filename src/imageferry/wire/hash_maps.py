"""Hash maps as Pithos writes them: one JSON object.

``{"block_hash": "sha256", "block_size": 4194304, "bytes": 5, "hashes": ["2cf2..."]}``; clients
send the last two alone. Source: specs/synnefo.md, 4.4 and 4.9.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from imageferry.domain.block import BLOCK_SIZE, EMPTY, BlockName
from imageferry.domain.errors import BadInput, TooLarge
from imageferry.domain.hash_map import MAX_HASHES, HashMap

BLOCK_HASH = "sha256"
MAX_DOCUMENT = 24 << 20
"""Bytes of a document that is looked at: the longest map, and blanks between its hashes."""


class _Document(msgspec.Struct):
    bytes: int
    hashes: Annotated[list[str], msgspec.Meta(max_length=MAX_HASHES)]
    block_size: int = BLOCK_SIZE
    block_hash: str = BLOCK_HASH


def read_hash_map(body: bytes) -> HashMap:
    """A hash map that a client sends.

    Raises:
        TooLarge: more hashes, or a longer document, than are taken.
        BadInput: no such document, of other blocks or another hash, or its numbers do not fit together.
    """
    if len(body) > MAX_DOCUMENT:
        raise TooLarge("hash map", MAX_DOCUMENT, len(body))
    try:
        document = msgspec.json.decode(body, type=_Document)
    except RecursionError as error:
        raise BadInput("hash map", "a document nested beyond reason", _EXPECTED) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput("hash map", str(error), _EXPECTED) from error
    if document.block_size != BLOCK_SIZE:
        raise BadInput("block_size", document.block_size, f"{BLOCK_SIZE}")
    if document.block_hash.lower() != BLOCK_HASH:
        raise BadInput("block_hash", document.block_hash, BLOCK_HASH)
    return HashMap.checked(document.bytes, document.hashes)


_EXPECTED = f'a JSON object with "bytes" (a whole number) and "hashes" (a list of at most {MAX_HASHES} texts)'


def hash_map_document(found: HashMap) -> bytes:
    """The same for an answer. Nothing has one hash, that of nothing, as the original writes it."""
    hashes = found.names or (EMPTY,)
    return msgspec.json.encode(
        {"block_hash": BLOCK_HASH, "block_size": BLOCK_SIZE, "bytes": found.size, "hashes": hashes}
    )


def names_document(names: Sequence[BlockName]) -> bytes:
    """A list of block names: what was stored, or what is missing."""
    return msgspec.json.encode(names)
