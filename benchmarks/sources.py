"""Bytes to send. A service that keeps equal bytes once must never get the same twice, or it has less to do."""

from __future__ import annotations

import os
from pathlib import Path

_MIB = 1 << 20


def random_file(path: Path, mib: int) -> Path:
    """A file of random bytes."""
    with path.open("wb") as file:
        for _ in range(mib):
            file.write(os.urandom(_MIB))
    return path


def freshened(path: Path) -> Path:
    """The same file with 16 other bytes in each MiB, so that no part of it has been sent before."""
    with path.open("r+b") as file:
        for offset in range(0, path.stat().st_size, _MIB):
            file.seek(offset)
            file.write(os.urandom(16))
    os.sync()
    return path
