"""Disks for tests: real ones, damaged ones, hostile ones, and what people take for a disk.

All are made of header bytes by hand, so they need no tool; each function returns the whole file.
Layouts are told in ``imageferry.formats``.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import uuid
import zipfile
import zlib
from pathlib import Path

MIB = 1 << 20
GIB = 1 << 30
PIB = 1 << 50
SECTOR = 512


def put(data: bytes, *pieces: tuple[int, bytes]) -> bytes:
    """``data`` with other bytes at some places, made longer where they reach beyond its end."""
    out = bytearray(data)
    for offset, piece in pieces:
        if len(out) < offset + len(piece):
            out.extend(bytes(offset + len(piece) - len(out)))
        out[offset : offset + len(piece)] = piece
    return bytes(out)


# --- not disks ------------------------------------------------------------------------------


def jpeg() -> bytes:
    return bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + bytes(range(256)) * 8 + b"\xff\xd9"


def gzip_archive() -> bytes:
    return gzip.compress(b"a disk, but packed" * 100, mtime=0)


def tar_archive(*names: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in names or ("file",):
            entry = tarfile.TarInfo(name)
            entry.size = 4
            tar.addfile(entry, io.BytesIO(b"data"))
    return out.getvalue()


def ova() -> bytes:
    return tar_archive("appliance.ovf", "appliance-disk1.vmdk")


def zip_archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("disk.raw", b"data")
    return out.getvalue()


def strangers() -> dict[str, bytes]:
    """What is no disk, by what a person calls it."""
    return {
        "a JPEG picture": jpeg(),
        "a PNG picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
        "a GIF picture": b"GIF89a" + bytes(100),
        "a PDF document": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(100),
        "a ZIP archive": zip_archive(),
        "a gzip archive": gzip_archive(),
        "an xz archive": lzma.compress(b"data"),
        "a zstd archive": bytes.fromhex("28b52ffd2004210000") + b"data",
        "a bzip2 archive": bz2.compress(b"data"),
        "a tar archive": tar_archive(),
        "an OVA appliance": ova(),
        "a program (ELF)": b"\x7fELF\x02\x01\x01" + bytes(100),
        "a Linux kernel": put(bytes(1024), (0, b"MZ"), (510, b"\x55\xaa"), (0x202, b"HdrS")),
        "a web page (HTML)": b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n",
        "a JSON text": b'{"error": {"code": 404}}',
        "an XML text": b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>',
        "an OVF description (text)": b'<?xml version="1.0"?><Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1"/>',
        "a script": b"#!/bin/sh\nexit 0\n",
        "a text file": "Größe: unbekannt\n".encode() * 300,
    }


# --- raw disks ------------------------------------------------------------------------------


def mbr_disk(size: int = MIB) -> bytes:
    entry = struct.pack("<B3BB3BII", 0x80, 0, 2, 0, 0x83, 0, 0, 0, 2048, size // SECTOR)
    return put(bytes(size), (0, b"\xeb\x63\x90"), (446, entry), (510, b"\x55\xaa"))


def gpt_disk(size: int = MIB, *, sectors: int | None = None) -> bytes:
    """``sectors``: where its own header says that the disk ends."""
    last = (size // SECTOR if sectors is None else sectors) - 1
    entry = struct.pack("<B3BB3BII", 0, 0, 2, 0, 0xEE, 0, 0, 0, 1, last)
    header = b"EFI PART" + struct.pack("<IIIIQQ", 0x10000, 92, 0, 0, 1, last)
    return put(bytes(size), (446, entry), (510, b"\x55\xaa"), (512, header))


def ext_disk(size: int = MIB) -> bytes:
    """A file system without a partition table."""
    return put(bytes(size), (1080, b"\x53\xef"))


def iso(size: int = MIB, *, claimed: int | None = None) -> bytes:
    blocks = (size if claimed is None else claimed) // 2048
    volume = put(b"\x01CD001\x01", (80, struct.pack("<I", blocks)), (128, struct.pack("<H", 2048)))
    return put(bytes(size), (32768, volume))


def hybrid_iso(size: int = MIB) -> bytes:
    """Boots as a CD and, by its partition table, from a stick."""
    return put(iso(size), (0, gpt_disk(size)[:1024]))


# --- qcow2 ----------------------------------------------------------------------------------


def qcow2(
    *,
    virtual_size: int = 10 * GIB,
    version: int = 3,
    backing: str = "",
    incompatible: int = 0,
    encryption: int = 0,
    l1_entries: int | None = None,
    snapshots: int = 0,
) -> bytes:
    """Four clusters of 64 KiB: header, refcount table, refcount block, L1 table; no data."""
    cluster = 1 << 16
    needed = -(-virtual_size // (cluster * (cluster // 8)))
    l1_entries = needed if l1_entries is None else l1_entries
    name = backing.encode()
    header = struct.pack(
        ">4sIQIIQIIQQIIQ", b"QFI\xfb", version, 512 if name else 0, len(name), 16, virtual_size, encryption,
        l1_entries, 3 * cluster, cluster, 1, snapshots, 0,
    )  # fmt: skip
    if version == 3:
        header += struct.pack(">QQQII", incompatible, 0, 0, 4, 104)
    l1_bytes = max(min(needed, 1 << 16) * 8, cluster)
    return put(
        bytes(3 * cluster + l1_bytes),
        (0, header),
        (512, name),
        (cluster, struct.pack(">Q", 2 * cluster)),
        (2 * cluster, struct.pack(">4H", 1, 1, 1, 1)),
    )


def qcow2_with_backing(path: Path | str) -> bytes:
    return qcow2(backing=str(path))


def qcow2_with_data_file() -> bytes:
    return qcow2(incompatible=1 << 2)


# --- VMDK -----------------------------------------------------------------------------------


def vmdk_text(
    create_type: str = "monolithicSparse",
    extents: str = 'RW 2048 SPARSE "disk.vmdk"',
    parent: str = "",
    parent_cid: str = "ffffffff",
) -> bytes:
    hint = f'parentFileNameHint="{parent}"\n' if parent else ""
    return (
        f"# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID={parent_cid}\n"
        f'createType="{create_type}"\n{hint}\n# Extent description\n{extents}\n\n'
        '# The Disk Data Base\n#DDB\n\nddb.adapterType = "ide"\n'
    ).encode()


def vmdk_pointing_to(path: Path | str, sectors: int = 8) -> bytes:
    """A descriptor without data: QEMU would show the bytes of ``path`` as a disk."""
    return vmdk_text("monolithicFlat", f'RW {sectors} FLAT "{path}" 0')


def vmdk(text: bytes | None = None, *, capacity: int = 2048, header: tuple[tuple[int, bytes], ...] = ()) -> bytes:
    """monolithicSparse without a grain: header, descriptor of 20 sectors, grain directory."""
    head = struct.pack("<4sIIQQQQIQQQB4sH", b"KDMV", 1, 3, capacity, 128, 1, 20, 512, 0, 21, 128, 0, b"\n \r\n", 0)
    directory = -(-capacity // (128 * 512)) * 4
    body = bytes(max(21 * SECTOR + min(directory, MIB), 128 * SECTOR))
    return put(body, (0, head), (SECTOR, vmdk_text() if text is None else text), *header)


def vmdk_stream(data: bytes = b"\x07" * 65536, *, capacity: int = 2048) -> bytes:
    """streamOptimized as VMware writes it: one compressed grain, and a footer with the directory's place."""
    at_end = 0xFFFF_FFFF_FFFF_FFFF

    def header(directory: int) -> bytes:
        fields = (b"KDMV", 3, 0x30001, capacity, 128, 1, 20, 512, 0, directory, 128, 0, b"\n \r\n", 1)
        return struct.pack("<4sIIQQQQIQQQB4sH", *fields).ljust(SECTOR, b"\0")

    def marker(sectors: int, kind: int) -> bytes:
        return struct.pack("<QII", sectors, 0, kind).ljust(SECTOR, b"\0")

    def padded(piece: bytes) -> bytes:
        return piece + bytes(-len(piece) % SECTOR)

    packed = zlib.compress(data[:65536].ljust(65536, b"\0"))
    out = put(header(at_end), (SECTOR, vmdk_text("streamOptimized", f'RW {capacity} SPARSE "disk.vmdk"')))
    out = put(out, (128 * SECTOR, padded(struct.pack("<QI", 0, len(packed)) + packed)))
    table_at = len(out) // SECTOR + 1
    out += marker(4, 1) + struct.pack("<512I", 128, *[0] * 511)
    directory_at = len(out) // SECTOR + 1
    out += marker(1, 2) + padded(struct.pack("<I", table_at))
    return out + marker(1, 3) + header(directory_at) + bytes(SECTOR)


