"""Is this a disk that may be opened? The one door that every disk passes before a tool sees it.

``judge`` reads some kilobytes of a file that a stranger made, and either says what is in it or
raises ``BadDisk`` with a reason from ``Reason``; ``refuse_early`` does the latter while the file
still comes in. They trust no name and no claim, open nothing that the file refers to, and read at
most ``Limits.read_bytes``, whatever the file says.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from imageferry.domain.disk import DiskFacts
from imageferry.domain.errors import BadDisk
from imageferry.domain.image import DiskFormat
from imageferry.formats import qcow2, raw, vdi, vhd, vhdx, vmdk
from imageferry.formats.packed import packing
from imageferry.formats.reasons import ADVICE, Reason, Refusal
from imageferry.formats.second_opinion import check_second_opinion
from imageferry.formats.signatures import HEAD
from imageferry.formats.sniff import TEXT, Sniffed, sniff, sniff_head
from imageferry.formats.source import Beginning, Budgeted, BudgetSpent, ByteSource, NotYet

__all__ = ["ENOUGH_BYTES", "Limits", "Reason", "judge", "refuse_early"]

ENOUGH_BYTES = HEAD
"""So many from the start tell what a file claims to be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    virtual_size_bytes: int = 16 << 40  # the largest disk a guest may see
    read_bytes: int = 12 << 20  # what judging may read; real disks need less than 1 MiB


_FACTS: Mapping[DiskFormat, Callable[[ByteSource, int], DiskFacts]] = {
    DiskFormat.QCOW2: qcow2.facts,
    DiskFormat.VMDK: vmdk.facts,
    DiskFormat.VHD: vhd.facts,
    DiskFormat.VHDX: vhdx.facts,
    DiskFormat.VDI: vdi.facts,
}

_CONTAINERS: Mapping[str, str] = {
    "qcow2": "a qcow2 image",
    "vmdk": "a VMDK disk",
    "vhd": "a VHD disk",
    "vhd-fixed": "a fixed VHD disk",
    "vhdx": "a VHDX disk",
    "vdi": "a VDI disk",
    "qcow": "a qcow image of version 1",
    "qed": "a QED image",
    "luks": "a LUKS-encrypted volume",
    "ploop": "a Parallels disk",
    "parallels": "a Parallels disk",
    "vmdk-sesparse": "a VMDK of the kind seSparse",
    "bochs": "a Bochs disk",
    "cloop": "a cloop image",
    "dmg": "an Apple disk image (DMG)",
}

_WITHOUT_SHAPE = frozenset({DiskFormat.RAW, DiskFormat.AMI, DiskFormat.ARI, DiskFormat.AKI})
_BOOT_FILES = frozenset({DiskFormat.ARI, DiskFormat.AKI})  # a ramdisk, a kernel: archives and programs


def judge(
    source: ByteSource,
    expected: DiskFormat | None = None,
    *,
    what: str = "the disk",
    limits: Limits | None = None,
    any_text: bool = False,
) -> DiskFacts:
    """Say what a disk is, or refuse it.

    Args:
        source: the file's bytes.
        expected: what the sender says it is; None: find out. Raw asked for by name may be of
            any content that is not something else; unasked, it must show a partition table, a
            boot sector or a file system.
        what: the disk's name, as the sender knows it, for messages.
        limits: by default those of ``Limits``.
        any_text: text that is recognised as nothing more is taken for the content of a raw disk, too.

    Returns:
        The facts, of a disk that stands alone, is all there and is safe to open as its format.

    Raises:
        BadDisk: with the reason; no other error comes from the content of a file.
    """
    limits = limits or Limits()
    try:
        whole = Budgeted(source, limits.read_bytes)
        if not whole.size:
            raise Refusal(Reason.EMPTY, "an empty file")
        seen = sniff(whole)
        if any_text and seen.stranger == TEXT:
            seen = replace(seen, stranger="")
        return _judged(whole, seen, expected, limits)
    except Refusal as refusal:
        raise BadDisk(what, refusal.reason, _wanted(expected), refusal.found, refusal.advice) from refusal
    except (BudgetSpent, struct.error) as error:
        found = "a disk with tables of an impossible size"
        raise BadDisk(what, Reason.MALFORMED, _wanted(expected), found) from error


def _wanted(expected: DiskFormat | None) -> str:
    if expected is None:
        return "a disk image (raw, qcow2, vmdk, vhd, vhdx, vdi, iso)"
    return f"a disk image in the format {expected.value}"


