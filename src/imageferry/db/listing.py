"""Listings by name: prefix, markers, roll-ups, either way round.

Always by key. Where names are rolled up, the next query starts behind the roll-up, so that
a subdir with a million names inside costs one short query.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Row, Select, select

from imageferry.db.sql import each
from imageferry.domain.object import ListingQuery, Subdir, after_prefix, subdir_of
from imageferry.domain.sharing import NameRange

Item = TypeVar("Item")

_NAMES_AT_ONCE = 1000  # single names asked for in one query
_FIRST_LOOK = 64  # rows; a query that meets a large subdir reads at most so many in vain


@dataclass(frozen=True, slots=True)
class _Rest:
    """The names still to be looked at.

    One bound on either side, never two: SQLite would seek to one and read on to the other.
    """

    lower: tuple[str, bool]  # names greater than this text; or, if False, equal to it as well
    upper: str | None  # names smaller than this; None: no bound

    def of(self, rows: Select[Any], name: Column[str]) -> Select[Any]:
        text, strictly = self.lower
        rows = rows.where(name > text if strictly else name >= text)
        return rows if self.upper is None else rows.where(name < self.upper)


def listing(
    connection: Connection,
    rows: Select[Any],
    name: Column[str],
    query: ListingQuery,
    read: Callable[[Row[Any]], Item],
    *,
    within: Sequence[NameRange] | None = None,
) -> list[Item | Subdir]:
    """One page of ``rows``, ordered and cut by the column ``name``; ``within``: only of names in these ranges.

    What is listed always lies behind the marker, subdirs too: a marker inside a subdir, or
    the name of the subdir itself, has passed that subdir.
    """
    return merged_listing(connection, [(rows, name)], query, read, within=within)


def merged_listing(
    connection: Connection,
    sources: Sequence[tuple[Select[Any], Column[str]]],
    query: ListingQuery,
    read: Callable[[Row[Any]], Item],
    *,
    within: Sequence[NameRange] | None = None,
) -> list[Item | Subdir]:
    """The same of rows from several tables, which have no name in common."""
    items: list[Item | Subdir] = []
    ordered = [(rows.order_by(name.desc() if query.reverse else name), name) for rows, name in sources]
    rest = _beginning(query)
    look = _FIRST_LOOK if query.delimiter else query.limit
    while rest is not None and len(items) < query.limit:
        wanted = min(look, query.limit - len(items))
        found: list[Row[Any]] = []
        for rows, name in ordered:
            parts = [rest] if within is None else _parts(rest, within, reverse=query.reverse)
            found += _found(connection, parts, rows, name, wanted)
        if len(ordered) > 1:
            found = sorted(found, key=attrgetter("name"), reverse=query.reverse)[:wanted]
        subdir, in_vain = None, 0
        for row in found:
            if subdir is not None and row.name.startswith(subdir.name):
                in_vain += 1
                continue
            subdir = _roll_up(row.name, query)
            items.append(subdir or read(row))
        if len(found) < wanted:
            break
        rest = _onward(rest, found[-1].name, subdir, reverse=query.reverse)
        look = _FIRST_LOOK if 2 * in_vain > wanted else 2 * look
    return items


def _found(
    connection: Connection, parts: Iterable[_Rest | list[str]], rows: Select[Any], name: Column[str], wanted: int
) -> list[Row[Any]]:
    """The first rows of what is left, part by part."""
    found: list[Row[Any]] = []
    for part in parts:
        query = part.of(rows, name) if isinstance(part, _Rest) else rows.where(name.in_(_texts(connection, part)))
        found += connection.execute(query.limit(wanted - len(found)))
        if len(found) == wanted:
            break
    return found


def _texts(connection: Connection, texts: list[str]) -> Select[Any]:
    return select(each(connection, texts).c.value)


def _parts(rest: _Rest, within: Sequence[NameRange], *, reverse: bool) -> Iterator[_Rest | list[str]]:
    """What of the rest lies in the ranges: one of them, or many single names, at a time."""
    first = bisect_left(within, rest.lower[0], key=lambda span: span.high)
    last = len(within) if rest.upper is None else bisect_left(within, rest.upper, key=lambda span: span.low)
    names: list[str] = []
    for number in range(last - 1, first - 1, -1) if reverse else range(first, last):
        span = within[number]
        lower = max((span.low, False), rest.lower)
        upper = span.high if rest.upper is None else min(span.high, rest.upper)
        if lower >= (upper, False):
            continue
        if span.single is None:
            if names:
                yield names
            names = []
            yield _Rest(lower, upper)
        elif lower == (span.single, False):
            names.append(span.single)
            if len(names) == _NAMES_AT_ONCE:
                yield names
                names = []
    if names:
        yield names


def _beginning(query: ListingQuery) -> _Rest | None:
    low, high = (query.end_marker, query.marker) if query.reverse else (query.marker, query.end_marker)
    lower = max((query.prefix, False), (low, bool(low)))
    upper = min(filter(None, (high, after_prefix(query.prefix))), default=None)
    rest = _Rest(lower, upper)
    if query.reverse or not query.marker.startswith(query.prefix):
        return rest
    passed = _roll_up(query.marker, query)
    return rest if passed is None else _behind(rest, passed)


def _onward(rest: _Rest, last: str, subdir: Subdir | None, *, reverse: bool) -> _Rest | None:
    if reverse:
        return replace(rest, upper=last if subdir is None else subdir.name)
    return replace(rest, lower=(last, True)) if subdir is None else _behind(rest, subdir)


def _behind(rest: _Rest, subdir: Subdir) -> _Rest | None:
    behind = after_prefix(subdir.name)
    return None if behind is None else replace(rest, lower=(behind, False))


def _roll_up(name: str, query: ListingQuery) -> Subdir | None:
    return subdir_of(name, prefix=query.prefix, delimiter=query.delimiter) if query.delimiter else None
