"""Plankton, Synnefo's images, on paper: what stands in headers, queries and documents.

Source: specs/synnefo.md, sections 1.2 and 5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from imageferry.domain.access import ProjectId
from imageferry.domain.errors import BadInput
from imageferry.domain.image import ImageId
from imageferry.domain.moment import Moment, to_datetime
from imageferry.domain.registration import SORT_KEYS, TEXTS, Described, Filters, Wish, property_name
from imageferry.wire.synnefo import decoded

Document = dict[str, Any]
Pairs = Sequence[tuple[str, str]]

ROOT = "/image/v1.0"

_META = "x-image-meta-"
_PROPERTY = "x-image-meta-property-"
_NUMBER = re.compile(r"[0-9]{1,18}")
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")


# -- what clients say ----------------------------------------------------------


def read_wish(headers: Pairs) -> tuple[str, Wish]:
    """What the headers of a request say of an image, and the location of its object ("" if none).

    The owner is whose object it is, whatever is said, and unknown names are passed over. Of a name that comes twice
    the last counts, but for properties (see ``domain.registration.meant``).

    Raises:
        BadInput: a property without a name.
    """
    said: dict[str, str] = {}
    properties: dict[str, list[tuple[str, bool]]] = {}
    for name, value in headers:
        if name.lower().startswith(_PROPERTY):
            spelled = decoded(name[len(_PROPERTY) :])
            key = property_name(spelled)
            if not key:
                raise BadInput("property", name, "a name behind X-Image-Meta-Property-")
            properties.setdefault(key, []).append((decoded(value), spelled != spelled.lower()))
        elif name.lower().startswith(_META):
            said[name.lower()[len(_META) :]] = value
    public = said.get("is-public")
    return said.get("location", ""), Wish(
        name=_text(said, "name"),
        disk_format=_text(said, "disk-format"),
        container_format=_text(said, "container-format"),
        status=_text(said, "status"),
        public=None if public is None else public.strip().lower() == "true",
        id=said.get("id"),
        size=said.get("size"),
        checksum=said.get("checksum"),
        store=said.get("store"),
        properties=properties,
    )


def _text(said: Mapping[str, str], name: str) -> str | None:
    return decoded(said[name]) if name in said else None


def read_filters(pairs: Iterable[tuple[str, str]]) -> Filters:
    """The query of a list. What kamaki's users type arrives encoded twice.

    Raises:
        BadInput: no such order, or a size that is no number.
    """
    asked = {name: value for name, value in pairs if value}
    texts = {name: asked[name] for name in TEXTS if name in asked}
    direction = asked.get("sort_dir", "desc").lower()
    if direction not in ("asc", "desc"):
        raise BadInput("sort_dir", direction, "asc or desc")
    key = asked.get("sort_key", "created_at").lower()
    if key not in SORT_KEYS:
        raise BadInput("sort_key", key, f"one of {', '.join(SORT_KEYS)}")
    return Filters(
        texts=texts,
        otherwise={name: unquote(text) for name, text in texts.items()} if _any_encoded(texts) else {},
        size_min=_number(asked, "size_min"),
        size_max=_number(asked, "size_max"),
        sort_key=key,
        descending=direction == "desc",
    )


def _any_encoded(texts: Mapping[str, str]) -> bool:
    return any(_ENCODED.search(text) for text in texts.values())


def _number(asked: Mapping[str, str], name: str) -> int | None:
    if name not in asked:
        return None
    if not _NUMBER.fullmatch(asked[name]):
        raise BadInput(name, asked[name], "a number of bytes")
    return int(asked[name])


class _Membership(msgspec.Struct):
    member_id: str


class _Memberships(msgspec.Struct):
    memberships: list[_Membership]


def read_members(document: object) -> list[str]:
    """``{"memberships": [{"member_id": ...}]}``; what else is said of a member is passed over.

    Raises:
        BadInput: another form.
    """
    try:
        return [member.member_id for member in msgspec.convert(document, _Memberships).memberships]
    except msgspec.ValidationError as error:
        raise BadInput("request body", str(error), 'a list of {"member_id": ...} called memberships') from error


# -- what is answered ----------------------------------------------------------


def headers(image: Described) -> list[tuple[str, str]]:
    """All that is known of an image, as headers."""
    rows = {
        "id": image.id,
        "name": _encoded(image.name),
        "status": _encoded(image.status),
        "disk-format": image.disk_format,
        "container-format": image.container_format,
        "size": str(image.size),
        "checksum": image.checksum,
        "location": image.location,
        "created-at": time_text(image.created_at),
        "updated-at": time_text(image.updated_at),
        "deleted-at": "",
        "is-public": str(image.is_public),
        "owner": _encoded(image.owner),
        "description": _encoded(image.description),
        "is-snapshot": "False",
    }
    found = [(f"{_META}{name}", value) for name, value in rows.items()]
    for key, value in image.properties.items():
        found.append((f"{_PROPERTY}{quote(key.replace('_', '-'), safe='', errors='replace')}", _encoded(value)))
    return found


def row(image: Described) -> Document:
    """An image in a list."""
    return {
        "id": image.id,
        "name": image.name,
        "status": image.status,
        "disk_format": image.disk_format,
        "container_format": image.container_format,
        "size": image.size,
    }


def detailed_row(image: Described) -> Document:
    return {
        **row(image),
        "checksum": image.checksum,
        "location": image.location,
        "created_at": time_text(image.created_at),
        "updated_at": time_text(image.updated_at),
        "deleted_at": "",
        "is_public": image.is_public,
        "owner": image.owner,
        "properties": dict(image.properties),
        "description": image.description,
        "is_snapshot": False,
    }


def members(projects: Iterable[ProjectId]) -> Document:
    return {"members": [{"member_id": project, "can_share": False} for project in projects]}


def shared_images(ids: Iterable[ImageId]) -> Document:
    return {"shared_images": [{"image_id": image_id, "can_share": False} for image_id in ids]}


def time_text(moment: Moment) -> str:
    """``2013-06-19 08:00:22``, in UTC."""
    return to_datetime(moment).isoformat(" ")[:19]


def _encoded(text: str) -> str:
    return quote(text, safe="/=,:@;", errors="replace")
