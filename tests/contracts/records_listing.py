"""The records contract: listings of containers and objects.

The model says in a few lines, over a list in memory, what a listing is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imageferry.domain.object import Container, ListingQuery, StoredObject, Subdir, subdir_of
from imageferry.ports.records import Records
from tests.contracts.records_things import OURS, THEIRS, UGLY_NAMES, a_blob, a_container, an_object

_serial = count()


def listed(names: list[str], query: ListingQuery) -> list[str]:
    """The model: what a listing without a limit shows."""
    low, high = (query.end_marker, query.marker) if query.reverse else (query.marker, query.end_marker)
    rows: list[str] = []
    for name in sorted(names, reverse=query.reverse):
        if not name.startswith(query.prefix) or name <= low or (high and name >= high):
            continue
        rolled = subdir_of(name, prefix=query.prefix, delimiter=query.delimiter) if query.delimiter else None
        row = name if rolled is None else rolled.name
        if row not in rows and (query.reverse or row > query.marker):
            rows.append(row)
    return rows


def shown(rows: list[Container | Subdir] | list[StoredObject | Subdir]) -> list[str]:
    return [row.name for row in rows]


def a_container_with(records: Records, names: list[str]) -> Container:
    with records.writing(durable=False) as session:
        container, blob_id = a_container(session, f"container {next(_serial)}"), a_blob(session)
        for name in names:
            session.objects.put_object(an_object(container, name, blob_id))
    return container


def page_by_page(records: Records, container: Container, query: ListingQuery) -> Iterator[str]:
    """As clients do: again and again with the last name as the marker, until nothing comes."""
    while True:
        with records.reading() as session:
            rows = shown(session.objects.objects(container.id, query))
        assert len(rows) <= query.limit
        if not rows:
            return
        yield from rows
        query = replace(query, marker=rows[-1])


_LETTERS = "ab/-é\uffff😀\U0010ffff"
_names = st.text(_LETTERS, min_size=1, max_size=5)
_cuts = st.text(_LETTERS, max_size=3)
_queries = st.builds(
    ListingQuery,
    limit=st.integers(1, 7),
    marker=_cuts,
    end_marker=_cuts,
    prefix=st.text(_LETTERS, max_size=2),
    delimiter=st.sampled_from(["", "/", "-", "a", "b/", "\U0010ffff"]),
    reverse=st.booleans(),
)
_few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


class ListingContract:
    def test_names_come_by_their_bytes(self, records: Records) -> None:
        container = a_container_with(records, UGLY_NAMES)
        with records.reading() as session:
            rows = shown(session.objects.objects(container.id, ListingQuery()))
            assert rows == sorted(UGLY_NAMES, key=str.encode)
            assert shown(session.objects.objects(container.id, ListingQuery(reverse=True))) == rows[::-1]

    def test_a_listing_shows_whole_objects_of_its_own_container(self, records: Records) -> None:
        with records.writing() as session:
            container, other, blob_id = a_container(session, "one"), a_container(session, "two"), a_blob(session)
            item = session.objects.put_object(an_object(container, "a", blob_id, size=4, metadata={"b": "c"}))
            session.objects.put_object(an_object(other, "b", blob_id))
            assert session.objects.objects(container.id, ListingQuery()) == [item]

    @pytest.mark.parametrize(
        ("query", "rows"),
        [
            (ListingQuery(delimiter="/"), ["a", "a/", "b", "c/"]),
            (ListingQuery(delimiter="/", reverse=True), ["c/", "b", "a/", "a"]),
            (ListingQuery(delimiter="/", limit=2), ["a", "a/"]),
            (ListingQuery(delimiter="/", prefix="a"), ["a", "a/"]),
            (ListingQuery(delimiter="/", prefix="a/"), ["a/1", "a/2", "a/d/"]),
            (ListingQuery(delimiter="/", prefix="a/d/"), ["a/d/x", "a/d/y"]),
            (ListingQuery(delimiter="/", marker="a/"), ["b", "c/"]),
            (ListingQuery(delimiter="/", marker="a/1"), ["b", "c/"]),
            (ListingQuery(delimiter="/", marker="a"), ["a/", "b", "c/"]),
            (ListingQuery(delimiter="/", end_marker="a/"), ["a"]),
            (ListingQuery(delimiter="/", end_marker="a/2"), ["a", "a/"]),
            (ListingQuery(delimiter="/", marker="b", end_marker="a", reverse=True), ["a/"]),
            (ListingQuery(delimiter="/", marker="a/", reverse=True), ["a"]),
            (ListingQuery(delimiter="/", marker="a/2", reverse=True), ["a/", "a"]),
            (ListingQuery(marker="a/1", end_marker="b"), ["a/2", "a/d/x", "a/d/y"]),
            (ListingQuery(marker="b", end_marker="a/1", reverse=True), ["a/d/y", "a/d/x", "a/2"]),
            (ListingQuery(prefix="a/", limit=2), ["a/1", "a/2"]),
            (ListingQuery(prefix="x"), []),
            (ListingQuery(marker="z"), []),
            (ListingQuery(limit=0), []),
            (ListingQuery(delimiter="/d", prefix="a"), ["a", "a/1", "a/2", "a/d"]),
        ],
    )
    def test_a_listing_by_example(self, records: Records, query: ListingQuery, rows: list[str]) -> None:
        container = a_container_with(records, ["a", "a/1", "a/2", "a/d/x", "a/d/y", "b", "c/"])
        with records.reading() as session:
            assert shown(session.objects.objects(container.id, query)) == rows

    @given(names=st.lists(_names, unique=True, max_size=25), query=_queries)
    @_few
    def test_every_listing_is_what_the_model_says(
        self, records: Records, names: list[str], query: ListingQuery
    ) -> None:
        container = a_container_with(records, names)
        with records.reading() as session:
            assert shown(session.objects.objects(container.id, query)) == listed(names, query)[: query.limit]

    @given(names=st.lists(_names, unique=True, max_size=25), query=_queries)
    @_few
    def test_pages_one_after_the_other_make_the_whole_list(
        self, records: Records, names: list[str], query: ListingQuery
    ) -> None:
        container = a_container_with(records, names)
        assert list(page_by_page(records, container, query)) == listed(names, query)

    @pytest.mark.parametrize("reverse", [False, True])
    def test_roll_ups_larger_than_one_look_are_listed_once(self, records: Records, reverse: bool) -> None:
        names = [f"{letter}/{number:03}" for letter in "abc" for number in range(150)]
        names += [f"single {number:03}" for number in range(150)]
        container = a_container_with(records, names)
        whole = listed(names, ListingQuery(delimiter="/", reverse=reverse))
        assert len(whole) == 153
        for limit in (7, 100, 10_000):
            query = ListingQuery(delimiter="/", reverse=reverse, limit=limit)
            assert list(page_by_page(records, container, query)) == whole

    def test_containers_are_listed_by_the_same_rules(self, records: Records) -> None:
        names = ["a", "b-1", "b-2", "c", "é"]
        with records.writing() as session:
            for name in names:
                a_container(session, name)
            a_container(session, "theirs", THEIRS)
            assert shown(session.objects.containers(OURS, ListingQuery())) == names
            for query in (
                ListingQuery(delimiter="-"),
                ListingQuery(prefix="b", limit=1),
                ListingQuery(marker="b-1", reverse=True),
                ListingQuery(marker="a", end_marker="c"),
            ):
                assert shown(session.objects.containers(OURS, query)) == listed(names, query)[: query.limit]
