"""The query of a list of images, read into an ``ImageQuery``.

Source: specs/openstack.md, section 4.8.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from imageferry.dialects.edge.http import Query
from imageferry.domain.access import ProjectId
from imageferry.domain.errors import BadInput
from imageferry.domain.image import ContainerFormat, DiskFormat, ImageId, MemberStatus, Status, Visibility
from imageferry.domain.moment import Moment
from imageferry.ports.records import IMAGE_SORT_KEYS, ImageQuery
from imageferry.wire.dates import parse_iso
from imageferry.wire.glance import BASE_ATTRIBUTES, LARGEST_PAGE, PAGE

_Kind = TypeVar("_Kind", bound=StrEnum)

_NUMBERS = ("size", "virtual_size", "min_disk", "min_ram")
"""Attributes that can be asked for by their exact value."""

_READ = frozenset(
    {
        "limit",
        "marker",
        "sort",
        "sort_key",
        "sort_dir",
        "name",
        "status",
        "id",
        "container_format",
        "disk_format",
        "owner",
        "checksum",
        "os_hash_value",
        "visibility",
        "member_status",
        "protected",
        "os_hidden",
        "tag",
        "size_min",
        "size_max",
        "created_at",
        "updated_at",
        *_NUMBERS,
    }
)
_COMPARISONS = ("gt", "gte", "lt", "lte", "eq", "neq")
_LARGEST_NUMBER = 2**63 - 1
_MOST_FILTERS = 256  # each may become a condition in the database


def image_query(query: Query) -> ImageQuery:
    """What is asked for.

    Raises:
        BadInput: a parameter has no meaning here; it is named.
    """
    if len(query.pairs) > _MOST_FILTERS:
        raise BadInput("query", f"{len(query.pairs)} parameters", f"at most {_MOST_FILTERS}")
    return ImageQuery(
        **_places(query),
        owner=None if (owner := query.get("owner")) is None else ProjectId(owner),
        ids=None if (ids := _any_of(query, "id")) is None else [ImageId(value) for value in ids],
        names=_any_of(query, "name"),
        statuses=_words(query, "status", Status),
        disk_formats=_words(query, "disk_format", DiskFormat),
        container_formats=_words(query, "container_format", ContainerFormat),
        visibility=_word(query, "visibility", Visibility),
        with_community=query.get("visibility") == "all",
        member_status=_member_status(query),
        hidden=bool(_truth(query, "os_hidden")),
        protected=_truth(query, "protected"),
        checksum=query.get("checksum"),
        hash_value=query.get("os_hash_value"),
        size_min=_number(query, "size_min"),
        size_max=_number(query, "size_max"),
        numbers={name: number for name in _NUMBERS if (number := _number(query, name)) is not None},
        tags=query.all("tag"),
        properties=_properties(query),
        created=_moments(query, "created_at"),
        updated=_moments(query, "updated_at"),
    )


def _places(query: Query) -> dict[str, Any]:
    marker = query.get("marker")
    limit = _number(query, "limit")
    return {
        "sort": _order(query),
        "marker": None if marker is None else ImageId(marker),
        "limit": PAGE if limit is None else min(limit, LARGEST_PAGE),
    }


def _order(query: Query) -> Sequence[tuple[str, str]]:
    """From ``sort=key:dir,key`` or from ``sort_key`` and ``sort_dir`` in pairs.

    As in Glance, what these leave equal is told apart by its time and its id: in the one direction that is
    named, else downwards.
    """
    keys, directions = query.all("sort_key"), query.all("sort_dir")
    if "sort" in query:
        if keys or directions:
            raise BadInput("sort", query.get("sort"), "to stand alone, without sort_key and sort_dir")
        pairs = [tuple(part.strip().partition(":")[::2]) for part in ",".join(query.all("sort")).split(",")]
        order = [(key, direction or "desc") for key, direction in pairs]
        last = order[0][1] if len(order) == 1 else "desc"
    else:
        if len(directions) > max(len(keys), 1):
            raise BadInput("sort_dir", directions, "no more of them than of sort_key")
        last = directions[0] if len(directions) == 1 else "desc"
        if len(directions) == 1:
            directions = directions * max(len(keys), 1)
        directions = [*directions, *["desc"] * (len(keys) - len(directions))]
        order = list(zip(keys or ["created_at"], directions or ["desc"], strict=True))
    unique: dict[str, str] = {}
    for key, direction in [*order, ("created_at", last), ("id", last)]:
        if key not in IMAGE_SORT_KEYS:
            raise BadInput("sort key", key, f"one of {', '.join(IMAGE_SORT_KEYS)}")
        if direction not in ("asc", "desc"):
            raise BadInput("sort direction", direction, "asc or desc")
        unique.setdefault(key, direction)
    return tuple(unique.items())


def _properties(query: Query) -> dict[str, str]:
    """What is no parameter is a property. Base attributes without a filter of their own are refused,
    because to pass over them would answer another question.
    """
    names = {name for name, _ in query.pairs} - _READ
    if unusable := sorted(names & {*BASE_ATTRIBUTES, "changes-since", "deleted", "deleted_at"}):
        raise BadInput("filter", unusable[0], "a filter that is offered for lists of images")
    return {name: query.get(name, "") or "" for name in names}


def _any_of(query: Query, name: str) -> Collection[str] | None:
    """The values of ``name=value`` or ``name=in:value,"value, with comma"``."""
    text = query.get(name)
    if text is None or not text.startswith("in:"):
        return None if text is None else [text]
    try:
        (values,) = csv.reader([text.removeprefix("in:")], strict=True, escapechar="\\", skipinitialspace=True)
    except (csv.Error, ValueError) as error:
        raise BadInput(name, text, 'in:one,two, with values in "quotes" that have a comma') from error
    return values


def _words(query: Query, name: str, kind: type[_Kind]) -> Collection[_Kind] | None:
    """As ``_any_of``. A word that is none of the kind matches no image, which is no error."""
    values = _any_of(query, name)
    return None if values is None else [word for word in kind if word.value in values]


def _word(query: Query, name: str, kind: type[_Kind]) -> _Kind | None:
    """One word of the kind; None where nothing is asked, or "all"."""
    text = query.get(name)
    if text is None or text == "all":
        return None
    for word in kind:
        if word.value == text:
            return word
    raise BadInput(name, text, f"one of {', '.join(kind)}, all")


def _member_status(query: Query) -> MemberStatus | None:
    return _word(query, "member_status", MemberStatus) if "member_status" in query else MemberStatus.ACCEPTED


def _truth(query: Query, name: str) -> bool | None:
    text = query.get(name)
    if text is None:
        return None
    if text.lower() not in ("true", "false"):
        raise BadInput(name, text, "true or false")
    return text.lower() == "true"


def _number(query: Query, name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,30}", text):
        raise BadInput(name, text, "a whole number, 0 or more")
    return min(int(text), _LARGEST_NUMBER)


def _moments(query: Query, name: str) -> list[tuple[str, Moment]]:
    moments = []
    for text in query.all(name):
        comparison, colon, time = text.partition(":")
        if comparison not in _COMPARISONS or not colon:
            comparison, time = "eq", text
        moments.append((comparison, parse_iso(time, field=name)))
    return moments
