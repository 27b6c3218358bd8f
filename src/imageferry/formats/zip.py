"""ZIP archives by their directory, believed only where the members' own heads say the same.

A reader that believes one of the two can be shown another file than a reader that believes the
other. So every member is looked up in both places, may overlap no other, and lies before the
directory, which ends where the archive's end begins.

Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from imageferry.formats.compressed import Compression
from imageferry.formats.reasons import Reason, Refusal, shown
from imageferry.formats.source import ByteSource

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_HEAD = struct.Struct("<4s5H3L2H")
_SMALL = (0xFFFF, 0xFFFF, 0xFFFF_FFFF, 0xFFFF_FFFF)  # what stands in the end where ZIP64 has the value
_MAX_COMMENT = 0xFFFF  # bytes
_MAX_DIRECTORY = 8 << 20  # bytes
_ENCRYPTED = 1 << 0 | 1 << 6 | 1 << 13  # flags: the bytes; strongly; the heads
_AFTERWARDS = 1 << 3  # flag: sizes and CRC stand behind the bytes, and zeros before them for what was not known yet
_TOLD = _ENCRYPTED | _AFTERWARDS  # flags that say how the bytes are to be read
_METHODS = {0: Compression.NONE, 8: Compression.DEFLATE}
_UNIX = 3
_KIND, _LINK = 0o170000, 0o120000
_FILES = (0, 0o100000, 0o010000)  # unknown, regular, and what Info-ZIP was given by a pipe


@dataclass(frozen=True, kw_only=True, slots=True)
class ZipMember:
    """A regular file in an archive."""

    name: str
    offset: int  # of its first encoded byte
    encoded: int  # bytes
    size: int  # bytes decoded, as the archive says
    crc: int  # CRC-32 of them
    compression: Compression


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the directory says of a member. ``head``: the offset of its head."""

    name: bytes
    flags: int
    method: int
    crc: int
    encoded: int
    size: int
    head: int
    mode: int  # as Unix has it; 0 where the archive does not say


def zip_members(source: ByteSource, *, most: int) -> list[ZipMember]:
    """The regular files of an archive, in their order.

    Args:
        most: members, folders too.

    Raises:
        Refusal: cut short, contradicting itself, encrypted, split, or packed in a way that is not
            read here (only stored and deflated members are).
    """
    start, stop, count = _directory(source)
    if count > most:
        raise Refusal(Reason.NESTED, f"a ZIP archive of {count} files, where at most {most} are looked at")
    data = source.read(start, stop - start)
    try:
        entries = list(_entries(data, count))
    except struct.error as error:
        raise _wrong("whose directory is cut short") from error
    members = []
    end = 0
    names: set[bytes] = set()
    for entry in sorted(entries, key=lambda entry: entry.head):
        if entry.head < end:
            raise _wrong(f"in which {shown(entry.name)} overlaps another file")
        offset = _data_offset(source, entry)
        end = offset + entry.encoded
        if end > start:
            raise _wrong(f"in which {shown(entry.name)} reaches into the directory")
        if entry.name in names:
            raise _wrong(f"with two files named {shown(entry.name)}")
        names.add(entry.name)
        member = _member(entry, offset)
        if member is not None:
            members.append(member)
    return members


def _wrong(what: str) -> Refusal:
    return Refusal(Reason.MALFORMED, f"a ZIP archive {what}")


def _directory(source: ByteSource) -> tuple[int, int, int]:
    """Where the directory begins and ends, and how many entries it has."""
    tail_at = max(source.size - _MAX_COMMENT - _END.size, 0)
    tail = source.read(tail_at, source.size - tail_at)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise Refusal(Reason.TRUNCATED, "a ZIP archive without its end")
    _, disk, first_disk, here, count, size, start, comment = _END.unpack_from(tail, at)
    if at + _END.size + comment != len(tail):
        raise _wrong("with other bytes behind its end")
    end = stop = tail_at + at
    locator = source.read(max(end - _LOCATOR_64.size, 0), _LOCATOR_64.size)
    if locator.startswith(b"PK\x06\x07"):
        small = (here, count, size, start)
        stop, disk, first_disk, here, count, size, start = _directory_64(source, locator, end)
        if any(
            value not in (most, large)
            for value, most, large in zip(small, _SMALL, (here, count, size, start), strict=True)
        ):
            raise _wrong("that names two directories")
    if disk or first_disk or here != count:
        raise Refusal(Reason.SPLIT, "one part of a ZIP archive in several", "Join its parts first: 'zip -s 0'.")
    if start + size != stop or size > _MAX_DIRECTORY:
        raise _wrong("whose directory is not where its end says")
    return start, stop, count


