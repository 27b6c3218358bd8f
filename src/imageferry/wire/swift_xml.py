"""Listings of Object storage v1 in XML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

from imageferry.domain.errors import BadInput
from imageferry.domain.object import Container, StoredObject, Subdir
from imageferry.wire.dates import swift_listing

# XML 1.0 has no way at all to write these, not even as a reference.
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ENTITIES = {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}  # parsers turn bare ones into other blanks


def account_listing(name: str, rows: Iterable[Container | Subdir], *, policy: str) -> bytes:
    """``policy`` is every container's. Raises BadInput: a name that XML cannot hold."""
    lines = (
        f'<subdir name="{_text(row.name)}" />'
        if isinstance(row, Subdir)
        else _element(
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
    return _document("account", name, lines)


def container_listing(name: str, rows: Iterable[StoredObject | Subdir]) -> bytes:
    """Raises BadInput: a name that XML cannot hold."""
    lines = (
        f'<subdir name="{_text(row.name)}"><name>{_text(row.name)}</name></subdir>'
        if isinstance(row, Subdir)
        else _element(
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
    return _document("container", name, lines)


def _document(root: str, name: str, lines: Iterable[str]) -> bytes:
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} name="{_text(name)}">'
    return f"{head}{''.join(lines)}</{root}>".encode()


def _element(tag: str, fields: Mapping[str, object]) -> str:
    inner = "".join(f"<{name}>{_text(str(value))}</{name}>" for name, value in fields.items())
    return f"<{tag}>{inner}</{tag}>"


def _text(value: str) -> str:
    if _IMPOSSIBLE.search(value):
        raise BadInput("XML listing", value, "names without control characters (ask for format=json)")
    return escape(value, _ENTITIES)
