"""Object storage v1 on paper: the rows of listings, and the error bodies."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from imageferry.domain.link import Link
from imageferry.domain.object import Container, ObjectVersion, Segment, StoredObject, Subdir
from imageferry.domain.versioning import DELETED_TYPE, NO_VERSION, VersionId, version_text
from imageferry.wire.dates import swift_listing

ACCOUNT_PREFIX = "AUTH_"

_EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e"

Row = Container | StoredObject | Subdir


def object_path(project: str, container: str, name: str) -> str:
    """The path of an object's URL."""
    return f"/v1/{ACCOUNT_PREFIX}{project}/{quote(container)}/{quote(name)}"


def version_path(project: str, container: str, name: str, version: VersionId) -> str:
    return f"{object_path(project, container, name)}?version-id={version_text(version)}"


def link_target(link: Link) -> str:
    """As ``X-Symlink-Target`` has it."""
    return quote(link.path)


def row_document(row: Row, *, policy: str = "") -> dict[str, Any]:
    """One row of a JSON listing.

    The digest of a static large object's row is its list's, and ``slo_etag`` the quoted tag
    of the whole; its size is the whole. Of a dynamic one the row shows the manifest alone,
    of a link where it leads.
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
    return document if row.link is None else document | _link_fields(row.link)


def _link_fields(link: Link) -> dict[str, Any]:
    fields: dict[str, Any] = {"symlink_path": object_path(link.project_id, link.container, link.name)}
    if link.md5 is not None:
        fields |= {"symlink_etag": link.md5, "symlink_bytes": link.size}
    if link.whole_etag is not None:
        fields["slo_etag"] = f'"{link.whole_etag}"'
    return fields


def version_document(row: ObjectVersion) -> dict[str, Any]:
    """One row of a listing of versions. The mark of a deletion is an empty object of a type of its own."""
    if row.item is not None:
        fields = row_document(row.item)
    else:
        fields = {
            "name": row.name,
            "bytes": 0,
            "hash": _EMPTY_MD5,
            "content_type": DELETED_TYPE,
            "last_modified": swift_listing(row.at),
        }
    return fields | {"is_latest": row.is_latest, "version_id": version_text(row.id)}


def json_listing(rows: Iterable[Row], *, policy: str = "", project: str = "", container: str = "") -> bytes:
    """A listing of an account, or of a container in it. An object that is a version says where it stays."""
    documents = []
    for row in rows:
        document = row_document(row, policy=policy)
        if isinstance(row, StoredObject) and row.version != NO_VERSION:
            document["version_symlink"] = True
            document.setdefault("symlink_path", version_path(project, container, row.name, row.version))
        documents.append(document)
    return _json(documents)


def versions_listing(rows: Iterable[ObjectVersion | Subdir]) -> bytes:
    return _json([row_document(row) if isinstance(row, Subdir) else version_document(row) for row in rows])


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
    return dict(sorted(document.items()))


def _inline(data: bytes) -> dict[str, str]:
    return {"data": b64encode(data).decode()}


def error_page(reason: str, explanation: str) -> bytes:
    """The HTML fragment that Swift answers with. Neither text may come from a stranger."""
    return f"<html><h1>{reason}</h1><p>{explanation}</p></html>".encode()


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
