"""What the service and the client need from programs that work on disk files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from imageferry.domain.disk import DiskFacts
from imageferry.domain.image import DiskFormat


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolLimits:
    """The cage a foreign program runs in."""

    memory_bytes: int = 1 << 30
    cpu_s: int = 30
    file_bytes: int | None = None  # the largest file it may write; None: no file at all
    wall_s: float = 60.0
    processes: int = 128  # at once, with all their threads


@dataclass(frozen=True, kw_only=True, slots=True)
class DiskHealth:
    """What looking through a disk's tables found. Formats without tables are not looked through: raw."""

    looked_through: bool
    corruptions: int = 0
    leaks: int = 0  # clusters that nothing refers to: room lost, nothing else


ProgressCall = Callable[[int, int | None], None]
"""Called with bytes done and bytes in all (None: unknown). May raise Cancelled to stop the work."""


class StoredDisk(Protocol):
    """A disk's file, wherever its bytes are kept. One thread at a time reads it."""

    @property
    def size(self) -> int:
        """Bytes from start to end."""

    def read(self, offset: int, length: int) -> bytes:
        """The bytes from ``offset``: fewer than ``length`` only where the file ends."""


Sink = Callable[[int, memoryview], None]
"""Takes bytes at an offset, from low ones to high ones; what is left out is zeros. The memory is the caller's again
afterwards."""


class DiskTools(Protocol):
    """Foreign programs behind plain functions; the format is always given, never guessed by them.

    A disk is a path, or bytes that lie elsewhere: of those the program gets the ones that it asks for, and no copy
    is made. ``name`` is what messages call them; a path has one of its own. What reading
    them raises comes out as it is.

    Every driver promises: the program runs within ``ToolLimits``, sees no network address and no
    other file than the ones named here, and dies with the process that started it; its
    trouble comes out as BadDisk (the file's fault), BadInput (no such file, or a format that it
    cannot read or write), TimedOut, NoRoom or Unavailable.
    """

    def info(self, disk: Path | StoredDisk, disk_format: DiskFormat, *, name: str = "") -> DiskFacts:
        """What the tool finds in a disk of that format. Opens no file that it refers to."""

    def check(self, path: Path, disk_format: DiskFormat) -> DiskHealth:
        """Look through the tables of a file of that format; changes nothing."""

    def convert(
        self,
        source: Path | StoredDisk,
        source_format: DiskFormat,
        target: Path,
        target_format: DiskFormat,
        *,
        name: str = "",
        sub_format: str = "",
        max_bytes: int | None = None,
        progress: ProgressCall | None = None,
    ) -> None:
        """Write ``target`` (made, or replaced) as another format; holes stay holes.

        ``sub_format``: for vmdk "streamOptimized" and "monolithicSparse". ``max_bytes``
        bounds the target file. On failure nothing is left at ``target``.
        """

    def to_raw(
        self,
        source: StoredDisk,
        source_format: DiskFormat,
        sink: Sink,
        *,
        name: str,
        progress: ProgressCall | None = None,
    ) -> int:
        """Hand over the disk as a guest sees it, while it is read; returns its size in bytes.

        What ``sink`` raises ends the work, and comes out.
        """
