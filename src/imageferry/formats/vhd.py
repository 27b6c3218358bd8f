"""VHD, by Microsoft ("vpc" to QEMU): fixed and dynamic.

Layout of the footer (all integers big-endian), from Microsoft, Virtual Hard Disk Image Format
Specification 1.0. It ends the file; a dynamic disk has a copy of it at the start:

    offset  bytes  field
         0      8  "conectix"
        16      8  where the dynamic header stands; all ones in a fixed disk
        48      8  size of the disk in bytes
        60      4  type: 2 fixed, 3 dynamic, 4 differencing
        64      4  checksum: ones' complement of the sum of all other bytes

Dynamic header: "cxsparse", at 16 where the block table stands (8), at 28 its entries (4), at 32
the size of a block (4), at 64 the parent's name (512, UTF-16).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from imageferry.domain.disk import DiskFacts
from imageferry.domain.image import DiskFormat
from imageferry.formats.reasons import Reason, Refusal, check_reach, check_size, shown
from imageferry.formats.source import ByteSource

WHAT = "a VHD disk"
MAGIC = b"conectix"
FOOTER = 512  # bytes

_FIXED, _DYNAMIC, _DIFFERENCING = 2, 3, 4
_MAX_TABLE = 1 << 20  # entries: 4 MiB of file, 2 TiB of disk with blocks of 2 MiB


@dataclass(frozen=True, kw_only=True, slots=True)
class Footer:
    kind: int
    virtual_size: int  # bytes
    header_at: int
    sound: bool  # the checksum holds


def read_footer(sector: bytes) -> Footer | None:
    """The footer in these 512 bytes; None where there is none."""
    if len(sector) < FOOTER or sector[:8] != MAGIC:
        return None
    header_at, size, kind, checksum = struct.unpack(">16xQ24xQ4xII", sector[:68])
    total = sum(sector[:64]) + sum(sector[68:FOOTER])
    return Footer(kind=kind, virtual_size=size, header_at=header_at, sound=checksum == ~total & 0xFFFF_FFFF)


def fixed_footer(source: ByteSource) -> Footer | None:
    """The footer of a fixed disk: only its end tells it from a raw one."""
    found = read_footer(source.read(source.size - FOOTER, FOOTER))
    return found if found and found.sound and found.kind == _FIXED else None


def facts(source: ByteSource, most: int) -> DiskFacts:
    """The facts of a VHD that stands alone, is all there and shows at most ``most`` bytes.

    Raises:
        Refusal: it is the difference to a parent, or is not all there.
    """
    copy, end = read_footer(source.read(0, FOOTER)), read_footer(source.read(source.size - FOOTER, FOOTER))
    if copy and end and copy != end:
        # Who reads the file from its start would see another disk than who reads it from its end.
        raise Refusal(Reason.MALFORMED, "a VHD disk whose footer and its copy at the start differ")
    footer = fixed_footer(source) or copy
    if not footer or not footer.sound:
        raise Refusal(Reason.MALFORMED, "a VHD disk with a damaged footer")
    if footer.kind == _DIFFERENCING:
        name = source.read(footer.header_at + 64, 512).decode("utf-16-be", "replace").partition("\0")[0]
        raise Refusal(Reason.DELTA, f"a VHD that is only the difference to its parent, {shown(name)}")
    check_size(WHAT, footer.virtual_size, most)
    if footer.kind == _FIXED:
        check_reach(WHAT, source.size, footer.virtual_size + FOOTER)
    elif footer.kind == _DYNAMIC:
        _check_blocks(source, footer)
    else:
        raise Refusal(Reason.UNKNOWN_FEATURE, f"a VHD disk of type {footer.kind}")
    return DiskFacts(
        format=DiskFormat.VHD,
        virtual_size=footer.virtual_size,
        file_size=source.size,
        sub_format="fixed" if footer.kind == _FIXED else "dynamic",
    )


def _check_blocks(source: ByteSource, footer: Footer) -> None:
    header = source.read(footer.header_at, 1024)
    check_reach(WHAT, source.size, footer.header_at + 1024)
    if header[:8] != b"cxsparse":
        raise Refusal(Reason.MALFORMED, "a VHD disk without its dynamic header")
    table_at, entries, block_size = struct.unpack(">16xQ4xII", header[:36])
    if not 0 < entries <= _MAX_TABLE or block_size < 512 or block_size & (block_size - 1):
        raise Refusal(Reason.MALFORMED, "a VHD disk with a block table of an impossible size")
    if entries * block_size < footer.virtual_size:
        raise Refusal(Reason.MALFORMED, "a VHD disk whose block table is too short for it")
    check_reach(WHAT, source.size, table_at + entries * 4)
    table = struct.unpack(f">{entries}I", source.read(table_at, entries * 4))
    last = max((place for place in table if place != 0xFFFF_FFFF), default=0)
    check_reach(WHAT, source.size, last * 512 + block_size if last else 0)
    if not read_footer(source.read(source.size - FOOTER, FOOTER)):
        raise Refusal(Reason.TRUNCATED, "a VHD disk without the footer that ends it")
