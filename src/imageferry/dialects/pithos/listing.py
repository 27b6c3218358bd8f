"""Listings: what part is asked for, in which form, and the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from imageferry.dialects.edge import synnefo
from imageferry.dialects.edge.http import Answer, Headers, Request
from imageferry.domain.blob import BlobId
from imageferry.domain.object import Container, ListingQuery, StoredObject, Subdir
from imageferry.wire import pithos


def query_of(request: Request) -> ListingQuery:
    marker, prefix, delimiter = (request.query.get(name) or "" for name in ("marker", "prefix", "delimiter"))
    return ListingQuery(marker=marker, prefix=prefix, delimiter=delimiter)


def containers(_: Request, rows: Sequence[Container], headers: Headers) -> Answer:
    return synnefo.answer(200, [pithos.container_document(row) for row in rows], headers)


def objects(
    _: Request,
    container: Container,
    rows: Sequence[StoredObject | Subdir],
    tops: Mapping[BlobId, str],
    headers: Headers,
) -> Answer:
    return synnefo.answer(200, [pithos.row_document(row, container.project_id, tops) for row in rows], headers)
