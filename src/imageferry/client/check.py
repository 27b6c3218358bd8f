"""Look at a disk before anything travels."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.disk import DiskFacts
from imageferry.domain.errors import BadInput, DigestMismatch, NotFound, Unavailable
from imageferry.domain.image import DiskFormat
from imageferry.formats.judge import judge
from imageferry.formats.source import FileBytes
from imageferry.ports.cloud import Moved, Watch

_READ = 4 << 20  # bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class DiskReport:
    """A disk that may travel: what it is, and which file that was."""

    path: Path
    facts: DiskFacts
    stamp: str  # changes when the file does


def check(path: Path, *, disk_format: DiskFormat | None = None) -> DiskReport:
    """Say what a disk is, or why it cannot be taken.

    Args:
        disk_format: what it must be; None: find out. Needed for raw disks that show no
            partition table, boot sector or file system.

    Raises:
        BadDisk: not a disk, or not a safe one, with the reason.
        NotFound, BadInput, Unavailable: no such file, not a file, not readable.
    """
    with opened(path) as fd:
        facts = judge(FileBytes(fd), disk_format, what=path.name)
        seen = os.fstat(fd)
    return DiskReport(path=path, facts=replace(facts, allocated_size=seen.st_blocks * 512), stamp=stamp_of(seen))


def check_digest(path: Path, promised: Digest, watch: Watch) -> None:
    """Read the file once and compare.

    Raises:
        DigestMismatch: it is not the file that was promised.
    """
    hasher = promised.algorithm.new()
    with opened(path) as fd:
        total, done = os.fstat(fd).st_size, 0
        while data := os.pread(fd, _READ, done):
            hasher.update(data)
            done += len(data)
            watch(Moved(stage="check", done=done, total=total))
    found = Digest(Algorithm(promised.algorithm), hasher.hexdigest())
    if found != promised:
        raise DigestMismatch(path.name, promised, found)


def stamp_of(seen: os.stat_result) -> str:
    """The same for the same file as long as nobody writes to it."""
    return f"{seen.st_mtime_ns}-{seen.st_size}"


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """The file, open to read; nothing but a regular file."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe must not keep us waiting
    except FileNotFoundError as error:
        raise NotFound("file", str(path)) from error
    except OSError as error:
        raise Unavailable(str(path), reason=error.strerror or str(error)) from error
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise BadInput("file", str(path), "a regular file")
        yield fd
    finally:
        os.close(fd)
