"""Glance's documents, read leniently: older and other services leave keys out or write numbers as text."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from imageferry.domain.digest import Algorithm
from imageferry.ports.cloud import ImageInfo, MemberInfo

PATCH_TYPE = "application/openstack-images-v2.1-json-patch"

_BASE = frozenset(
    {"id", "name", "status", "visibility", "owner", "disk_format", "container_format", "size", "virtual_size"}
    | {"min_disk", "min_ram", "protected", "os_hidden", "tags", "checksum", "os_hash_algo", "os_hash_value"}
    | {"created_at", "updated_at", "self", "file", "schema", "stores", "direct_url", "locations"}
)
"""All that is no property."""


def image_info(document: Mapping[str, Any]) -> ImageInfo:
    """What a document says of an image."""
    return ImageInfo(
        id=_text(document.get("id")),
        name=_text(document.get("name")),
        status=_text(document.get("status")).lower(),
        visibility=_text(document.get("visibility")),
        owner=_text(document.get("owner")),
        disk_format=_text(document.get("disk_format")),
        container_format=_text(document.get("container_format")),
        size=number(document.get("size")),
        virtual_size=number(document.get("virtual_size")),
        min_disk=number(document.get("min_disk")) or 0,
        min_ram=number(document.get("min_ram")) or 0,
        protected=document.get("protected") is True,
        hidden=document.get("os_hidden") is True,
        tags=tuple(sorted(_text(tag) for tag in document.get("tags") or ())),
        digests=_digests(document),
        properties={key: _text(value) for key, value in document.items() if key not in _BASE},
        created_at=_text(document.get("created_at")),
        updated_at=_text(document.get("updated_at")),
        checksum=_text(document.get("checksum")),
    )


def member_info(document: Mapping[str, Any], image_id: str, project: str = "") -> MemberInfo:
    return MemberInfo(
        image_id=_text(document.get("image_id")) or image_id,
        project_id=_text(document.get("member_id")) or project,
        status=_text(document.get("status")),
        created_at=_text(document.get("created_at")),
        updated_at=_text(document.get("updated_at")),
    )


def patch_for(values: Mapping[str, object], remove: tuple[str, ...], *, present: Set[str]) -> list[dict[str, object]]:
    """A JSON patch. What is to be removed and is not there is done already.

    Source: specs/openstack.md, section 4.7; RFC 6901 for the two escapes.
    """
    operations: list[dict[str, object]] = [
        {"op": "replace" if name in present else "add", "path": _pointer(name), "value": value}
        for name, value in values.items()
    ]
    return operations + [{"op": "remove", "path": _pointer(name)} for name in remove if name in present]


def number(value: object) -> int | None:
    """A whole number, also when it comes as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return int(float(value)) if isinstance(value, str) and "." in value else int(value)
    except (ValueError, OverflowError):
        return None


def _digests(document: Mapping[str, Any]) -> dict[Algorithm, str]:
    found: dict[Algorithm, str] = {}
    for name, value in (
        (Algorithm.MD5.value, document.get("checksum")),
        (document.get("os_hash_algo"), document.get("os_hash_value")),
    ):
        known = next((algorithm for algorithm in Algorithm if algorithm.value == name), None)
        if known is not None and isinstance(value, str) and value:
            found[known] = value.lower()
    return found


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
