"""qcow2: the facts that we judge an image by, without opening it.

Layout (all integers big-endian), from QEMU, docs/interop/qcow2.txt:

    offset  bytes  field
         0      4  "QFI\\xfb"
         4      4  version: 2 or 3 (1 is the older qcow)
         8      8  where the name of the backing file stands; 0: there is none
        16      4  its length
        20      4  cluster bits, 9 to 21
        24      8  virtual size in bytes
        32      4  encryption: 0 none, 1 AES, 2 LUKS
        36      4  entries in the L1 table
        40      8  where the L1 table stands
        48      8  where the refcount table stands
        56      4  its size in clusters
        60      4  number of internal snapshots
        64      8  where the snapshot table stands
        72      8  incompatible features (version 3 from here on)
        80      8  compatible features
        88      8  autoclear features
        96      4  refcount order: a refcount has 1 << order bits
       100      4  header length
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from imageferry.domain.disk import DiskFacts
from imageferry.domain.image import DiskFormat
from imageferry.formats.reasons import Reason, Refusal, check_reach, check_size, shown
from imageferry.formats.source import ByteSource

WHAT = "a qcow2 image"
MAGIC = b"QFI\xfb"
DIRTY, CORRUPT, DATA_FILE, COMPRESSION, EXTENDED_L2 = (1 << bit for bit in range(5))
_KNOWN = DIRTY | CORRUPT | DATA_FILE | COMPRESSION  # extended L2 entries: most clouds refuse them, and so do we

_MAX_L1_BYTES = 32 << 20  # QEMU, block/qcow2.h, QCOW_MAX_L1_SIZE
_MAX_REFCOUNT_TABLE_BYTES = 8 << 20  # QCOW_MAX_REFTABLE_SIZE
_MAX_SNAPSHOTS = 65_536
_MAX_EMPTY_BLOCKS = 4  # refcount blocks looked at for the end of the file: 8 MiB with the largest clusters
_MAX_BACKING_NAME = 1023
_OFFSET = 0x00FF_FFFF_FFFF_FE00  # the part of an L1 or refcount table entry that is a place in the file


@dataclass(frozen=True, kw_only=True, slots=True)
class Qcow2Header:
    """What the header says; nothing in it is judged yet but its shape."""

    version: int
    virtual_size: int  # bytes
    cluster_size: int  # bytes
    backing_offset: int
    backing_length: int
    encryption: int
    l1_entries: int
    l1_offset: int
    refcount_offset: int
    refcount_clusters: int
    snapshots: int
    incompatible: int
    refcount_bits: int
    zstd: bool = False


def read_header(source: ByteSource) -> Qcow2Header:
    """Read the facts of a qcow2 file.

    Raises:
        Refusal: not qcow2, cut short, or another version than 2 and 3.
    """
    head = source.read(0, 112)
    if head[:4] != MAGIC:
        raise Refusal(Reason.MALFORMED, "no qcow2 header")
    if len(head) < 72:
        raise Refusal(Reason.TRUNCATED, f"a qcow2 image that ends after {len(head)} bytes")
    (version, backing_offset, backing_length, cluster_bits, virtual_size, encryption, l1_entries, l1_offset,
     refcount_offset, refcount_clusters, snapshots) = struct.unpack(">IQIIQIIQQII", head[4:64])  # fmt: skip
    if version == 1:
        raise Refusal(Reason.UNSUPPORTED, "a qcow image of version 1, which nothing writes any more")
    if version not in (2, 3):
        raise Refusal(Reason.UNKNOWN_FEATURE, f"a qcow2 image of version {version}")
    if not 9 <= cluster_bits <= 21:
        raise Refusal(Reason.MALFORMED, f"a qcow2 image with clusters of 2^{cluster_bits} bytes")
    incompatible, order, header_length = 0, 4, 72
    if version == 3:
        if len(head) < 104:
            raise Refusal(Reason.TRUNCATED, f"a qcow2 image that ends after {len(head)} bytes")
        incompatible, _, _, order, header_length = struct.unpack(">QQQII", head[72:104])
    if order > 6 or (version == 3 and not 104 <= header_length <= 1 << cluster_bits):
        raise Refusal(Reason.MALFORMED, "a qcow2 image with an impossible header")
    return Qcow2Header(
        version=version,
        virtual_size=virtual_size,
        cluster_size=1 << cluster_bits,
        backing_offset=backing_offset,
        backing_length=backing_length,
        encryption=encryption,
        l1_entries=l1_entries,
        l1_offset=l1_offset,
        refcount_offset=refcount_offset,
        refcount_clusters=refcount_clusters,
        snapshots=snapshots,
        incompatible=incompatible,
        refcount_bits=1 << order,
        zstd=bool(incompatible & COMPRESSION) and header_length > 104 and head[104:105] == b"\x01",
    )


def facts(source: ByteSource, most: int) -> DiskFacts:
    """The facts of a qcow2 image that stands alone, is all there and shows at most ``most`` bytes.

    Raises:
        Refusal: it leans on another file, needs what we do not know, or is not all there.
    """
    header = read_header(source)
    _check_promises(source, header)
    check_size(WHAT, header.virtual_size, most)
    _check_tables(source, header)
    if not header.incompatible & DIRTY:  # with lazy refcounts they say nothing before a repair
        _check_end(source, header)
    told = {
        "dirty": header.incompatible & DIRTY,
        "snapshots": header.snapshots,
        "zstd": header.zstd,
    }
    return DiskFacts(
        format=DiskFormat.QCOW2,
        virtual_size=header.virtual_size,
        file_size=source.size,
        sub_format="0.10" if header.version == 2 else "1.1",  # as qemu-img names them ("compat")
        features=tuple(name for name, present in told.items() if present),
    )


def _check_promises(source: ByteSource, header: Qcow2Header) -> None:
    """Nothing that the header promises is out of our reach."""
    if header.backing_offset:
        length = min(header.backing_length, _MAX_BACKING_NAME)
        name = shown(source.read(header.backing_offset, length))
        raise Refusal(Reason.BACKING_FILE, f"a qcow2 image that is only the difference to a backing file, {name}")
    if header.incompatible & DATA_FILE:
        raise Refusal(Reason.DATA_FILE, "a qcow2 image whose data lies in another file")
    if header.incompatible & EXTENDED_L2:
        found = "a qcow2 image with extended L2 entries"
        raise Refusal(Reason.UNKNOWN_FEATURE, found, "Convert it: 'qemu-img convert -O qcow2 -o extended_l2=off'.")
    if unknown := header.incompatible & ~_KNOWN:
        raise Refusal(Reason.UNKNOWN_FEATURE, f"a qcow2 image with unknown features (bits {unknown:#x})")
    if header.encryption:
        kind = {1: "AES", 2: "LUKS"}.get(header.encryption, f"method {header.encryption}")
        raise Refusal(Reason.ENCRYPTED, f"an encrypted qcow2 image ({kind})")
    if header.incompatible & CORRUPT:
        raise Refusal(Reason.DIRTY, "a qcow2 image that is marked as corrupt")


def _check_tables(source: ByteSource, header: Qcow2Header) -> None:
    """The tables have a size that fits the disk, and lie inside the file."""
    per_l1_entry = header.cluster_size * (header.cluster_size // 8)  # bytes of disk behind one L1 entry
    needed = -(-header.virtual_size // per_l1_entry)
    if header.l1_entries < needed or header.l1_entries * 8 > _MAX_L1_BYTES:
        found = f"a qcow2 image with {header.l1_entries} L1 entries, where its size needs {needed}"
        raise Refusal(Reason.MALFORMED, found)
    table_bytes = header.refcount_clusters * header.cluster_size
    if not 0 < table_bytes <= _MAX_REFCOUNT_TABLE_BYTES or header.snapshots > _MAX_SNAPSHOTS:
        raise Refusal(Reason.MALFORMED, "a qcow2 image with tables of an impossible size")
    if header.l1_offset % header.cluster_size or header.refcount_offset % header.cluster_size:
        raise Refusal(Reason.MALFORMED, "a qcow2 image with tables at impossible places")
    check_reach(WHAT, source.size, header.l1_offset + header.l1_entries * 8)
    check_reach(WHAT, source.size, header.refcount_offset + 8)


def _check_end(source: ByteSource, header: Qcow2Header) -> None:
    """The last cluster in use lies inside the file.

    Refcounts tell it in a few reads: the last block that the refcount table names, and the last
    count in it that is not zero. A block may be all zeros, after a disk was made smaller.
    """
    table_bytes = min(header.refcount_clusters * header.cluster_size, source.size - header.refcount_offset)
    # A block counts the clusters of this many bytes of file; a table may be much longer than the file needs.
    covered = header.cluster_size * (header.cluster_size * 8 // header.refcount_bits)
    table = source.read(header.refcount_offset, min(table_bytes // 8, source.size // covered + 2) * 8)
    entries = struct.unpack(f">{len(table) // 8}Q", table)
    blocks = [(index, entry & _OFFSET) for index, entry in enumerate(entries) if entry & _OFFSET]
    if not blocks:
        raise Refusal(Reason.MALFORMED, "a qcow2 image without reference counts")
    for index, offset in blocks[: -_MAX_EMPTY_BLOCKS - 1 : -1]:
        check_reach(WHAT, source.size, offset + 1)
        if counts := source.read(offset, header.cluster_size).rstrip(b"\0"):
            used = (len(counts) - 1) * 8 // header.refcount_bits  # the first count in the last byte that is not zero
            check_reach(WHAT, source.size, index * covered + used * header.cluster_size + 1)
            return
