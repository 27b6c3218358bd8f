"""Pithos+ on paper: the rows of listings, policies, and headers as they travel.

Source: specs/synnefo.md, sections 1.2, 3 and 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from imageferry.domain.access import ProjectId
from imageferry.domain.blob import BlobId
from imageferry.domain.moment import SECOND, Moment, to_datetime
from imageferry.domain.object import Container, StoredObject, Subdir
from imageferry.domain.quota import BYTES, COUNT
from imageferry.wire.tempurl import KEY_NAMES

ROOT = "/object-store/v1"

_NAME_LETTERS = "!#$&'*+-.^_`|~"  # RFC 9110, token, but for the percent sign
_VALUE_LETTERS = "".join(map(chr, range(32, 127))).replace("%", "")
OF_SWIFT = frozenset({BYTES, COUNT, *KEY_NAMES})
"""Metadata of accounts and containers that mean something in Swift: quotas are policies here, keys not shown."""


def decoded_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Names and values as they were meant: what a header cannot hold is percent-encoded; what does not decode stays."""
    return {decoded(name).lower(): decoded(value) for name, value in headers.items()}


def encoded_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same the other way round. Whatever a reader decodes comes out as it is here."""
    return [(quote(name, safe=_NAME_LETTERS), quote(value, safe=_VALUE_LETTERS)) for name, value in headers]


def own_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """What of the metadata of an account or container is no more than that: quotas and keys are told elsewhere."""
    return {name: value for name, value in metadata.items() if name not in OF_SWIFT}


def policy_document(container: Container) -> dict[str, str]:
    return {
        "quota": container.metadata.get(BYTES, "0"),
        "versioning": "auto" if container.versioning.enabled else "none",
        "project": container.project_id,
    }


def container_document(row: Container, *, whole: bool = True) -> dict[str, Any]:
    """One row of the listing of an account. ``whole``: for who may see all that is in the container."""
    return {
        "name": row.name,
        **({"count": row.object_count, "bytes": row.bytes_used} if whole else {}),
        "last_modified": iso_time(row.changed_at),
        **({"x_container_policy": policy_document(row)} if whole else {}),
    }


def row_document(row: StoredObject | Subdir, account: ProjectId, tops: Mapping[BlobId, str]) -> dict[str, Any]:
    """One row of the listing of a container. A large object has its whole size, and no hash of a tree.

    Args:
        account: whose container it is.
        tops: of the trees over the blocks' names, by blob.
    """
    if isinstance(row, Subdir):
        return {"subdir": row.name}
    return {
        "name": row.name,
        "bytes": row.size if row.whole is None else row.whole.size,
        "content_type": row.content_type,
        "hash": row.md5 if row.whole is None else row.whole.etag,
        "x_object_hash": tops[row.blob_id] if row.whole is None and row.manifest is None else "",
        "last_modified": iso_time(row.updated_at),
        "x_object_uuid": row.id,
        "x_object_version": row.number,
        "x_object_version_timestamp": seconds(row.updated_at),
        "x_object_modified_by": account,
    }


def iso_time(moment: Moment) -> str:
    """``2013-06-19T08:01:00.123456+00:00``"""
    return to_datetime(moment).isoformat(timespec="microseconds")


def seconds(moment: Moment) -> str:
    """``1371628822.123456``: seconds since 1970."""
    return f"{moment // SECOND}.{moment % SECOND:06d}"


def decoded(text: str) -> str:
    """Percent-encoded text; what does not decode stays."""
    if "%" not in text:
        return text
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text
