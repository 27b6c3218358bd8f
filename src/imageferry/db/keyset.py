"""Pages by key: in an order that no two rows share a place in, from behind a row on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, and_, false, or_

Key = tuple[ColumnElement[Any], bool]  # a column to sort by, and whether downwards


def ordered(key: Key) -> ColumnElement[Any]:
    """NULL counts as the lowest value, on both engines."""
    column, downwards = key
    order = column.desc() if downwards else column.asc()
    if not column.nullable:
        return order  # so that an index serves on PostgreSQL
    return order.nulls_last() if downwards else order.nulls_first()


def behind(marker: Row[Any], keys: list[Key]) -> ColumnElement[bool]:
    """Rows that sort after the marker: equal in the first keys, and behind it in the next."""
    ways: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for column, downwards in keys:
        value = marker._mapping[column]
        ways.append(and_(*equal, _after(column, value, downwards)))
        equal.append(column.is_(None) if value is None else column == value)
    column, downwards = keys[0]
    if column.nullable:
        return or_(*ways)
    value = marker._mapping[column]  # said once more, where an index can seek to it
    return and_(column <= value if downwards else column >= value, or_(*ways))


def _after(column: ColumnElement[Any], value: Any, downwards: bool) -> ColumnElement[bool]:
    if value is None:
        return false() if downwards else column.is_not(None)
    if downwards:
        return or_(column < value, column.is_(None))
    return and_(column > value)
