"""Bytes over a socket: what a program that was taken over by the disk that it reads may try at the other end."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from imageferry.formats.source import Bytes
from imageferry.tools.nbd import Export, exported

DATA = bytes(range(256)) * 16
END_S = 5.0
GO, ABORT = 7, 2
READ, WRITE, TRIM, ZEROES, FLUSH, DISCONNECT = 0, 1, 4, 6, 3, 2


class Client:
    """Says what it likes, and hears what comes."""

    def __init__(self, export: Export) -> None:
        self.link = socket.socket(fileno=socket.dup(export.fd))
        self.link.settimeout(END_S)

    def heard(self, length: int) -> bytes:
        data = b""
        while len(data) < length and (more := self.link.recv(length - len(data))):
            data += more
        return data

    def option(self, number: int, data: bytes = b"", *, length: int | None = None) -> None:
        self.link.sendall(struct.pack(">8sII", b"IHAVEOPT", number, len(data) if length is None else length) + data)

    def begin(self) -> tuple[int, int]:
        """The talk until requests may come: size and flags."""
        assert self.heard(18)[:16] == b"NBDMAGICIHAVEOPT"
        self.link.sendall(struct.pack(">I", 3))
        self.option(GO, struct.pack(">IH", 0, 0))
        told = self.heard(20 + 12 + 20)
        _, size, flags = struct.unpack(">HQH", told[20:32])
        return size, flags

    def ask(self, kind: int, offset: int, length: int, data: bytes = b"", *, magic: int = 0x25609513) -> None:
        self.link.sendall(struct.pack(">IHHQQI", magic, 0, kind, 7, offset, length) + data)

    def error(self) -> int:
        magic, error, handle = struct.unpack(">IIQ", self.heard(16))
        assert (magic, handle) == (0x67446698, 7)
        return int(error)

    @property
    def hung_up_on(self) -> bool:
        return self.link.recv(1) == b""


@pytest.fixture
def written() -> dict[int, bytes]:
    return {}


@pytest.fixture
def reader() -> Iterator[Client]:
    with exported(len(DATA), source=Bytes(DATA)) as export:
        client = Client(export)
        yield client
        client.link.close()


@pytest.fixture
def writer(written: dict[int, bytes]) -> Iterator[Client]:
    with exported(len(DATA), sink=lambda offset, data: written.update({offset: bytes(data)})) as export:
        client = Client(export)
        yield client
        client.link.close()


def test_bytes_are_read_where_they_are_asked_for(reader: Client) -> None:
    size, flags = reader.begin()
    assert (size, flags & 2) == (len(DATA), 2)
    reader.ask(READ, 1000, 300)
    assert (reader.error(), reader.heard(300)) == (0, DATA[1000:1300])
    reader.ask(DISCONNECT, 0, 0)
    assert reader.hung_up_on


def test_bytes_are_written_and_zeros_are_left_out(writer: Client, written: dict[int, bytes]) -> None:
    writer.begin()
    for kind, offset, data in ((WRITE, 5, b"abc"), (ZEROES, 100, b""), (FLUSH, 0, b"")):
        writer.ask(kind, offset, len(data) or 10, data)
        assert writer.error() == 0
    assert written == {5: b"abc"}


@pytest.mark.parametrize("kind", [WRITE, ZEROES, TRIM])
def test_what_is_to_be_read_is_never_written(reader: Client, kind: int) -> None:
    reader.begin()
    reader.ask(kind, 0, 4, b"evil" if kind == WRITE else b"")
    assert reader.error()
    reader.ask(READ, 0, 4)
    assert (reader.error(), reader.heard(4)) == (0, DATA[:4])


def test_what_is_to_be_written_is_never_read(writer: Client) -> None:
    writer.begin()
    writer.ask(READ, 0, 4)
    assert writer.error()


@pytest.mark.parametrize(
    ("kind", "offset", "length"),
    [
        (READ, len(DATA), 1),
        (READ, len(DATA) - 1, 2),
        (READ, (1 << 64) - 1, 1),
        (READ, 0, 0xFFFF_FFFF),
        (WRITE, 0, 0xFFFF_FFFF),
        (WRITE, len(DATA), 1),
        (ZEROES, 1, len(DATA)),
    ],
)
def test_a_request_beyond_the_bounds_ends_the_talk(
    writer: Client, written: dict[int, bytes], kind: int, offset: int, length: int
) -> None:
    writer.begin()
    writer.ask(kind, offset, length)
    assert writer.hung_up_on
    assert not written


def test_a_request_of_more_than_memory_should_hold_ends_the_talk() -> None:
    with exported(1 << 40, sink=lambda *_: None) as export:
        client = Client(export)
        client.begin()
        client.ask(WRITE, 0, (32 << 20) + 1)
        assert client.hung_up_on
        client.link.close()


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n" * 3, b"\0" * 64, b"\xff" * 64])
def test_another_language_ends_the_talk(reader: Client, said: bytes) -> None:
    reader.heard(18)
    reader.link.sendall(said)
    assert reader.hung_up_on


def test_options_that_never_end_or_are_too_long_end_the_talk(reader: Client, writer: Client) -> None:
    reader.heard(18)
    reader.link.sendall(bytes(4))
    for _ in range(64):
        reader.option(99)
        assert len(reader.heard(20)) == 20
    assert reader.hung_up_on
    writer.heard(18)
    writer.link.sendall(bytes(4))
    writer.option(GO, length=1 << 20)
    assert writer.hung_up_on


@pytest.mark.parametrize("said", [b"", bytes(2), bytes(4) + b"IHAVE"])
def test_who_goes_in_the_middle_of_a_word_is_not_waited_for(said: bytes) -> None:
    with exported(len(DATA), source=Bytes(DATA)) as export:
        client = Client(export)
        client.link.sendall(said)
        client.link.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "nbd"]


def test_an_answer_that_nobody_takes_is_given_up_at_the_end() -> None:
    data = Bytes(bytes(16 << 20))
    with exported(data.size, source=data) as export:
        client = Client(export)
        client.begin()
        client.ask(READ, 0, data.size)
    assert not [thread for thread in threading.enumerate() if thread.name == "nbd"]
    client.link.close()


def test_a_source_that_gives_too_little_ends_the_talk_instead_of_giving_other_bytes() -> None:
    with exported(len(DATA), source=Bytes(DATA[:100])) as export:
        client = Client(export)
        client.begin()
        client.ask(READ, 50, 100)
        assert client.hung_up_on
        client.link.close()


def test_what_reading_raised_comes_out_in_the_place_of_a_complaint_about_it() -> None:
    class Broken:
        size = 10

        def read(self, offset: int, length: int) -> bytes:
            raise RuntimeError("no disk")

    with (
        pytest.raises(RuntimeError, match="no disk"),
        exported(10, source=Broken()) as export,
    ):
        client = Client(export)
        client.begin()
        client.ask(READ, 0, 10)
        assert client.hung_up_on
        client.link.close()
        raise ValueError("the program failed")
