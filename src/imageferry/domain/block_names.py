"""Names of blocks as some cloud makes them: of what size, by which hash. Pure rules.

Our own blocks are ``OURS``. Clouds of the same kind may have others; each tells, per container.

Source: specs/synnefo.md, 3.5 and 4.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from imageferry.domain.block import BLOCK_SIZE, trimmed
from imageferry.domain.errors import BadInput

MAX_BLOCK_SIZE = 64 << 20  # bytes: a few blocks are in memory at once
MIN_BLOCK_SIZE = 4 << 10

_HASHES = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512"})


@dataclass(frozen=True)
class BlockRule:
    """How a cloud cuts and names. ``hash``: as hashlib calls it."""

    size: int = BLOCK_SIZE  # bytes
    hash: str = "sha256"

    @classmethod
    def told(cls, size: str, algorithm: str) -> BlockRule:
        """What a cloud says of its blocks; empty texts stand for the usual.

        Raises:
            BadInput: a size or a hash that we do not work with.
        """
        number = int(size) if size.isascii() and size.isdigit() and len(size) < 12 else 0 if size else BLOCK_SIZE
        if not MIN_BLOCK_SIZE <= number <= MAX_BLOCK_SIZE:
            raise BadInput("block size of the cloud", size, f"{MIN_BLOCK_SIZE} to {MAX_BLOCK_SIZE} bytes")
        name = algorithm.strip().lower() or "sha256"
        if name not in _HASHES:
            raise BadInput("block hash of the cloud", algorithm, f"one of {', '.join(sorted(_HASHES))}")
        return cls(number, name)

    @cached_property
    def empty(self) -> str:
        """The name of a block of zeros, and of nothing."""
        return self._digest(b"").hex()

    def name_of(self, data: bytes | bytearray) -> str:
        """The name of a block: the hash of what remains when trailing zeros are taken away."""
        return self._digest(trimmed(data)).hex()

    def is_name(self, text: object) -> bool:
        """Whether a stranger's text has the form of a name."""
        wanted = len(self.empty)
        return isinstance(text, str) and len(text) == wanted and all(sign in "0123456789abcdef" for sign in text)

    def blocks_in(self, size: int) -> int:
        """How many blocks ``size`` bytes take."""
        return -(-size // self.size)

    def length(self, size: int, index: int) -> int:
        """How many bytes block ``index`` of ``size`` bytes stands for."""
        return min(self.size, size - index * self.size)

    def top_of(self, names: Sequence[str]) -> str:
        """The top of the Merkle tree over block names, in hex.

        No name: the hash of nothing. One: that name. More: the raw hashes, filled up with hashes of
        zeros to the next power of two; neighbours are replaced by the hash of the two, nothing
        trimmed, until one is left.
        """
        if not names:
            return self.empty
        row = [bytes.fromhex(name) for name in names]
        row += [bytes(len(row[0]))] * ((1 << (len(row) - 1).bit_length()) - len(row))
        while len(row) > 1:
            row = [self._digest(row[at] + row[at + 1]) for at in range(0, len(row), 2)]
        return row[0].hex()

    def _digest(self, data: bytes | memoryview) -> bytes:
        return hashlib.new(self.hash, data, usedforsecurity=False).digest()


OURS = BlockRule()


@dataclass(frozen=True, kw_only=True)
class BlockNames:
    """The blocks of something stored, in order; holes have the name ``rule.empty``."""

    rule: BlockRule
    size: int  # bytes of the whole
    names: Sequence[str]

    @classmethod
    def checked(cls, rule: BlockRule, size: object, names: object) -> BlockNames:
        """What a cloud tells. Nothing may be told as one block of nothing; upper case is taken as well.

        Raises:
            BadInput: no such numbers, not as many names as the size has blocks, or no names.
        """
        if isinstance(size, bool) or not isinstance(size, int) or size < 0:
            raise BadInput("bytes in the cloud's hash map", size, "a number that is not negative")
        if not isinstance(names, list | tuple):
            raise BadInput("hashes in the cloud's hash map", names, "a list")
        lowered = [name.lower() if isinstance(name, str) else name for name in names]
        if size == 0 and lowered == [rule.empty]:
            lowered = []
        if len(lowered) != rule.blocks_in(size):
            wanted = f"{rule.blocks_in(size)}, one for each {rule.size} bytes of {size}"
            raise BadInput("hashes in the cloud's hash map", f"{len(lowered)} of them", wanted)
        for name in lowered:
            if not rule.is_name(name):
                raise BadInput("hashes in the cloud's hash map", name, f"{len(rule.empty)} hex digits each")
        return cls(rule=rule, size=size, names=tuple(lowered))

    @cached_property
    def top(self) -> str:
        return self.rule.top_of(self.names)
