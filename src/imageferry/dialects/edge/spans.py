"""Bytes in an answer: all of them, or the parts that a Range header asks for."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from imageferry.dialects.edge.http import Answer, Headers, Request
from imageferry.domain.moment import Moment
from imageferry.wire import ranges
from imageferry.wire.conditions import range_holds


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """Bytes that can be had, and what is known of them."""

    size: int
    etag: str  # without quotes
    modified: Moment
    type: str
    read: Callable[[int, int], Iterator[bytes]]  # from a byte up to, not including, another


def answer_for(request: Request, content: Content, headers: Headers) -> Answer:
    """200 or 206, by what the request asks for.

    Args:
        headers: of the whole, the type among them.

    Raises:
        RangeNotSatisfiable: nothing of what is asked for is there.
    """
    spans = None
    if range_holds(request.headers, etag=content.etag, modified=content.modified):
        spans = ranges.parse_range(request.headers.get("range"), content.size)
    if spans is None:
        return Answer(status=200, headers=headers, stream=content.read(0, content.size), length=content.size)
    if len(spans) > 1:
        return _parts(content, spans, headers)
    start, stop = spans[0]
    place = ("content-range", ranges.content_range(spans[0], content.size))
    return Answer(status=206, headers=[*headers, place], stream=content.read(start, stop), length=stop - start)


def _parts(content: Content, spans: Sequence[ranges.Span], headers: Headers) -> Answer:
    boundary = secrets.token_hex(16)

    def stream() -> Iterator[bytes]:
        for span in spans:
            yield ranges.part_head(span, content.size, content.type, boundary)
            yield from content.read(*span)
            yield b"\r\n"
        yield ranges.parts_end(boundary)

    others = [(name, value) for name, value in headers if name != "content-type"]
    return Answer(
        status=206,
        headers=[("content-type", f"multipart/byteranges;boundary={boundary}"), *others],
        stream=stream(),
        length=ranges.multipart_length(spans, content.size, content.type, boundary),
    )
