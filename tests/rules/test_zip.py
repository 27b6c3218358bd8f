"""ZIP archives: what is in them, and every way to say two things at once refused."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib

import pytest

from imageferry.formats.compressed import Compression, Decoding
from imageferry.formats.reasons import Refusal
from imageferry.formats.source import Bytes
from imageferry.formats.zip import ZipMember, zip_members

DATA = b"the bytes of a disk, said again and again. " * 50


def archive(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        made.comment = comment
        for name, data in files:
            made.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def members(data: bytes, most: int = 100) -> list[ZipMember]:
    return zip_members(Bytes(data), most=most)


def content(data: bytes, member: ZipMember) -> bytes:
    decoding = Decoding(member.compression)
    found = b"".join(decoding.feed(data[member.offset : member.offset + member.encoded]))
    decoding.finish()
    assert (len(found), zlib.crc32(found)) == (member.size, member.crc)
    return found


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("comment", [b"", b"words " * 1000])
def test_files_are_found_where_they_are_and_folders_are_none(method: int, comment: bytes) -> None:
    data = archive(("a/", b""), ("a/disk.raw", DATA), ("größe", b""), method=method, comment=comment)
    found = members(data)
    assert [member.name for member in found] == ["a/disk.raw", "größe"]
    assert found[0].compression is (Compression.NONE if method == zipfile.ZIP_STORED else Compression.DEFLATE)
    assert content(data, found[0]) == DATA


class _Pipe(io.RawIOBase):
    """What can only be written to, so that sizes stand behind the bytes."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.data += data  # type: ignore[operator, arg-type]
        return len(data)  # type: ignore[arg-type]


@pytest.mark.parametrize("large", [False, True])
def test_archives_that_were_written_into_a_pipe_and_those_of_zip64_are_read(large: bool) -> None:
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as made, made.open("disk", "w", force_zip64=large) as file:  # type: ignore[arg-type]
        file.write(DATA)
    data = bytes(pipe.data)
    assert content(data, members(data)[0]) == DATA
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made, made.open("disk", "w", force_zip64=large) as file:
        file.write(DATA)
    assert content(out.getvalue(), members(out.getvalue())[0]) == DATA


def test_a_head_may_know_some_sizes_and_not_others() -> None:
    """As Info-ZIP writes it with -fd: the size, and neither the checksum nor the packed size."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as made:  # type: ignore[arg-type]
        made.writestr("disk", DATA)
    data = _patched(bytes(pipe.data), _HEAD, 22, len(DATA).to_bytes(4, "little"))
    assert content(data, members(data)[0]) == DATA
    with pytest.raises(Refusal, match="another thing"):
        members(_patched(data, _HEAD, 22, b"\1\0\0\0"))


def test_the_end_of_zip64_is_read_too() -> None:
    data = archive(("disk", DATA))
    at = data.rindex(b"PK\x05\x06")
    count, size, start = struct.unpack_from("<HLL", data, at + 10)
    end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    small = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    for ending in (small, data[at:]):  # Info-ZIP says it in both when it reads from a pipe
        large = data[:at] + end + locator + ending
        assert content(large, members(large)[0]) == DATA
    other = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, size, start - 1, 0)
    with pytest.raises(Refusal, match="two directories"):
        members(data[:at] + end + locator + other)
    for harmed in (data[:at] + end + small, data[:at] + locator + small, data[:at] + end[:-4] + locator + small):
        with pytest.raises(Refusal):
            members(harmed)


def _patched(data: bytes, magic: bytes, offset: int, value: bytes) -> bytes:
    at = data.rindex(magic) + offset
    return data[:at] + value + data[at + len(value) :]


ONE = archive(("disk", DATA))
STORED = archive(("disk", DATA), method=zipfile.ZIP_STORED)
TWO = archive(("one", DATA), ("two", DATA))
_ENTRY, _HEAD, _END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"

HOSTILE: dict[str, tuple[bytes, str]] = {
    "cut short": (ONE[:-30], "without its end"),
    "bytes behind its end": (ONE + b"x", "behind its end"),
    "encrypted": (_patched(_patched(ONE, _ENTRY, 8, b"\1\0"), _HEAD, 6, b"\1\0"), "encrypted"),
    "encrypted to one reader": (_patched(ONE, _HEAD, 6, b"\1\0"), "another thing"),
    "another method": (_patched(_patched(ONE, _ENTRY, 10, b"\x0e\0"), _HEAD, 8, b"\x0e\0"), "method 14"),
    "stored to one reader": (_patched(ONE, _HEAD, 8, b"\0\0"), "another thing"),
    "another name": (_patched(ONE, _HEAD, 30, b"risk"), "another thing"),
    "another size": (_patched(ONE, _HEAD, 22, b"\1\0\0\0"), "another thing"),
    "another crc": (_patched(ONE, _HEAD, 14, b"\1\0\0\0"), "another thing"),
    "two sizes of a stored file": (_patched(_patched(STORED, _ENTRY, 24, b"\1"), _HEAD, 22, b"\1"), "two sizes"),
    "beyond the directory": (_patched(_patched(ONE, _ENTRY, 22, b"\xff\x7f"), _HEAD, 20, b"\xff\x7f"), "reaches into"),
    "one file twice": (_patched(TWO, _ENTRY, 42, b"\0\0\0\0"), "overlaps"),
    "no head there": (_patched(ONE, _ENTRY, 42, b"\1\0\0\0"), "not where"),
    "more entries than said": (_patched(_patched(TWO, _END, 8, b"\1\0"), _END, 10, b"\1\0"), "more in it"),
    "fewer entries than said": (_patched(_patched(ONE, _END, 8, b"\2\0"), _END, 10, b"\2\0"), "cut short"),
    "one of several parts": (_patched(ONE, _END, 4, b"\1\0"), "several"),
    "another directory": (_patched(ONE, _END, 16, b"\0\0\0\0"), "not where"),
    "bytes before the first": (b"#!/bin/sh\n" + ONE, "not where"),
    "sizes of zip64 that are not there": (_patched(ONE, _ENTRY, 24, b"\xff\xff\xff\xff"), "not there"),
    "a path out of it": (archive(("../disk", DATA)), "leads out"),
    "an absolute path": (archive(("/etc/passwd", DATA)), "leads out"),
    "a drive": (archive(("c:disk", DATA)), "leads out"),
    "too many": (archive(*((str(number), b"") for number in range(101))), "101 files"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "words"), HOSTILE.values(), ids=list(HOSTILE))
def test_what_says_two_things_or_cannot_be_read_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        members(data)


def test_two_files_of_one_name_and_links_are_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = archive(("disk", DATA), ("disk", b"other"))
    link = zipfile.ZipInfo("disk")
    link.external_attr = 0o120777 << 16
    link.create_system = 3
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr(link, "/etc/passwd")
    for data, words in ((twice, "two files named 'disk'"), (out.getvalue(), "is a link")):
        with pytest.raises(Refusal, match=words):
            members(data)


def test_whatever_is_flipped_only_refusals_come_out() -> None:
    dice = random.Random(5)
    for _ in range(3000):
        harmed = bytearray(TWO)
        for _ in range(dice.randint(1, 4)):
            harmed[dice.randrange(len(harmed))] = dice.randrange(256)
        try:
            found = members(bytes(harmed[: dice.choice([len(harmed), dice.randrange(len(harmed))])]))
        except Refusal:
            continue
        assert all(0 <= member.offset <= member.offset + member.encoded <= len(TWO) for member in found)
