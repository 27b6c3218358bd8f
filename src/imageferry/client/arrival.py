"""A file here that something was brought to, and the seam to its file system."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imageferry.domain.digest import Digests
from imageferry.domain.errors import NoRoom, Unavailable


@dataclass(frozen=True, kw_only=True, slots=True)
class Pulled:
    path: Path
    size: int  # bytes
    digests: Digests  # those that the cloud promised; the file hashes to them
    skipped: int = 0  # zero bytes left as holes
    sent: int = 0  # bytes that travelled
    already_there: int = 0  # bytes that were here before, where they are known by their blocks


@contextmanager
def in_our_words(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        kind = NoRoom if error.errno in (errno.ENOSPC, errno.EDQUOT) else Unavailable
        raise kind(str(path), reason=error.strerror or str(error)) from error
