"""What every driver of ports/records.py promises, a class per group; a driver's test inherits them all.

The fixture ``records`` gives empty records.
"""

from __future__ import annotations

import pytest

from imageferry.domain.access import DomainId
from imageferry.domain.errors import AlreadyExists, BadInput, Unavailable
from imageferry.ports.records import Records
from tests.contracts.records_blobs import BlobsContract, SweepingContract, UnusedBlobsContract
from tests.contracts.records_credentials import CredentialsContract
from tests.contracts.records_history import HistoryContract
from tests.contracts.records_identity import IdentityContract
from tests.contracts.records_images import ImageListContract, ImagesContract
from tests.contracts.records_listing import ListingContract
from tests.contracts.records_metadefs import MetadefsContract
from tests.contracts.records_objects import ObjectsContract
from tests.contracts.records_presence import PresenceContract
from tests.contracts.records_quarantine import QuarantineContract
from tests.contracts.records_registrations import RegistrationsContract
from tests.contracts.records_shares import SharingContract
from tests.contracts.records_tasks import TasksContract
from tests.contracts.records_things import a_domain, a_user, run_at_once
from tests.contracts.records_usage import UsageContract
from tests.contracts.records_versions import VersionsContract


class TransactionsContract:
    @pytest.mark.parametrize("durable", [True, False])
    def test_a_transaction_is_kept_as_a_whole(self, records: Records, durable: bool) -> None:
        with records.writing(durable=durable) as session:
            a_user(session, a_domain(session), "one")
        with records.reading() as session:
            assert len(session.identity.domains()) == len(session.identity.users()) == 1

    @pytest.mark.parametrize("durable", [True, False])
    def test_an_exception_takes_everything_back(self, records: Records, durable: bool) -> None:
        with pytest.raises(ZeroDivisionError), records.writing(durable=durable) as session:
            a_domain(session)
            raise ZeroDivisionError
        with records.reading() as session:
            assert session.identity.domains() == []

    def test_what_is_written_is_seen_inside_the_transaction_only(self, records: Records) -> None:
        with records.writing() as session:
            a_domain(session)
            assert len(session.identity.domains()) == 1
            with records.reading() as outside:
                assert outside.identity.domains() == []

    def test_a_reader_keeps_its_view_while_others_write(self, records: Records) -> None:
        with records.reading() as reader:
            assert reader.identity.domains() == []
            with records.writing() as session:
                a_domain(session)
            assert reader.identity.domains() == []

    def test_an_error_of_ours_does_not_spoil_the_transaction(self, records: Records) -> None:
        with records.writing() as session:
            a_domain(session, "Default")
            with pytest.raises(AlreadyExists):
                a_domain(session, "Default")
            a_domain(session, "other")
        with records.reading() as session:
            assert [domain.name for domain in session.identity.domains()] == ["Default", "other"]

    def test_a_reader_cannot_write(self, records: Records) -> None:
        with pytest.raises(Unavailable), records.reading() as session:
            a_domain(session)
        with records.writing() as session:  # and what it used is fit for writing afterwards
            a_domain(session)

    def test_text_no_database_keeps_is_the_callers_mistake(self, records: Records) -> None:
        with pytest.raises(BadInput), records.reading() as session:
            session.identity.user_by_name("\ud800", DomainId("default"))

    def test_many_writers_and_readers_at_once_all_come_to_their_end(self, records: Records) -> None:
        with records.writing() as session:
            domain = a_domain(session)

        def work(worker: int) -> None:
            for number in range(5):
                with records.writing(durable=False) as session:
                    user = a_user(session, domain, f"{worker}-{number}")
                with records.reading() as session:
                    assert session.identity.user(user.id) == user

        run_at_once(work, 16)
        with records.reading() as session:
            assert len(session.identity.users()) == 80


class RecordsContract(
    TransactionsContract,
    CredentialsContract,
    IdentityContract,
    BlobsContract,
    UnusedBlobsContract,
    SweepingContract,
    ObjectsContract,
    ListingContract,
    ImagesContract,
    ImageListContract,
    MetadefsContract,
    PresenceContract,
    SharingContract,
    QuarantineContract,
    RegistrationsContract,
    TasksContract,
    UsageContract,
    VersionsContract,
    HistoryContract,
):
    """All of it."""
