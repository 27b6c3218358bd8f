"""VDI, by VirtualBox.

Layout (all integers little-endian), from VirtualBox, src/VBox/Storage/VDICore.h, and QEMU,
block/vdi.c:

    offset  bytes  field
      0x40      4  0xbeda107f
      0x44      4  version, 0x00010001
      0x4c      4  type: 1 dynamic, 2 fixed, 3 undo, 4 differencing
     0x154      4  where the block map stands
     0x158      4  where the data begins
     0x170      8  size of the disk in bytes
     0x178      4  size of a block, 1 MiB
     0x180      4  blocks in the disk
     0x184      4  blocks in the file
     0x1a8     16  the snapshot before this one; zeros: none
"""

from __future__ import annotations

import struct

from imageferry.domain.disk import DiskFacts
from imageferry.domain.image import DiskFormat
from imageferry.formats.reasons import Reason, Refusal, check_reach, check_size
from imageferry.formats.source import ByteSource

WHAT = "a VDI disk"
MAGIC = b"\x7f\x10\xda\xbe"  # at 0x40

_KINDS = {1: "dynamic", 2: "fixed"}


def facts(source: ByteSource, most: int) -> DiskFacts:
    """The facts of a VDI that stands alone, is all there and shows at most ``most`` bytes.

    Raises:
        Refusal: it is the difference to a parent, of another version, or not all there.
    """
    head = source.read(0, 512)
    if len(head) < 512:
        raise Refusal(Reason.TRUNCATED, f"a VDI disk that ends after {len(head)} bytes")
    if head[0x40:0x44] != MAGIC:
        raise Refusal(Reason.MALFORMED, "no VDI header")
    version, kind = struct.unpack("<I4xI", head[0x44:0x50])
    map_at, data_at = struct.unpack("<II", head[0x154:0x15C])
    size, block_size, blocks, allocated = struct.unpack("<QI4xII", head[0x170:0x188])
    if version >> 16 != 1:
        raise Refusal(Reason.UNKNOWN_FEATURE, f"a VDI disk of version {version >> 16}.{version & 0xFFFF}")
    if kind not in _KINDS or any(head[0x1A8:0x1B8]):
        raise Refusal(Reason.DELTA, "a VDI that is only the difference to its parent")
    check_size(WHAT, size, most)
    if not block_size or allocated > blocks or blocks * block_size < size:
        raise Refusal(Reason.MALFORMED, "a VDI disk whose block map is too short for it")
    check_reach(WHAT, source.size, map_at + blocks * 4)
    check_reach(WHAT, source.size, data_at + allocated * block_size)
    return DiskFacts(format=DiskFormat.VDI, virtual_size=size, file_size=source.size, sub_format=_KINDS[kind])
