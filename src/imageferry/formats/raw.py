"""Raw disks and ISO images: the bytes are the disk.

What their own tables promise is compared with the file's end, so that a download that stopped
early is found here and not by the machine that boots from it.

Sources: UEFI specification 2.10, 5.3.2 "GPT Header" (at 32: place of the second header, the last
sector); ECMA-119 8.4 (at 80: blocks of the volume, at 128: bytes of a block).
"""

from __future__ import annotations

import struct
from collections.abc import Collection

from imageferry.domain.disk import DiskFacts
from imageferry.domain.image import DiskFormat
from imageferry.formats.reasons import check_reach, check_size
from imageferry.formats.source import ByteSource

_DESCRIPTOR = 32 << 10  # bytes before the first volume descriptor
_RUN_OUT = 1 << 20  # bytes that writers of ISO images count and leave off


def facts(source: ByteSource, signs: Collection[str], most: int, disk_format: DiskFormat) -> DiskFacts:
    """The facts of a disk without a container around it.

    Args:
        signs: what was seen on it, kept as its features.

    Raises:
        Refusal: too large, or cut short.
    """
    what = "an ISO image" if disk_format is DiskFormat.ISO else "a raw disk"
    check_size(what, source.size, most)
    if "gpt" in signs:
        for sector in (512, 4096):
            header = source.read(sector, 40)
            if header[:8] == b"EFI PART" and len(header) == 40:
                check_reach(what, source.size, (int.from_bytes(header[32:40], "little") + 1) * sector)
    if "iso9660" in signs:
        volume = source.read(_DESCRIPTOR, 132)
        if len(volume) == 132 and volume[0] == 1:
            blocks, block = struct.unpack("<I44xH", volume[80:130])
            check_reach(what, source.size, blocks * block - _RUN_OUT)
    return DiskFacts(format=disk_format, virtual_size=source.size, file_size=source.size, features=tuple(sorted(signs)))
