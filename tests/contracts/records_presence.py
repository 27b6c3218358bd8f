"""The records contract: which blocks a project can reach, and what is kept of those it has sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imageferry.domain.access import ProjectId
from imageferry.domain.block import EMPTY, BlockName
from imageferry.domain.errors import Unavailable
from imageferry.domain.image import Status
from imageferry.domain.moment import Moment
from imageferry.domain.versioning import VersionId
from imageferry.ports.records import Records, Session
from imageferry.ports.records.presence import MAX_BLOBS_LOOKED_AT
from tests.contracts.records_things import (
    OURS,
    START,
    THEIRS,
    a_blob,
    a_container,
    a_draft,
    an_image,
    an_object,
    at,
    block,
    meanwhile,
    run_at_once,
)

HOUR = 3600


def reachable(session: Session, project: ProjectId, *numbers: int, now: Moment = START) -> list[int]:
    """Those of the blocks that the project can reach."""
    names = {block(number): number for number in numbers}
    found = session.presence.reachable([project], names, now=now, sent_since=now)
    return sorted(names[name] for name in found)


def sent(session: Session, project: ProjectId, *numbers: int, now: Moment = START) -> list[BlockName]:
    """The blocks, sent as a service would: touched under an upload, then remembered."""
    names = [block(number) for number in numbers]
    session.blobs.touch("sending", names, now)
    session.presence.remember_sent(project, names, now)
    session.blobs.end_upload("sending")
    return names


def swept(records: Records, *, seconds: float = 10 * 24 * HOUR) -> set[BlockName]:
    with records.writing() as session:
        return set(session.blobs.sweepable(before=at(seconds), limit=1000))


class ReachContract:
    def test_a_project_reaches_the_blocks_of_its_objects_and_no_others(self, records: Records) -> None:
        with records.writing() as session:
            ours, theirs = a_container(session), a_container(session, project_id=THEIRS)
            session.objects.put_object(an_object(ours, "a", a_blob(session, 1, 2, 2)))
            session.objects.put_object(an_object(theirs, "a", a_blob(session, 2, 3)))
            a_blob(session, 4)
            assert reachable(session, OURS, 1, 2, 3, 4, 5) == [1, 2]
            assert reachable(session, THEIRS, 1, 2, 3, 4, 5) == [2, 3]
            both = session.presence.reachable([OURS, THEIRS], [block(1), block(3)], now=START, sent_since=START)
            assert both == {block(1), block(3)}
            assert session.presence.reachable([], [block(1)], now=START, sent_since=START) == set()
            assert reachable(session, OURS) == []

    def test_a_version_counts_as_an_object_does_and_the_mark_of_a_deletion_is_nothing(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            session.objects.hold(container.id)
            session.versions.keep(an_object(container, "a", a_blob(session, 1), version=VersionId(10)))
            session.versions.mark_deleted(container.id, "a", VersionId(20), START)
            assert reachable(session, OURS, 1, 2) == [1]
            assert reachable(session, THEIRS, 1, 2) == []
            session.versions.delete(container.id, "a", VersionId(10), START)
            assert reachable(session, OURS, 1, 2) == []

    def test_an_object_that_is_deleted_or_has_expired_counts_no_more(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            session.objects.put_object(an_object(container, "a", a_blob(session, 1), delete_at=at(10)))
            session.objects.put_object(an_object(container, "b", a_blob(session, 2)))
            assert reachable(session, OURS, 1, 2, now=at(9)) == [1, 2]
            assert reachable(session, OURS, 1, 2, now=at(10)) == [2]
            session.objects.delete_object(container.id, "b", at(10))
            assert reachable(session, OURS, 1, 2, now=at(10)) == []

    @pytest.mark.parametrize("status", Status)
    def test_an_image_counts_for_its_owner_while_it_may_be_read(self, records: Records, status: Status) -> None:
        with records.writing() as session:
            session.images.add(an_image(blob_id=a_blob(session, 1), status=status))
            assert reachable(session, OURS, 1) == ([1] if status is Status.ACTIVE else [])
            assert reachable(session, THEIRS, 1) == []

    def test_the_only_one_of_many_blobs_that_is_ours_is_found(self, records: Records) -> None:
        with records.writing() as session:
            theirs, ours = a_container(session, project_id=THEIRS), a_container(session)
            ids = sorted(a_blob(session, 1, 2) for _ in range(60))
            for number, blob_id in enumerate(ids):
                last = number == len(ids) - 1
                session.objects.put_object(an_object(ours if last else theirs, f"{number}", blob_id))
            assert reachable(session, OURS, 1, 2, 3) == [1, 2]

    def test_no_more_blobs_are_looked_at_than_promised(self, records: Records) -> None:
        with records.writing() as session:
            ours = a_container(session)
            ids = sorted(a_blob(session, 1) for _ in range(MAX_BLOBS_LOOKED_AT + 1))
            session.objects.put_object(an_object(ours, "beyond", ids[-1]))
            assert reachable(session, OURS, 1) == []
            session.objects.put_object(an_object(ours, "within", ids[-2]))
            assert reachable(session, OURS, 1) == [1]

    def test_the_blocks_of_one_blob_can_be_asked_for(self, records: Records) -> None:
        with records.writing() as session:
            blob_id, other = a_blob(session, 1, 2, 2), a_blob(session, 2, 3)
            asked = [block(number) for number in (1, 2, 3, 4)]
            assert session.presence.in_blob(blob_id, asked) == {block(1), block(2)}
            assert session.presence.in_blob(other, asked[:2]) == {block(2)}
            assert session.presence.in_blob(other, []) == set()

    def test_ten_thousand_names_are_asked_for_at_once(self, records: Records) -> None:
        with records.writing() as session:
            blob_id = a_blob(session, *range(10_000))
            session.objects.put_object(an_object(a_container(session), "a", blob_id))
            assert len(reachable(session, OURS, *range(5_000, 15_000))) == 5_000


class LateMd5Contract:
    def test_an_md5_that_becomes_known_is_noted_wherever_it_was_not(self, records: Records) -> None:
        with records.writing() as session:
            container, blob_id = a_container(session), a_blob(session, 1)
            session.objects.put_object(an_object(container, "a", blob_id))
            session.objects.put_object(replace(an_object(container, "told", blob_id), md5="1" * 32))
            session.objects.put_object(an_object(container, "other", a_blob(session, 1)))
            session.objects.hold(container.id)
            session.versions.keep(an_object(container, "a", blob_id, version=VersionId(10)))
            session.objects.set_md5(blob_id, "2" * 32)
            items = {name: session.objects.object(container.id, name) for name in ("a", "told", "other")}
            assert {name: item and item.md5 for name, item in items.items()} == {
                "a": "2" * 32,
                "told": "1" * 32,
                "other": "",
            }
            version = session.versions.version(container.id, "a", VersionId(10))
            assert version is not None
            assert version.item is not None
            assert version.item.md5 == "2" * 32


class SentContract:
    def test_what_a_project_has_sent_counts_for_it_alone_and_for_its_time(self, records: Records) -> None:
        with records.writing() as session:
            sent(session, OURS, 1, 2, now=at(10))
            assert reachable(session, OURS, 1, 2, 3, now=at(10)) == [1, 2]
            assert reachable(session, OURS, 1, 2, 3, now=at(11)) == []
            assert reachable(session, THEIRS, 1, 2, 3) == []
            assert (session.presence.count_sent(OURS), session.presence.count_sent(THEIRS)) == (2, 0)

    def test_sending_again_begins_its_time_anew_and_never_shortens_it(self, records: Records) -> None:
        with records.writing() as session:
            for seconds in (10, 20, 15):
                sent(session, OURS, 1, now=at(seconds))
            assert reachable(session, OURS, 1, now=at(20)) == [1]
            assert session.presence.count_sent(OURS) == 1

    def test_a_block_that_was_sent_is_not_swept_until_it_is_forgotten(self, records: Records) -> None:
        with records.writing() as session:
            sent(session, OURS, 1, 2)
            sent(session, THEIRS, 2, now=at(HOUR))
        assert swept(records) == set()
        with records.writing() as session:
            assert session.presence.forget_sent(before=at(HOUR)) == 2
        assert swept(records) == {block(1)}
        with records.writing() as session:
            assert session.presence.forget_sent(before=at(HOUR + 1)) == 1
        assert swept(records) == {block(2)}

    def test_what_was_used_is_forgotten_of_that_project_and_stays_by_its_blob(self, records: Records) -> None:
        with records.writing() as session:
            names = sent(session, OURS, 1, 2)
            sent(session, THEIRS, 1)
            session.blobs.add(a_draft({0: names[0]}), START)
            session.presence.forget_used(OURS, [names[0], block(9)])
            assert (session.presence.count_sent(OURS), session.presence.count_sent(THEIRS)) == (1, 1)
            session.presence.forget_sent(before=at(1))
        assert swept(records) == {names[1]}

    def test_the_empty_block_is_never_remembered(self, records: Records) -> None:
        with records.writing() as session:
            session.presence.remember_sent(OURS, [EMPTY], START)
            session.presence.remember_sent(OURS, [], START)
            assert session.presence.count_sent(OURS) == 0

    def test_a_block_that_was_swept_meanwhile_cannot_be_remembered_and_the_transaction_goes_on(
        self, records: Records
    ) -> None:
        with records.writing() as session:
            session.blobs.touch("sending", [block(1)], START)
            with pytest.raises(Unavailable, match="again"):
                session.presence.remember_sent(OURS, [block(1), block(2)], START)
            assert session.presence.count_sent(OURS) == 0

    def test_a_block_is_not_swept_under_somebody_who_is_about_to_remember_it(self, records: Records) -> None:
        with records.writing() as session:
            session.blobs.touch("sending", [block(1)], START)
            session.blobs.end_upload("sending")
        gone: set[BlockName] = set()
        meanwhile(
            records,
            lambda session: session.presence.remember_sent(OURS, [block(1)], START),
            lambda: gone.update(swept(records)),
        )
        assert gone == set()


class HoldContract:
    def test_only_what_is_known_can_be_held(self, records: Records) -> None:
        with records.writing() as session:
            sent(session, OURS, 1)
            a_blob(session, 2)
            assert session.presence.hold([block(1), block(2), block(3), EMPTY]) == {block(1), block(2)}
            assert session.presence.hold([]) == set()

    def test_what_is_held_is_not_swept_before_the_transaction_ends(self, records: Records) -> None:
        with records.writing() as session:
            names = sent(session, OURS, 1)
            session.presence.forget_sent(before=at(1))
        draft = a_draft({0: names[0]})
        gone: set[BlockName] = set()

        def use(session: Session) -> None:
            assert session.presence.hold(names) == set(names)

        def use_and_keep(session: Session) -> None:
            use(session)
            session.blobs.add(draft, START)

        meanwhile(records, use_and_keep, lambda: gone.update(swept(records)))
        assert gone == set()

    def test_what_is_being_swept_is_waited_for_and_then_not_there(self, records: Records) -> None:
        with records.writing() as session:
            names = sent(session, OURS, 1)
            session.presence.forget_sent(before=at(1))
        found: list[set[BlockName]] = []

        def hold() -> None:
            with records.writing() as session:
                found.append(session.presence.hold(names))

        meanwhile(records, lambda session: session.blobs.sweepable(before=at(HOUR), limit=9), hold)
        assert found == [set()]

    def test_many_who_hold_touch_send_and_use_the_same_blocks_never_lock_each_other_out(self, records: Records) -> None:
        numbers = range(200)
        with records.writing() as session:
            names = sent(session, OURS, *numbers)
            session.objects.put_object(an_object(a_container(session), "a", a_blob(session, *numbers)))

        def work(worker: int) -> None:
            order = names[::-1] if worker % 2 else names
            for turn in range(5):
                with records.writing() as session:
                    assert session.presence.hold(order) == set(names)
                    session.blobs.add(a_draft(dict(enumerate(order))), at(turn))
                    session.presence.forget_used(OURS, order)
                with records.writing(durable=False) as session:
                    session.blobs.touch(f"{worker}", order, at(turn))
                    session.presence.remember_sent(OURS, order, at(turn))

        run_at_once(work, 4)


class PresenceContract(ReachContract, LateMd5Contract, SentContract, HoldContract):
    """All of it."""
