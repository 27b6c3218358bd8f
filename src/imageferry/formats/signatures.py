"""Bytes that give a file away: rows of place, bytes, name.

Sources: the format specifications named in this package; libmagic's magic database for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

HEAD = 66 << 10  # bytes from the start that hold every signature; the last is btrfs's at 64 KiB + 64
TAIL = 512  # bytes from the end: VHD footers, DMG trailers


@dataclass(frozen=True, slots=True)
class Signature:
    offset: int
    magic: bytes
    name: str
    sure: bool = True  # False: so short that chance makes one in many files

    def matches(self, head: bytes) -> bool:
        return head.startswith(self.magic, self.offset)


CONTAINERS = (
    Signature(0, b"QFI\xfb\x00\x00\x00\x01", "qcow"),
    Signature(0, b"QFI\xfb", "qcow2"),
    Signature(0, b"QED\x00", "qed"),
    Signature(0, b"KDMV", "vmdk"),
    Signature(0, b"COWD", "vmdk"),
    Signature(0, b"\xbe\xba\xfe\xca\x00\x00\x00\x00", "vmdk-sesparse"),
    Signature(0, b"vhdxfile", "vhdx"),
    Signature(0, b"conectix", "vhd"),
    Signature(0x40, b"\x7f\x10\xda\xbe", "vdi"),
    Signature(0, b"LUKS\xba\xbe", "luks"),
    Signature(0, b"WithoutFreeSpace", "ploop"),
    Signature(0, b"WithouFreSpacExt", "ploop"),
    Signature(0, b"OOOO SCSI HARDDISK", "parallels"),
    Signature(0, b"Bochs Virtual HD Image", "bochs"),
    Signature(0, b"#!/bin/sh\n#V2.0 Format\nmodprobe cloop", "cloop"),
)
"""Formats that wrap a disk: a file shows at most one of them."""

RAW_SIGNS = (
    Signature(512, b"EFI PART", "gpt"),
    Signature(4096, b"EFI PART", "gpt"),
    Signature(32769, b"CD001", "iso9660"),
    Signature(32769, b"BEA01", "udf"),
    Signature(32769, b"NSR0", "udf"),
    Signature(0, b"XFSB", "xfs"),
    Signature(0x10040, b"_BHRfS_M", "btrfs"),
    Signature(3, b"NTFS    ", "ntfs"),
    Signature(3, b"EXFAT   ", "exfat"),
    Signature(0, b"hsqs", "squashfs"),
    Signature(512, b"LABELONE", "lvm"),
    Signature(1024, b"\x10\x20\xf5\xf2", "f2fs"),
    Signature(1080, b"\x53\xef", "ext", sure=False),
    Signature(510, b"\x55\xaa", "mbr", sure=False),
)
"""What a raw disk has where a machine or a kernel looks first."""

STRANGERS = (
    Signature(0, b"\xff\xd8\xff", "a JPEG picture"),
    Signature(0, b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    Signature(0, b"GIF87a", "a GIF picture"),
    Signature(0, b"GIF89a", "a GIF picture"),
    Signature(8, b"WEBPVP8", "a WebP picture"),
    Signature(0, b"%PDF-", "a PDF document"),
    Signature(0, b"PK\x03\x04", "a ZIP archive"),
    Signature(0, b"PK\x05\x06", "a ZIP archive"),
    Signature(0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    Signature(0, b"Rar!\x1a\x07", "a RAR archive"),
    Signature(0, b"\x1f\x8b\x08", "a gzip archive"),
    Signature(0, b"\xfd7zXZ\x00", "an xz archive"),
    Signature(0, b"\x28\xb5\x2f\xfd", "a zstd archive"),
    Signature(4, b"1AY&SY", "a bzip2 archive"),
    Signature(4, b"\x17\x72\x45\x38\x50\x90", "a bzip2 archive"),
    Signature(0, b"\x04\x22\x4d\x18", "an lz4 archive"),
    Signature(0, b"LZIP\x01", "an lzip archive"),
    Signature(0, b"\x5d\x00\x00\x80\x00\xff\xff", "an LZMA archive"),
    Signature(257, b"ustar", "a tar archive"),
    Signature(0, b"070701", "a cpio archive"),
    Signature(0, b"070702", "a cpio archive"),
    Signature(0, b"MSWIM\x00\x00\x00", "a Windows image file (WIM)"),
    Signature(0, b"\x7fELF", "a program (ELF)"),
    Signature(0x202, b"HdrS", "a Linux kernel"),
    Signature(0, b"MZ", "a Windows or EFI program", sure=False),
    Signature(0, b"\xed\xab\xee\xdb", "an RPM package"),
    Signature(0, b"!<arch>\n", "an ar archive or Debian package"),
    Signature(0, b"SQLite format 3\x00", "an SQLite database"),
    Signature(4, b"ftyp", "a video or sound file"),
    Signature(0, b"\x1a\x45\xdf\xa3", "a video file"),
    Signature(0, b"RIFF", "a video or sound file", sure=False),
    Signature(0, b"ID3", "a sound file", sure=False),
    Signature(0, b"-----BEGIN ", "a key or certificate"),
)
"""What people choose by mistake, in their words."""
