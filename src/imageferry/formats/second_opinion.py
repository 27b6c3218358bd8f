"""The safety checks of oslo.utils, after our own: what OpenStack refuses, we refuse too.

Its inspectors eat a stream. They get the parts of the file that they keep, and no more.
"""

from __future__ import annotations

from imageferry.domain.image import DiskFormat
from imageferry.formats.reasons import Reason, Refusal
from imageferry.formats.source import ByteSource

_CHECKED = frozenset({DiskFormat.QCOW2, DiskFormat.VMDK})  # the others have no check there
_SECTOR = 512  # bytes; what the inspectors call a header
_DESCRIPTOR = 1 << 20  # bytes of a VMDK's descriptor that are read at most
_TAIL = 1536  # bytes: a VMDK's footer between two markers


def check_second_opinion(source: ByteSource, disk_format: DiskFormat) -> None:
    """Let oslo.utils look too.

    Raises:
        Refusal: it finds the file unsafe.
    """
    if disk_format not in _CHECKED:
        return
    from oslo_utils.imageutils import format_inspector  # loaded for disks only: it takes longer than all of ours

    inspector = format_inspector.get_inspector(disk_format.value)()
    try:
        inspector.eat_chunk(source.read(0, _SECTOR).ljust(_SECTOR, b"\0"))
        if inspector.has_region("descriptor") and not inspector.complete:
            inspector.eat_chunk(source.read(_SECTOR, min(inspector.region("descriptor").length, _DESCRIPTOR)))
        if inspector.has_region("footer"):
            inspector.eat_chunk(source.read(source.size - _TAIL, _TAIL))
        inspector.finish()
        inspector.safety_check()
    except format_inspector.SafetyCheckFailed as failed:
        checks = ", ".join(sorted(failed.failures))
        raise Refusal(Reason.UNSAFE, f"a {disk_format} file that OpenStack refuses (check: {checks})") from failed
    except Exception as error:  # it raises many kinds on malformed bytes
        raise Refusal(Reason.MALFORMED, f"a {disk_format} file that OpenStack cannot read") from error
