"""What a file is, by its content; its name and what anybody says of it do not count.

Two readers look at the same bytes: the tables of ``signatures`` and the inspectors of oslo.utils,
which OpenStack hardened after files that were two things at once. What either sees counts.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from imageferry.formats import vhd, vmdk_descriptor
from imageferry.formats.signatures import CONTAINERS, HEAD, RAW_SIGNS, STRANGERS, TAIL
from imageferry.formats.source import ByteSource

if TYPE_CHECKING:
    from oslo_utils.imageutils import format_inspector

TEXT = "a text file"
"""The stranger that is text, and nothing more can be said of it."""

_TEXT_LOOK = 4096  # bytes of a file that must be text for it to be called so


@dataclass(frozen=True, kw_only=True, slots=True)
class Sniffed:
    """What the bytes show. More than one container, or a container and a raw sign, is a trap.

    ``containers``: formats that wrap a disk ("qcow2", "vmdk", "luks", ...); "vhd-fixed" lies
    around a raw disk and goes with any raw sign. ``signs``: what a raw disk shows ("gpt", "mbr",
    "ext", "iso9660", ...). ``stranger``: what else it is, as a person would say it.
    """

    containers: frozenset[str] = frozenset()
    signs: tuple[str, ...] = ()
    sure: bool = False  # one of the signs is too long to be there by chance
    stranger: str = ""
    stranger_sure: bool = False
    blank: bool = False  # nothing but zeros, where we looked


def sniff(source: ByteSource) -> Sniffed:
    """Look at the first 66 KiB and the last 512 bytes."""
    seen = sniff_head(source.read(0, HEAD))
    tail = source.read(max(source.size - TAIL, 0), TAIL)
    containers = set(seen.containers)
    if "vhd" not in containers and vhd.fixed_footer(source):
        containers.add("vhd-fixed")
    if tail.startswith(b"koly"):
        containers.add("dmg")
    return replace(seen, containers=frozenset(containers), blank=seen.blank and not tail.strip(b"\0"))


def sniff_head(head: bytes) -> Sniffed:
    """What the first 66 KiB show alone; the end of the file can add to it, and takes nothing away."""
    containers, signs = _second_reader(head)
    containers |= {found.name for found in CONTAINERS if found.matches(head)}
    if "qcow" in containers:
        containers.discard("qcow2")
    if vmdk_descriptor.looks_like_descriptor(head):
        containers.add("vmdk")
    known = [found for found in RAW_SIGNS if found.matches(head)]
    signs |= {found.name for found in known}
    stranger, stranger_sure = _stranger(head)
    if stranger == "a Linux kernel":
        signs.discard("mbr")  # its first sector was a boot sector once
    return Sniffed(
        containers=frozenset(containers),
        signs=tuple(sorted(signs)),
        sure=any(found.sure for found in known),
        stranger=stranger,
        stranger_sure=stranger_sure,
        blank=not head.strip(b"\0"),
    )


def _second_reader(head: bytes) -> tuple[set[str], set[str]]:
    """What the inspectors of oslo.utils match: containers, signs of a raw disk."""
    from oslo_utils.imageutils import format_inspector  # loaded for disks only: it takes longer than all of ours

    as_sign = {"gpt": "mbr", "iso": "iso9660"}  # its "gpt" is the boot sector's last two bytes
    containers: set[str] = set()
    signs: set[str] = set()
    for name, make in format_inspector.ALL_FORMATS.items():
        if name == "raw" or not _matches(make(), head):
            continue
        if name in as_sign:
            signs.add(as_sign[name])
        else:
            containers.add(name)
    return containers, signs


def _matches(inspector: format_inspector.FileInspector, head: bytes) -> bool:
    """An inspector that fails on strange bytes has not recognised them."""
    try:
        inspector.eat_chunk(head)
        return bool(inspector.format_match)
    except Exception:
        return False


def _stranger(head: bytes) -> tuple[str, bool]:
    for found in STRANGERS:
        if found.matches(head):
            if found.name == "a tar archive" and head[:100].rstrip(b"\0").lower().endswith(b".ovf"):
                return "an OVA appliance", True
            if found.name == "a bzip2 archive" and not head.startswith(b"BZh"):
                continue
            return found.name, found.sure
    return _text(head[:_TEXT_LOOK]), False


def _text(head: bytes) -> str:
    """Which kind of text it is; nothing if it is none."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3 or len(head) < _TEXT_LOOK:  # not just a character cut in two
            return ""
        text = head[: error.start].decode("utf-8")
    if not text.strip() or any(unicodedata.category(char) == "Cc" and char not in "\t\r\n\f" for char in text):
        return ""
    start = text.lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype html", "<html")):
        return "a web page (HTML)"
    if start.startswith("<"):
        return "an OVF description (text)" if "ovf" in start else "an XML text"
    if start.startswith(("{", "[")):
        return "a JSON text"
    return "a script" if start.startswith("#!") else TEXT
