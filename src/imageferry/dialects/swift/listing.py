"""Listings: what part is asked for, in which form, and the answer."""

from __future__ import annotations

from collections.abc import Sequence

from imageferry.dialects.edge.http import Answer, Headers, Request
from imageferry.dialects.swift.errors import Refusal
from imageferry.dialects.swift.metadata import is_true
from imageferry.dialects.swift.paths import ACCOUNT_PREFIX
from imageferry.domain.errors import BadInput
from imageferry.domain.object import MAX_LISTING, Container, ListingQuery, StoredObject
from imageferry.wire import swift, swift_xml
from imageferry.wire.swift_reports import Form, best_form

POLICY = "Policy-0"  # there is one, by Swift's own name for the only one

_FORMS = {"json": Form.JSON, "xml": Form.XML}


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


def heading(request: Request, headers: Headers) -> Answer:
    """What HEAD says: as much as a listing would, without one."""
    return Answer(status=204, headers=[*_kind(request, _form(request)), *headers])


def answer(request: Request, rows: Sequence[swift.Row], headers: Headers) -> Answer:
    form = _form(request)
    if form is Form.TEXT:
        body = swift.text_listing(rows)
    else:
        body = (
            swift.json_listing(
                rows, policy=POLICY, container=request.params.get("container", ""), project=request.params["project"]
            )
            if form is Form.JSON
            else _xml(request, rows)
        )
    return Answer(status=200 if body else 204, headers=[*_kind(request, form), *headers], body=body)


def _kind(request: Request, form: Form) -> Headers:
    kind = ("content-type", f"{form.value}; charset=utf-8")
    return [kind] if "format" in request.query else [kind, ("vary", "Accept")]


def _xml(request: Request, rows: Sequence[swift.Row]) -> bytes:
    try:
        if "container" in request.params:
            return swift_xml.container_listing(
                request.params["container"], [row for row in rows if not isinstance(row, Container)]
            )
        name = f"{ACCOUNT_PREFIX}{request.params['project']}"
        return swift_xml.account_listing(
            name, [row for row in rows if not isinstance(row, StoredObject)], policy=POLICY
        )
    except BadInput as error:
        raise Refusal(406, str(error)) from error


def _limit(request: Request) -> int:
    text = request.query.get("limit") or ""
    if not (text.isascii() and text.isdigit()):
        return MAX_LISTING
    limit = int(text[:20])
    if limit > MAX_LISTING:
        raise Refusal(412, f"Maximum limit is {MAX_LISTING}")
    return limit


def _form(request: Request) -> Form:
    """Raises Refusal: 406, the caller takes none of the forms there are."""
    wanted = request.query.get("format")
    if wanted is not None:
        return _FORMS.get(wanted.lower(), Form.TEXT)
    form = best_form(request.headers.get("accept", ""))
    if form is None:
        raise Refusal(406, f"A listing comes as {', '.join(Form)}; none of them is accepted.")
    return form
