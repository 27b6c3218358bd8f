"""The records contract: versions of objects, marks of deletions, links."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imageferry.domain.blob import BlobId
from imageferry.domain.errors import AlreadyExists, NotEmpty, NotFound
from imageferry.domain.link import Link
from imageferry.domain.object import Container, ListingQuery, ObjectVersion, StoredObject, Subdir, Whole
from imageferry.domain.versioning import NO_VERSION, Archiving, VersionId, Versioning
from imageferry.ports.records import Records, Session
from tests.contracts.records_things import OURS, UGLY_NAMES, a_blob, a_container, an_object, at

Row = tuple[str, int | str, bool] | str


def version(number: int) -> VersionId:
    return VersionId(number)


def a_state(session: Session, container: Container, name: str, number: int, *, size: int = 1) -> StoredObject:
    """One version that is kept, with a blob of its own."""
    item = an_object(container, name, a_blob(session), size=size, version=version(number))
    session.versions.keep(item)
    return item


def a_current(session: Session, container: Container, name: str, number: int, **more: object) -> StoredObject:
    return session.objects.put_object(an_object(container, name, a_blob(session), version=version(number), **more))


def listed(session: Session, container: Container, behind: int | None = None, **query: object) -> list[Row]:
    """A page of versions: name, number or "mark", and whether it is the latest."""
    last = None if behind is None else version(behind)
    page = session.versions.versions(container.id, ListingQuery(**query), at(0), behind=last)  # type: ignore[arg-type]
    return [_row(row) for row in page]


def _row(row: ObjectVersion | Subdir) -> Row:
    if isinstance(row, Subdir):
        return row.name
    return row.name, "mark" if row.item is None else row.id, row.is_latest


class VersionsContract:
    def test_a_container_says_how_it_keeps_versions(self, records: Records) -> None:
        kinds = [
            Versioning(),
            Versioning(enabled=True),
            Versioning(enabled=False),
            Versioning(archive="old ones", archiving=Archiving.HISTORY),
        ]
        with records.writing() as session:
            container = a_container(session)
            for kind in kinds:
                session.objects.set_versioning(container.id, kind)
                assert session.objects.container(OURS, container.name) == replace(container, versioning=kind)
            with pytest.raises(NotFound):
                session.objects.set_versioning(replace(container, id="nowhere").id, kinds[0])

    def test_an_object_remembers_its_version_and_where_it_leads(self, records: Records) -> None:
        link = Link(project_id=OURS, container="c", name="n", md5="0" * 32, size=5, whole_etag="1" * 32)
        with records.writing() as session:
            container = a_container(session)
            item = a_current(session, container, "a", 70, link=link)
            assert session.objects.object(container.id, "a") == item
            assert (item.version, item.link) == (70, link)
            plain = session.objects.put_object(an_object(container, "a", item.blob_id))
            assert (plain.version, plain.link) == (NO_VERSION, None)

    def test_a_version_is_kept_as_it_was(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            item = an_object(
                container,
                "a",
                a_blob(session),
                size=5,
                version=version(70),
                metadata={"ä": "ü"},
                headers={"expires": "x"},
                manifest="c/p",
                whole=Whole(size=9, etag="e"),
                link=Link(project_id=OURS, container="c", name="n"),
                delete_at=at(1),
            )
            session.versions.keep(item)
        with records.reading() as session:
            found = session.versions.version(container.id, "a", version(70))
            assert found == ObjectVersion(
                name="a", id=version(70), item=replace(item, delete_at=None), at=item.updated_at
            )
            assert session.versions.version(container.id, "a", version(71)) is None
            assert session.versions.version(container.id, "A", version(70)) is None

    def test_a_deletion_leaves_a_mark_without_bytes(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            session.versions.mark_deleted(container.id, "a", version(70), at(3))
            found = session.versions.version(container.id, "a", version(70))
            assert found == ObjectVersion(name="a", id=version(70), item=None, at=at(3))
            assert session.versions.delete(container.id, "a", version(70), at(4)) == found

    def test_no_number_comes_twice_for_a_name(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            item = a_state(session, container, "a", 70)
            with pytest.raises(AlreadyExists):
                session.versions.keep(item)
            with pytest.raises(AlreadyExists):
                session.versions.mark_deleted(container.id, "a", version(70), at(0))
            session.versions.keep(replace(item, name="b"))

    def test_the_newest_number_is_that_of_the_versions_alone(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            assert session.versions.newest(container.id, "a") is None
            a_state(session, container, "a", 70)
            session.versions.mark_deleted(container.id, "a", version(80), at(0))
            a_current(session, container, "a", 90)
            a_state(session, container, "b", 95)
            assert session.versions.newest(container.id, "a") == 80

    def test_bytes_of_versions_count_in_their_container(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            a_current(session, container, "a", 90, size=3)
            a_state(session, container, "a", 70, size=5)
            a_state(session, container, "a", 80, size=7)
            session.versions.mark_deleted(container.id, "b", version(1), at(0))
            there = session.objects.container(OURS, container.name)
            assert there is not None
            assert (there.object_count, there.bytes_used) == (1, 15)
            session.versions.delete(container.id, "a", version(80), at(0))
            account = session.objects.account(OURS, at(0))
            assert (account.object_count, account.bytes_used) == (1, 8)
            with pytest.raises(NotFound):
                session.versions.delete(container.id, "a", version(80), at(0))

    def test_a_container_with_versions_is_not_deleted(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            session.versions.mark_deleted(container.id, "a", version(1), at(0))
            with pytest.raises(NotEmpty, match="all versions"):
                session.objects.delete_container(container)
            session.versions.delete(container.id, "a", version(1), at(0))
            session.objects.delete_container(container)

    def test_what_a_version_points_to_is_in_use(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            item = a_state(session, container, "a", 1_800_000_000_123_450)
            [user] = session.blobs.users_of(item.blob_id)
            assert (user.kind, user.name, user.project_id) == (
                "version",
                "container/a?version-id=1800000000.12345",
                OURS,
            )
            assert session.blobs.unused_blobs(before=at(100), limit=9) == []
            session.blobs.delete_blobs([item.blob_id])
            assert session.blobs.get(item.blob_id) is not None
            session.versions.delete(container.id, "a", item.version, at(5))
            assert session.blobs.unused_blobs(before=at(5), limit=9) == []
            assert session.blobs.unused_blobs(before=at(6), limit=9) == [item.blob_id]

    def test_a_version_of_a_blob_that_is_gone_is_refused(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            with pytest.raises(NotFound):
                session.versions.keep(an_object(container, "a", BlobId("gone"), version=version(1)))

    def test_versions_are_listed_by_name_and_the_latest_first(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            a_current(session, container, "a", 30)
            a_state(session, container, "a", 10)
            a_state(session, container, "a", 20)
            a_current(session, container, "b", 0)
            a_state(session, container, "b", 10)
            session.versions.mark_deleted(container.id, "c", version(20), at(0))
            session.versions.mark_deleted(container.id, "c", version(10), at(0))
            a_current(session, container, "d", 10)
            session.versions.mark_deleted(container.id, "d", version(20), at(0))
            a_state(session, container, "e", 10)
            everything = [
                *[("a", 30, True), ("a", 20, False), ("a", 10, False), ("b", 0, True), ("b", 10, False)],
                *[("c", "mark", True), ("c", "mark", False), ("d", "mark", False), ("d", 10, True), ("e", 10, False)],
            ]
            assert listed(session, container) == everything
            assert listed(session, container, reverse=True) == everything[::-1]

    @pytest.mark.parametrize("reverse", [False, True])
    @pytest.mark.parametrize("limit", [1, 2, 3, 7])
    def test_pages_follow_each_other_without_gap_or_repetition(
        self, records: Records, limit: int, reverse: bool
    ) -> None:
        with records.writing() as session:
            container = a_container(session)
            for name in UGLY_NAMES:
                a_current(session, container, name, 0 if name == "é" else 40)
                for number in (10, 20, 30):
                    a_state(session, container, name, number)
            whole = listed(session, container, reverse=reverse)
            assert len(whole) == 4 * len(UGLY_NAMES)
            got: list[Row] = []
            marker, behind = "", None
            while page := listed(session, container, behind, limit=limit, marker=marker, reverse=reverse):
                got += page
                marker, behind = page[-1][0], page[-1][1]  # type: ignore[assignment]
            assert got == whole

    def test_a_marker_alone_passes_all_versions_of_its_name(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            for name in "abc":
                a_state(session, container, name, 10)
                a_state(session, container, name, 20)
            assert listed(session, container, marker="a", limit=1) == [("b", 20, False)]
            assert listed(session, container, marker="c", limit=1, reverse=True) == [("b", 10, False)]
            assert listed(session, container, marker="a", end_marker="c") == [("b", 20, False), ("b", 10, False)]
            assert listed(session, container, marker="a", behind=0, limit=1) == [("a", 20, False)]
            assert listed(session, container, marker="b", behind=10, limit=1) == [("c", 20, False)]
            assert listed(session, container, marker="a", prefix="b", limit=1) == [("b", 20, False)]
            assert listed(session, container, marker="c", prefix="b") == []

    @pytest.mark.parametrize("reverse", [False, True])
    def test_names_are_rolled_up(self, records: Records, reverse: bool) -> None:
        with records.writing() as session:
            container = a_container(session)
            for name in ["a", "b/", "b/x", "b/y/z", "c", "d/1"]:
                a_state(session, container, name, 10)
                a_state(session, container, name, 20)
            for number in range(100):
                a_state(session, container, "d/2", 1000 + number)
            a_current(session, container, "d/3", 10)
            whole: list[Row] = [("a", 20, False), ("a", 10, False), "b/", ("c", 20, False), ("c", 10, False), "d/"]
            query = {"delimiter": "/", "reverse": reverse}
            assert listed(session, container, **query) == (whole[::-1] if reverse else whole)
            below: list[Row] = [("b/", 20, False), ("b/", 10, False), ("b/x", 20, False), ("b/x", 10, False), "b/y/"]
            assert listed(session, container, prefix="b/", **query) == (below[::-1] if reverse else below)
            assert listed(session, container, marker="b/", **query) == (whole[1::-1] if reverse else whole[3:])

    def test_an_expired_object_is_a_version_like_any(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            a_current(session, container, "a", 20, delete_at=at(-1))
            session.versions.mark_deleted(container.id, "a", version(10), at(0))
            a_current(session, container, "b", 0, delete_at=at(-1))
            session.versions.mark_deleted(container.id, "b", version(10), at(0))
            assert listed(session, container) == [("a", 20, False), ("a", "mark", False), ("b", "mark", True)]
