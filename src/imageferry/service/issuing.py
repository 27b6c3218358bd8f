"""What every token is made with, however its bearer came by it."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets


def secret_word(size: int) -> str:
    """A word of so many random bytes that no command line takes for an option: people paste it behind commands."""
    while (word := secrets.token_urlsafe(size)).startswith("-"):
        pass
    return word


def token_hash(secret: str) -> str:
    """What is kept of a token. Fast, for it is asked at every request; a token is too long to be guessed."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def audit_id() -> str:
    return base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
