"""GET and HEAD of objects: conditions, ranges, large objects."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from imageferry.dialects.edge.http import Answer, Request
from imageferry.dialects.edge.spans import Content, answer_for
from imageferry.dialects.swift import links, versions
from imageferry.dialects.swift.errors import Refusal
from imageferry.dialects.swift.metadata import object_headers
from imageferry.dialects.swift.paths import object_of, refuse_what_is_not_offered
from imageferry.dialects.swift.put_reply import HTML
from imageferry.domain.access import Act
from imageferry.domain.errors import NotFound, PreconditionFailed, RangeNotSatisfiable
from imageferry.domain.versioning import VersionId
from imageferry.service.objects import Objects, OpenObject
from imageferry.service.services import Services
from imageferry.wire import ranges, swift
from imageferry.wire.conditions import Verdict, judge


def get_or_head(request: Request, services: Services) -> Answer:
    objects = services.objects
    path = object_of(request)
    objects.may(request.caller, Act.READ_OBJECTS, *path)
    refuse_what_is_not_offered(request, but="part-number")
    as_stored = request.query.get("multipart-manifest") == "get"
    to_read = request.method == "GET"
    version = versions.version_of(request)
    opened = _opened(request, objects, version, as_stored=as_stored, to_read=to_read)
    place = versions.object_headers(request, opened, asked=version)
    if as_stored and opened.item.whole is not None:
        return _segments(request, objects, opened, place)
    headers = object_headers(opened.item, etag=opened.etag, is_large=opened.is_large) + place
    if opened.item.link is not None:
        headers += links.headers(request, opened.item.link)
    part = _part(request, objects, opened)
    if part is not None:
        headers.append(("x-parts-count", str(part.count)))
    verdict = judge(request.headers, etag=opened.etag, modified=opened.item.updated_at)
    if verdict is Verdict.NOT_MODIFIED:
        return Answer(status=304, headers=headers)
    if verdict is Verdict.FAILED:
        return Answer(status=412, headers=[HTML, *(row for row in headers if row[0] not in _OF_BYTES)])
    if part is not None:
        headers.append(("content-range", ranges.content_range(part.span, opened.size)))
        length = part.span[1] - part.span[0]
        stream = objects.read(opened, *part.span) if to_read else None
        return Answer(status=206, headers=headers, stream=stream, length=length)
    if not to_read:
        return Answer(status=200, headers=headers, length=opened.size)
    content = Content(
        size=opened.size,
        etag=opened.etag,
        modified=opened.item.updated_at,
        type=opened.item.content_type,
        read=partial(objects.read, opened),
    )
    return answer_for(request, content, headers)


_OF_BYTES = ("content-type", "accept-ranges")


def _opened(
    request: Request, objects: Objects, version: VersionId | None, *, as_stored: bool, to_read: bool
) -> OpenObject:
    """Raises PreconditionFailed: what is not there has no tag that could match. Source: RFC 9110, section 13.1.1."""
    path = object_of(request)
    try:
        as_link = links.is_meant(request)
        return objects.open(
            request.caller, *path, version=version, as_stored=as_stored, as_link=as_link, to_read=to_read
        )
    except NotFound as error:
        if "if-match" in request.headers:
            raise PreconditionFailed(f"object {path[1]}/{path[2]}", "If-Match") from error
        raise


@dataclass(frozen=True, slots=True)
class _Part:
    """One segment of a static large object, as ``?part-number`` asks for it."""

    count: int
    span: ranges.Span


def _part(request: Request, objects: Objects, opened: OpenObject) -> _Part | None:
    """None where no part is asked for, or the object has none.

    Raises:
        Refusal: 400, no such number can be.
        RangeNotSatisfiable: there are fewer.
    """
    text = request.query.get("part-number")
    if text is None or opened.item.whole is None or not opened.is_large:
        return None
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text)):
        raise Refusal(400, "Part number must be an integer greater than 0")
    if request.headers.get("range"):
        raise Refusal(400, "Range requests are not supported with part number queries")
    segments = objects.segments_of(opened.item).segments
    if int(text) > len(segments):
        raise RangeNotSatisfiable(opened.size)
    start = sum(segment.length for segment in segments[: int(text) - 1])
    return _Part(len(segments), (start, start + segments[int(text) - 1].length))


def _segments(request: Request, objects: Objects, opened: OpenObject, place: Sequence[tuple[str, str]]) -> Answer:
    """The list of a static large object, as a client can read it, or as it can be put again."""
    raw = request.query.get("format") == "raw"
    body = swift.segments_document(objects.segments_of(opened.item).rows(), raw=raw)
    etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
    mine = object_headers(opened.item, etag=etag)
    others = [row for row in mine if row[0] not in ("content-type", "x-manifest-etag")]
    kind = opened.item.content_type if raw else "application/json; charset=utf-8"
    return Answer(status=200, headers=[("content-type", kind), *others, *place], body=body)
