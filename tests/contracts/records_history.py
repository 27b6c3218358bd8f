"""The records contract: what there was at a time, and forgetting it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imageferry.domain.moment import Moment
from imageferry.domain.object import Container, Held, ListingQuery, Subdir
from imageferry.domain.versioning import VersionId
from imageferry.ports.records import Records, Session
from tests.contracts.records_things import OURS, THEIRS, UGLY_NAMES, a_blob, a_container, an_object, at
from tests.contracts.records_versions import a_current, a_state, version

NOW = at(1000)


def held(session: Session, container: Container, then: int, **query: object) -> list[tuple[str, int] | str]:
    """A page of what there was: name and number, or the name of a roll-up."""
    page = session.history.objects_at(container.id, ListingQuery(**query), Moment(then), NOW)  # type: ignore[arg-type]
    return [row.name if isinstance(row, Subdir) else (row.name, row.number) for row in page]


class HistoryContract:
    def test_the_numbers_of_a_name_come_oldest_first_without_marks_and_without_the_current(
        self, records: Records
    ) -> None:
        with records.writing() as session:
            container = a_container(session)
            assert session.history.numbers(container.id, "a", limit=9) == []
            for number in (30, 10, 50):
                a_state(session, container, "a", number)
            session.versions.mark_deleted(container.id, "a", version(20), at(0))
            a_current(session, container, "a", 60)
            a_state(session, container, "b", 70)
            assert session.history.numbers(container.id, "a", limit=9) == [(n, at(0)) for n in (10, 30, 50)]
            assert session.history.numbers(container.id, "a", limit=2) == [(n, at(0)) for n in (30, 50)]

    def test_a_container_holds_at_a_time_the_newest_state_of_each_name_up_to_then(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            for number in (10, 20):
                a_state(session, container, "a", number)
            a_current(session, container, "a", 30)
            a_state(session, container, "deleted", 10)
            session.versions.mark_deleted(container.id, "deleted", version(20), at(0))
            a_current(session, container, "new", 25)
            assert held(session, container, 9) == []
            assert held(session, container, 10) == [("a", 10), ("deleted", 10)]
            assert held(session, container, 19) == [("a", 10), ("deleted", 10)]
            assert held(session, container, 20) == [("a", 20)]
            assert held(session, container, 29) == [("a", 20), ("new", 25)]
            assert held(session, container, 10**18) == [("a", 30), ("new", 25)]

    def test_a_state_of_long_ago_is_given_whole(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            item = replace(a_state(session, container, "a", 10, size=7), metadata={"x": "y"}, content_type="t")
            session.versions.delete(container.id, "a", item.version, at(0))
            session.versions.keep(item)
            assert session.history.objects_at(container.id, ListingQuery(), Moment(10), NOW) == [item]
            current = a_current(session, container, "b", 40, metadata={"z": "ü"})
            assert session.history.objects_at(container.id, ListingQuery(prefix="b"), Moment(40), NOW) == [current]

    def test_an_object_without_a_version_counts_from_when_it_was_changed(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            item = session.objects.put_object(
                an_object(container, "a", a_blob(session), updated_at=Moment(1_000_000_019))
            )
            assert item.number == 1_000_000_010
            assert held(session, container, 1_000_000_009) == []
            assert held(session, container, 1_000_000_010) == [("a", 1_000_000_010)]

    def test_what_expired_is_there_no_more_unless_it_is_a_version(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            a_state(session, container, "a", 10)
            a_current(session, container, "a", 0, delete_at=NOW)
            a_current(session, container, "b", 20, delete_at=NOW)
            assert held(session, container, 10**18) == [("a", 10), ("b", 20)]

    def test_a_version_made_current_again_counts_from_its_own_number(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            a_current(session, container, "a", 10)
            a_state(session, container, "a", 20)
            session.versions.mark_deleted(container.id, "a", version(30), at(0))
            assert held(session, container, 10**18) == [("a", 10)]
            assert held(session, container, 9) == []

    @pytest.mark.parametrize("reverse", [False, True])
    @pytest.mark.parametrize("limit", [1, 2, 5])
    def test_pages_at_a_time_follow_each_other_without_gap_or_repetition(
        self, records: Records, limit: int, reverse: bool
    ) -> None:
        with records.writing() as session:
            container = a_container(session)
            for place, name in enumerate(UGLY_NAMES):
                a_state(session, container, name, 10)
                if place % 3:
                    a_current(session, container, name, 20 if place % 2 else 40)
            whole = held(session, container, 30, reverse=reverse)
            assert [row[0] for row in whole] == sorted(UGLY_NAMES, reverse=reverse)
            got: list[tuple[str, int] | str] = []
            marker = ""
            while page := held(session, container, 30, limit=limit, marker=marker, reverse=reverse):
                got += page
                marker = page[-1][0]
            assert got == whole

    def test_names_of_a_time_are_rolled_up_and_found_by_prefix(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            a_current(session, container, "b/new", 50)
            for name in ["a", "b/x", "b/y/z", "c"]:
                a_state(session, container, name, 10)
            assert held(session, container, 30, delimiter="/") == [("a", 10), "b/", ("c", 10)]
            assert held(session, container, 30, delimiter="/", prefix="b/") == [("b/x", 10), "b/y/"]
            assert held(session, container, 30, delimiter="/", prefix="d") == []

    def test_containers_say_how_much_they_held(self, records: Records) -> None:
        with records.writing() as session:
            one, two, foreign = a_container(session, "1"), a_container(session, "2"), a_container(session, "1", THEIRS)
            for container in (one, two, foreign):
                a_state(session, container, "a", 10, size=5)
                session.versions.mark_deleted(container.id, "a", version(20), at(0))
                a_current(session, container, "b", 15, size=2, updated_at=at(7))
            a_state(session, two, "c", 20, size=3)
            held_at = session.history.held_at
            assert held_at(OURS, Moment(9), NOW) == {}
            assert held_at(OURS, Moment(15), NOW) == {one.id: Held(2, 7, at(7)), two.id: Held(2, 7, at(7))}
            assert held_at(OURS, Moment(20), NOW) == {one.id: Held(1, 2, at(7)), two.id: Held(2, 5, at(7))}
            assert held_at(OURS, Moment(20), NOW, only=two.id) == {two.id: Held(2, 5, at(7))}
            assert held_at(OURS, Moment(20), NOW, only=foreign.id) == {}

    def test_history_is_forgotten_up_to_a_time_and_what_is_current_stays(self, records: Records) -> None:
        with records.writing() as session:
            container, other = a_container(session), a_container(session, "other")
            gone = a_state(session, container, "a", 10, size=5)
            a_state(session, container, "a", 30, size=7)
            a_state(session, container, "b", 20, size=9)
            session.versions.mark_deleted(container.id, "b", version(21), at(0))
            current = a_current(session, container, "c", 5, size=2)
            a_state(session, other, "a", 10)
            assert session.history.purge(container.id, Moment(9), NOW, limit=9) == 0
            assert session.history.purge(container.id, Moment(29), NOW, name="a", limit=9) == 1
            assert session.blobs.unused_blobs(before=NOW, limit=9) == []  # who reads it now comes to the end
            assert session.blobs.unused_blobs(before=at(1001), limit=9) == [gone.blob_id]
            assert session.versions.version(container.id, "b", version(20)) is not None
            assert session.history.purge(container.id, Moment(29), NOW, limit=9) == 2
            there = session.objects.container(OURS, container.name)
            assert there is not None
            assert (there.object_count, there.bytes_used) == (1, 9)
            assert session.objects.object(container.id, "c") == current
            assert [number for number, _ in session.history.numbers(container.id, "a", limit=9)] == [30]
            assert [number for number, _ in session.history.numbers(other.id, "a", limit=9)] == [10]

    def test_forgetting_goes_on_where_it_stopped(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            common = a_blob(session)
            for number in range(5):
                session.versions.keep(an_object(container, f"{number}", common, version=VersionId(10), size=3))
            assert [session.history.purge(container.id, Moment(10), NOW, limit=2) for _ in range(4)] == [2, 2, 1, 0]
            there = session.objects.container(OURS, container.name)
            assert there is not None
            assert there.bytes_used == 0
