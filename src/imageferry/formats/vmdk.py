"""VMDK: the one-file kinds, monolithicSparse and streamOptimized.

Layout of the header (all integers little-endian, places and sizes in 512-byte sectors), from
VMware, Virtual Disk Format 5.0, "Hosted Sparse Extent Header", and QEMU, block/vmdk.c:

    offset  bytes  field
         0      4  "KDMV"
         4      4  version, 1 to 3
         8      4  flags: 1 newline test, 2 second grain directory, 4 zero grains,
                   0x10000 compressed grains, 0x20000 markers
        12      8  capacity
        20      8  size of a grain
        28      8  where the descriptor stands; it is one sector after the start, or absent
        36      8  its size
        44      4  grain table entries per grain table, 512
        48      8  where the second grain directory stands
        56      8  where the grain directory stands; all ones: see the footer
        64      8  sectors before the first grain
        73      4  newline test: "\\n \\r\\n"
        77      2  compression: 0 none, 1 deflate

A stream ends with three sectors: a marker (8 bytes value, 4 size, 4 type; 3 is a footer), the
footer (a header again, with the true place of the grain directory), and an empty marker.

A capacity of 0 makes QEMU read the file as a bare descriptor, which may name any file: refused.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from imageferry.domain.disk import DiskFacts
from imageferry.domain.image import DiskFormat
from imageferry.formats import vmdk_descriptor
from imageferry.formats.reasons import Reason, Refusal, check_reach, check_size
from imageferry.formats.source import ByteSource

WHAT = "a VMDK disk"
MAGIC = b"KDMV"
COWD_MAGIC = b"COWD"  # ESX redo logs of old
SECTOR = 512  # bytes

_AT_END = 0xFFFF_FFFF_FFFF_FFFF
_FOOTER = 3
_COMPRESSED, _MARKERS = 1 << 16, 1 << 17
_MAX_GRAIN = 1 << 21  # sectors: 1 GiB, as in QEMU
_MAX_DIRECTORY = 1 << 19  # entries: 2 MiB of file, 16 TiB of disk with grains of 64 KiB
_MAX_TABLES = 1024  # grain tables looked into for a cut-off end: 2 MiB of file
_PARENT_SEARCH = 20 * SECTOR  # where QEMU looks for a parent, whatever the header says


@dataclass(frozen=True, kw_only=True, slots=True)
class SparseHeader:
    """Sizes and places in sectors."""

    version: int
    flags: int
    capacity: int
    grain: int
    descriptor_at: int
    descriptor_size: int
    table_entries: int
    directory_at: int
    grains_at: int
    compression: int

    @property
    def directory_entries(self) -> int:
        return -(-self.capacity // (self.grain * self.table_entries))


def read_header(sector: bytes) -> SparseHeader:
    """Read the header, or the footer, of a sparse file.

    Args:
        sector: its first 512 bytes.

    Raises:
        Refusal: not a sparse VMDK, cut short, or with sizes that cannot be.
    """
    if sector[:4] == COWD_MAGIC:
        raise Refusal(Reason.DELTA, "a VMDK redo log (COWD), which is only a difference")
    if sector[:4] != MAGIC:
        raise Refusal(Reason.MALFORMED, "no VMDK header")
    if len(sector) < SECTOR:
        raise Refusal(Reason.TRUNCATED, f"a VMDK disk that ends after {len(sector)} bytes")
    version, flags, capacity, grain, at, size, entries, _, directory, grains = struct.unpack(
        "<IIQQQQIQQQ", sector[4:72]
    )
    if not 1 <= version <= 3:
        raise Refusal(Reason.UNKNOWN_FEATURE, f"a VMDK disk of version {version}")
    if not 1 <= grain <= _MAX_GRAIN or not 1 <= entries <= 512:
        raise Refusal(Reason.MALFORMED, "a VMDK disk with grains of an impossible size")
    return SparseHeader(
        version=version,
        flags=flags,
        capacity=capacity,
        grain=grain,
        descriptor_at=at,
        descriptor_size=size,
        table_entries=entries,
        directory_at=directory,
        grains_at=grains,
        compression=struct.unpack("<H", sector[77:79])[0],
    )


def facts(source: ByteSource, most: int) -> DiskFacts:
    """The facts of a VMDK that stands alone, is all there and shows at most ``most`` bytes.

    Raises:
        Refusal: it leans on another file, is of another kind, or is not all there.
    """
    head = source.read(0, SECTOR)
    if vmdk_descriptor.looks_like_descriptor(head):
        raise vmdk_descriptor.refuse_alone(vmdk_descriptor.read_descriptor(source.read(0, vmdk_descriptor.MAX_BYTES)))
    header = read_header(head)
    found = _embedded_descriptor(source, header)
    vmdk_descriptor.check_embedded(found)
    check_size(WHAT, header.capacity * SECTOR, most)
    if header.directory_at == _AT_END:
        header = replace(header, directory_at=_footer(source, header).directory_at)
    _check_grains(source, header)
    told = {"compressed": header.flags & _COMPRESSED, "markers": header.flags & _MARKERS}
    return DiskFacts(
        format=DiskFormat.VMDK,
        virtual_size=header.capacity * SECTOR,
        file_size=source.size,
        sub_format=found.create_type,
        features=tuple(name for name, present in told.items() if present),
    )


def _embedded_descriptor(source: ByteSource, header: SparseHeader) -> vmdk_descriptor.Descriptor:
    if not header.capacity:
        raw = source.read(header.descriptor_at * SECTOR, _PARENT_SEARCH)
        raise vmdk_descriptor.refuse_alone(vmdk_descriptor.read_descriptor(raw))
    if not header.descriptor_at or not header.descriptor_size:
        raise Refusal(Reason.SPLIT, "one slice of a VMDK, without the descriptor that joins them")
    if header.descriptor_at != 1:
        raise Refusal(Reason.MALFORMED, "a VMDK disk whose descriptor is not where it belongs")
    length = min(header.descriptor_size * SECTOR, vmdk_descriptor.MAX_BYTES)
    return vmdk_descriptor.read_descriptor(source.read(SECTOR, max(length, _PARENT_SEARCH)))


def _footer(source: ByteSource, header: SparseHeader) -> SparseHeader:
    tail = source.read(source.size - 3 * SECTOR, 3 * SECTOR)
    marker, sector, end = tail[:SECTOR], tail[SECTOR : 2 * SECTOR], tail[2 * SECTOR :]
    if len(tail) < 3 * SECTOR or sector[:4] != MAGIC or struct.unpack("<QII", marker[:16])[1:] != (0, _FOOTER):
        raise Refusal(Reason.TRUNCATED, "a stream-optimized VMDK without the footer that ends it")
    footer = read_header(sector)
    if any(end) or replace(footer, directory_at=_AT_END) != header or footer.directory_at == _AT_END:
        raise Refusal(Reason.MALFORMED, "a VMDK disk whose header and footer differ")
    return footer


def _check_grains(source: ByteSource, header: SparseHeader) -> None:
    """The directory, its tables and the grains that they name lie inside the file."""
    if (entries := header.directory_entries) > _MAX_DIRECTORY:
        raise Refusal(Reason.MALFORMED, f"a VMDK disk with {entries} grain tables")
    check_reach(WHAT, source.size, header.grains_at * SECTOR)
    check_reach(WHAT, source.size, header.directory_at * SECTOR + entries * 4)
    directory = source.read(header.directory_at * SECTOR, entries * 4)
    tables = sorted({place for place in struct.unpack(f"<{entries}I", directory) if place})
    if not tables:
        return
    table_bytes = header.table_entries * 4
    check_reach(WHAT, source.size, tables[-1] * SECTOR + table_bytes)
    last = 0
    for place in tables[-_MAX_TABLES:]:
        last = max(last, *struct.unpack(f"<{header.table_entries}I", source.read(place * SECTOR, table_bytes)))
    check_reach(WHAT, source.size, last * SECTOR + 1 if last > 1 else 0)  # 1 stands for a grain of zeros
