"""Listings: what part is asked for, in which form, and the answer."""

from __future__ import annotations

from collections.abc import Sequence

from imageferry.dialects.edge.http import Answer, Headers, Request
from imageferry.dialects.swift.errors import Refusal
from imageferry.dialects.swift.metadata import is_true
from imageferry.domain.object import MAX_LISTING, ListingQuery
from imageferry.wire import swift

POLICY = "Policy-0"  # there is one, by Swift's own name for the only one


def query_of(request: Request) -> ListingQuery:
    """Raises Refusal: 412, more rows than a page has, or NUL in a name."""
    asked = {name: request.query.get(name) or "" for name in ("marker", "end_marker", "prefix", "delimiter")}
    if any("\0" in value for value in asked.values()):
        raise Refusal(412, "Invalid UTF8 or contains NULL")
    return ListingQuery(limit=_limit(request), reverse=is_true(request.query.get("reverse")), **asked)


def level_of(request: Request) -> ListingQuery | None:
    """The pseudo-directory that ``path`` asks for."""
    path = request.query.get("path")
    if path is None:
        return None
    query = query_of(request)
    prefix = f"{path.rstrip('/')}/" if path else ""
    return ListingQuery(
        limit=query.limit,
        marker=query.marker,
        end_marker=query.end_marker,
        prefix=prefix,
        delimiter="/",
        reverse=query.reverse,
    )


def answer(request: Request, rows: Sequence[swift.Row], headers: Headers) -> Answer:
    if _wants_json(request):
        body = swift.json_listing(rows, policy=POLICY)
        return Answer(status=200, headers=[("content-type", "application/json; charset=utf-8"), *headers], body=body)
    body = swift.text_listing(rows)
    kind = ("content-type", "text/plain; charset=utf-8")
    return Answer(status=200 if body else 204, headers=[kind, *headers], body=body)


def _limit(request: Request) -> int:
    text = request.query.get("limit") or ""
    if not (text.isascii() and text.isdigit()):
        return MAX_LISTING
    limit = int(text[:20])
    if limit > MAX_LISTING:
        raise Refusal(412, f"Maximum limit is {MAX_LISTING}")
    return limit


def _wants_json(request: Request) -> bool:
    wanted = request.query.get("format")
    if wanted is not None:
        return wanted.lower() == "json"
    return "application/json" in request.headers.get("accept", "")
