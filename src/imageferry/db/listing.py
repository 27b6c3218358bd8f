"""Listings by name: prefix, markers, roll-ups, either way round.

Always by key. Where names are rolled up, the next query starts behind the roll-up, so that
a subdir with a million names inside costs one short query.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Row, Select

from imageferry.domain.object import ListingQuery, Subdir, after_prefix, subdir_of

Item = TypeVar("Item")

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
) -> list[Item | Subdir]:
    """One page of ``rows``, ordered and cut by the column ``name``.

    What is listed always lies behind the marker, subdirs too: a marker inside a subdir, or
    the name of the subdir itself, has passed that subdir.
    """
    return merged_listing(connection, [(rows, name)], query, read)


def merged_listing(
    connection: Connection,
    sources: Sequence[tuple[Select[Any], Column[str]]],
    query: ListingQuery,
    read: Callable[[Row[Any]], Item],
) -> list[Item | Subdir]:
    """The same of rows from several tables, which have no name in common."""
    items: list[Item | Subdir] = []
    ordered = [(rows.order_by(name.desc() if query.reverse else name), name) for rows, name in sources]
    rest = _beginning(query)
    look = _FIRST_LOOK if query.delimiter else query.limit
    while rest is not None and len(items) < query.limit:
        wanted = min(look, query.limit - len(items))
        found = [row for rows, name in ordered for row in connection.execute(rest.of(rows, name).limit(wanted))]
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
