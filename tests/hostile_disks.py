"""Disks that were made to read a file of the host, to take more than is allowed, or to be two things.

Each class of OpenStack's advisories on images is here, and what packing adds to them. Sources:
OSSA-2014-028, OSSA-2015-014, OSSA-2024-001 and OSSA-2024-002; CVE-2015-5162 (huge tables) and
CVE-2024-4467 (a data file named by JSON).
"""

from __future__ import annotations

import gzip
import io
import json
import lzma
import struct
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from backports import zstd

from tests import disks
from tests.disks import MIB, SECTOR, put
from tests.rules.test_compressed import zstd_bomb
from tests.rules.test_zip import archive as zipped


@dataclass(frozen=True)
class HostileDisk:
    """``make`` gets the path of a file of the host; ``words`` stand in every refusal of it as ``claimed``."""

    claimed: str
    make: Callable[[Path], bytes]
    words: str


def _data_file(path: Path | str) -> bytes:
    """The name of the file that has the data, in a header extension."""
    name = str(path).encode()
    return put(disks.qcow2(incompatible=1 << 2), (104, struct.pack(">II", 0x44415441, len(name)) + name))


def _json(path: Path) -> str:
    return "json:" + json.dumps({"driver": "raw", "file": {"driver": "file", "filename": str(path)}})


def _flat(path: Path) -> bytes:
    """A sparse VMDK whose descriptor names another file after all."""
    return disks.vmdk(disks.vmdk_text(extents=f'RW 8 FLAT "{path}" 0'))


def _footer(place: int, piece: bytes) -> bytes:
    """A stream whose footer says another thing than its header."""
    data = disks.vmdk_stream()
    return put(data, (len(data) - 2 * SECTOR + place, piece))


def _two_footers() -> bytes:
    """A VHD that is the difference to a parent for who reads it from its start, and fixed from its end."""
    return disks.vhd_dynamic(disks.GIB, kind=4, parent="base.vhd") + disks.vhd_footer(disks.MIB)


def _appliance(disk: bytes, *, href: str = "disk.vmdk", link: Path | None = None, before: str = "") -> bytes:
    text = (
        f'{before}<Envelope><References><File id="f" href="{href}"/></References>'
        '<DiskSection><Disk fileRef="f"/></DiskSection></Envelope>'
    ).encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in (("web.ovf", text), ("disk.vmdk", disk)):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            if link is not None and data is disk:
                entry.type, entry.linkname, entry.size = tarfile.SYMTYPE, str(link), 0
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def _entity(path: Path) -> bytes:
    return _appliance(disks.vmdk_stream(), before=f'<!DOCTYPE e SYSTEM "{path}">')


_BOTH = disks.polyglots()
_ZEROS = disks.mbr_disk() + bytes(64 * MIB)  # more than the service of the tests takes

