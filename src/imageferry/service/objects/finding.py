"""Objects picked out of a listing one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from imageferry.domain.object import MAX_LISTING, Container, ListingQuery, StoredObject, Subdir, subdir_of

Rows = list[StoredObject | Subdir]


def found_among(
    pages: Callable[[ListingQuery], tuple[Container, Rows]],
    query: ListingQuery,
    wanted: Callable[[StoredObject], bool],
    *,
    subdirs: bool,
) -> tuple[Container, Rows]:
    """A page of what is wanted, found by looking at one object after the other.

    Args:
        pages: a page of the listing that they are in.
        subdirs: whether names that are rolled up are told; without, they are passed over.
    """
    found: Rows = []
    rest = replace(query, limit=MAX_LISTING, delimiter=query.delimiter if not subdirs else "")
    if query.delimiter and query.marker.startswith(query.prefix):
        passed = subdir_of(query.marker, prefix=query.prefix, delimiter=query.delimiter)
    else:
        passed = None
    while True:
        container, page = pages(rest)
        for row in page:
            if isinstance(row, Subdir) or not wanted(row):
                continue
            subdir = subdir_of(row.name, prefix=query.prefix, delimiter=query.delimiter) if query.delimiter else None
            if subdir is None:
                found.append(row)
            elif subdir != passed:
                passed = subdir
                found.append(subdir)
            if len(found) == query.limit:
                return container, found
        if len(page) < rest.limit:
            return container, found
        rest = replace(rest, marker=page[-1].name)
