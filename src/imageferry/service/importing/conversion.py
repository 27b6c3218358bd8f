"""A disk in another format becomes a blob, and what came out is looked at again: one way for every task.

To raw it is stored while the tool reads it: no copy of what came, none of what comes out. Other
formats are not written from their start to their end, so they go by way of a file.
"""

from __future__ import annotations

from dataclasses import dataclass

from imageferry.domain.blob import Blob, BlobDraft
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.errors import BadDisk
from imageferry.domain.image import DiskFormat
from imageferry.formats.judge import Limits, Reason, judge
from imageferry.ports.disk_tools import DiskTools
from imageferry.service.blobs import Blobs, Section, whole
from imageferry.service.gathering import Gathering
from imageferry.service.image_upload import IMAGE_DIGESTS
from imageferry.service.importing.material import as_file, section_bytes
from imageferry.service.plans import StepContext

_SECTOR = 512  # bytes: a disk that ends inside one is filled up by the tools


@dataclass(frozen=True, kw_only=True, slots=True)
class Announced:
    """A disk as it was judged before: its format, and its size for a guest in bytes. ``name``: for messages."""

    name: str
    format: DiskFormat
    virtual_size: int

    @property
    def fits(self) -> tuple[int, int]:
        """The sizes that it may have in another format."""
        return self.virtual_size, -(-self.virtual_size // _SECTOR) * _SECTOR


def converted(
    context: StepContext,
    blobs: Blobs,
    tools: DiskTools,
    sections: tuple[Section, ...],
    disk: Announced,
    to: DiskFormat,
    *,
    sub_format: str = "",
) -> BlobDraft:
    """The same disk in the format ``to``, with the digests of an image.

    Raises:
        BadDisk: the tool finds another disk than was announced, or none.
    """
    if to is DiskFormat.RAW:
        return _to_raw(context, blobs, tools, sections, disk)
    target = context.work / to.value
    # A raw disk's holes are known to a file only.
    as_it_lies = disk.format is not DiskFormat.RAW
    source = section_bytes(blobs, sections) if as_it_lies else as_file(context, blobs, sections)
    tools.convert(
        source,
        disk.format,
        target,
        to,
        name=disk.name,
        sub_format=sub_format,
        max_bytes=most_of(disk.virtual_size),
        progress=context.progress,
    )
    context.begin(target.stat().st_size)
    draft = blobs.write_file(target, IMAGE_DIGESTS, context.advance)
    target.unlink(missing_ok=True)
    return draft


def size_found(blobs: Blobs, blob: Blob, made: DiskFormat, disk: Announced, limits: Limits) -> int:
    """The size for a guest of what came out, in bytes.

    Raises:
        BadDisk: it is no sound disk of that format, or not as large as was announced.
    """
    facts = judge(section_bytes(blobs, (whole(blob),)), made, what=disk.name, limits=limits)
    if facts.virtual_size not in disk.fits:
        found = f"one of {facts.virtual_size} bytes"
        raise BadDisk(disk.name, Reason.MALFORMED, f"a disk of {disk.fits[1]} bytes after conversion", found)
    return facts.virtual_size


def _to_raw(
    context: StepContext, blobs: Blobs, tools: DiskTools, sections: tuple[Section, ...], disk: Announced
) -> BlobDraft:
    size = disk.virtual_size
    writer = blobs.writer(IMAGE_DIGESTS)
    gathering = Gathering(writer)
    try:
        context.begin(size)
        source = section_bytes(blobs, sections)
        found = tools.to_raw(source, disk.format, gathering.write, name=disk.name, progress=context.progress)
        if found != size:
            raise BadDisk(disk.name, Reason.MALFORMED, f"a disk of {size} bytes", f"one of {found} bytes")
        gathering.end(size)
        return writer.finish()
    except BaseException:
        writer.abandon()
        raise


def most_of(virtual_size: int) -> int:
    """Bytes that a disk file can take: all of the disk, where it cannot be packed a little more, and its tables."""
    return virtual_size + virtual_size // 16 + 16 * BLOCK_SIZE
