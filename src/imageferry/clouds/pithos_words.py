"""What Pithos says in rows and headers, read leniently, and what it is told in them.

Source: specs/synnefo.md, sections 1.2, 3 and 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from imageferry.clouds.swift_words import number, text
from imageferry.domain.errors import BadInput
from imageferry.ports.cloud import Access, ContainerInfo, ObjectInfo

JSON = "application/json"
META = "x-object-meta-"
UUID = "X-Object-Uuid"
VERSION = "X-Object-Version"
TOP = "X-Object-Hash"
SHARING = "X-Object-Sharing"
PUBLIC = "X-Object-Public"
VERSIONING = "X-Container-Policy-Versioning"

_SAFE = '/=,:@;" '
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def encoded(value: str) -> str:
    """A header's value as it travels; a blank at either end would be taken away on the way."""
    outer = quote(value, safe=_SAFE)
    inner = outer.strip(" ")
    at = outer.index(inner) if inner else len(outer)
    return "%20" * at + inner + "%20" * (len(outer) - at - len(inner))


def decoded(value: str) -> str:
    """What does not decode stays: older services send some values as they are."""
    try:
        return unquote(value, errors="strict") if "%" in value else value
    except UnicodeDecodeError:
        return value


def container_info(row: Mapping[str, Any]) -> ContainerInfo:
    return ContainerInfo(name=row["name"], count=number(row.get("count")), size=number(row.get("bytes")))


def listed(container: str, row: Mapping[str, Any]) -> ObjectInfo:
    """A row of a listing."""
    top = text(row.get("x_object_hash"))
    return ObjectInfo(
        container=container,
        name=row["name"],
        size=number(row.get("bytes")),
        etag=text(row.get("hash")).strip('"') or top,
        content_type=text(row.get("content_type")),
        updated_at=text(row.get("last_modified")),
        id=text(row.get("x_object_uuid")),
        version=_word(row.get("x_object_version")),
        top=top,
        public_url=text(row.get("x_object_public")),
    )


def shown(container: str, name: str, headers: Mapping[str, str]) -> ObjectInfo:
    """What the headers of an object say."""
    return ObjectInfo(
        container=container,
        name=name,
        size=number(headers.get("Content-Length")),
        etag=headers.get("Etag", "").strip('"'),
        content_type=decoded(headers.get("Content-Type", "")),
        updated_at=headers.get("Last-Modified", ""),
        id=headers.get(UUID, ""),
        version=headers.get(VERSION, ""),
        top=headers.get(TOP, "").lower(),
        public_url=headers.get(PUBLIC, ""),
        metadata={
            decoded(key.lower().removeprefix(META)): decoded(value)
            for key, value in headers.items()
            if key.lower().startswith(META)
        },
    )


def sharing_header(access: Access) -> str:
    """``read=U1,U2;write=U3``; nothing for nobody.

    Raises:
        BadInput: what cannot be somebody.
    """
    parts = []
    for act, who in (("read", access.read), ("write", access.write)):
        for one in who:
            if not one or re.search(r"[\s,;=%]", one) or _CONTROL.search(one):
                raise BadInput("who may " + act, one, "a project's id, project:group, or *")
        if who:
            parts.append(f"{act}={','.join(dict.fromkeys(who))}")
    return ";".join(parts)


def read_sharing(headers: Mapping[str, str]) -> Access:
    found: dict[str, tuple[str, ...]] = {}
    for part in decoded(headers.get(SHARING, "")).split(";"):
        act, _, who = part.partition("=")
        found[act.strip().lower()] = _names(who.split(","))
    return Access(
        read=found.get("read", ()),
        write=found.get("write", ()),
        inherited_from=decoded(headers.get("X-Object-Shared-By", "")),
    )


def _names(who: Iterable[str]) -> tuple[str, ...]:
    return tuple(one.strip() for one in who if one.strip())


def _word(value: object) -> str:
    return str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