TABLE: dict[str, HostileDisk] = {
    # -- leaning on a file of the host
    "qcow2 with a backing file": HostileDisk("qcow2", disks.qcow2_with_backing, "backing file"),
    "qcow2 of version 2 with one": HostileDisk(
        "qcow2", lambda path: disks.qcow2(version=2, backing=str(path)), "backing file"
    ),
    "qcow2 with one in JSON": HostileDisk("qcow2", lambda path: disks.qcow2_with_backing(_json(path)), "backing file"),
    "qcow2 with one in the network": HostileDisk(
        "qcow2", lambda _: disks.qcow2_with_backing("nbd://169.254.169.254:80/x"), "backing file"
    ),
    "qcow2 called raw": HostileDisk("raw", disks.qcow2_with_backing, "a qcow2 image"),
    "qcow2 with a data file": HostileDisk("qcow2", _data_file, "data lies in another file"),
    "qcow2 with one in JSON as data": HostileDisk(
        "qcow2", lambda path: _data_file(_json(path)), "data lies in another file"
    ),
    "VMDK text to a file": HostileDisk("vmdk", disks.vmdk_pointing_to, "another file, '/"),
    "VMDK text to a file, called raw": HostileDisk("raw", disks.vmdk_pointing_to, "a VMDK disk"),
    "VMDK to a file": HostileDisk("vmdk", _flat, "another file, '/"),
    "VMDK with a parent": HostileDisk("vmdk", lambda path: disks.vmdk(disks.vmdk_text(parent=str(path))), "difference"),
    "VHD with a parent": HostileDisk("vhd", lambda path: disks.vhd_dynamic(kind=4, parent=str(path)), "difference"),
    "VHDX with a parent": HostileDisk("vhdx", lambda _: disks.vhdx(flags=2), "difference"),
    "VDI with a parent": HostileDisk("vdi", lambda _: disks.vdi(kind=4), "difference"),
    # -- saying two things
    "VMDK with two capacities": HostileDisk("vmdk", lambda _: _footer(12, b"\1"), "footer"),
    "VMDK whose footer has another descriptor": HostileDisk("vmdk", lambda _: _footer(28, b"\2"), "footer"),
    "VHD with two footers": HostileDisk("vhd", lambda _: _two_footers(), "footer"),
    "qcow2 and ISO": HostileDisk("qcow2", lambda _: _BOTH["qcow2 and iso"], "both"),
    "qcow2 and ISO, called raw": HostileDisk("raw", lambda _: _BOTH["qcow2 and iso"], "both"),
    "qcow2 and VHD": HostileDisk("qcow2", lambda _: _BOTH["qcow2 and fixed vhd"], "both"),
    "VMDK and GPT": HostileDisk("vmdk", lambda _: _BOTH["vmdk and gpt"], "both"),
    "VDI and qcow2": HostileDisk("vdi", lambda _: _BOTH["vdi and qcow2"], "both"),
    "tar and qcow2": HostileDisk("qcow2", lambda _: _BOTH["tar and qcow2"], "both"),
    "zip and GPT": HostileDisk("raw", lambda _: _BOTH["zip and gpt"], "both"),
    "JPEG and ISO": HostileDisk("raw", lambda _: _BOTH["jpeg and iso"], "both"),
    # -- taking too much
    "qcow2 with a huge L1": HostileDisk("qcow2", lambda _: disks.qcow2(l1_entries=0xFFFF_FFFF), "L1"),
    "qcow2 of a pebibyte": HostileDisk("qcow2", lambda _: disks.qcow2(virtual_size=disks.PIB), "1 PiB"),
    "VMDK of 2^60 sectors": HostileDisk("vmdk", lambda _: disks.vmdk(capacity=1 << 60), "over the limit"),
    "qcow2 with a snapshot table": HostileDisk(
        "qcow2", lambda _: disks.qcow2(snapshots=0xFFFF_FFFF), "tables of an impossible size"
    ),
    # -- nobody can look into it
    "LUKS": HostileDisk("raw", lambda _: disks.luks(), "LUKS"),
    "qcow2 in LUKS": HostileDisk("qcow2", lambda _: disks.qcow2(encryption=2), "encrypted"),
    "qcow2 with unknown features": HostileDisk("qcow2", lambda _: disks.qcow2(incompatible=1 << 40), "feature"),
    # -- the same, packed; doors that do not unpack refuse them for being packed
    "packed qcow2 with a backing file": HostileDisk(
        "qcow2", lambda path: gzip.compress(disks.qcow2_with_backing(path)), "backing file"
    ),
    "packed VMDK text": HostileDisk(
        "vmdk", lambda path: zipped(("web.vmdk", disks.vmdk_pointing_to(path))), "another file, '/"
    ),
    "appliance with a VMDK text": HostileDisk(
        "vmdk", lambda path: _appliance(disks.vmdk_pointing_to(path)), "another file, '/"
    ),
    "appliance with a link": HostileDisk("vmdk", lambda path: _appliance(b"x" * 512, link=path), "is a link"),
    "appliance with a disk elsewhere": HostileDisk(
        "vmdk", lambda path: _appliance(disks.vmdk_stream(), href=str(path)), "is not in it"
    ),
    "appliance with a document type": HostileDisk("vmdk", _entity, "document type"),
    "zip with a path": HostileDisk("raw", lambda _: zipped(("../../web.raw", disks.mbr_disk())), "leads out"),
    "packed in packed": HostileDisk(
        "raw", lambda _: gzip.compress(gzip.compress(disks.mbr_disk())), "in a gzip archive"
    ),
    "gzip bomb": HostileDisk("raw", lambda _: gzip.compress(_ZEROS, 9), "at most 33554432 bytes"),
    "xz bomb": HostileDisk("raw", lambda _: lzma.compress(_ZEROS, preset=0), "at most 33554432 bytes"),
    "zstd bomb": HostileDisk(
        "raw", lambda _: zstd.compress(disks.mbr_disk()) + zstd_bomb(4096), "at most 33554432 bytes"
    ),
    "zip bomb": HostileDisk("raw", lambda _: zipped(("a.raw", _ZEROS)), "at most 33554432 bytes"),
}

PACKED = frozenset(list(TABLE)[list(TABLE).index("packed qcow2 with a backing file") :])
