"""A disk: a file on someone's machine, and what is known of it before it becomes an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from imageferry.domain.image import DiskFormat


@dataclass(frozen=True, kw_only=True, slots=True)
class DiskFacts:
    """What a disk says of itself.

    ``sub_format`` is what the format calls its kind (vmdk: "streamOptimized",
    "monolithicSparse", ...). ``outside`` names every other file the disk leans on, by role
    ("backing file", "data file", "extent").
    """

    format: DiskFormat
    virtual_size: int  # bytes that a guest sees
    file_size: int  # bytes from start to end
    allocated_size: int | None = None  # bytes that are not holes in the file; None where unknown
    sub_format: str = ""
    encrypted: bool = False
    outside: Mapping[str, str] = field(default_factory=dict)
    features: tuple[str, ...] = ()
