"""A digest: an algorithm and the value that bytes must hash to."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from imageferry.domain.errors import BadInput


class Algorithm(StrEnum):
    """The algorithms that the clouds we speak with use."""

    MD5 = "md5"
    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA512 = "sha512"

    @property
    def hex_length(self) -> int:
        return _HEX_LENGTHS[self]

    def new(self) -> hashlib._Hash:
        """A fresh hash object. None of these guards a secret here, so MD5 works in FIPS mode too."""
        return hashlib.new(self.value, usedforsecurity=False)


_HEX_LENGTHS: Mapping[Algorithm, int] = {
    Algorithm.MD5: 32,
    Algorithm.SHA1: 40,
    Algorithm.SHA256: 64,
    Algorithm.SHA512: 128,
}
_HEX = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Digest:
    """Algorithm and value; the value in lower-case hex."""

    algorithm: Algorithm
    value: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.value}"

    @classmethod
    def parse(cls, algorithm: Algorithm, value: object, *, field: str = "checksum") -> Self:
        """Read a digest from a stranger. Upper case and surrounding quotes are taken as well.

        Raises:
            BadInput: not as many hex digits as the algorithm has.
        """
        text = value.strip().strip('"').lower() if isinstance(value, str) else ""
        if len(text) != algorithm.hex_length or not _HEX.fullmatch(text):
            raise BadInput(field, value, f"{algorithm.hex_length} hex digits ({algorithm})")
        return cls(algorithm, text)


Digests = Mapping[Algorithm, str]
"""What is known of some bytes: lower-case hex by algorithm."""


def digest_of(algorithm: Algorithm, data: bytes) -> Digest:
    """The digest of bytes that are all at hand."""
    hasher = algorithm.new()
    hasher.update(data)
    return Digest(algorithm, hasher.hexdigest())
