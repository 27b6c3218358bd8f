"""What the service needs from whatever reads the file systems inside a disk."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Protocol


class DiskBytes(Protocol):
    """A disk as a guest sees it: raw."""

    @property
    def size(self) -> int:
        """Bytes from start to end."""

    def read(self, offset: int, length: int) -> bytes:
        """The bytes from ``offset``, all of them: they lie inside the disk."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingLimits:
    """What reading a disk may cost. Strangers lay file systems out: each of these has been a trap."""

    volumes: int = 128
    files: int = 2_000_000  # of all volumes; directories count
    depth: int = 128  # directories inside one another
    path_bytes: int = 4096  # of a name as it is told; longer ones are cut
    content_times: float = 2.0  # bytes inside the files of a disk, as a multiple of its size ...
    content_bytes: int = 1 << 30  # ... and so many more: sparse files promise a lot
    memory_bytes: int = 2 << 30  # of the address space of the program that reads
    wall_s: float = 4 * 3600.0


UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Volume:
    """A file system begins. The figures are in bytes.

    ``kind`` is a word like ext4, ntfs, fat32, iso9660. A part of the disk where files are to be expected and
    none can be read is UNKNOWN: nothing but its end follows, and it is not whole.
    """

    kind: str
    offset: int
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file of the volume begins: its content follows, as bytes and as numbers that stand for so many zeros.

    ``path`` is from the root of its volume, and text that may be shown: what cannot be printed is escaped.
    """

    path: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class VolumeEnd:
    """The volume is done. ``whole``: every file that it has was told, with all of its bytes."""

    whole: bool
    why: str = ""  # it is not whole; without a full stop


Event = Volume | File | bytes | int | VolumeEnd


class FileSystems(Protocol):
    """Reads what is inside a disk, without mounting anything.

    Every driver promises, and tests/contracts/file_systems.py checks:
      - whatever the bytes of the disk are: no crash, no hang, no more than the limits; all bytes that
        a guest may see as files lie in a volume that is ``whole`` and was told, or in none, or in one that
        is not whole, which counts more: volumes may overlap;
      - the reading is done by another process, which sees no network and dies with the iterator;
      - regular files only, each once, however many names it has; no link is followed;
      - what has been deleted is not told.
    """

    def read(self, disk: DiskBytes, *, limits: ReadingLimits, watch: Callable[[], None]) -> Generator[Event]:
        """Every volume that can be read, one after the other. Who stops before the end closes it.

        Args:
            watch: called at least every two seconds; whatever it raises ends the reading and comes out.

        Raises:
            Unavailable: nothing at all can be read here, because something is not installed.
        """
