"""For the author of a step in Python: what it gets, and what it may answer. docs/pipeline.md has an example.

A step is a function of an ``Image`` and a ``Disk``, or a class without arguments whose instances are
called so, named as an entry point in the group ``imageferry.steps``. It is called in a process of its own, once
for each import, without network, without leave to write files, and within limits of time and memory.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class Image:
    """What is known of the image that shall be, and of its disk. ``known``: all of it, as docs/pipeline.md says."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        self.known = known
        image, disk = known["image"], known["disk"]
        self.name: str = image["name"]
        self.owner: str = image["owner"]  # the id of a project
        self.properties: Mapping[str, str] = image["properties"]
        self.tags: frozenset[str] = frozenset(image["tags"])
        self.door: str = known["door"]
        self.format: str | None = disk["format"]  # None: bytes that nobody looks into
        self.size: int = disk["size"]  # bytes of the file
        self.virtual_size: int | None = disk["virtual_size"]  # bytes, as a guest sees it


class Disk:
    """The disk as a guest sees it: raw, read-only."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.size = os.fstat(fd).st_size  # bytes

    def read_at(self, offset: int, length: int) -> bytes:
        """So many bytes from there on; fewer at the end of the disk only."""
        parts: list[bytes] = []
        while length > 0 and (part := os.pread(self._fd, length, offset)):
            parts.append(part)
            offset, length = offset + len(part), length - len(part)
        return b"".join(parts)


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The image may appear, with these properties too. ``None`` says the same without any."""

    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class Refused(Exception):
    """The image must not appear. Raised or returned; the three texts reach the user."""

    expected: str
    found: str
    hint: str = ""
