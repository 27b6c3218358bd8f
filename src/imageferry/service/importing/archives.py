"""Which file of an archive is the disk: looked for by content in a ZIP, by its description in an OVA."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from imageferry.domain.digest import Digest
from imageferry.domain.errors import BadInput
from imageferry.formats.compressed import Compression, Decoding
from imageferry.formats.packed import packing
from imageferry.formats.reasons import Reason, Refusal, amount, shown
from imageferry.formats.signatures import HEAD
from imageferry.formats.sniff import sniff_head
from imageferry.formats.source import ByteSource
from imageferry.formats.tar import Kind, Member, placed_members
from imageferry.formats.zip import ZipMember, zip_members
from imageferry.wire.ovf import OvfDisk, read_digest_lines, read_disks

_MAX_TEXT = 1 << 20  # bytes of a description or of a list of digests
_SHOWN = 5  # names in a sentence


@dataclass(frozen=True, kw_only=True, slots=True)
class Picked:
    """A file in an archive, from byte ``start`` of it to ``stop``, and what the archive promises of it."""

    name: str
    start: int
    stop: int
    compression: Compression = Compression.NONE
    size: int | None = None  # bytes decoded
    crc: int | None = None
    digest: Digest | None = None


def disk_in_zip(source: ByteSource, wanted: str, *, most: int) -> Picked:
    """The one disk among the files, or the one that is wanted by name.

    Raises:
        Refusal: the archive is not sound, or there is no disk, or more than one.
    """
    members = zip_members(source, most=most)
    named = [member for member in members if member.name == wanted] if wanted else members
    disks = named if len(named) == 1 else [member for member in named if _looks_like_a_disk(source, member)]
    if len(disks) != 1:
        raise _not_one("a ZIP archive", [member.name for member in disks or members], len(disks))
    disk = disks[0]
    return Picked(
        name=disk.name,
        start=disk.offset,
        stop=disk.offset + disk.encoded,
        compression=disk.compression,
        size=disk.size,
        crc=disk.crc,
    )


def disk_in_ova(source: ByteSource, wanted: str, *, most: int) -> Picked | None:
    """The one disk of an appliance, or the one that is wanted by name; None: this is no appliance.

    Raises:
        Refusal: the archive or its description is not sound, or there is no disk, or more than one.
    """
    files: dict[str, tuple[int, int]] = {}
    description = ""
    try:
        for count, (member, offset) in enumerate(placed_members(source)):
            name = member.name.removeprefix("./")
            if not count and not name.lower().endswith(".ovf"):
                return None
            if count >= most:
                raise Refusal(Reason.NESTED, f"an OVA appliance of more than {most} files")
            if member.kind is not Kind.DIRECTORY:
                _check_member(member, name, offset, source, files)
                files[name] = (offset, member.size)
            description = description or name
        disks = [disk for disk in read_disks(_text(source, files, description)) if disk.file]
        chosen = _chosen(disks, wanted)
        if chosen.file not in files:
            found = f"an OVA appliance whose disk {shown(chosen.file)} is not in it"
            raise Refusal(Reason.OUTSIDE_EXTENT, found, "Pack the description and its disk into one OVA.")
        digest = _promised(source, files, description, chosen.file)
    except BadInput as error:
        raise Refusal(Reason.MALFORMED, f"an OVA appliance that is damaged ({error})") from error
    offset, size = files[chosen.file]
    return Picked(name=chosen.file, start=offset, stop=offset + size, digest=digest)


def _check_member(
    member: Member, name: str, offset: int, source: ByteSource, files: dict[str, tuple[int, int]]
) -> None:
    if member.kind is not Kind.FILE:
        raise Refusal(Reason.MALFORMED, f"an OVA appliance in which {shown(name)} is a {member.kind.value}")
    if name in files:
        raise Refusal(Reason.MALFORMED, f"an OVA appliance with two files named {shown(name)}")
    if offset + member.size > source.size:
        found = f"an OVA appliance cut short: {amount(source.size)} of at least {amount(offset + member.size)}"
        raise Refusal(Reason.TRUNCATED, found)


def _chosen(disks: Sequence[OvfDisk], wanted: str) -> OvfDisk:
    names = list(dict.fromkeys(disk.file for disk in disks))
    if wanted:
        disks = [disk for disk in disks if disk.file == wanted]
    if len({disk.file for disk in disks}) != 1:
        raise _not_one("an OVA appliance", names, len(disks))
    disk = disks[0]
    if disk.parent:
        raise Refusal(Reason.DELTA, f"an OVA appliance whose disk {shown(disk.file)} leans on another")
    if disk.chunked:
        raise Refusal(Reason.SPLIT, f"an OVA appliance whose disk {shown(disk.file)} is cut into slices")
    return disk


def _promised(source: ByteSource, files: dict[str, tuple[int, int]], description: str, disk: str) -> Digest | None:
    """What the list of digests says, where there is one."""
    name = f"{description[: -len('.ovf')]}.mf"
    return read_digest_lines(_text(source, files, name)).get(disk) if name in files else None


def _text(source: ByteSource, files: dict[str, tuple[int, int]], name: str) -> bytes:
    offset, size = files[name]
    if size > _MAX_TEXT:
        raise BadInput(name, f"{size} bytes", f"at most {_MAX_TEXT}")
    return source.read(offset, size)


def _looks_like_a_disk(source: ByteSource, member: ZipMember) -> bool:
    head = b""
    position, stop = member.offset, member.offset + member.encoded
    decoding = Decoding(member.compression)
    try:
        while len(head) < HEAD and position < stop:
            data = source.read(position, min(HEAD, stop - position))
            position += len(data)
            for piece in decoding.feed(data):
                head += piece
                if not data or len(head) >= HEAD:
                    break
    except BadInput as error:
        raise Refusal(Reason.MALFORMED, f"a ZIP archive in which {shown(member.name)} is damaged") from error
    seen = sniff_head(head[:HEAD])
    return bool(seen.containers or (seen.signs and not seen.stranger_sure) or packing(seen))


def _not_one(what: str, names: Sequence[str], disks: int) -> Refusal:
    listed = ", ".join(shown(name) for name in names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    if disks:
        return Refusal(Reason.SEVERAL_DISKS, f"{what} with {disks} disks: {listed}")
    return Refusal(
        Reason.NESTED, f"{what} without the disk that is wanted: {listed}" if listed else f"{what} without a file"
    )
