"""The records contract: bytes that a scanner objected to."""

from __future__ import annotations

from typing import Any

import pytest

from imageferry.domain.access import UserId
from imageferry.domain.blob import BlobId
from imageferry.domain.errors import NotFound
from imageferry.domain.quarantine import Quarantined
from imageferry.domain.task import TaskId
from imageferry.ports.records import BlobUser, Records
from tests.contracts.records_things import OURS, START, a_blob, at

DAY = 24 * 3600


def an_item(task: str, *blob_ids: BlobId, **more: Any) -> Quarantined:
    fields: dict[str, Any] = {
        "task_id": TaskId(task),
        "project_id": OURS,
        "user_id": UserId("user"),
        "what": "web.qcow2",
        "rule": "Ferry.Test",
        "place": "the file /a\n",
        "parts": tuple((blob_id, 0, 7) for blob_id in blob_ids),
        "created_at": START,
        "expires_at": at(7 * DAY),
    }
    return Quarantined(**fields | more)


class QuarantineContract:
    def test_what_is_kept_apart_is_found_again(self, records: Records) -> None:
        with records.writing() as session:
            item = an_item("t2", a_blob(session, 1), a_blob(session, 2))
            session.quarantine.add(item)
            session.quarantine.add(an_item("t1", *(blob_id for blob_id, _, _ in item.parts)))
        with records.reading() as session:
            assert session.quarantine.get(TaskId("t2")) == item
            assert session.quarantine.get(TaskId("other")) is None
            assert [found.task_id for found in session.quarantine.page(limit=9)] == ["t1", "t2"]
            assert [found.task_id for found in session.quarantine.page(after=TaskId("t1"), limit=9)] == ["t2"]
            assert [found.task_id for found in session.quarantine.page(limit=1)] == ["t1"]

    def test_keeping_it_apart_twice_is_keeping_it_once(self, records: Records) -> None:
        with records.writing() as session:
            blob_id = a_blob(session, 1)
            session.quarantine.add(an_item("t", blob_id, blob_id))
            session.quarantine.add(an_item("t", blob_id, rule="another"))
            assert session.quarantine.page(limit=9) == [an_item("t", blob_id, blob_id)]

    def test_its_blobs_must_be_there(self, records: Records) -> None:
        with records.writing() as session, pytest.raises(NotFound):
            session.quarantine.add(an_item("t", BlobId("no such blob")))

    def test_its_blobs_stay_until_it_is_removed_and_a_day_longer(self, records: Records) -> None:
        with records.writing() as session:
            blob_id = a_blob(session, 1)
            session.quarantine.add(an_item("t", blob_id))
        with records.reading() as session:
            assert session.blobs.unused_blobs(before=at(9 * DAY), limit=9) == []
            assert session.blobs.users_of(blob_id) == [BlobUser("quarantine", "t", "web.qcow2", OURS)]
        with records.writing() as session:
            assert session.quarantine.remove(TaskId("t"), at(5 * DAY))
            assert not session.quarantine.remove(TaskId("t"), at(6 * DAY))
        with records.reading() as session:
            assert session.blobs.unused_blobs(before=at(5 * DAY), limit=9) == []
            assert session.blobs.unused_blobs(before=at(5.1 * DAY), limit=9) == [blob_id]

    def test_those_whose_time_is_over_are_let_go(self, records: Records) -> None:
        with records.writing() as session:
            blob_id = a_blob(session, 1)
            session.quarantine.add(an_item("t1", blob_id))
            session.quarantine.add(an_item("t2", blob_id, expires_at=at(7 * DAY + 1)))
            assert session.quarantine.delete_expired(at(7 * DAY - 1)) == 0
            assert session.quarantine.delete_expired(at(7 * DAY)) == 1
            assert [item.task_id for item in session.quarantine.page(limit=9)] == ["t2"]
            assert session.quarantine.delete_expired(at(8 * DAY)) == 1
            assert session.blobs.unused_blobs(before=at(9 * DAY), limit=9) == [blob_id]
