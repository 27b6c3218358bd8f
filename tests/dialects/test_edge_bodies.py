"""How bodies reach a handler's sink, and what becomes of an answer whose bytes fail."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from imageferry.dialects.edge.asgi import Edge
from imageferry.dialects.edge.http import Answer, Dialect, Headers, Path, Receiving, Request, Streamed, Waiting
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.errors import Damaged, FerryError, NotAuthenticated
from imageferry.domain.identity import Token
from tests.dialects.openstack_service import Clock, Cloud

HEAD = 66 << 10


class Sink:
    """Keeps what it is given; ``full`` refuses everything."""

    def __init__(self, *, full: bool = False) -> None:
        self.full = full
        self.parts: list[bytes] = []
        self.left = 0

    def write(self, part: bytes | bytearray) -> None:
        if self.full:
            raise Damaged("sink", "of the test")
        self.parts.append(bytes(part))

    def __enter__(self) -> Sink:
        return self

    def __exit__(self, *_: object) -> None:
        self.left += 1


class Service:
    """An edge with one path for each thing to try; its sinks are kept."""

    def __init__(self) -> None:
        self.sinks: list[Sink] = []
        self.streams_closed = 0
        self.polled = 0
        paths = [
            Path("/kept", {"PUT": Streamed(lambda *_: self._receiving(full=False))}),
            Path("/full", {"PUT": Streamed(lambda *_: self._receiving(full=True))}),
            Path("/looked", {"PUT": Streamed(lambda *_: self._looking())}),
            Path("/later", {"PUT": Streamed(lambda *_: Receiving(Sink(), lambda: Waiting(self._poll)))}),
            Path("/few", {"GET": lambda *_: Answer(status=200, stream=self._broken(), length=10)}),
        ]
        dialect = Dialect(name="plain", paths=paths, error=_error, refuse=_refuse, prefixes=["/"])
        self.edge = Edge([dialect], SimpleNamespace(), _nobody)

    def _receiving(self, *, full: bool) -> Receiving:
        sink = Sink(full=full)
        self.sinks.append(sink)
        return Receiving(sink, lambda: Answer(status=201))

    def _looking(self) -> Receiving:
        """Refuses what begins with a no."""
        sink = Sink()
        self.sinks.append(sink)

        def look(head: bytes) -> None:
            sink.parts.append(b"looked at " + head[:2])
            assert len(head) == HEAD
            if head.startswith(b"no"):
                raise Damaged("head", "of the test")

        return Receiving(sink, lambda: Answer(status=201), HEAD, look)

    def _poll(self) -> Answer | None:
        self.polled += 1
        if self.polled == 4:
            raise Damaged("task", "of the test")
        return Answer(status=202) if self.polled == 3 else None

    def _broken(self) -> Iterator[bytes]:
        try:
            yield b"half of"
            raise Damaged("block", "b")
        finally:
            self.streams_closed += 1


def _error(error: FerryError, _: Request) -> Answer:
    return Answer(status=500, body=str(error).encode())


def _refuse(status: int, sentence: str, _: Request, __: Headers) -> Answer:
    return Answer(status=status, body=sentence.encode())


def _nobody(_: str) -> Token:
    raise NotAuthenticated("nobody is known here")


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.edge.close()


@pytest.fixture
def cloud(service: Service) -> Iterator[Cloud]:
    loop = asyncio.new_event_loop()
    without: Any = SimpleNamespace()
    yield Cloud(service.edge, without, Clock(), loop, {})
    loop.close()


@pytest.mark.parametrize("size", [0, 1, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 2 * BLOCK_SIZE, 2 * BLOCK_SIZE + 7])
@pytest.mark.parametrize("piece", [1 << 20, 3 * BLOCK_SIZE])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_comes_in_whole_blocks_and_the_sink_is_left_once(
    service: Service, cloud: Cloud, size: int, piece: int, chunked: bool
) -> None:
    body = os.urandom(size)
    pieces = [body[start : start + piece] for start in range(0, size, piece)] or [b""]
    headers = {} if chunked else {"content-length": str(size)}
    assert cloud.call("PUT", "/kept", body=pieces if chunked else body, headers=headers).status == 201
    (sink,) = service.sinks
    assert b"".join(sink.parts) == body
    assert all(len(part) == BLOCK_SIZE for part in sink.parts[:-1])
    assert all(0 < len(part) <= BLOCK_SIZE for part in sink.parts)
    assert sink.left == 1


@pytest.mark.parametrize("size", [0, 1, HEAD - 1, HEAD, HEAD + 1, BLOCK_SIZE, 2 * BLOCK_SIZE + 7])
@pytest.mark.parametrize("piece", [1 << 10, 1 << 20, 3 * BLOCK_SIZE])
def test_the_first_bytes_are_looked_at_once_and_come_in_the_first_block_all_the_same(
    service: Service, cloud: Cloud, size: int, piece: int
) -> None:
    body = (b"ok" + os.urandom(size))[:size]
    pieces = [body[start : start + piece] for start in range(0, size, piece)] or [b""]
    assert cloud.call("PUT", "/looked", body=pieces).status == 201
    (sink,) = service.sinks
    looks = [b"looked at ok"] if size >= HEAD else []
    assert sink.parts[: len(looks)] == looks
    parts = sink.parts[len(looks) :]
    assert b"".join(parts) == body
    assert all(len(part) == BLOCK_SIZE for part in parts[:-1])


@pytest.mark.parametrize("chunked", [False, True])
def test_what_is_refused_by_its_first_bytes_is_not_written_and_the_rest_is_not_kept(
    service: Service, cloud: Cloud, chunked: bool
) -> None:
    pieces = [b"no" + bytes(HEAD)] + [bytes(1 << 20)] * 5
    headers = {} if chunked else {"content-length": str(sum(map(len, pieces)))}
    reply = cloud.call("PUT", "/looked", body=pieces, headers=headers)
    assert reply.status == 500
    (sink,) = service.sinks
    assert (sink.parts, sink.left) == ([b"looked at no"], 1)


def test_an_answer_that_is_not_there_yet_is_asked_for_until_it_is(service: Service, cloud: Cloud) -> None:
    assert cloud.call("PUT", "/later", body=b"x").status == 202
    assert service.polled == 3
    assert cloud.call("PUT", "/later", body=b"x").status == 500  # asking itself failed


@pytest.mark.parametrize("size", [5, 3 * BLOCK_SIZE])
def test_a_sink_that_fails_is_left_and_the_error_goes_out(service: Service, cloud: Cloud, size: int) -> None:
    reply = cloud.call("PUT", "/full", body=bytes(size))
    assert (reply.status, b"of the test" in reply.body) == (500, True)
    assert service.sinks[0].left == 1


@pytest.mark.parametrize("size", [5, 2 * BLOCK_SIZE])
def test_a_body_that_is_cut_off_answers_nothing_and_leaves_the_sink(service: Service, cloud: Cloud, size: int) -> None:
    assert cloud.call("PUT", "/kept", body=bytes(size), cut=True).status != 201
    assert service.sinks[0].left == 1


def test_a_short_answer_whose_bytes_fail_is_an_error_not_a_half_answer(service: Service, cloud: Cloud) -> None:
    reply = cloud.call("GET", "/few")
    assert reply.status == 500
    assert b"half of" not in reply.body
    assert service.streams_closed == 1
