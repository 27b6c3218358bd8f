"""An ``ImageQuery`` as one SELECT: what may be seen, what is asked for, from which key on.

A project sees images for several reasons: its own, the public ones, those shared with it. Each of these is
read in order from an index of its own, no further than the page goes, and the page is put together from
the beginnings. So the first thousand of a hundred thousand images cost about a thousand rows, whoever asks.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import StrEnum
from functools import partial
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, and_, exists, false, or_, select, union_all

from imageferry.db.keyset import Key, behind, ordered
from imageferry.db.schema import image_members, image_properties, image_tags, images
from imageferry.db.sql import each, unindexed
from imageferry.domain.access import ProjectId
from imageferry.domain.errors import BadInput
from imageferry.domain.image import ImageId, Visibility
from imageferry.ports.records import IMAGE_SORT_KEYS, ImageQuery

_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "eq": operator.eq,
    "neq": operator.ne,
}


_NUMBERS = {name: images.c[name] for name in ("size", "virtual_size", "min_disk", "min_ram")}


def statement(connection: Connection, query: ImageQuery) -> Select[Any]:
    """The page that the query asks for.

    Raises:
        BadInput: a marker that is not there, an unknown sort key or comparison.
    """
    keys = _keys(query)
    wanted = select(images).where(*_conditions(connection, query)).order_by(*map(ordered, keys)).limit(query.limit)
    if query.marker is not None:
        wanted = wanted.where(behind(_marker_row(connection, query.marker), keys))
    if query.viewer is None:
        return wanted
    reasons = list(_reasons(connection, query.viewer, query))
    if not reasons:
        return wanted.where(false())
    if query.ids is not None or query.names is not None:  # few images: found by their ids or names, then looked at
        owner, visibility = unindexed(connection, images.c.owner), unindexed(connection, images.c.visibility)
        return wanted.where(or_(*(reason(owner, visibility) for reason in reasons)))
    beginnings = [wanted.where(reason(images.c.owner, images.c.visibility)).subquery() for reason in reasons]
    page = union_all(*(select(beginning) for beginning in beginnings)).subquery()
    return select(page).order_by(*(ordered((page.c[column.name], down)) for column, down in keys)).limit(query.limit)


_Column = ColumnElement[Any]
_Reason = Callable[[_Column, _Column], ColumnElement[bool]]
"""Made of the columns of owner and visibility: which images are seen for that reason, and for none before it."""


_OPEN = (Visibility.PUBLIC, Visibility.COMMUNITY)


def _reasons(connection: Connection, viewer: ProjectId, query: ImageQuery) -> Iterator[_Reason]:
    """Why a list may show images to a project; who asks for community images by name sees those too."""
    asked = query.visibility
    if asked in _OPEN:
        yield lambda _, visibility: visibility == asked.value
        return
    if query.owner in (None, viewer):
        yield lambda owner, _: owner == viewer
    if asked is None:
        for word in _OPEN if query.with_community else _OPEN[:1]:
            yield partial(_open_to_all, viewer, word.value)
    if asked in (None, Visibility.SHARED):
        offers = select(image_members.c.image_id).where(image_members.c.project_id == viewer)
        if query.member_status is not None:
            offers = offers.where(image_members.c.status == query.member_status.value)
        shared = unindexed(connection, images.c.visibility) == Visibility.SHARED.value
        yield lambda owner, _: and_(images.c.id.in_(offers), shared, owner != viewer)


def _open_to_all(viewer: ProjectId, word: str, owner: _Column, visibility: _Column) -> ColumnElement[bool]:
    return and_(visibility == word, owner != viewer)


def _conditions(connection: Connection, query: ImageQuery) -> Iterator[ColumnElement[bool]]:
    if query.ids is not None:
        yield images.c.id.in_(select(each(connection, query.ids).c.value))
    if query.names is not None:
        yield images.c.name.in_(select(each(connection, query.names).c.value))
    yield from _one_of(images.c.status, query.statuses)
    yield from _one_of(images.c.disk_format, query.disk_formats)
    yield from _one_of(images.c.container_format, query.container_formats)
    yield from _equal(connection, query)
    if query.size_min is not None:
        yield images.c.size >= query.size_min
    if query.size_max is not None:
        yield images.c.size <= query.size_max
    for name, number in query.numbers.items():
        yield _NUMBERS[name] == number
    for tag in query.tags:
        yield exists().where(image_tags.c.image_id == images.c.id, image_tags.c.tag == tag)
    for name, value in query.properties.items():
        its_row = (image_properties.c.image_id == images.c.id, image_properties.c.name == name)
        yield exists().where(*its_row, image_properties.c.value == value)
    for column, wishes in ((images.c.created_at, query.created), (images.c.updated_at, query.updated)):
        for comparison, moment in wishes:
            if comparison not in _COMPARISONS:
                raise BadInput("comparison", comparison, f"one of {', '.join(_COMPARISONS)}")
            yield _COMPARISONS[comparison](column, moment)


def _equal(connection: Connection, query: ImageQuery) -> Iterator[ColumnElement[bool]]:
    for column, wanted in (
        (images.c.owner, query.owner),
        (unindexed(connection, images.c.visibility), None if query.visibility is None else query.visibility.value),
        (images.c.hidden, query.hidden),
        (images.c.protected, query.protected),
        (images.c.checksum, query.checksum),
        (images.c.hash_value, query.hash_value),
    ):
        if wanted is not None:
            yield column == wanted


def _one_of(column: Column[Any], wanted: Collection[StrEnum] | None) -> Iterator[ColumnElement[bool]]:
    if wanted is not None:
        yield column.in_([value.value for value in wanted])


def _keys(query: ImageQuery) -> list[Key]:
    """The columns to sort by, the id last: then no two images are equal."""
    keys: list[Key] = []
    for name, direction in query.sort:
        if name not in IMAGE_SORT_KEYS:
            raise BadInput("sort key", name, f"one of {', '.join(IMAGE_SORT_KEYS)}")
        if direction not in ("asc", "desc"):
            raise BadInput("sort direction", direction, "asc or desc")
        keys.append((images.c[name], direction == "desc"))
    if "id" in [name for name, _ in query.sort]:
        return keys
    return [*keys, (images.c.id, keys[-1][1] if keys else True)]


def _marker_row(connection: Connection, marker: ImageId) -> Row[Any]:
    row = connection.execute(select(images).where(images.c.id == marker)).first()
    if row is None:
        raise BadInput("marker", marker, "the id of an image in this list")
    return row
