"""The text in a VMDK that says which files make the disk.

It stands alone in a small file of its own, or inside a sparse file, padded with zeros:

    # Disk DescriptorFile
    version=1
    CID=fffffffe
    parentCID=ffffffff              anything else: the disk is the difference to a parent
    createType="monolithicSparse"
    # Extent description
    RW 4192256 SPARSE "disk.vmdk"   access, 512-byte sectors, type, file, start in that file
    # The Disk Data Base
    ddb.adapterType = "ide"

Source: VMware, Virtual Disk Format 5.0, "Text Descriptor"; QEMU, block/vmdk.c.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from imageferry.formats.reasons import Reason, Refusal, shown

MAX_BYTES = 1 << 20  # QEMU and oslo.utils read no more either

_FIELD = re.compile(r'^\s*([A-Za-z]+)\s*=\s*"?([^"\n]*?)"?\s*$', re.MULTILINE)
_EXTENT = re.compile(r'^\s*(?:RW|RDONLY|NOACCESS)\s+(\d+)\s+(\w+)(?:\s+"([^"\n]*)"?)?', re.MULTILINE | re.IGNORECASE)
_PARENT = re.compile(r'parentFileNameHint\s*=?\s*"?([^"\n\0]*)', re.IGNORECASE)
_ALONE = frozenset({"monolithicsparse", "streamoptimized"})
_NO_PARENT = "ffffffff"


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    kind: str  # SPARSE, FLAT, VMFS, ...
    file: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Descriptor:
    create_type: str
    parent_cid: str = _NO_PARENT
    parent: str | None = None
    extents: tuple[Extent, ...] = ()


def read_descriptor(raw: bytes) -> Descriptor:
    """Read what the text says; ``raw`` may go on after its end.

    A parent is looked for in all of ``raw``, comments too: QEMU finds it by a plain search.
    """
    everything = raw[:MAX_BYTES].decode("latin-1")
    text = everything.partition("\0")[0]
    fields = {key.lower(): value for key, value in _FIELD.findall(text)}
    parent = _PARENT.search(everything)
    return Descriptor(
        create_type=fields.get("createtype", ""),
        parent_cid=fields.get("parentcid", _NO_PARENT).lower(),
        parent=parent.group(1) if parent else None,
        extents=tuple(Extent(kind=kind.upper(), file=file) for _, kind, file in _EXTENT.findall(text)),
    )


def looks_like_descriptor(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is a descriptor to us, to QEMU or to oslo.utils."""
    text = head.partition(b"\0")[0].decode("latin-1").lower()
    if text.lstrip().startswith("# disk descriptorfile") or 'createtype="' in text:
        return True
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return first in ("version=1", "version=2", "version=3")


def check_parent(found: Descriptor) -> None:
    """Refuse a disk that is the difference to another."""
    if found.parent is not None:
        raise Refusal(Reason.DELTA, f"a VMDK that is only the difference to its parent, {shown(found.parent)}")
    if found.parent_cid != _NO_PARENT:
        raise Refusal(Reason.DELTA, f"a VMDK that is only the difference to a parent (CID {shown(found.parent_cid)})")


def check_embedded(found: Descriptor) -> None:
    """Refuse a descriptor inside a sparse file that asks for any other file."""
    check_parent(found)
    if not found.create_type and not found.extents:
        raise Refusal(Reason.SPLIT, "one slice of a VMDK, without the descriptor that joins them")
    outside = [extent.file for extent in found.extents if extent.kind != "SPARSE" or set("/\\:") & set(extent.file)]
    if outside:
        raise Refusal(Reason.OUTSIDE_EXTENT, f"a VMDK whose data lies in another file, {shown(outside[0])}")
    if len(found.extents) > 1:
        raise Refusal(Reason.SPLIT, f"a VMDK in {len(found.extents)} slices")
    if found.create_type.lower() not in _ALONE:
        raise Refusal(Reason.UNSUPPORTED, f"a VMDK of the kind {shown(found.create_type)}")
    if not found.extents:
        raise Refusal(Reason.MALFORMED, "a VMDK that names no extent")


def refuse_alone(found: Descriptor) -> Refusal:
    """Why a descriptor in a file of its own is no disk: it never holds the data."""
    try:
        check_parent(found)
    except Refusal as refusal:
        return refusal
    if "/" in (first := found.extents[0].file if found.extents else "") or "\\" in first:
        return Refusal(Reason.OUTSIDE_EXTENT, f"a VMDK descriptor that refers to another file, {shown(first)}")
    if len(found.extents) > 1 or found.create_type.lower().startswith("twogbmaxextent"):
        return Refusal(Reason.SPLIT, f"the descriptor of a VMDK in {len(found.extents)} slices, without its data")
    behind = f"; the data is in {shown(first)}" if first else ""
    return Refusal(Reason.DESCRIPTOR_ONLY, f"a VMDK descriptor, a text without data{behind}")
