"""The bytes an import works on: sections of blobs, and a local file where a tool needs one.

Steps hand on where the bytes are (blob ids), never a local path: after a restart the file
may be gone, and is then made again from the blobs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from imageferry.ports.records import Session
from imageferry.service.blobs import Blobs, Section, cut, pinned
from imageferry.service.plans import StepContext
from imageferry.service.windows import Windowed


def sections_to_state(sections: Sequence[Section]) -> list[list[Any]]:
    return [[section.blob.id, section.start, section.stop] for section in sections]


def sections_of_state(session: Session, state: Sequence[Sequence[Any]]) -> tuple[Section, ...]:
    """Raises Damaged: a blob is gone although the task has pinned it."""
    return tuple(Section(pinned(session, blob_id), start, stop) for blob_id, start, stop in state)


def section_bytes(blobs: Blobs, sections: tuple[Section, ...]) -> Windowed:
    """Sections as a source for the parsers of disk formats."""
    size = sum(section.size for section in sections)
    return Windowed(size, lambda offset, length: b"".join(blobs.read(cut(sections, offset, offset + length))))


def as_file(context: StepContext, blobs: Blobs, sections: tuple[Section, ...]) -> Path:
    """The source as a local file; made only when it is not there."""
    path = context.work / "source"
    if path.exists():
        return path
    part = path.with_suffix(".part")
    total = sum(section.size for section in sections)
    context.begin(total)
    blobs.to_file(sections, part, context.advance)
    part.replace(path)
    return path
