"""An ``ImageQuery`` as one SELECT: what may be seen, what is asked for, from which key on."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, and_, exists, or_, select

from imageferry.db.keyset import Key, behind, ordered
from imageferry.db.schema import image_members, image_properties, image_tags, images
from imageferry.db.sql import each
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


def statement(connection: Connection, query: ImageQuery) -> Select[Any]:
    """The page that the query asks for.

    Raises:
        BadInput: a marker that is not there, an unknown sort key or comparison.
    """
    keys = _keys(query)
    page = select(images).where(*_conditions(connection, query)).order_by(*map(ordered, keys)).limit(query.limit)
    if query.marker is None:
        return page
    return page.where(behind(_marker_row(connection, query.marker), keys))


def _conditions(connection: Connection, query: ImageQuery) -> Iterator[ColumnElement[bool]]:
    if query.viewer is not None:
        yield _visible_to(query.viewer, query)
    if query.ids is not None:
        yield images.c.id.in_(select(each(connection, query.ids).c.value))
    if query.names is not None:
        yield images.c.name.in_(select(each(connection, query.names).c.value))
    yield from _one_of(images.c.status, query.statuses)
    yield from _one_of(images.c.disk_format, query.disk_formats)
    yield from _one_of(images.c.container_format, query.container_formats)
    yield from _equal(query)
    if query.size_min is not None:
        yield images.c.size >= query.size_min
    if query.size_max is not None:
        yield images.c.size <= query.size_max
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


def _equal(query: ImageQuery) -> Iterator[ColumnElement[bool]]:
    for column, wanted in (
        (images.c.owner, query.owner),
        (images.c.visibility, None if query.visibility is None else query.visibility.value),
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


def _visible_to(viewer: ProjectId, query: ImageQuery) -> ColumnElement[bool]:
    """What a list may show to a project; who asks for community images by name sees those too."""
    membership = exists().where(image_members.c.image_id == images.c.id, image_members.c.project_id == viewer)
    if query.member_status is not None:
        membership = membership.where(image_members.c.status == query.member_status.value)
    open_to_all = [Visibility.PUBLIC.value]
    if query.with_community or query.visibility is Visibility.COMMUNITY:
        open_to_all.append(Visibility.COMMUNITY.value)
    shared = and_(images.c.visibility == Visibility.SHARED.value, membership)
    return or_(images.c.owner == viewer, images.c.visibility.in_(open_to_all), shared)


def _keys(query: ImageQuery) -> list[Key]:
    """The columns to sort by, the id last: then no two images are equal."""
    keys: list[Key] = []
    for name, direction in query.sort:
        if name not in IMAGE_SORT_KEYS:
            raise BadInput("sort key", name, f"one of {', '.join(IMAGE_SORT_KEYS)}")
        if direction not in ("asc", "desc"):
            raise BadInput("sort direction", direction, "asc or desc")
        keys.append((images.c[name], direction == "desc"))
    downwards = keys[-1][1] if keys else True
    return [*keys, (images.c.id, downwards)]


def _marker_row(connection: Connection, marker: ImageId) -> Row[Any]:
    row = connection.execute(select(images).where(images.c.id == marker)).first()
    if row is None:
        raise BadInput("marker", marker, "the id of an image in this list")
    return row
