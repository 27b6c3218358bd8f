"""Password hashes: slow on purpose, so that few are worked out at once."""

from __future__ import annotations

import secrets
import threading
from typing import Protocol


class PasswordHasher(Protocol):
    """A slow, salted hash (Argon2id)."""

    def hash(self, password: str) -> str: ...
    def verify(self, password_hash: str, password: str) -> bool: ...


class FewAtOnce:
    """A hasher around another that works on two passwords at once: each takes tens of MiB and of milliseconds."""

    def __init__(self, hasher: PasswordHasher, most: int = 2) -> None:
        self._hasher = hasher
        self._turn = threading.BoundedSemaphore(most)

    def hash(self, password: str) -> str:
        with self._turn:
            return self._hasher.hash(password)

    def verify(self, password_hash: str, password: str) -> bool:
        with self._turn:
            return self._hasher.verify(password_hash, password)


class Nobody:
    """The hash of a password that nobody has: an unknown name costs as long as a wrong password."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self._hash = ""

    @property
    def hash(self) -> str:
        self._hash = self._hash or self._hasher.hash(secrets.token_hex(16))
        return self._hash
