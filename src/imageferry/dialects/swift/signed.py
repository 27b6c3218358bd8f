"""Temporary URLs: a signature in the query instead of a token in the head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from imageferry.dialects.edge.http import Answer, Handler, Query, Receiving, Request, Streamed
from imageferry.dialects.swift.errors import Refusal
from imageferry.dialects.swift.paths import ACCOUNT_PREFIX, object_of
from imageferry.domain.access import Act, Caller, Pass, ProjectId
from imageferry.domain.errors import BadInput
from imageferry.domain.moment import SECOND, Moment
from imageferry.ports.clock import Clock
from imageferry.service.services import Services
from imageferry.wire import tempurl
from imageferry.wire.dates import http_date

_ACTS = {"GET": Act.READ_OBJECTS, "HEAD": Act.READ_OBJECTS}
_REFUSED_HEADERS = ("x-object-manifest", "x-symlink-target", "x-copy-from")  # they would open other objects
_OBJECT_META, _PUBLIC_META = "x-object-meta-", "x-object-meta-public-"

_Reply = TypeVar("_Reply", Answer, Answer | Receiving)


def tempurl_info() -> dict[str, object]:
    return {
        "methods": list(tempurl.METHODS),
        "allowed_digests": list(tempurl.DIGESTS),
        "deprecated_digests": ["sha1"],
        "incoming_allow_headers": [],
        "incoming_remove_headers": ["x-timestamp"],
        "outgoing_allow_headers": [f"{_PUBLIC_META}*"],
        "outgoing_remove_headers": [f"{_OBJECT_META}*"],
    }


def also_signed(handler: Handler | Streamed, clock: Clock) -> Handler | Streamed:
    """The handler of an object, for those as well who come with a temporary URL."""
    if isinstance(handler, Streamed):
        return Streamed(_wrapped(handler.handler, clock))
    return _wrapped(handler, clock)


def sent_by_page(handler: Handler | Streamed) -> Handler | Streamed:
    """The handler, told from which page a caller comes: access lists may ask for it."""
    if isinstance(handler, Streamed):
        return Streamed(_told(handler.handler))
    return _told(handler)


def _told(handler: Callable[[Request, Services], _Reply]) -> Callable[[Request, Services], _Reply]:
    def answer(request: Request, services: Services) -> _Reply:
        referer = request.headers.get("referer")
        if referer:
            caller = request.caller or Caller.guest()
            request = replace(request, bearer=replace(caller, referer=referer))
        return handler(request, services)

    return answer


def _wrapped(handler: Callable[[Request, Services], _Reply], clock: Clock) -> Callable[[Request, Services], _Reply]:
    def answer(request: Request, services: Services) -> _Reply:
        if not tempurl.is_temp_url(request.query.__contains__):
            return handler(request, services)
        url, bearer = _judged(request, services, clock())
        _refuse_manifests(request)
        reply = handler(replace(request, bearer=bearer, query=_signed_part(request.query)), services)
        if request.method in ("GET", "HEAD") and isinstance(reply, Answer):
            return _for_strangers(reply, url, request.params["object"])
        return reply

    return answer


def _judged(request: Request, services: Services, now: Moment) -> tuple[tempurl.TempUrl, Caller]:
    """Raises Refusal: 401, whatever is wrong; nobody learns what."""
    project, container, name = object_of(request)
    invalid = Refusal(401, "401 Unauthorized: Temp URL invalid\n")
    try:
        url = tempurl.read(request.query.get)
    except BadInput as error:
        raise invalid from error
    keys, account = keys_for(services, project, container)
    place = (f"{ACCOUNT_PREFIX}{project}", container, name)
    key = tempurl.signed_with(url, keys, method=request.method, place=place, client=request.client, now=now)
    if key is None:
        raise invalid
    act = _ACTS.get(request.method, Act.WRITE_OBJECTS)
    allowed = Pass(act=act, project_id=project, container=container, name=name, whole_account=key in account)
    return url, Caller.guest(signed=allowed)


def keys_for(services: Services, project: ProjectId, container: str) -> tuple[list[str], list[str]]:
    """All keys that sign for what is in a container, and those of them that are the account's."""
    account, own = (
        [metadata[name] for name in tempurl.KEY_NAMES if name in metadata]
        for metadata in services.objects.metadata_of(project, container)
    )
    return [*own, *account], account


def _signed_part(query: Query) -> Query:
    """The query without what would name other bytes than the signature does: versions, and links themselves."""
    return Query([row for row in query.pairs if row[0] not in ("version-id", "symlink")])


def _refuse_manifests(request: Request) -> None:
    for name in _REFUSED_HEADERS:
        if name in request.headers:
            raise Refusal(400, f"{name} is not allowed with a temporary URL.")
    if "multipart-manifest" in request.query:
        raise Refusal(400, "?multipart-manifest is not allowed with a temporary URL.")


def _for_strangers(answer: Answer, url: tempurl.TempUrl, name: str) -> Answer:
    """Without the owner's notes, and with a word to browsers of what to do with the bytes."""
    kept = next((value for header, value in answer.headers if header == "content-disposition"), None)
    headers = [
        (header, value)
        for header, value in answer.headers
        if not header.startswith(_OBJECT_META) or header.startswith(_PUBLIC_META)
    ]
    if answer.status in (200, 206):
        headers = [row for row in headers if row[0] not in ("content-disposition", "expires")]
        headers.append(("content-disposition", tempurl.disposition(url, name, kept)))
        headers.append(("expires", http_date(Moment(url.expires_s * SECOND))))
    return replace(answer, headers=headers)
