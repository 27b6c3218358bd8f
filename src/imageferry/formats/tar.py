"""Tar archives as they stream in: members and their bytes, with little memory whatever a header claims."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from imageferry.domain.errors import BadInput
from imageferry.formats.source import ByteSource

_BLOCK = 512  # bytes
_MAX_EXTRA = 1 << 16  # bytes of a long name or of extended headers
_MAX_EXTRAS = 8  # in a row: two long names and two extended headers are all that one member needs
_RECORD = re.compile(rb"(\d{1,6}) ")


class Kind(StrEnum):
    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    DEVICE = "device"
    SPARSE = "sparse file"
    OTHER = "member of an unknown kind"


_KINDS = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.CONTTYPE: Kind.FILE,
    tarfile.DIRTYPE: Kind.DIRECTORY,
    tarfile.LNKTYPE: Kind.LINK,
    tarfile.SYMTYPE: Kind.LINK,
    tarfile.CHRTYPE: Kind.DEVICE,
    tarfile.BLKTYPE: Kind.DEVICE,
    tarfile.FIFOTYPE: Kind.DEVICE,
    tarfile.GNUTYPE_SPARSE: Kind.SPARSE,
}
_WITHOUT_BYTES = frozenset({Kind.DIRECTORY, Kind.LINK, Kind.DEVICE})
_EXTRA = frozenset({tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, b"x", b"g", b"X"})


@dataclass(frozen=True, slots=True)
class Member:
    """A member begins. Its name is as it came; bytes that are no UTF-8 are lone surrogates in it."""

    name: str
    kind: Kind
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Whole:
    """The member that began last is whole."""


class TarStream:
    """Takes an archive in pieces of any size.

    Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header"; GNU tar,
    "Basic Tar Format" for long names and sparse files.
    """

    def __init__(self) -> None:
        self._held = bytearray()  # of a header, until it is whole
        self._wanted = _BLOCK  # bytes of it
        self._extras = 0  # extra headers since the last member
        self._extra = b""  # the kind of the extra header that is being read
        self._name: str | None = None  # what extra headers say of the next member
        self._size: int | None = None
        self._sparse = False
        self._continued = False  # an old sparse header goes on in the next block
        self._bytes = 0  # of the member that are to come
        self._padding = 0
        self._inside = False
        self._ended = False

    def feed(self, data: bytes) -> Iterator[Member | bytes | Whole]:
        """What ``data`` brings: a member, bytes of it, its end.

        Raises:
            BadInput: this is no tar archive.
        """
        position = 0
        while position < len(data) and not self._ended:
            if self._inside and not self._continued:
                part = data[position : position + self._bytes]
                position += len(part)
                self._bytes -= len(part)
                if part:
                    yield part
                if not self._bytes:
                    self._inside = False
                    yield Whole()
            elif self._padding:
                skipped = min(self._padding, len(data) - position)
                position += skipped
                self._padding -= skipped
            else:
                taken = data[position : position + self._wanted - len(self._held)]
                self._held += taken
                position += len(taken)
                if len(self._held) == self._wanted:
                    block = bytes(self._held)
                    self._held.clear()
                    member = self._block(block)
                    if member is not None:
                        yield member
            if self._inside and not self._bytes and not self._continued:
                self._inside = False
                yield Whole()

    def skip(self) -> int:
        """Pass over the bytes of the member that has just begun: so many need not be fed."""
        skipped = 0
        if self._inside and not self._continued:
            skipped = self._bytes + self._padding
            self._bytes, self._padding, self._inside = 0, 0, False
        return skipped

    @property
    def ended(self) -> bool:
        """Whether its end has come; nothing behind it counts."""
        return self._ended

    def finish(self) -> None:
        """Raises BadInput: the archive's end is missing."""
        if not self._ended:
            raise BadInput("archive", "its end is missing", "a whole tar archive")

    def _block(self, block: bytes) -> Member | None:
        if self._continued:
            self._continued = block[504] != 0
            return None
        if self._extra:
            kind, self._extra, self._wanted = self._extra, b"", _BLOCK
            self._read_extra(kind, block)
            return None
        if not block.strip(b"\0"):
            self._ended = True
            return None
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except (tarfile.HeaderError, ValueError) as error:
            raise BadInput("archive", str(error), "a tar archive") from error
        if info.size < 0:
            raise BadInput("archive", f"a member of {info.size} bytes", "a tar archive")
        if info.type in _EXTRA:
            self._expect_extra(info.type, info.size)
            return None
        return self._begin(info, block)

    def _expect_extra(self, kind: bytes, size: int) -> None:
        if not 0 < size <= _MAX_EXTRA:
            raise BadInput("archive", f"a header of {size} bytes", f"headers of at most {_MAX_EXTRA} bytes")
        self._extras += 1
        if self._extras > _MAX_EXTRAS:
            raise BadInput("archive", f"more than {_MAX_EXTRAS} extra headers in a row", "a member behind them")
        self._extra = kind
        self._wanted = size + -size % _BLOCK

    def _begin(self, info: tarfile.TarInfo, block: bytes) -> Member:
        kind = _KINDS.get(info.type, Kind.OTHER)
        self._continued = kind is Kind.SPARSE and block[482] != 0
        if self._sparse:
            kind = Kind.SPARSE
        name = info.name if self._name is None else self._name
        if kind is Kind.FILE and info.type == tarfile.AREGTYPE and name.endswith("/"):
            kind = Kind.DIRECTORY
        size = info.size if self._size is None else self._size
        self._name, self._size, self._sparse, self._extras = None, None, False, 0
        self._bytes = 0 if kind in _WITHOUT_BYTES else size
        self._padding = -self._bytes % _BLOCK
        self._inside = True
        return Member(name, kind, size)

    def _read_extra(self, kind: bytes, block: bytes) -> None:
        if kind == tarfile.GNUTYPE_LONGNAME:
            self._name = block.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
        elif kind != tarfile.GNUTYPE_LONGLINK:
            said = _records(block)
            if kind == b"g":
                if said.keys() & {b"path", b"size"}:
                    raise BadInput("archive", "a name or a size for all members", "one for each")
                return
            if b"path" in said:
                self._name = said[b"path"].decode("utf-8", "surrogateescape")
            if b"size" in said:
                self._size = _number(said[b"size"])
            self._sparse = any(key.startswith(b"GNU.sparse.") for key in said)