def refuse_early(
    head: bytes, expected: DiskFormat | None = None, *, size: int | None, what: str, limits: Limits | None = None
) -> None:
    """Refuse a disk by its first bytes, if no end of it could make it acceptable; else say nothing.

    Args:
        head: ``ENOUGH_BYTES`` or more of a file that goes on.
        size: of the whole file, None while nobody knows.

    Raises:
        BadDisk: as ``judge`` will, whatever comes.
    """
    limits = limits or Limits()
    seen = sniff_head(head[:ENOUGH_BYTES])
    # The end of a file can only make a fixed VHD of what has no other shape.
    settled = bool(seen.containers) or seen.stranger_sure or expected not in {None, DiskFormat.VHD, *_WITHOUT_SHAPE}
    try:
        _judged(Budgeted(Beginning(head, size), limits.read_bytes), seen, expected, limits)
    except (NotYet, BudgetSpent, struct.error):
        return
    except Refusal as refusal:
        if settled and not (size is None and refusal.reason is Reason.TOO_LARGE and not seen.containers):
            raise BadDisk(what, refusal.reason, _wanted(expected), refusal.found, refusal.advice) from refusal


def _judged(source: ByteSource, seen: Sniffed, expected: DiskFormat | None, limits: Limits) -> DiskFacts:
    _check_one_thing(seen)
    if "vhd-fixed" in seen.containers and expected in _WITHOUT_SHAPE:
        seen = _without_footer(seen)
    if not seen.containers:
        return _raw(source, seen, expected, limits)
    (name,) = seen.containers
    name = "vhd" if name == "vhd-fixed" else name
    if name == "luks":
        raise Refusal(Reason.ENCRYPTED, _CONTAINERS[name])
    if name not in _FACTS:
        raise Refusal(Reason.UNSUPPORTED, _CONTAINERS[name])
    disk_format = DiskFormat(name)
    if expected not in (None, disk_format):
        raise Refusal(Reason.WRONG_FORMAT, _CONTAINERS[name])
    facts = _FACTS[disk_format](source, limits.virtual_size_bytes)
    check_second_opinion(source, disk_format)
    return facts


def _check_one_thing(seen: Sniffed) -> None:
    """A file that two programs read in two ways lets one through that the other refuses."""
    names = [_CONTAINERS[name] for name in sorted(seen.containers)]
    if seen.containers != {"vhd-fixed"}:
        names += ["an ISO or UDF image"] if {"iso9660", "udf"} & set(seen.signs) else []
        names += ["a raw disk with a boot sector or partition table"] if {"mbr", "gpt"} & set(seen.signs) else []
    if seen.stranger and seen.stranger_sure and (seen.containers or seen.sure):
        names += [seen.stranger, *([] if seen.containers else ["a raw disk"])]
    elif not seen.containers:
        return  # an ISO with a partition table boots from a stick too
    if len(names) > 1:
        raise Refusal(Reason.AMBIGUOUS, f"a file that is both {names[0]} and {names[1]}")


def _without_footer(seen: Sniffed) -> Sniffed:
    """A fixed VHD is a raw disk and 512 bytes: whoever calls it raw is not wrong."""
    return Sniffed(signs=(*seen.signs, "vhd-footer"), sure=seen.sure)


def _raw(source: ByteSource, seen: Sniffed, expected: DiskFormat | None, limits: Limits) -> DiskFacts:
    stranger = seen.stranger
    if seen.sure or (seen.signs and not seen.stranger_sure):
        stranger = ""
    is_iso = bool({"iso9660", "udf"} & set(seen.signs))
    if stranger and expected not in _BOOT_FILES:
        raise Refusal(Reason.NOT_A_DISK, stranger, ADVICE[Reason.NESTED] if packing(seen) else "")
    if not (expected in _WITHOUT_SHAPE or (expected is None and seen.signs) or (expected == DiskFormat.ISO and is_iso)):
        if seen.signs:
            raise Refusal(Reason.WRONG_FORMAT, "an ISO image" if is_iso else f"a raw disk ({', '.join(seen.signs)})")
        found = "a file that begins with nothing but zeros" if seen.blank else "bytes of no format known here"
        raise Refusal(Reason.NOT_A_DISK, found, "" if expected else _IF_RAW)
    return raw.facts(source, seen.signs, limits.virtual_size_bytes, _shape(expected, is_iso))


def _shape(expected: DiskFormat | None, is_iso: bool) -> DiskFormat:
    if expected is None:
        return DiskFormat.ISO if is_iso else DiskFormat.RAW
    return expected


_IF_RAW = "Choose the disk file itself; if it is a raw disk without a partition table, say that its format is raw."
