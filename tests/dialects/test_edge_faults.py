"""What the edge does when a dialect itself fails: an answer goes out, and the log tells why."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from imageferry.dialects.edge.asgi import Edge
from imageferry.dialects.edge.http import Answer, Dialect, Headers, Path, Request
from imageferry.domain.errors import BadInput, FerryError, NotAuthenticated
from imageferry.domain.identity import Token
from tests.dialects.openstack_service import Clock, Cloud


def _nobody(_: str) -> Token:
    raise NotAuthenticated("nobody is known here")


def _bad(_: Request, __: Any) -> Answer:
    raise BadInput("field", "found", "something else")


def _broken(_: Request, __: Any) -> Answer:
    raise ZeroDivisionError


def _fine(_: Request, __: Any) -> Answer:
    return Answer(status=204)


def _no_words(error: FerryError, _: Request) -> Answer:
    raise LookupError(f"no row for {type(error).__name__}")


def _no_refusal(status: int, _: str, __: Request, ___: Headers) -> Answer:
    raise LookupError(f"no words for {status}")


def _never(_: Request) -> Callable[[Answer, Any], Answer] | None:
    def afterwards(_: Answer, __: Any) -> Answer:
        raise KeyError("afterwards")

    return afterwards if _.path == "/later" else None


@pytest.fixture
def speechless() -> Iterator[Cloud]:
    dialect = Dialect(
        name="speechless",
        paths=[Path(path, {"GET": handler}) for path, handler in _HANDLERS.items()],
        error=_no_words,
        refuse=_no_refusal,
        prefixes=["/"],
        afterwards=_never,
    )
    edge = Edge([dialect], SimpleNamespace(), _nobody)
    loop = asyncio.new_event_loop()
    yield Cloud(edge, SimpleNamespace(), Clock(), loop, {})  # type: ignore[arg-type]
    edge.close()
    loop.close()


_HANDLERS = {"/bad": _bad, "/broken": _broken, "/fine": _fine, "/later": _fine}


@pytest.mark.parametrize(("method", "path"), [("GET", "/bad"), ("GET", "/broken"), ("GET", "/none"), ("PUT", "/fine")])
def test_an_error_without_words_is_a_plain_500(
    speechless: Cloud, method: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "imageferry.http"):
        reply = speechless.call(method, path)
    assert (reply.status, reply.headers["content-type"]) == (500, "text/plain; charset=utf-8")
    assert b"log" in reply.body
    assert b"row" not in reply.body  # nothing of the inside
    assert "LookupError" in caplog.text
    assert speechless.call("GET", "/fine").status == 204  # and the next one is served


def test_a_failure_after_the_answer_is_a_plain_500(speechless: Cloud) -> None:
    assert speechless.call("GET", "/later").status == 500
