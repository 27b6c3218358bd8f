"""The records contract: accounts, containers and objects, and their counters."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imageferry.domain.blob import BlobId
from imageferry.domain.errors import AlreadyExists, NotEmpty, NotFound
from imageferry.domain.object import Container, ContainerId, ListingQuery, StoredObject
from imageferry.ports.records import Records, Session
from tests.contracts.records_things import (
    OURS,
    START,
    THEIRS,
    a_blob,
    a_container,
    an_object,
    at,
    meanwhile,
    run_at_once,
)


def counted(session: Session, container: Container) -> tuple[int, int]:
    """Objects and bytes, as the container says and as the account says; they must agree when it is the only one."""
    found = session.objects.container(container.project_id, container.name)
    account = session.objects.account(container.project_id, at(0))
    assert found is not None
    assert (found.object_count, found.bytes_used) == (account.object_count, account.bytes_used)
    return found.object_count, found.bytes_used


class ObjectsContract:
    def test_an_account_that_was_never_written_has_zeros(self, records: Records) -> None:
        with records.reading() as session:
            account = session.objects.account(OURS, at(5))
            assert (account.container_count, account.object_count, account.bytes_used) == (0, 0, 0)
            assert account.metadata == {}
            assert account.created_at == at(5)

    def test_account_metadata_is_replaced_and_the_account_keeps_its_age(self, records: Records) -> None:
        with records.writing() as session:
            session.objects.set_account_metadata(OURS, {"quota": "5"}, at(1))
            session.objects.set_account_metadata(OURS, {"Ünicode": "é"}, at(2))
            account = session.objects.account(OURS, at(3))
            assert account.metadata == {"Ünicode": "é"}
            assert account.created_at == at(1)
            assert session.objects.account(THEIRS, at(3)).metadata == {}

    def test_an_accounts_metadata_is_read_without_its_totals(self, records: Records) -> None:
        with records.writing() as session:
            assert session.objects.account_metadata(OURS) == {}
            session.objects.hold_account(OURS, at(0))
            session.objects.set_account_metadata(OURS, {"a": "1"}, at(0))
            session.objects.hold_account(OURS, at(1))
            assert session.objects.account_metadata(OURS) == {"a": "1"}
            assert session.objects.account_metadata(THEIRS) == {}

    def test_who_holds_an_account_changes_it_alone(self, records: Records) -> None:
        def work(writer: int) -> None:
            for number in range(10):
                with records.writing(durable=False) as session:
                    session.objects.hold_account(OURS, at(number))
                    there = session.objects.account_metadata(OURS)
                    session.objects.set_account_metadata(OURS, {**there, f"{writer}-{number}": "x"}, at(number))

        run_at_once(work, 3)
        with records.reading() as session:
            assert len(session.objects.account_metadata(OURS)) == 30

    def test_an_account_is_as_old_as_its_first_container(self, records: Records) -> None:
        with records.writing() as session:
            a_container(session)
            session.objects.set_account_metadata(OURS, {"a": "b"}, at(2))
            assert session.objects.account(OURS, at(3)).created_at == START

    def test_a_container_is_found_by_its_name_within_its_project(self, records: Records) -> None:
        with records.writing() as session:
            ours, theirs = a_container(session, "same"), a_container(session, "same", THEIRS)
            assert session.objects.container(OURS, "same") == ours
            assert session.objects.container(THEIRS, "same") == theirs
            assert session.objects.container(OURS, "Same") is None
            with pytest.raises(AlreadyExists):
                a_container(session, "same")

    def test_container_metadata_is_replaced(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            session.objects.set_container_metadata(container, {"a": "1"}, at(1))
            session.objects.set_container_metadata(container, {"b": "2"}, at(2))
            changed = replace(container, metadata={"b": "2"}, updated_at=at(2))
            assert session.objects.container(OURS, container.name) == changed

    def test_access_lists_are_replaced(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            session.objects.set_access(container.id, readers=".r:*", writers="p:u")
        with records.reading() as session:
            found = session.objects.container(container.project_id, container.name)
        assert found is not None
        assert (found.readers, found.writers) == (".r:*", "p:u")
        with records.writing() as session, pytest.raises(NotFound):
            session.objects.set_access(ContainerId("none"), readers="", writers="")

    def test_a_container_goes_only_when_it_is_empty(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            session.objects.put_object(an_object(container, "a", a_blob(session)))
            with pytest.raises(NotEmpty):
                session.objects.delete_container(container)
            session.objects.delete_object(container.id, "a", at(1))
            session.objects.delete_container(container)
            assert session.objects.container(OURS, container.name) is None
            with pytest.raises(NotFound):
                session.objects.delete_container(container)
            with pytest.raises(NotFound):
                session.objects.set_container_metadata(container, {}, at(1))

    def test_what_has_expired_is_named_and_left_out_of_listings(self, records: Records) -> None:
        with records.writing() as session:
            one, other = a_container(session, "one"), a_container(session, "other")
            for container, name, until in ((one, "a", 10), (one, "b", None), (other, "c", 5), (one, "d", 11)):
                item = an_object(container, name, a_blob(session))
                item = replace(item, delete_at=None if until is None else at(until))
                assert session.objects.put_object(item) == item
                assert session.objects.object(container.id, name) == item
        with records.reading() as session:
            expired = session.objects.expired
            assert expired(at(10), limit=9) == [(other.id, "c"), (one.id, "a")]
            assert expired(at(10), limit=1) == [(other.id, "c")]
            assert expired(at(10), limit=9, container_id=one.id) == [(one.id, "a")]
            listed = session.objects.objects(one.id, ListingQuery(), at(10))
            assert [row.name for row in listed] == ["b", "d"]
            assert len(session.objects.objects(one.id, ListingQuery())) == 3

    def test_an_object_is_kept_as_it_was_given(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            item = an_object(
                container,
                "dir/é 😀",
                a_blob(session, 1),
                size=1 << 50,
                content_type="text/plain",
                metadata={"colour": "Blau", "ü": ""},
                headers={"content-encoding": "gzip"},
                manifest="container/prefix",
            )
            assert session.objects.put_object(item) == item
        with records.reading() as session:
            assert session.objects.object(container.id, item.name) == item
            assert session.objects.object(container.id, "dir/") is None

    def test_the_names_of_metadata_in_a_container_are_told_each_once(self, records: Records) -> None:
        with records.writing() as session:
            container, empty = a_container(session), a_container(session, "empty")
            blob = a_blob(session)
            given: dict[str, dict[str, str]] = {"a": {"é": "1", "x": "2"}, "b": {}, "c": {"x": "3", "b": "4"}}
            for name, metadata in given.items():
                session.objects.put_object(an_object(container, name, blob, metadata=metadata))
            names = session.objects.metadata_names
            assert names(container.id, looked_at=10, limit=10) == ["b", "x", "é"]
            assert names(container.id, looked_at=10, limit=2) == ["b", "x"]
            assert names(container.id, looked_at=2, limit=10) == ["x", "é"]
            assert names(empty.id, looked_at=10, limit=10) == []

    def test_counters_follow_every_change_at_once(self, records: Records) -> None:
        with records.writing() as session:
            container, blob_id = a_container(session), a_blob(session)
            assert counted(session, container) == (0, 0)
            session.objects.put_object(an_object(container, "a", blob_id, size=10))
            assert counted(session, container) == (1, 10)
            session.objects.put_object(an_object(container, "b", blob_id, size=1 << 50))
            assert counted(session, container) == (2, 10 + (1 << 50))
            session.objects.put_object(an_object(container, "b", blob_id, size=3))
            assert counted(session, container) == (2, 13)
            session.objects.delete_object(container.id, "a", at(1))
            assert counted(session, container) == (1, 3)

    def test_a_container_knows_when_what_is_in_it_last_changed(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            a_container(session, "other")
            blob = a_blob(session)

            def changed() -> tuple[int, int]:
                found = session.objects.container(OURS, container.name)
                assert found is not None
                assert found.updated_at == START
                return found.changed_at - START, session.objects.account(OURS, START).changed_at - START

            assert changed() == (0, 0)
            session.objects.put_object(an_object(container, "a", blob, updated_at=at(5)))
            assert changed() == (at(5) - START,) * 2
            session.objects.put_object(an_object(container, "a", blob, updated_at=at(4)))
            assert changed() == (at(5) - START,) * 2
            session.objects.delete_object(container.id, "a", at(7))
            assert changed() == (at(7) - START,) * 2
            assert session.objects.account(THEIRS, START).changed_at == 0

    def test_an_account_sums_up_its_own_containers(self, records: Records) -> None:
        with records.writing() as session:
            blob_id = a_blob(session)
            for number in range(3):
                session.objects.put_object(an_object(a_container(session, str(number)), "a", blob_id, size=5))
            session.objects.put_object(an_object(a_container(session, "x", THEIRS), "a", blob_id, size=7))
            account = session.objects.account(OURS, at(0))
            assert (account.container_count, account.object_count, account.bytes_used) == (3, 3, 15)

    def test_an_object_that_is_overwritten_keeps_its_id_and_age(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            first = an_object(container, "a", a_blob(session, 1), metadata={"old": "1"}, manifest="c/p")
            session.objects.put_object(first)
            second = an_object(container, "a", a_blob(session, 2), size=2, created_at=at(9), updated_at=at(9))
            kept = session.objects.put_object(second)
            assert kept == replace(second, id=first.id, created_at=first.created_at)
            assert session.objects.object(container.id, "a") == kept

    def test_a_deleted_object_is_handed_back_and_gone(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            item = session.objects.put_object(an_object(container, "a", a_blob(session)))
            assert session.objects.delete_object(container.id, "a", at(1)) == item
            assert session.objects.object(container.id, "a") is None
            with pytest.raises(NotFound, match="object"):
                session.objects.delete_object(container.id, "a", at(1))

    def test_an_object_needs_its_container_and_its_blob(self, records: Records) -> None:
        with records.writing() as session:
            container, blob_id = a_container(session), a_blob(session)
            with pytest.raises(NotFound, match="blob"):
                session.objects.put_object(an_object(container, "a", BlobId("none")))
            session.objects.delete_container(container)
            with pytest.raises(NotFound, match="container"):
                session.objects.put_object(an_object(container, "a", blob_id))
            with pytest.raises(NotFound, match="container"):
                session.objects.delete_object(container.id, "a", at(1))

    def test_two_writers_at_once_in_one_container_lose_nothing(self, records: Records) -> None:
        with records.writing() as session:
            container, blob_id = a_container(session), a_blob(session)

        def work(writer: int) -> None:
            for number in range(20):
                with records.writing(durable=False) as session:
                    session.objects.put_object(an_object(container, "the same", blob_id, size=number))
                    session.objects.put_object(an_object(container, f"{writer}/{number}", blob_id, size=3))
                with records.writing(durable=False) as session:
                    if number % 2:
                        session.objects.delete_object(container.id, f"{writer}/{number}", at(1))

        run_at_once(work, 2)
        with records.reading() as session:
            items = session.objects.objects(container.id, ListingQuery())
            sizes = [item.size for item in items if isinstance(item, StoredObject)]
            assert counted(session, container) == (len(items), sum(sizes)) == (21, 20 * 3 + 19)

    def test_a_container_is_not_deleted_under_an_object_that_comes(self, records: Records) -> None:
        with records.writing() as session:
            container, blob_id = a_container(session), a_blob(session)

        def delete() -> None:
            with records.writing() as session, pytest.raises(NotEmpty):
                session.objects.delete_container(container)

        item = an_object(container, "a", blob_id)
        meanwhile(records, lambda session: session.objects.put_object(item), delete)

    def test_a_blob_that_is_being_deleted_cannot_be_pointed_to(self, records: Records) -> None:
        with records.writing() as session:
            container, blob_id = a_container(session), a_blob(session)

        def point() -> None:
            with records.writing() as session, pytest.raises(NotFound, match="blob"):
                session.objects.put_object(an_object(container, "a", blob_id))

        meanwhile(records, lambda session: session.blobs.delete_blobs([blob_id]), point)
