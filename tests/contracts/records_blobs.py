"""The records contract: blobs, and what may be swept away."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

import pytest

from imageferry.domain.blob import BlobId
from imageferry.domain.block import BLOCK_SIZE, EMPTY, BlockName
from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.errors import NotFound, Unavailable
from imageferry.domain.hash_map import top_of
from imageferry.domain.task import TaskId
from imageferry.ports.records import BlobUser, Records, Session
from tests.contracts.records_things import (
    OURS,
    START,
    a_blob,
    a_container,
    a_draft,
    a_task,
    an_image,
    an_object,
    at,
    block,
    meanwhile,
)

HOUR = 3600
NO_BLOB = BlobId("no such blob")


def touched(session: Session, upload: str, *numbers: int, seconds: float = 0) -> list[BlockName]:
    names = [block(number) for number in numbers]
    session.blobs.touch(upload, names, at(seconds))
    return names


def everything_sweepable(records: Records, *, seconds: float = 10 * 24 * HOUR) -> set[BlockName]:
    with records.writing() as session:
        return set(session.blobs.sweepable(before=at(seconds), limit=1000))


def settled(records: Records, *, limit: int = 1000, seconds: float = 10 * 24 * HOUR) -> int:
    with records.writing() as session:
        return session.blobs.settle(before=at(seconds), limit=limit)


class BlobsContract:
    def test_a_blob_is_kept_with_size_and_digests(self, records: Records) -> None:
        draft = replace(a_draft({}, size=7), digests={Algorithm.MD5: "5" * 32, Algorithm.SHA512: "a" * 128})
        with records.writing() as session:
            session.blobs.add(draft, START)
        with records.reading() as session:
            assert session.blobs.get(draft.id) == draft.blob
            assert session.blobs.get(NO_BLOB) is None

    def test_the_top_of_the_tree_over_its_blocks_is_known_of_every_blob(self, records: Records) -> None:
        with records.writing() as session:
            touched(session, "upload", 1, 3)
            two = a_draft({0: block(1), 2: block(3)}, size=3 * BLOCK_SIZE)
            one, none = a_draft({0: block(1)}, size=5), a_draft({}, size=0)
            for draft in (two, one, none):
                session.blobs.add(draft, START)
        with records.reading() as session:
            tops = session.blobs.tops([two.id, one.id, none.id, two.id, NO_BLOB])
            assert tops == {two.id: top_of([block(1), EMPTY, block(3)]), one.id: block(1), none.id: EMPTY}
            assert session.blobs.tops([]) == {}

    def test_block_names_come_in_ranges_with_holes_as_the_empty_block(self, records: Records) -> None:
        with records.writing() as session:
            touched(session, "upload", 1, 3)
            draft = a_draft({1: block(1), 3: block(3)}, size=5 * BLOCK_SIZE - 1)
            session.blobs.add(draft, START)
            names = [EMPTY, block(1), EMPTY, block(3), EMPTY]
            assert session.blobs.block_names(draft.id, 0, 5) == names
            assert session.blobs.block_names(draft.id, 1, 2) == names[1:3]
            assert session.blobs.block_names(draft.id, 3, 100) == names[3:]
            assert session.blobs.block_names(draft.id, 5, 1) == []
            assert session.blobs.block_names(NO_BLOB, 0, 1) == []
            assert session.blobs.stored_blocks(draft.id, 0, 100) == {1: block(1), 3: block(3)}
            assert session.blobs.stored_blocks(draft.id, 2, 1) == {}

    def test_a_blob_of_very_many_blocks_is_kept_whole(self, records: Records) -> None:
        count = 25_000
        with records.writing() as session:
            names = touched(session, "upload", *range(count))
            draft = a_draft(dict(enumerate(names)))
            session.blobs.add(draft, START)
            assert session.blobs.block_names(draft.id, 0, count) == names
            assert session.blobs.known_blocks(names) == set(names)

    def test_one_block_may_stand_in_many_places(self, records: Records) -> None:
        with records.writing() as session:
            one, other = a_blob(session, 1, 1, 2), a_blob(session, 1)
            assert session.blobs.block_names(one, 0, 3) == [block(1), block(1), block(2)]
            assert session.blobs.blobs_with(block(1)) == sorted([one, other])
            assert session.blobs.blobs_with(block(2)) == [one]
            assert session.blobs.blobs_with(block(3)) == []

    def test_the_empty_block_is_never_a_row(self, records: Records) -> None:
        with records.writing() as session:
            session.blobs.touch("upload", [EMPTY], START)
            draft = a_draft({0: EMPTY})
            session.blobs.add(draft, START)
            assert session.blobs.block_names(draft.id, 0, 1) == [EMPTY]
            assert session.blobs.all_blocks(after=None, limit=10) == []

    def test_a_blob_that_is_there_already_is_no_error(self, records: Records) -> None:
        with records.writing() as session:
            touched(session, "upload", 1)
            draft = a_draft({0: block(1)}, upload="upload")
            for _ in range(2):
                session.blobs.add(draft, START)
            assert session.blobs.block_names(draft.id, 0, 1) == [block(1)]

    def test_a_block_nobody_touched_keeps_the_blob_out_and_the_transaction_goes_on(self, records: Records) -> None:
        with records.writing() as session:
            touched(session, "upload", 1)
            draft = a_draft({0: block(1), 1: block(2)})
            with pytest.raises(Unavailable, match="swept"):
                session.blobs.add(draft, START)
            kept = a_blob(session, 3)
        with records.reading() as session:
            assert session.blobs.get(draft.id) is None
            assert session.blobs.blobs_with(block(1)) == []
            assert session.blobs.get(kept) is not None

    def test_a_digest_can_be_added_later(self, records: Records) -> None:
        with records.writing() as session:
            blob_id = a_blob(session, 1)
            session.blobs.add_digest(blob_id, Digest(Algorithm.MD5, "1" * 32))
            session.blobs.add_digest(blob_id, Digest(Algorithm.SHA1, "2" * 40))
            blob = session.blobs.get(blob_id)
            assert blob is not None
            assert blob.digests == {Algorithm.MD5: "1" * 32, Algorithm.SHA1: "2" * 40}
            with pytest.raises(NotFound):
                session.blobs.add_digest(NO_BLOB, Digest(Algorithm.MD5, "1" * 32))

    def test_all_blobs_and_blocks_come_in_pages_by_key(self, records: Records) -> None:
        with records.writing() as session:
            ids = sorted(a_blob(session, number) for number in range(5))
            names = sorted(block(number) for number in range(5))
            assert [blob.id for blob in session.blobs.all_blobs(after=None, limit=2)] == ids[:2]
            assert [blob.id for blob in session.blobs.all_blobs(after=ids[1], limit=10)] == ids[2:]
            assert session.blobs.all_blocks(after=None, limit=2) == names[:2]
            assert session.blobs.all_blocks(after=names[1], limit=10) == names[2:]

    def test_who_uses_a_blob_is_told_for_people(self, records: Records) -> None:
        with records.writing() as session:
            blob_id = a_blob(session, 1)
            item = session.objects.put_object(an_object(a_container(session, "box"), "a/b", blob_id))
            named, nameless = an_image(name="debian", blob_id=blob_id), an_image(blob_id=blob_id)
            session.images.add(named)
            session.images.add(nameless)
            users = session.blobs.users_of(blob_id)
            assert users[0] == BlobUser("object", item.id, "box/a/b", OURS)
            assert set(users[1:]) == {
                BlobUser("image", named.id, "debian", OURS),
                BlobUser("image", nameless.id, "", OURS),
            }


class UnusedBlobsContract:
    def test_a_blob_is_unused_once_nothing_has_pointed_to_it_for_a_while(self, records: Records) -> None:
        with records.writing() as session:
            blob_id = a_blob(session, 1, now=at(10))
            assert session.blobs.unused_blobs(before=at(10), limit=9) == []
            assert session.blobs.unused_blobs(before=at(11), limit=9) == [blob_id]

    def test_objects_images_and_pins_protect_a_blob(self, records: Records) -> None:
        with records.writing() as session:
            mine, its, pinned, free = (a_blob(session, number) for number in range(4))
            session.objects.put_object(an_object(a_container(session), "a", mine))
            session.images.add(an_image(blob_id=its))
            task = a_task()
            session.tasks.add(task)
            for _ in range(2):
                session.blobs.pin(task.id, [pinned])
            assert session.blobs.unused_blobs(before=at(HOUR), limit=9) == [free]
            session.blobs.delete_blobs([mine, its, pinned, free, NO_BLOB])
            assert {blob.id for blob in session.blobs.all_blobs(after=None, limit=9)} == {mine, its, pinned}
            session.blobs.unpin(task.id)
            assert session.blobs.unused_blobs(before=at(HOUR), limit=9) == [pinned]

    def test_a_pin_needs_its_task_and_its_blob(self, records: Records) -> None:
        with records.writing() as session:
            task, blob_id = a_task(), a_blob(session, 1)
            session.tasks.add(task)
            with pytest.raises(NotFound, match="blob"):
                session.blobs.pin(task.id, [NO_BLOB])
            with pytest.raises(NotFound, match="task"):
                session.blobs.pin(TaskId("x"), [blob_id])

    def test_a_blob_that_was_let_go_is_kept_for_the_same_while(self, records: Records) -> None:
        with records.writing() as session:
            first, second, third, fourth = (a_blob(session, number) for number in range(4))
            container = a_container(session)
            session.objects.put_object(an_object(container, "a", first))
            session.objects.put_object(an_object(container, "a", second, updated_at=at(100)))
            session.objects.delete_object(container.id, "a", at(200))
            image = an_image(blob_id=third)
            session.images.add(image)
            session.images.update(replace(image, blob_id=fourth, updated_at=at(300)), was=image.status)
            session.images.delete(image.id, at(400))
            for let_go, blob_id in ((100, first), (200, second), (300, third), (400, fourth)):
                assert blob_id not in session.blobs.unused_blobs(before=at(let_go), limit=9)
                assert blob_id in session.blobs.unused_blobs(before=at(let_go + 1), limit=9)

    def test_the_longest_unused_come_first_and_no_more_than_asked(self, records: Records) -> None:
        with records.writing() as session:
            ids = [a_blob(session, number, now=at(-number)) for number in range(5)]
            assert session.blobs.unused_blobs(before=at(HOUR), limit=2) == [ids[4], ids[3]]

    def test_a_blob_that_was_let_go_of_since_stays(self, records: Records) -> None:
        with records.writing() as session:
            blob_id = a_blob(session, 1)
        for before, stays in ((0, True), (1, False)):
            with records.writing() as session:
                session.blobs.delete_blobs([blob_id], before=at(before))
                assert (session.blobs.get(blob_id) is not None) is stays

    def test_a_blob_goes_with_its_block_list_and_its_blocks_stay_for_the_sweeper(self, records: Records) -> None:
        with records.writing() as session:
            blob_id = a_blob(session, 1, 2)
            session.blobs.delete_blobs([blob_id])
            assert session.blobs.get(blob_id) is None
            assert session.blobs.blobs_with(block(1)) == []
        assert everything_sweepable(records) == {block(1), block(2)}


class SweepingContract:
    def test_a_block_of_a_running_upload_stays_however_long_that_takes(self, records: Records) -> None:
        with records.writing(durable=False) as session:
            session.blobs.start_upload("upload", at(0))
            touched(session, "upload", 1, seconds=1)
            touched(session, "upload", 2, seconds=10 * HOUR)
        assert everything_sweepable(records, seconds=10 * HOUR + 1) == set()

    def test_a_block_that_is_older_than_every_running_upload_goes(self, records: Records) -> None:
        with records.writing() as session:
            touched(session, "gone", 1, seconds=0)
            session.blobs.end_upload("gone")
            session.blobs.start_upload("upload", at(1))
            touched(session, "upload", 2, seconds=1)
        assert everything_sweepable(records, seconds=HOUR) == {block(1)}

    def test_an_upload_that_ended_protects_nothing_any_more(self, records: Records) -> None:
        with records.writing() as session:
            session.blobs.start_upload("upload", at(0))
            touched(session, "upload", 1)
            for _ in range(2):
                session.blobs.end_upload("upload")
        assert everything_sweepable(records, seconds=1) == {block(1)}

    def test_a_block_touched_since_is_left_alone(self, records: Records) -> None:
        with records.writing() as session:
            touched(session, "upload", 1, 2, seconds=5)
            session.blobs.end_upload("upload")
        assert everything_sweepable(records, seconds=5) == set()
        assert everything_sweepable(records, seconds=6) == {block(1), block(2)}

    def test_touching_never_makes_a_block_older(self, records: Records) -> None:
        with records.writing() as session:
            touched(session, "upload", 1, seconds=100)
            touched(session, "upload", 1, seconds=50)  # the clock of another machine
            session.blobs.end_upload("upload")
        assert everything_sweepable(records, seconds=100) == set()

    def test_an_upload_without_a_sign_of_life_for_an_hour_does_not_count(self, records: Records) -> None:
        with records.writing() as session:
            session.blobs.start_upload("upload", at(0))
            touched(session, "upload", 1, seconds=1)
        assert everything_sweepable(records, seconds=1 + HOUR) == set()
        assert everything_sweepable(records, seconds=2 + HOUR) == {block(1)}

    def test_touching_again_is_a_sign_of_life(self, records: Records) -> None:
        with records.writing() as session:
            session.blobs.start_upload("upload", at(0))
            touched(session, "upload", 1, seconds=1)
            session.blobs.touch("upload", [], at(5 * HOUR))
        assert everything_sweepable(records, seconds=5 * HOUR) == set()

    def test_an_upload_taken_for_dead_that_goes_on_keeps_what_it_touches_from_then_on(self, records: Records) -> None:
        with records.writing() as session:
            session.blobs.start_upload("upload", at(0))
            touched(session, "upload", 1)
        assert everything_sweepable(records, seconds=9 * HOUR) == {block(1)}
        with records.writing() as session:
            touched(session, "upload", 1, seconds=10 * HOUR)
        assert everything_sweepable(records, seconds=11 * HOUR) == set()

    def test_a_block_of_a_blob_stays(self, records: Records) -> None:
        with records.writing() as session:
            a_blob(session, 1)
            touched(session, "given up", 2)
            session.blobs.end_upload("given up")
        assert everything_sweepable(records) == {block(2)}

    def test_blocks_in_use_are_settled_once_and_idle_ones_never(self, records: Records) -> None:
        with records.writing() as session:
            a_blob(session, 1, 2, 3)
            touched(session, "given up", 4)
            touched(session, "now", 5, seconds=HOUR)
            for upload in ("given up", "now"):
                session.blobs.end_upload(upload)
        assert [settled(records, limit=2, seconds=HOUR) for _ in range(3)] == [2, 1, 0]
        assert everything_sweepable(records) == {block(4), block(5)}

    def test_a_settled_block_goes_once_the_last_blob_that_has_it_is_deleted(self, records: Records) -> None:
        with records.writing() as session:
            first, second = a_blob(session, 1, 2), a_blob(session, 2)
        assert settled(records) == 2
        for blob_id, gone in ((first, {block(1)}), (second, {block(2)})):
            with records.writing() as session:
                session.blobs.delete_blobs([blob_id])
            settled(records)
            assert everything_sweepable(records) == gone

    def test_a_block_is_not_settled_while_its_last_blob_is_being_deleted(self, records: Records) -> None:
        with records.writing() as session:
            blob_id = a_blob(session, 1)
        meanwhile(records, lambda session: session.blobs.delete_blobs([blob_id]), lambda: settled(records))
        assert everything_sweepable(records) == {block(1)}

    def test_nor_is_it_lost_where_its_blob_is_deleted_while_it_is_being_settled(self, records: Records) -> None:
        with records.writing() as session:
            blob_id = a_blob(session, 1)

        def delete() -> None:
            with records.writing() as session:
                session.blobs.delete_blobs([blob_id])

        meanwhile(records, lambda session: session.blobs.settle(before=at(HOUR), limit=9), delete)
        assert everything_sweepable(records) == {block(1)}

    def test_no_more_blocks_go_at_once_than_asked_and_each_once(self, records: Records) -> None:
        with records.writing() as session:
            names = touched(session, "upload", *range(5))
            session.blobs.end_upload("upload")
        gone: list[BlockName] = []
        for expected in (2, 2, 1, 0):
            with records.writing() as session:
                swept = session.blobs.sweepable(before=at(HOUR), limit=2)
                assert len(swept) == expected
                gone += swept
                assert session.blobs.known_blocks(names) == set(names) - set(gone)
        assert sorted(gone) == sorted(names)

    def test_an_upload_whose_block_was_swept_meanwhile_must_be_repeated(self, records: Records) -> None:
        with records.writing() as session:
            session.blobs.start_upload("upload", at(0))
            names = touched(session, "upload", 1, 2)
        assert everything_sweepable(records) == set(names)
        draft = a_draft(dict(enumerate(names)), upload="upload")
        with records.writing() as session, pytest.raises(Unavailable, match="again"):
            session.blobs.add(draft, at(HOUR))
        with records.reading() as session:
            assert session.blobs.get(draft.id) is None

    def test_keeping_a_blob_ends_its_upload(self, records: Records) -> None:
        with records.writing() as session:
            session.blobs.start_upload("upload", at(0))
            names = touched(session, "upload", 1, 2)
            session.blobs.add(a_draft({0: names[0]}, upload="upload"), at(0))
        assert everything_sweepable(records, seconds=1) == {names[1]}

    def test_a_sweep_that_fails_leaves_the_rows(self, records: Records) -> None:
        with records.writing() as session:
            touched(session, "upload", 1)
            session.blobs.end_upload("upload")
        with pytest.raises(ZeroDivisionError), records.writing() as session:
            assert session.blobs.sweepable(before=at(HOUR), limit=9) == [block(1)]
            raise ZeroDivisionError  # the store could not delete it
        assert everything_sweepable(records) == {block(1)}

    def test_who_touches_a_block_that_is_being_swept_waits_and_then_has_it(self, records: Records) -> None:
        with records.writing() as session:
            touched(session, "upload", 1)
            session.blobs.end_upload("upload")
        moments: list[str] = []

        def touch() -> None:
            with records.writing(durable=False) as session:
                touched(session, "other", 1, seconds=2 * HOUR)
                moments.append("touched")

        with ThreadPoolExecutor(1) as thread:
            with records.writing() as session:
                assert session.blobs.sweepable(before=at(HOUR), limit=9) == [block(1)]
                toucher = thread.submit(touch)
                wait([toucher], timeout=0.2)
                moments.append("swept")
            toucher.result()
        assert moments == ["swept", "touched"]
        with records.reading() as session:
            assert session.blobs.known_blocks([block(1)]) == {block(1)}

    def test_a_block_is_not_swept_under_a_blob_that_is_being_kept(self, records: Records) -> None:
        with records.writing() as session:
            names = touched(session, "upload", 1)
            session.blobs.end_upload("upload")
        draft = a_draft({0: names[0]})
        swept: set[BlockName] = set()
        meanwhile(
            records,
            lambda session: session.blobs.add(draft, at(0)),
            lambda: swept.update(everything_sweepable(records)),
        )
        assert swept == set()
        with records.reading() as session:
            assert session.blobs.blobs_with(names[0]) == [draft.id]

    def test_a_blob_is_not_deleted_under_a_record_that_begins_to_point_to_it(self, records: Records) -> None:
        with records.writing() as session:
            blob_id = a_blob(session, 1)

        def delete() -> None:
            with records.writing() as session:
                session.blobs.delete_blobs([blob_id])

        meanwhile(records, lambda session: session.images.add(an_image(blob_id=blob_id)), delete)
        with records.reading() as session:
            assert session.blobs.get(blob_id) is not None
