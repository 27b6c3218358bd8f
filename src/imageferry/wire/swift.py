"""Object storage v1 on paper: the rows of listings, and the error bodies."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

from imageferry.domain.object import Container, Segment, StoredObject, Subdir
from imageferry.wire.dates import swift_listing

Row = Container | StoredObject | Subdir


def row_document(row: Row, *, policy: str = "") -> dict[str, Any]:
    """One row of a JSON listing.

    The digest of a static large object's row is its list's, and ``slo_etag`` the quoted tag
    of the whole; its size is the whole. Of a dynamic one the row shows the manifest alone.
    """
    if isinstance(row, Subdir):
        return {"subdir": row.name}
    modified = swift_listing(row.updated_at)
    if isinstance(row, Container):
        return {
            "name": row.name,
            "count": row.object_count,
            "bytes": row.bytes_used,
            "last_modified": modified,
            "storage_policy": policy,
        }
    document: dict[str, Any] = {
        "name": row.name,
        "bytes": row.size if row.whole is None else row.whole.size,
        "hash": row.md5,
        "content_type": row.content_type,
        "last_modified": modified,
    }
    if row.whole is not None:
        document["slo_etag"] = f'"{row.whole.etag}"'
    return document


def json_listing(rows: Iterable[Row], *, policy: str = "") -> bytes:
    return _json([row_document(row, policy=policy) for row in rows])


def text_listing(rows: Iterable[Row]) -> bytes:
    """A name a line; empty for no rows."""
    return "".join(f"{row.name}\n" for row in rows).encode()


def segments_document(rows: Iterable[tuple[Segment, bytes | None]], *, raw: bool = False) -> bytes:
    """The list of a static large object as ``?multipart-manifest=get`` shows it; ``raw``: as it was put."""
    return _json([_segment(segment, raw) if data is None else _inline(data) for segment, data in rows])


def _segment(segment: Segment, raw: bool) -> dict[str, Any]:
    path, size, md5 = ("path", "size_bytes", "etag") if raw else ("name", "bytes", "hash")
    document: dict[str, Any] = {path: f"/{segment.container}/{segment.name}", size: segment.size, md5: segment.md5}
    if segment.span is not None:
        document["range"] = segment.range
    if not raw:
        document["content_type"] = segment.content_type
        document["last_modified"] = swift_listing(segment.updated_at)
        if segment.nested:
            document["sub_slo"] = True
    return document


def _inline(data: bytes) -> dict[str, str]:
    return {"data": b64encode(data).decode()}


def error_page(reason: str, explanation: str) -> bytes:
    """The HTML fragment that Swift answers with. Neither text may come from a stranger."""
    return f"<html><h1>{reason}</h1><p>{explanation}</p></html>".encode()


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
