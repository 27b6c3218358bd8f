"""The few words of SQL that the two engines spell differently, and what all groups of records share."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    TableValuedAlias,
    UnaryExpression,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.sql.operators import custom_op

from imageferry.db.schema import blobs
from imageferry.domain.blob import BlobId
from imageferry.domain.errors import NotFound
from imageferry.domain.moment import Moment

Insert = postgresql.Insert | sqlite.Insert

_INSERTS: Mapping[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
_LISTS: Mapping[str, Any] = {"postgresql": func.json_array_elements_text, "sqlite": func.json_each}
_PAIRS: Mapping[str, Any] = {"postgresql": func.json_each_text, "sqlite": func.json_each}

_KEYS: Mapping[str, Any] = {"postgresql": func.json_object_keys, "sqlite": func.json_each}


def insert(connection: Connection, table: Table) -> Insert:
    """An INSERT that can say ON CONFLICT."""
    return insert_for(connection.dialect.name, table)


def insert_for(dialect: str, table: Table) -> Insert:
    """The same, for statements that are made once for each kind of database."""
    statement: Insert = _INSERTS[dialect](table)
    return statement


def added(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert one row, unless one with the same key is there.

    No error is raised inside the database, so that on PostgreSQL the transaction can go on.
    """
    return connection.execute(_adding(connection.dialect.name, table), values).first() is not None


def each(connection: Connection, values: Collection[str]) -> TableValuedAlias:
    """The texts as a table with the column ``value``: one parameter however many they are."""
    text = literal(json.dumps(list(values), ensure_ascii=False))
    return _table(connection, _LISTS, text, "value")


def pairs(connection: Connection, values: Mapping[int, str]) -> TableValuedAlias:
    """The pairs as a table with the columns ``key`` (text) and ``value``."""
    text = literal(json.dumps(values, ensure_ascii=False))
    return _table(connection, _PAIRS, text, "key", "value")


def keys_of(connection: Connection, document: ColumnElement[Any]) -> TableValuedAlias:
    """The names in a JSON object as a table with the column ``key``, to be joined to where the object is from."""
    name = connection.dialect.name
    keys: TableValuedAlias = _KEYS[name](document).table_valued("key", name="members")
    return keys.render_derived() if name == "postgresql" else keys


def _table(
    connection: Connection, functions: Mapping[str, Any], text: ColumnElement[str], *columns: str
) -> TableValuedAlias:
    name = connection.dialect.name
    document = text.cast(postgresql.JSON) if name == "postgresql" else text
    table: TableValuedAlias = functions[name](document).table_valued(*columns, name="given")
    return table.render_derived() if name == "postgresql" else table


def unindexed(connection: Connection, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column, in a condition for which no index shall be used: SQLite plans without knowing how many rows match."""
    if connection.dialect.name != "sqlite":
        return column
    return UnaryExpression(column, operator=custom_op("+"), type_=column.type)


def by_bytes(connection: Connection, text: ColumnElement[str]) -> ColumnElement[str]:
    """Text that is no column of ours, to be ordered by its bytes."""
    return text.collate("C") if connection.dialect.name == "postgresql" else text


def larger(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    """The larger of two numbers (``greatest`` here, ``max`` there)."""
    return case((one > other, one), else_=other)


def require(connection: Connection, key: ColumnElement[str], value: str, *, kind: str) -> None:
    """Make sure that the row we are about to point to is there, and stays until we are done.

    Raises:
        NotFound: it is not.
    """
    if connection.execute(_held_row(key), {"value": value}).first() is None:
        raise NotFound(kind, value)


# Statements of nearly every request are made once: making one takes longer than running it.


@cache
def _adding(dialect: str, table: Table) -> ReturningInsert[Any]:
    return insert_for(dialect, table).on_conflict_do_nothing().returning(literal_column("1"))


@cache
def _held_row(key: ColumnElement[str]) -> Select[Any]:
    return select(literal_column("1")).where(key == bindparam("value")).with_for_update(read=True, key_share=True)


def release(connection: Connection, blob_id: BlobId, now: Moment) -> None:
    """Note that a record has let go of a blob, so that it is not swept away at once."""
    moment = larger(blobs.c.released_at, literal(now))
    connection.execute(update(blobs).where(blobs.c.id == blob_id).values(released_at=moment))
