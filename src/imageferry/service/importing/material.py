"""The bytes an import works on: sections of blobs, and a local file where a tool needs one.

Steps hand on where the bytes are (blob ids), never a local path: after a restart the file
may be gone, and is then made again from the blobs.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from imageferry.domain.block import BLOCK_SIZE, trimmed_length
from imageferry.domain.errors import BadDisk, TooLarge
from imageferry.ports.records import Session
from imageferry.service.blobs import Blobs, Section, cut, pinned
from imageferry.service.plans import StepContext
from imageferry.service.scratch import working_files
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


def as_file(context: StepContext, blobs: Blobs, sections: tuple[Section, ...], *, packed: bool, max_bytes: int) -> Path:
    """The source as a local file, unpacked if it is packed; made only when it is not there.

    Raises:
        TooLarge: more than ``max_bytes`` come out of a packed file.
        BadDisk: a packed file that is broken.
    """
    path = context.work / "source"
    if path.exists():
        return path
    part = path.with_suffix(".part")
    total = sum(section.size for section in sections)
    context.begin(total)
    if packed:
        _unpack(context, blobs, sections, part, max_bytes=max_bytes)
    else:
        blobs.to_file(sections, part, context.advance)
    part.replace(path)
    return path


def is_gzip(source: Windowed) -> bool:
    """By content: names and types are the sender's."""
    return source.read(0, 3) == b"\x1f\x8b\x08"


class _Stream:
    """Blocks as a file object for the decompressor; counts what is read."""

    def __init__(self, context: StepContext, blobs: Blobs, sections: tuple[Section, ...]) -> None:
        self._context = context
        self._parts = blobs.read(sections)
        self._held = b""

    def read(self, size: int = -1) -> bytes:
        if not self._held:
            self._held = next(self._parts, b"")
            self._context.advance(len(self._held))
        taken, self._held = (self._held, b"") if size < 0 else (self._held[:size], self._held[size:])
        return taken


def _unpack(context: StepContext, blobs: Blobs, sections: tuple[Section, ...], part: Path, *, max_bytes: int) -> None:
    stream: Any = _Stream(context, blobs, sections)
    with working_files(), part.open("wb", buffering=0) as target, gzip.GzipFile(fileobj=stream, mode="rb") as packed:
        position = 0
        while data := _read_block(packed, context):
            position += len(data)
            if position > max_bytes:
                raise TooLarge("the unpacked disk", max_bytes)
            content = trimmed_length(data)
            if content:
                target.seek(position - len(data))
                target.write(memoryview(data)[:content])
        target.truncate(position)


def _read_block(packed: gzip.GzipFile, context: StepContext) -> bytes:
    """The next block of what is inside, short at the end only."""
    held: list[bytes] = []
    size = 0
    try:
        while size < BLOCK_SIZE and (data := packed.read(BLOCK_SIZE - size)):
            held.append(data)
            size += len(data)
    except (EOFError, OSError, zlib.error) as error:
        name = str(context.task.input.get("object") or "the file")
        raise BadDisk(name, "truncated", "a whole gzip file", f"one that is broken ({error})") from error
    return b"".join(held)
