"""Static large objects: a list of segments, put and deleted."""

from __future__ import annotations

from typing import Any

import msgspec

from imageferry.dialects.edge.http import Answer, Receiving, Request
from imageferry.dialects.swift.errors import Refusal, not_yet
from imageferry.dialects.swift.metadata import fresh_traits
from imageferry.dialects.swift.paths import object_of
from imageferry.dialects.swift.put_reply import created, promised_etag
from imageferry.dialects.swift.report import Deletions
from imageferry.domain.errors import BadInput, TooLarge
from imageferry.service.objects import WantedSegment
from imageferry.service.services import Services

MAX_MANIFEST = 8 << 20  # bytes

_KEYS = frozenset({"path", "etag", "size_bytes"})
_KEYS_NOT_YET = frozenset({"range", "data"})


class _Collected:
    """A body that is small enough to be looked at whole."""

    def __init__(self) -> None:
        self.body = bytearray()

    def write(self, part: bytes | bytearray) -> None:
        self.body += part
        if len(self.body) > MAX_MANIFEST:
            raise TooLarge("manifest", MAX_MANIFEST)

    def __enter__(self) -> _Collected:
        return self

    def __exit__(self, *_: object) -> None:
        self.body.clear()


def put(request: Request, services: Services) -> Receiving:
    path = object_of(request)
    if "heartbeat" in request.query:
        raise not_yet("?heartbeat")
    if request.length is not None and request.length > MAX_MANIFEST:
        raise TooLarge("manifest", MAX_MANIFEST, request.length)
    traits = fresh_traits(request, path[2])
    etag = promised_etag(request)
    collected = _Collected()

    def answer() -> Answer:
        wanted = wanted_segments(bytes(collected.body))
        kept = services.objects.put_static(request.caller, *path, traits=traits, wanted=wanted, etag=etag)
        return created(kept)

    return Receiving(collected, answer)


def delete(request: Request, services: Services) -> Answer:
    """Delete the list and its segments; answers as bulk deletion does, with the truth in the body."""
    try:
        done = services.objects.delete_static(request.caller, *object_of(request))
    except BadInput:
        path = request.path.removeprefix("/v1/").partition("/")[2]
        return Deletions(status="400 Bad Request", errors=[(f"/{path}", "Not an SLO manifest")]).answer(request)
    return Deletions(deleted=done.deleted, missing=done.missing).answer(request)


def wanted_segments(body: bytes) -> list[WantedSegment]:
    """The list that a client sent.

    Raises:
        Refusal: 400, naming what is wrong with it.
    """
    try:
        rows = msgspec.json.decode(body, type=list[dict[str, Any]])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, "Manifest must be valid JSON.\n") from error
    return [_wanted(index, row) for index, row in enumerate(rows)]


def _wanted(index: int, row: dict[str, Any]) -> WantedSegment:
    for key in sorted(row.keys() & _KEYS_NOT_YET):
        if row[key] is not None:
            raise not_yet(f"Index {index}: {key}")
    unknown = row.keys() - _KEYS - _KEYS_NOT_YET
    if unknown:
        raise Refusal(400, f"Index {index}: extraneous keys {', '.join(sorted(unknown))[:200]}")
    path, etag, size = row.get("path"), row.get("etag"), row.get("size_bytes")
    container, _, name = path.lstrip("/").partition("/") if isinstance(path, str) else ("", "", "")
    if not container or not name or "\0" in name:
        raise Refusal(
            400, f"Index {index}: path does not refer to an object. Path must be of the form /container/object."
        )
    if not (etag is None or isinstance(etag, str)) or not (size is None or type(size) is int):
        raise Refusal(400, f"Index {index}: etag must be text, size_bytes a whole number")
    return WantedSegment(container=container, name=name, size=size, md5=etag.strip('"').lower() if etag else None)
