"""Listings: what part is asked for, in which form, and the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from imageferry.dialects.edge import synnefo
from imageferry.dialects.edge.http import Answer, Headers, Request
from imageferry.domain.blob import BlobId
from imageferry.domain.errors import BadInput
from imageferry.domain.metadata_terms import all_hold, read_terms
from imageferry.domain.object import MAX_LISTING, Container, ListingQuery, StoredObject, Subdir
from imageferry.service.objects.finding import found_among
from imageferry.wire import pithos, pithos_xml

Row = StoredObject | Subdir
Page = tuple[Container, list[Row]]
Pages = Callable[[ListingQuery], Page]
"""A page of a container's listing, whatever else it is restricted to."""

_XML = "application/xml; charset=UTF-8"
_TEXT = "text/plain; charset=UTF-8"


def query_of(request: Request) -> ListingQuery:
    """``path`` goes before prefix and delimiter, which it stands for.

    Raises:
        BadInput: no number of rows, or a name that nothing can have.
    """
    asked = {name: request.query.get(name) or "" for name in ("marker", "prefix", "delimiter", "path")}
    for name, value in asked.items():
        if "\0" in value:
            raise BadInput(name, value, "text without NUL")
    query = ListingQuery(limit=_limit(request), marker=asked["marker"])
    if asked["path"]:
        return replace(query, prefix=_directory(asked["path"], "/"), delimiter="/")
    prefix, delimiter = asked["prefix"], pithos.decoded(asked["delimiter"])
    return replace(query, prefix=_directory(prefix, delimiter), delimiter=delimiter)


def rows_of(request: Request, pages: Pages) -> Page:
    """What a container's listing shows.

    Raises:
        BadInput: a query that means nothing.
    """
    query = _as_meant(query_of(request), pages)
    terms = read_terms(request.query.get("meta") or "")
    subdirs = not request.query.get("path")
    if not terms and subdirs:
        return pages(query)
    return found_among(pages, query, lambda item: all_hold(terms, item.metadata), subdirs=subdirs)


def items(rows: Sequence[Row]) -> list[StoredObject]:
    return [row for row in rows if isinstance(row, StoredObject)]


def containers(request: Request, rows: Sequence[Container], headers: Headers, *, whole: bool = True) -> Answer:
    """``whole``: for who may see all that is in them."""
    form = form_of(request)
    documents = [pithos.container_document(row, whole=whole) for row in rows]
    if form == "json":
        return synnefo.answer(200, documents, headers)
    if form == "xml":
        return _said(_XML, pithos_xml.account_listing(request.params["project"], documents), headers)
    return lines([row.name for row in rows], headers)


def lines(names: Sequence[str], headers: Headers = ()) -> Answer:
    """A line for each name; 204 where there is none."""
    body = _lines(names)
    return _said(_TEXT, body, headers) if body else Answer(status=204, headers=headers)


def objects(
    request: Request,
    container: Container,
    rows: Sequence[Row],
    tops: Mapping[BlobId, str],
    headers: Headers,
    more: Callable[[list[str]], Mapping[str, Mapping[str, str]]] = lambda _: {},
) -> Answer:
    """Never 204: kamaki takes that for a failure. ``more``: what else is told of objects, by their names."""
    form = form_of(request)
    if form == "text":
        return _said(_TEXT, _lines([row.name for row in rows]), headers)
    others = more([row.name for row in items(rows)])
    documents = [pithos.row_document(row, container.project_id, tops) | dict(others.get(row.name, {})) for row in rows]
    if form == "json":
        return synnefo.answer(200, documents, headers)
    return _said(_XML, pithos_xml.container_listing(container.name, documents), headers)


def _as_meant(query: ListingQuery, pages: Pages) -> ListingQuery:
    """The names as they were meant: what a person typed comes encoded twice, and is then decoded once more.

    What is there by its letters is taken by them.
    """
    prefix = pithos.decoded(query.prefix)
    if prefix != query.prefix and not pages(ListingQuery(prefix=query.prefix, limit=1))[1]:
        query = replace(query, prefix=prefix)
    marker = pithos.decoded(query.marker)
    if marker != query.marker:
        first = pages(ListingQuery(prefix=query.marker, limit=1))[1]
        if not first or first[0].name != query.marker:
            query = replace(query, marker=marker)
    return query


def _directory(prefix: str, delimiter: str) -> str:
    """A prefix that goes with a delimiter ends in it."""
    return prefix + delimiter if prefix and not prefix.endswith(delimiter) else prefix


def _limit(request: Request) -> int:
    """0 is no limit but the service's own."""
    text = request.query.get("limit") or "0"
    if not (text.isascii() and text.isdigit()):
        raise BadInput("limit", text, "a whole number")
    return min(int(text[:20]) or MAX_LISTING, MAX_LISTING)


def form_of(request: Request) -> str:
    asked = request.query.get("format")
    if asked is None:
        accepted = request.headers.get("accept", "")
        return next((form for form in ("json", "xml") if f"application/{form}" in accepted), "text")
    return asked if asked in ("json", "xml") else "text"


def _lines(names: Sequence[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode()


def _said(content_type: str, body: bytes, headers: Headers) -> Answer:
    return Answer(status=200, headers=[("content-type", content_type), *headers], body=body)