# --- the rest -------------------------------------------------------------------------------


def vhd_footer(size: int, kind: int = 2, header_at: int = 0xFFFF_FFFF_FFFF_FFFF) -> bytes:
    fields = (b"conectix", 2, 0x10000, header_at, 0, b"qem2", 0x50003, b"Wi2k", size, size, 0, 0, 0, kind)
    footer = struct.pack(">8sIIQI4sI4sQQHBBI", *fields).ljust(SECTOR, b"\0")
    return put(footer, (64, struct.pack(">I", ~sum(footer) & 0xFFFF_FFFF)))


def vhd_fixed(data: bytes) -> bytes:
    return data + vhd_footer(len(data))


def vhd_dynamic(size: int = 10 * GIB, kind: int = 3, parent: str = "") -> bytes:
    footer = vhd_footer(size, kind, header_at=SECTOR)
    entries = size // (2 * MIB)
    header = struct.pack(">8sQQIII", b"cxsparse", 0xFFFF_FFFF_FFFF_FFFF, 3 * SECTOR, 0x10000, entries, 2 * MIB)
    header = put(header.ljust(1024, b"\0"), (64, parent.encode("utf-16-be")))
    return footer + header + b"\xff" * (entries * 4 + -entries * 4 % SECTOR) + footer


def vdi(size: int = 10 * GIB, kind: int = 1, allocated: int = 0) -> bytes:
    blocks = -(-size // MIB)
    data_at = -(-(SECTOR + blocks * 4) // SECTOR) * SECTOR
    return put(
        bytes(data_at + allocated * MIB),
        (0, b"<<< Oracle VM VirtualBox Disk Image >>>\n"),
        (0x40, struct.pack("<IIII", 0xBEDA107F, 0x10001, 400, kind)),
        (0x154, struct.pack("<II", SECTOR, data_at)),
        (0x168, struct.pack("<IIQIIII", SECTOR, 0, size, MIB, 0, blocks, allocated)),
        (SECTOR, b"\xff" * (blocks * 4)),
    )


def vhdx(size: int = 10 * GIB, *, flags: int = 0, log: bytes = bytes(16)) -> bytes:
    """Metadata at 1 MiB, block table at 2 MiB; no data."""

    def entry(name: str, form: str, *fields: int) -> bytes:
        return (uuid.UUID(name).bytes_le + struct.pack(form, *fields)).ljust(32, b"\0")

    head = put(bytes(80), (0, b"head"), (8, struct.pack("<Q", 1)), (48, log), (66, b"\x01"))
    regions = struct.pack("<4sIII", b"regi", 0, 2, 0) + (
        entry("2DC27766-F623-4200-9D64-115E9BFD4A08", "<QII", 2 * MIB, MIB, 1)
        + entry("8B7CA206-4790-4B9A-B8FE-575F050F886E", "<QII", MIB, MIB, 1)
    )
    metadata = struct.pack("<8sHH", b"metadata", 0, 2).ljust(32, b"\0") + (
        entry("CAA16737-FA36-4D43-B3B6-33F0AA44E76B", "<III", 65536, 8, 4)
        + entry("2FA54224-CD1B-4876-B211-5DBED83BF4B8", "<III", 65544, 8, 6)
    )
    return put(
        bytes(3 * MIB),
        (0, b"vhdxfile"),
        (64 << 10, head),
        (128 << 10, put(head, (8, struct.pack("<Q", 2)))),
        (192 << 10, regions),
        (MIB, metadata),
        (MIB + 65536, struct.pack("<IIQ", 8 * MIB, flags, size)),
    )


def qed() -> bytes:
    return put(bytes(4096), (0, b"QED\0" + struct.pack("<IIIQQQQQ", 65536, 4, 1, 0, 0, 0, 65536, GIB)))


def luks() -> bytes:
    return put(bytes(4096), (0, b"LUKS\xba\xbe\x00\x01aes"))


# --- two things at once ---------------------------------------------------------------------


def polyglots() -> dict[str, bytes]:
    return {
        "qcow2 and iso": put(qcow2(), (32768, iso()[32768:34816])),
        "vmdk and gpt": put(vmdk(), (510, b"\x55\xaa"), (446, gpt_disk()[446:462])),
        "vmdk and iso": put(vmdk(), (32768, iso()[32768:34816])),
        "qcow2 and fixed vhd": qcow2() + vhd_footer(len(qcow2())),
        "vdi and qcow2": put(vdi(), (0, qcow2()[:64])),
        "vdi and vmdk text": put(vdi(), (0, b'createType="monolithicFlat"\n')),
        "tar and qcow2": put(qcow2(), (257, b"ustar")),
        "jpeg and iso": put(iso(), (0, jpeg()[:64])),
        "zip and gpt": put(gpt_disk(), (0, b"PK\x03\x04")),
    }
