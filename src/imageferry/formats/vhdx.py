"""VHDX, by Microsoft.

Layout (all integers little-endian), from [MS-VHDX], sections 2.2 to 2.6:

    0 KiB    "vhdxfile"
    64 KiB   header: "head", at 8 a sequence number (8), at 48 the log's GUID (16; zeros: no log
             to replay), at 66 the version (2)
    128 KiB  a second one; the higher sequence number counts
    192 KiB  region table: "regi", at 8 entries (4), from 16 entries of 32 bytes: GUID, place (8),
             length (4)
    there    metadata table: "metadata", at 10 entries (2), from 32 entries of 32 bytes: GUID, place
             within the region (4), length (4)
    there    file parameters: size of a block (4), flags (4; 2: has a parent); virtual size (8)
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterator, Mapping

from imageferry.domain.disk import DiskFacts
from imageferry.domain.image import DiskFormat
from imageferry.formats.reasons import Reason, Refusal, check_reach, check_size
from imageferry.formats.source import ByteSource

WHAT = "a VHDX disk"
MAGIC = b"vhdxfile"

_KIB = 1024
_BLOCKS = uuid.UUID("2DC27766-F623-4200-9D64-115E9BFD4A08")
_METADATA = uuid.UUID("8B7CA206-4790-4B9A-B8FE-575F050F886E")
_PARAMETERS = uuid.UUID("CAA16737-FA36-4D43-B3B6-33F0AA44E76B")
_VIRTUAL_SIZE = uuid.UUID("2FA54224-CD1B-4876-B211-5DBED83BF4B8")
_MAX_ENTRIES = 2047
_MAX_BLOCK_TABLE = 2 << 20  # bytes looked into for a cut-off end


def facts(source: ByteSource, most: int) -> DiskFacts:
    """The facts of a VHDX that stands alone, is all there and shows at most ``most`` bytes.

    Raises:
        Refusal: it is the difference to a parent, was not closed, or is not all there.
    """
    _check_log(source)
    regions = dict(_entries(source, 192 * _KIB, b"regi", start=16, form="<QI"))
    if not {_BLOCKS, _METADATA} <= regions.keys():
        raise Refusal(Reason.MALFORMED, "a VHDX disk without its tables")
    for place, length in regions.values():
        check_reach(WHAT, source.size, place + length)
    at = regions[_METADATA][0]
    items = dict(_entries(source, at, b"metadata", start=32, form="<II"))
    block_size, flags = struct.unpack("<II", _item(source, at, items, _PARAMETERS, 8))
    (virtual_size,) = struct.unpack("<Q", _item(source, at, items, _VIRTUAL_SIZE, 8))
    if flags & 2:
        raise Refusal(Reason.DELTA, "a VHDX that is only the difference to its parent")
    check_size(WHAT, virtual_size, most)
    if not _KIB * _KIB <= block_size <= 256 * _KIB * _KIB:
        raise Refusal(Reason.MALFORMED, "a VHDX disk with blocks of an impossible size")
    _check_blocks(source, *regions[_BLOCKS])
    return DiskFacts(
        format=DiskFormat.VHDX,
        virtual_size=virtual_size,
        file_size=source.size,
        sub_format="fixed" if flags & 1 else "dynamic",
    )


def _check_log(source: ByteSource) -> None:
    heads = [source.read(place * _KIB, 80) for place in (64, 128)]
    sound = [head for head in heads if head[:4] == b"head" and len(head) == 80]
    if not sound:
        check_reach(WHAT, source.size, 256 * _KIB)
        raise Refusal(Reason.MALFORMED, "a VHDX disk without a header")
    current = max(sound, key=lambda head: int.from_bytes(head[8:16], "little"))
    if any(current[48:64]):
        raise Refusal(Reason.DIRTY, "a VHDX disk that was not closed: its log still holds changes")


def _entries(
    source: ByteSource, at: int, magic: bytes, *, start: int, form: str
) -> Iterator[tuple[uuid.UUID, tuple[int, int]]]:
    """The entries of a region table or a metadata table: what, place, length."""
    head = source.read(at, start)
    check_reach(WHAT, source.size, at + start)
    count = int.from_bytes(head[8:12] if magic == b"regi" else head[10:12], "little")
    if not head.startswith(magic) or count > _MAX_ENTRIES:
        raise Refusal(Reason.MALFORMED, "a VHDX disk with damaged tables")
    table = source.read(at + start, count * 32)
    for entry in (table[index : index + 32] for index in range(0, len(table) // 32 * 32, 32)):
        place, length = struct.unpack_from(form, entry, 16)
        yield uuid.UUID(bytes_le=entry[:16]), (place, length)


def _item(
    source: ByteSource, at: int, items: Mapping[uuid.UUID, tuple[int, int]], wanted: uuid.UUID, length: int
) -> bytes:
    data = source.read(at + items[wanted][0], length) if wanted in items else b""
    if len(data) < length:
        raise Refusal(Reason.MALFORMED, "a VHDX disk that does not tell its size")
    return data


def _check_blocks(source: ByteSource, place: int, length: int) -> None:
    """Block table entries of 8 bytes: 3 bits of state (6: here), and from bit 20 the place in MiB."""
    table = source.read(place, min(length, _MAX_BLOCK_TABLE) // 8 * 8)
    here = (entry for entry in struct.unpack(f"<{len(table) // 8}Q", table) if entry & 7 == 6)
    check_reach(WHAT, source.size, max(((entry >> 20 << 20) + 1 for entry in here), default=0))
