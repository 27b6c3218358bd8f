"""Versions of objects in SQL.

The current object is a row of ``objects``, whether it has a version or not; what it was
before, and the marks of deletions, are rows here. A listing merges the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
)

from imageferry.db.objects import count, state_of, state_values, stored_object
from imageferry.db.schema import blobs, object_versions, objects
from imageferry.db.sql import added, release, require
from imageferry.domain.errors import AlreadyExists, NotFound
from imageferry.domain.moment import Moment
from imageferry.domain.object import (
    ContainerId,
    ListingQuery,
    ObjectId,
    ObjectVersion,
    StoredObject,
    Subdir,
    after_prefix,
    subdir_of,
)
from imageferry.domain.versioning import VersionId

_FIRST_LOOK = 64  # rows; as in db.listing
_UNNUMBERED = 1 << 60  # where an object without a version stands among those of its name: before all
_LOW, _HIGH = -1, 1 << 61  # ranks below and above all that there are
_RANK = func.coalesce(objects.c.version, literal(_UNNUMBERED))


class SqlVersions:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, item: StoredObject) -> None:
        require(self._connection, blobs.c.id, item.blob_id, kind="blob")
        self._add({"object_id": item.id, "version": item.version, "created_at": item.created_at} | state_values(item))
        count(self._connection, item.container_id, objects=0, size=item.size, now=item.updated_at)

    def mark_deleted(self, container_id: ContainerId, name: str, version: VersionId, now: Moment) -> None:
        values = {"container_id": container_id, "name": name, "version": version, "object_id": "", "size": 0}
        plain = {"md5": "", "content_type": "", "metadata": {}, "headers": {}, "created_at": now, "updated_at": now}
        self._add(values | plain)

    def _add(self, values: dict[str, Any]) -> None:
        if not added(self._connection, object_versions, values):
            raise AlreadyExists("version", f"{values['name']} {values['version']}")

    def version(self, container_id: ContainerId, name: str, version: VersionId) -> ObjectVersion | None:
        row = self._connection.execute(select(object_versions).where(*_key(container_id, name, version))).first()
        return None if row is None else _version(row)

    def newest(self, container_id: ContainerId, name: str) -> VersionId | None:
        query = select(func.max(object_versions.c.version))
        query = query.where(object_versions.c.container_id == container_id, object_versions.c.name == name)
        found: VersionId | None = self._connection.execute(query).scalar()
        return found

    def delete(self, container_id: ContainerId, name: str, version: VersionId, now: Moment) -> ObjectVersion:
        known = self.version(container_id, name, version)
        if known is None:
            raise NotFound("version", f"{name} {version}")
        self._connection.execute(delete(object_versions).where(*_key(container_id, name, version)))
        if known.item is not None:
            count(self._connection, container_id, objects=0, size=-known.item.size, now=now)
            release(self._connection, known.item.blob_id, now)
        return known

    def versions(
        self, container_id: ContainerId, query: ListingQuery, now: Moment, *, behind: VersionId | None = None
    ) -> list[ObjectVersion | Subdir]:
        items: list[ObjectVersion | Subdir] = []
        rest: _Rest | None = _beginning(query, behind)
        look = _FIRST_LOOK if query.delimiter else query.limit
        while rest is not None and len(items) < query.limit:
            wanted = min(look, query.limit - len(items))
            found = self._page(container_id, rest, now, wanted)
            subdir: Subdir | None = None
            for version in found:
                if subdir is None or not version.name.startswith(subdir.name):
                    subdir = _roll_up(version.name, query)
                    items.append(subdir or version)
            if len(found) < wanted:
                break
            rest = rest.behind(found[-1], subdir)
            look = 2 * look
        return items

    def _page(self, container_id: ContainerId, rest: _Rest, now: Moment, limit: int) -> list[ObjectVersion]:
        """The next ``limit`` versions of both tables."""
        there = or_(_is_live(objects, now), objects.c.version.is_not(None))
        current = select(objects, _is_live(objects, now).label("is_latest"))
        current = current.where(objects.c.container_id == container_id, there)
        earlier = select(object_versions, _is_last_word(now).label("is_latest"))
        earlier = earlier.where(object_versions.c.container_id == container_id)
        found = [
            *map(_current, self._first(rest.parts(current, objects.c.name, _RANK), limit)),
            *map(_version, self._first(rest.parts(earlier, object_versions.c.name, object_versions.c.version), limit)),
        ]
        found.sort(key=lambda version: version.id or _UNNUMBERED, reverse=not rest.reverse)
        found.sort(key=lambda version: version.name, reverse=rest.reverse)
        return found[:limit]

    def _first(self, parts: Iterator[Select[Any]], limit: int) -> list[Row[Any]]:
        found: list[Row[Any]] = []
        for part in parts:
            found += self._connection.execute(part.limit(limit - len(found)))
            if len(found) == limit:
                break
        return found


@dataclass(frozen=True, slots=True)
class _Rest:
    """The versions still to be looked at: behind a place in the order of names, then ranks."""

    name: str | None  # None: from the end of all names on (only the other way round)
    rank: int
    bound: str | None  # names up to this one, itself left out (the other way round: only from there on)
    at_bound: bool  # whether the bound itself is still in
    reverse: bool

    def parts(self, rows: Select[Any], name: Column[str], rank: ColumnElement[int]) -> Iterator[Select[Any]]:
        """What is left of one name, then the names behind it: an index seeks to the beginning of either."""
        if self.bound is not None:
            inside = name >= self.bound if self.at_bound else name > self.bound
            rows = rows.where(inside if self.reverse else name < self.bound)
        rows = rows.order_by(*((name.desc(), rank.asc()) if self.reverse else (name.asc(), rank.desc())))
        if self.name is None:
            yield rows
            return
        if _LOW < self.rank < _HIGH:
            yield rows.where(name == self.name, rank > self.rank if self.reverse else rank < self.rank)
        if self.reverse:
            yield rows.where(name < self.name)
        else:
            yield rows.where(name >= self.name if self.rank == _HIGH else name > self.name)

    def behind(self, last: ObjectVersion, subdir: Subdir | None) -> _Rest | None:
        if subdir is None:
            return replace(self, name=last.name, rank=last.id or _UNNUMBERED)
        if self.reverse:
            return replace(self, name=subdir.name, rank=_HIGH)
        after = after_prefix(subdir.name)
        return None if after is None else replace(self, name=after, rank=_HIGH)


def _beginning(query: ListingQuery, behind: VersionId | None) -> _Rest:
    rank = None if behind is None else behind or _UNNUMBERED
    if query.reverse:
        return _from_the_end(query, _HIGH if rank is None else rank)
    upper = min(filter(None, (query.end_marker, after_prefix(query.prefix))), default=None)
    if not query.marker or query.marker < query.prefix:
        return _Rest(query.prefix, _HIGH, upper, at_bound=False, reverse=False)
    rest = _Rest(query.marker, _LOW if rank is None else rank, upper, at_bound=False, reverse=False)
    passed = _roll_up(query.marker, query) if query.marker.startswith(query.prefix) else None
    after = None if passed is None else after_prefix(passed.name)
    return rest if after is None else replace(rest, name=after, rank=_HIGH)


def _from_the_end(query: ListingQuery, rank: int) -> _Rest:
    lower, with_it = max((query.prefix, True), (query.end_marker, False))
    beyond = after_prefix(query.prefix)
    if query.marker and (beyond is None or query.marker < beyond):
        return _Rest(query.marker, rank, lower, with_it, reverse=True)
    return _Rest(beyond, _HIGH, lower, with_it, reverse=True)


def _roll_up(name: str, query: ListingQuery) -> Subdir | None:
    return subdir_of(name, prefix=query.prefix, delimiter=query.delimiter) if query.delimiter else None


def _key(container_id: ContainerId, name: str, version: VersionId) -> tuple[ColumnElement[bool], ...]:
    columns = object_versions.c
    return columns.container_id == container_id, columns.name == name, columns.version == version


def _is_live(table: FromClause, now: Moment) -> ColumnElement[bool]:
    return or_(table.c.delete_at.is_(None), table.c.delete_at > now)


def _is_last_word(now: Moment) -> ColumnElement[bool]:
    """Whether a row marks the deletion after which nothing came."""
    newer, current = object_versions.alias(), objects.alias()
    same = (newer.c.container_id == object_versions.c.container_id, newer.c.name == object_versions.c.name)
    put = (current.c.container_id == object_versions.c.container_id, current.c.name == object_versions.c.name)
    return and_(
        object_versions.c.blob_id.is_(None),
        ~exists().where(*same, newer.c.version > object_versions.c.version),
        ~exists().where(*put, or_(_is_live(current, now), current.c.version > object_versions.c.version)),
    )


def _current(row: Row[Any]) -> ObjectVersion:
    item = stored_object(row)
    return ObjectVersion(name=item.name, id=item.version, item=item, at=item.updated_at, is_latest=bool(row.is_latest))


def _version(row: Row[Any]) -> ObjectVersion:
    version, latest = VersionId(row.version), bool(getattr(row, "is_latest", False))
    if row.blob_id is None:
        return ObjectVersion(name=row.name, id=version, item=None, at=row.updated_at, is_latest=latest)
    item = StoredObject(id=ObjectId(row.object_id), version=version, **state_of(row))
    return ObjectVersion(name=row.name, id=version, item=item, at=row.updated_at)
