"""Metadata definitions in SQL: a row for a namespace, and one for each of its parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from imageferry.db.keyset import Key, behind, ordered
from imageferry.db.schema import metadef_namespaces, metadef_parts
from imageferry.db.sql import added, each
from imageferry.domain.errors import AlreadyExists, BadInput, NotFound
from imageferry.domain.image import Visibility
from imageferry.domain.metadef import Kind, Namespace, NamespaceId, Part
from imageferry.domain.moment import Moment
from imageferry.ports.records import NAMESPACE_SORT_KEYS, NamespaceQuery

_ROWS = metadef_namespaces.c
_PARTS = metadef_parts.c


class SqlMetadefs:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, namespace: Namespace) -> None:
        if not added(self._connection, metadef_namespaces, _values(namespace) | {"id": namespace.id}):
            raise AlreadyExists("namespace", namespace.name)
        self._add_parts(namespace)

    def get(self, name: str) -> Namespace | None:
        return self._first(select(metadef_namespaces).where(_ROWS.name == name))

    def held(self, name: str) -> Namespace | None:
        return self._first(select(metadef_namespaces).where(_ROWS.name == name).with_for_update())

    def update(self, namespace: Namespace) -> None:
        change = update(metadef_namespaces).where(_ROWS.id == namespace.id).values(_values(namespace))
        try:
            with self._connection.begin_nested():
                changed = self._connection.execute(change).rowcount
        except IntegrityError as error:
            raise AlreadyExists("namespace", namespace.name) from error
        if not changed:
            raise NotFound("namespace", namespace.name)
        self._connection.execute(delete(metadef_parts).where(_PARTS.namespace_id == namespace.id))
        self._add_parts(namespace)

    def delete(self, namespace_id: NamespaceId) -> None:
        gone = delete(metadef_namespaces).where(_ROWS.id == namespace_id)
        if not self._connection.execute(gone).rowcount:
            raise NotFound("namespace", namespace_id)

    def page(self, query: NamespaceQuery) -> list[Namespace]:
        keys = _keys(query)
        page = select(metadef_namespaces).where(*self._conditions(query)).order_by(*map(ordered, keys))
        if query.marker is not None:
            page = page.where(behind(self._marker_row(query.marker), keys))
        return self._whole(self._connection.execute(page.limit(query.limit)).all(), _PARTS.kind == Kind.RESOURCE_TYPE)

    def resource_types(self) -> dict[str, Moment]:
        query = select(_PARTS.name, func.min(_PARTS.created_at)).where(_PARTS.kind == Kind.RESOURCE_TYPE)
        rows = self._connection.execute(query.group_by(_PARTS.name).order_by(_PARTS.name))
        return {name: Moment(since) for name, since in rows}

    def _conditions(self, query: NamespaceQuery) -> Iterator[ColumnElement[bool]]:
        if query.viewer is not None:
            yield or_(_ROWS.owner == query.viewer, _ROWS.visibility == Visibility.PUBLIC)
        if query.visibility is not None:
            yield _ROWS.visibility == query.visibility
        if query.resource_types is not None:
            named = _PARTS.name.in_(select(each(self._connection, query.resource_types).c.value))
            yield _ROWS.id.in_(select(_PARTS.namespace_id).where(_PARTS.kind == Kind.RESOURCE_TYPE, named))

    def _marker_row(self, name: str) -> Row[Any]:
        row = self._connection.execute(select(metadef_namespaces).where(_ROWS.name == name)).first()
        if row is None:
            raise BadInput("marker", name, "the name of a namespace in this list")
        return row

    def _first(self, query: Select[Any]) -> Namespace | None:
        rows = self._connection.execute(query).all()
        return self._whole(rows)[0] if rows else None

    def _whole(self, rows: Sequence[Row[Any]], *which: ColumnElement[bool]) -> list[Namespace]:
        """The namespaces of these rows with their parts: one query more, however many they are."""
        these = select(each(self._connection, [row.id for row in rows]).c.value)
        query = select(metadef_parts).where(_PARTS.namespace_id.in_(these), *which).order_by(_PARTS.number)
        parts: dict[str, list[Part]] = defaultdict(list)
        for row in self._connection.execute(query):
            parts[row.namespace_id].append(_part(row))
        return [_namespace(row, tuple(parts[row.id])) for row in rows]

    def _add_parts(self, namespace: Namespace) -> None:
        rows = [
            {
                "namespace_id": namespace.id,
                "number": number,
                "kind": part.kind.value,
                "name": part.name,
                "body": dict(part.body),
                "created_at": part.created_at,
                "updated_at": part.updated_at,
            }
            for number, part in enumerate(namespace.parts)
        ]
        if rows:
            self._connection.execute(insert(metadef_parts), rows)


def _keys(query: NamespaceQuery) -> list[Key]:
    name, direction = query.sort
    if name not in NAMESPACE_SORT_KEYS:
        raise BadInput("sort key", name, f"one of {', '.join(NAMESPACE_SORT_KEYS)}")
    if direction not in ("asc", "desc"):
        raise BadInput("sort direction", direction, "asc or desc")
    downwards = direction == "desc"
    return [(_ROWS[name], downwards), (_ROWS.name, downwards)]


def _values(namespace: Namespace) -> dict[str, Any]:
    return {
        "name": namespace.name,
        "owner": namespace.owner,
        "display_name": namespace.display_name,
        "description": namespace.description,
        "visibility": namespace.visibility.value,
        "protected": namespace.protected,
        "created_at": namespace.created_at,
        "updated_at": namespace.updated_at,
    }


def _namespace(row: Row[Any], parts: tuple[Part, ...]) -> Namespace:
    return Namespace(
        id=row.id,
        name=row.name,
        owner=row.owner,
        display_name=row.display_name,
        description=row.description,
        visibility=Visibility(row.visibility),
        protected=row.protected,
        parts=parts,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _part(row: Row[Any]) -> Part:
    return Part(
        kind=Kind(row.kind),
        name=row.name,
        body=row.body,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
