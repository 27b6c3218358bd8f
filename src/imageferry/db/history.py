"""What there was, in SQL: the rows of objects and of their versions, by moments.

Numbers of versions are moments, so that "at that time" is a comparison of numbers, which the
key (container, name, version) has an order for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
    update,
)

from imageferry.db.listing import merged_listing
from imageferry.db.objects import count, state_of
from imageferry.db.schema import blobs, containers, object_versions, objects
from imageferry.db.sql import larger
from imageferry.domain.access import ProjectId
from imageferry.domain.moment import Moment
from imageferry.domain.object import ContainerId, Held, ListingQuery, ObjectId, StoredObject, Subdir
from imageferry.domain.versioning import NO_VERSION, VersionId

_STATE = [column.name for column in object_versions.c if column.name not in ("object_id", "version")]


class SqlHistory:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def numbers(self, container_id: ContainerId, name: str, *, limit: int) -> list[tuple[VersionId, Moment]]:
        columns = object_versions.c
        query = select(columns.version, columns.updated_at)
        query = query.where(columns.container_id == container_id, columns.name == name, columns.blob_id.is_not(None))
        rows = self._connection.execute(query.order_by(columns.version.desc()).limit(limit))
        return [(VersionId(row.version), row.updated_at) for row in rows][::-1]

    def objects_at(
        self, container_id: ContainerId, query: ListingQuery, at: Moment, now: Moment
    ) -> list[StoredObject | Subdir]:
        current = select(objects.c.id, objects.c.version, *(objects.c[name] for name in _STATE))
        current = current.where(objects.c.container_id == container_id, _was_current(objects, at, now))
        earlier = select(object_versions.c.object_id.label("id"), object_versions.c.version)
        earlier = earlier.add_columns(*(object_versions.c[name] for name in _STATE))
        earlier = earlier.where(object_versions.c.container_id == container_id, _was_last(at, now))
        sources = [(current, objects.c.name), (earlier, object_versions.c.name)]
        return merged_listing(self._connection, sources, query, _state)

    def held_at(
        self, project_id: ProjectId, at: Moment, now: Moment, *, only: ContainerId | None = None
    ) -> Mapping[ContainerId, Held]:
        its = containers.c.project_id == project_id
        if only is not None:
            its = and_(its, containers.c.id == only)
        current = _sizes(objects).where(its, objects.c.container_id == containers.c.id, _was_current(objects, at, now))
        earlier = _sizes(object_versions).where(
            its, object_versions.c.container_id == containers.c.id, _was_last(at, now)
        )
        both = union_all(current, earlier).subquery()
        sums = select(
            both.c.container_id,
            func.count().label("objects"),
            func.sum(both.c.size).label("bytes"),
            func.max(both.c.updated_at).label("changed_at"),
        ).group_by(both.c.container_id)
        rows = self._connection.execute(sums)
        return {row.container_id: Held(row.objects, int(row.bytes), row.changed_at) for row in rows}

    def purge(
        self, container_id: ContainerId, until: Moment, now: Moment, *, name: str | None = None, limit: int
    ) -> int:
        columns = object_versions.c
        old = [columns.container_id == container_id, columns.version <= until]
        if name is not None:
            old.append(columns.name == name)
        # The same rows each time: they are in one order, and nobody else changes the container.
        page = select(columns.name, columns.version, columns.size, columns.blob_id).where(*old)
        rows = page.order_by(columns.name, columns.version).limit(limit).subquery()
        found = self._connection.execute(select(func.count(), func.sum(rows.c.size)).select_from(rows)).one()
        if not found[0]:
            return 0
        count(self._connection, container_id, objects=0, size=-int(found[1]), now=now)
        released = update(blobs).where(blobs.c.id.in_(select(rows.c.blob_id)))
        self._connection.execute(released.values(released_at=larger(blobs.c.released_at, literal(now))))
        these = tuple_(columns.name, columns.version).in_(select(rows.c.name, rows.c.version))
        self._connection.execute(delete(object_versions).where(columns.container_id == container_id, these))
        return int(found[0])


def _was_current(table: Any, at: Moment, now: Moment) -> ColumnElement[bool]:
    """Whether a row of ``objects`` was its name's state at that moment."""
    there = or_(table.c.delete_at.is_(None), table.c.delete_at > now, table.c.version.is_not(None))
    # The number of one without a version, as domain.object.StoredObject.number has it.
    number = func.coalesce(table.c.version, table.c.updated_at - table.c.updated_at % literal(10))
    return and_(there, number <= at)


def _was_last(at: Moment, now: Moment) -> ColumnElement[bool]:
    """The same for a row of ``object_versions``."""
    mine, newer, current = object_versions, object_versions.alias(), objects.alias()
    superseded = (newer.c.container_id == mine.c.container_id, newer.c.name == mine.c.name)
    put = (current.c.container_id == mine.c.container_id, current.c.name == mine.c.name)
    return and_(
        mine.c.version <= at,
        mine.c.blob_id.is_not(None),
        ~exists().where(*superseded, newer.c.version > mine.c.version, newer.c.version <= at),
        ~exists().where(*put, _was_current(current, at, now)),
    )


def _sizes(table: Any) -> Select[Any]:
    return select(table.c.container_id, table.c.size, table.c.updated_at)


def _state(row: Row[Any]) -> StoredObject:
    return StoredObject(id=ObjectId(row.id), version=VersionId(row.version or NO_VERSION), **state_of(row))
