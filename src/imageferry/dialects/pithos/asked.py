"""What a request names, and its headers as they were meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from imageferry.dialects.edge.http import Answer, Handler, Receiving, Request, Streamed
from imageferry.domain.access import ProjectId
from imageferry.domain.errors import BadInput, PreconditionFailed
from imageferry.domain.moment import Moment
from imageferry.wire import pithos
from imageferry.wire.conditions import Verdict, judge

_Result = TypeVar("_Result", bound=Answer | Receiving)


def account_of(request: Request) -> ProjectId:
    """The project whose storage is meant."""
    return ProjectId(_checked(request, "project"))


def container_of(request: Request) -> tuple[ProjectId, str]:
    return account_of(request), _checked(request, "container")


def object_of(request: Request) -> tuple[ProjectId, str, str]:
    return *container_of(request), _checked(request, "object")


def has_body(request: Request) -> bool:
    return request.chunked or bool(request.length)


def known_already(request: Request, modified: Moment) -> Answer | None:
    """What is said of an account or container that has, or has not, changed since: 304. None: all there is to say.

    Raises:
        PreconditionFailed: it has, and must not have.
    """
    verdict = judge(request.headers, etag="", modified=modified)
    if verdict is Verdict.FAILED:
        raise PreconditionFailed(request.path, "of the request")
    return Answer(status=304) if verdict is Verdict.NOT_MODIFIED else None


def read_aloud(methods: Mapping[str, Handler | Streamed], public_url: str) -> Mapping[str, Handler | Streamed]:
    """A row of the table whose handlers see names and values of headers without their percent-encoding.

    ``public_url``: how clients reach the service; "": as each of them called it.
    """
    return {
        method: Streamed(_decoded(handler.handler, public_url))
        if isinstance(handler, Streamed)
        else _decoded(handler, public_url)
        for method, handler in methods.items()
    }


def _decoded(handler: Callable[[Request, Any], _Result], public_url: str) -> Callable[[Request, Any], _Result]:
    def decoding(request: Request, services: Any) -> _Result:
        headers = pithos.decoded_headers(request.headers)
        return handler(replace(request, headers=headers, public_url=public_url), services)

    return decoding


def _checked(request: Request, name: str) -> str:
    """Raises BadInput: no database keeps it."""
    value = request.params[name]
    if "\0" in value:
        raise BadInput(name, value, "a name without NUL")
    return value
