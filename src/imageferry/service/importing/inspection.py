"""Judging a disk: our own parsers first; only what they let pass is shown to a tool."""

from __future__ import annotations

from imageferry.domain.disk import DiskFacts
from imageferry.domain.errors import BadDisk
from imageferry.domain.image import DiskFormat
from imageferry.formats.judge import Limits, Reason, judge
from imageferry.ports.disk_tools import DiskTools
from imageferry.service.blobs import Blobs, Section
from imageferry.service.importing.material import section_bytes
from imageferry.service.plans import StepContext

KEPT_AS_THEY_ARE = frozenset({DiskFormat.RAW, DiskFormat.ISO})
"""Formats in which there is nothing for a tool to read or to convert."""


def inspected(
    context: StepContext,
    blobs: Blobs,
    tools: DiskTools,
    limits: Limits,
    sections: tuple[Section, ...],
    expected: DiskFormat | None,
    *,
    name: str,
) -> DiskFacts:
    """What the disk is, once two readers agree on it. Raises BadDisk, TooLarge."""
    disk = section_bytes(blobs, sections)
    facts = judge(disk, expected, what=name, limits=limits)
    if facts.format not in KEPT_AS_THEY_ARE:
        context.check()
        _check_agreement(name, facts, tools.info(disk, facts.format, name=name))
    return facts


def _check_agreement(name: str, ours: DiskFacts, theirs: DiskFacts) -> None:
    """Two parsers that read one header differently are how hostile images get through."""
    if ours.virtual_size != theirs.virtual_size:
        found = f"one that says {ours.virtual_size} bytes to one reader and {theirs.virtual_size} to another"
        raise BadDisk(name, Reason.MALFORMED, "a disk of one size", found)
    if theirs.outside:
        role, path = next(iter(theirs.outside.items()))
        raise BadDisk(name, Reason.BACKING_FILE, "a disk that stands alone", f"one that leans on a {role} {path!r}")
