"""A disk as a guest sees it becomes a blob while the tool reads it: no copy of what came, none of what comes out."""

from __future__ import annotations

from imageferry.domain.blob import BlobDraft
from imageferry.domain.errors import BadDisk
from imageferry.domain.image import DiskFormat
from imageferry.formats.judge import Reason
from imageferry.ports.disk_tools import DiskTools
from imageferry.service.blobs import Blobs, Section
from imageferry.service.gathering import Gathering
from imageferry.service.image_upload import IMAGE_DIGESTS
from imageferry.service.importing.material import section_bytes
from imageferry.service.plans import StepContext


def raw_draft(
    context: StepContext,
    blobs: Blobs,
    tools: DiskTools,
    sections: tuple[Section, ...],
    disk_format: DiskFormat,
    *,
    name: str,
    size: int,
) -> BlobDraft:
    """The raw disk, with the digests of an image. ``size``: bytes that it was announced with. Raises BadDisk."""
    writer = blobs.writer(IMAGE_DIGESTS)
    gathering = Gathering(writer)
    try:
        context.begin(size)
        found = tools.to_raw(
            section_bytes(blobs, sections), disk_format, gathering.write, name=name, progress=context.progress
        )
        if found != size:
            raise BadDisk(name, Reason.MALFORMED, f"a disk of {size} bytes", f"one of {found} bytes")
        gathering.end(size)
        return writer.finish()
    except BaseException:
        writer.abandon()
        raise