def _directory_64(source: ByteSource, locator: bytes, end: int) -> tuple[int, int, int, int, int, int, int]:
    _, disk, at, disks = _LOCATOR_64.unpack(locator)
    record = source.read(at, _END_64.size)
    if len(record) < _END_64.size or not record.startswith(b"PK\x06\x06"):
        raise _wrong("whose directory is not where its end says")
    _, length, _, _, here_disk, first_disk, here, count, size, start = _END_64.unpack(record)
    if disk or disks > 1 or at + 12 + length + _LOCATOR_64.size != end:
        raise _wrong("whose directory is not where its end says")
    return at, here_disk, first_disk, here, count, size, start


def _entries(data: bytes, count: int) -> Iterator[_Entry]:
    position = 0
    for _ in range(count):
        fields = _ENTRY.unpack_from(data, position)
        magic, made, _, flags, method, _, _, crc, encoded, size, named, extended, noted, disk, _, mode, head = fields
        position += _ENTRY.size
        name = data[position : position + named]
        extra = data[position + named : position + named + extended]
        position += named + extended + noted
        if magic != b"PK\x01\x02" or position > len(data):
            raise _wrong("whose directory is damaged")
        size, encoded, head = _large(extra, size, encoded, head)
        if disk not in (0, 0xFFFF):
            raise Refusal(Reason.SPLIT, "one part of a ZIP archive in several", "Join its parts first: 'zip -s 0'.")
        yield _Entry(name, flags, method, crc, encoded, size, head, mode >> 16 if made >> 8 == _UNIX else 0)
    if position != len(data):
        raise _wrong("whose directory has more in it than its end says")


def _large(extra: bytes, *values: int) -> tuple[int, ...]:
    """Those values that do not fit in four bytes, from the extra field that is for them."""
    position = 0
    found = b""
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, position)
        if kind == 1:
            found = extra[position + 4 : position + 4 + length]
        position += 4 + length
    out = []
    for value in values:
        if value == 0xFFFF_FFFF:
            if len(found) < 8:
                raise _wrong("whose sizes are not there")
            value, found = int.from_bytes(found[:8], "little"), found[8:]
        out.append(value)
    return tuple(out)


def _data_offset(source: ByteSource, entry: _Entry) -> int:
    """Where its bytes begin, once its own head agrees with the directory."""
    head = source.read(entry.head, _HEAD.size)
    if len(head) < _HEAD.size or not head.startswith(b"PK\x03\x04"):
        raise _wrong(f"in which {shown(entry.name)} is not where its directory says")
    _, _, flags, method, _, _, crc, encoded, size, name_length, extra_length = _HEAD.unpack(head)
    rest = source.read(entry.head + _HEAD.size, name_length + extra_length)
    size, encoded = _large(rest[name_length:], size, encoded)
    same = rest[:name_length] == entry.name and flags & _TOLD == entry.flags & _TOLD and method == entry.method
    unknown = (0,) if flags & _AFTERWARDS else ()
    sizes = zip((crc, encoded, size), (entry.crc, entry.encoded, entry.size), strict=True)
    if not same or any(said not in (promised, *unknown) for said, promised in sizes):
        raise _wrong(f"whose directory says another thing of {shown(entry.name)} than its own head")
    offset: int = entry.head + _HEAD.size + name_length + extra_length
    return offset


def _member(entry: _Entry, offset: int) -> ZipMember | None:
    """None: a folder."""
    name = entry.name.decode("utf-8" if entry.flags & 1 << 11 else "cp437", "replace")
    if name.endswith("/") and not entry.size:
        return None
    if entry.flags & _ENCRYPTED:
        raise Refusal(Reason.ENCRYPTED, "an encrypted ZIP archive", "Unpack it with its password, and bring the disk.")
    if entry.method not in _METHODS:
        found = f"a ZIP archive in which {shown(name)} is packed by method {entry.method}"
        raise Refusal(Reason.UNSUPPORTED, found, "Pack it anew with 'zip', or bring the disk itself.")
    kind = entry.mode & _KIND
    if kind not in _FILES:
        raise _wrong(f"in which {shown(name)} is {'a link' if kind == _LINK else 'no regular file'}")
    if "\0" in name or "\\" in name or name.startswith("/") or ".." in name.split("/") or name[1:2] == ":":
        raise _wrong(f"with the path {shown(name)}, which leads out of it")
    compression = _METHODS[entry.method]
    if compression is Compression.NONE and entry.encoded != entry.size:
        raise _wrong(f"that says two sizes of {shown(name)}")
    return ZipMember(
        name=name, offset=offset, encoded=entry.encoded, size=entry.size, crc=entry.crc, compression=compression
    )
