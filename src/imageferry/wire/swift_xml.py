"""Listings of Object storage v1 in XML."""

from __future__ import annotations

from collections.abc import Iterable

from imageferry.domain.object import Container, StoredObject, Subdir
from imageferry.wire.dates import swift_listing
from imageferry.wire.xml import document, element, text


def account_listing(name: str, rows: Iterable[Container | Subdir], *, policy: str) -> bytes:
    """``policy`` is every container's. Raises BadInput: a name that XML cannot hold."""
    lines = (
        f'<subdir name="{text(row.name)}" />'
        if isinstance(row, Subdir)
        else element(
            "container",
            {
                "name": row.name,
                "count": row.object_count,
                "bytes": row.bytes_used,
                "last_modified": swift_listing(row.updated_at),
                "storage_policy": policy,
            },
        )
        for row in rows
    )
    return document("account", name, lines)


def container_listing(name: str, rows: Iterable[StoredObject | Subdir]) -> bytes:
    """Raises BadInput: a name that XML cannot hold."""
    lines = (
        f'<subdir name="{text(row.name)}"><name>{text(row.name)}</name></subdir>'
        if isinstance(row, Subdir)
        else element(
            "object",
            {
                "name": row.name,
                "hash": row.md5,
                "bytes": row.size if row.whole is None else row.whole.size,
                "content_type": row.content_type,
                "last_modified": swift_listing(row.updated_at),
            },
        )
        for row in rows
    )
    return document("container", name, lines)