def placed_members(source: ByteSource) -> Iterator[tuple[Member, int]]:
    """The members of an archive that lies there whole, each with the offset of its bytes; these are not read.

    Raises:
        BadInput: this is no tar archive, or its end is missing.
    """
    stream = TarStream()
    position = 0
    while position < source.size and not stream.ended:
        block = source.read(position, _BLOCK)
        position += _BLOCK
        for event in stream.feed(block):
            if isinstance(event, Member):
                yield event, position
                position += stream.skip()
    stream.finish()


def _records(block: bytes) -> dict[bytes, bytes]:
    """The records of a pax header: ``<length> <key>=<value>\\n``."""
    said: dict[bytes, bytes] = {}
    position = 0
    while position < len(block) and block[position]:
        match = _RECORD.match(block, position)
        stop = position + int(match[1]) if match else 0
        if match is None or not match.end() < stop <= len(block) or block[stop - 1 : stop] != b"\n":
            raise BadInput("archive", block[position : position + 40].decode("latin-1"), "a pax header")
        key, _, said_value = block[match.end() : stop - 1].partition(b"=")
        said[key] = said_value
        position = stop
    return said


def _number(text: bytes) -> int:
    if not (text.isdigit() and len(text) <= 18):
        raise BadInput("archive", text[:40].decode("latin-1"), "a size")
    return int(text)
