"""The records contract: tasks, their progress and their log."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imageferry.domain.errors import AlreadyExists, BadInput, NotFound
from imageferry.domain.image import ImageId
from imageferry.domain.task import STAGED_IMPORT, Progress, StepLog, Task, TaskId, TaskKind, TaskStatus
from imageferry.ports.records import TASK_SORT_KEYS, Records, Session
from tests.contracts.records_things import OURS, THEIRS, a_blob, a_task, at

NO_TASK = TaskId("no such task")


def kept(session: Session, **fields: object) -> Task:
    task = a_task(**fields)
    session.tasks.add(task)
    return task


class TasksContract:
    def test_a_task_is_kept_as_it_was_given(self, records: Records) -> None:
        task = a_task(
            kind=TaskKind.EXPORT,
            input={"url": "https://é", "nested": {"list": [1, 2.5, None, True]}},
            status=TaskStatus.RUNNING,
            step="fetch",
            step_number=1,
            step_count=8,
            progress=Progress(done=5, total=1 << 50, unit="blocks"),
            message="half way",
            error_code="none",
            result={"image": "x"},
            cancel_requested=True,
            step_started_at=at(7),
            progressed_at=at(8),
            expires_at=at(9),
        )
        with records.writing() as session:
            session.tasks.add(task)
            with pytest.raises(AlreadyExists):
                session.tasks.add(task)
        with records.reading() as session:
            assert session.tasks.get(task.id) == task
            assert session.tasks.get(NO_TASK) is None

    def test_an_update_leaves_the_wish_to_cancel_and_the_progress(self, records: Records) -> None:
        with records.writing() as session:
            task = kept(session)
            session.tasks.request_cancel(task.id, at(1))
            session.tasks.set_progress(task.id, Progress(done=7), at(2))
            changed = replace(task, status=TaskStatus.RUNNING, step="fetch", result={"a": 1}, updated_at=at(3))
            assert session.tasks.update(changed)
            found = replace(changed, cancel_requested=True, progress=Progress(done=7), progressed_at=at(2))
            assert session.tasks.get(task.id) == found

    @pytest.mark.parametrize("status", TaskStatus)
    def test_only_a_final_task_can_be_deleted(self, records: Records, status: TaskStatus) -> None:
        with records.writing() as session:
            task = kept(session)
            session.tasks.start_step(task.id, "fetch", at(1))
            session.tasks.update(replace(task, status=status))
            assert session.tasks.delete(task.id) is status.is_final
            assert (session.tasks.get(task.id) is None) is status.is_final
            assert session.tasks.steps(task.id) == [] or not status.is_final
            assert not session.tasks.delete(NO_TASK)

    @pytest.mark.parametrize("status", [status for status in TaskStatus if status.is_final])
    def test_a_final_task_does_not_change_any_more(self, records: Records, status: TaskStatus) -> None:
        with records.writing() as session:
            task = kept(session)
            final = replace(task, status=status, message="the end", expires_at=at(9))
            assert session.tasks.update(final)
            assert not session.tasks.update(replace(task, status=TaskStatus.RUNNING, message="again"))
            assert not session.tasks.request_cancel(task.id, at(1))
            assert not session.tasks.set_progress(task.id, Progress(done=7), at(2))
            assert session.tasks.get(task.id) == final

    def test_a_task_that_is_not_there_is_neither_changed_nor_cancelled(self, records: Records) -> None:
        with records.writing() as session:
            assert not session.tasks.update(a_task())
            assert not session.tasks.request_cancel(NO_TASK, at(1))
            assert not session.tasks.set_progress(NO_TASK, Progress(), at(1))
            with pytest.raises(NotFound):
                session.tasks.start_step(NO_TASK, "fetch", at(1))

    def test_noting_progress_tells_whether_cancelling_was_asked_for(self, records: Records) -> None:
        with records.writing() as session:
            task = kept(session)
            assert not session.tasks.set_progress(task.id, Progress(done=1), at(1))
            assert session.tasks.request_cancel(task.id, at(2))
            assert session.tasks.set_progress(task.id, Progress(done=2), at(3))
            found = session.tasks.get(task.id)
            assert found is not None
            assert (found.progress, found.updated_at) == (Progress(done=2), at(3))

    def test_steps_are_logged_in_the_order_they_began_one_line_a_try(self, records: Records) -> None:
        with records.writing() as session:
            task = kept(session)
            session.tasks.start_step(task.id, "fetch", at(1))
            session.tasks.set_progress(task.id, Progress(done=3, total=9), at(2))
            session.tasks.start_step(task.id, "fetch", at(3))  # the first try was cut off
            done = StepLog(
                name="fetch",
                started_at=at(3),
                ended_at=at(4),
                progress=Progress(done=9, total=9),
                outcome="done",
                message="ok",
            )
            session.tasks.end_step(task.id, done)
            session.tasks.start_step(task.id, "unpack", at(4))
            cut_off = StepLog(name="fetch", started_at=at(1), progress=Progress(done=3, total=9))
            running = StepLog(name="unpack", started_at=at(4))
            assert session.tasks.steps(task.id) == [cut_off, done, running]
            assert session.tasks.steps(NO_TASK) == []

    def test_a_new_step_begins_at_zero(self, records: Records) -> None:
        with records.writing() as session:
            task = kept(session)
            session.tasks.start_step(task.id, "fetch", at(1))
            session.tasks.set_progress(task.id, Progress(done=9, total=9), at(2))
            session.tasks.start_step(task.id, "unpack", at(3))
            found = session.tasks.get(task.id)
            assert found is not None
            assert found.progress == Progress()

    def test_tasks_are_listed_newest_first_page_by_page(self, records: Records) -> None:
        with records.writing() as session:
            tasks = [kept(session, created_at=at(number // 3)) for number in range(9)]  # threes of the same moment
            newest_first = sorted(tasks, key=lambda task: (task.created_at, task.id), reverse=True)
            assert session.tasks.page() == newest_first
            assert session.tasks.page(limit=4) == newest_first[:4]
            assert session.tasks.page(before=newest_first[3].id, limit=4) == newest_first[4:8]
            assert session.tasks.page(before=newest_first[3].id, skip=2, limit=4) == newest_first[6:]
            with pytest.raises(BadInput, match="marker"):
                session.tasks.page(before=NO_TASK)

    def test_tasks_are_listed_by_what_is_asked(self, records: Records) -> None:
        with records.writing() as session:
            ours = kept(session)
            theirs = kept(session, project_id=THEIRS)
            export = kept(session, kind=TaskKind.EXPORT)
            glance = kept(session, source="glance")
            running = kept(session, status=TaskStatus.RUNNING)
            assert theirs not in session.tasks.page(project_id=OURS)
            assert session.tasks.page(kind=TaskKind.EXPORT) == [export]
            assert session.tasks.page(source="glance") == [glance]
            assert session.tasks.page(statuses=[TaskStatus.RUNNING, TaskStatus.FAILED]) == [running]
            assert session.tasks.page(statuses=[]) == []
            asked = session.tasks.page(project_id=OURS, kind=TaskKind.IMPORT, source="k5", statuses=[TaskStatus.QUEUED])
            assert asked == [ours]

    def test_unfinished_tasks_come_the_oldest_first_and_are_counted(self, records: Records) -> None:
        with records.writing() as session:
            open_ones = [status for status in TaskStatus if not status.is_final]
            tasks = [kept(session, status=open_ones[n % 2], created_at=at(9 - n // 3)) for n in range(8)]
            tasks.append(kept(session, project_id=THEIRS, created_at=at(20)))
            for status in TaskStatus:
                if status.is_final:
                    kept(session, status=status)
            tasks.sort(key=lambda task: (task.created_at, task.id))
            assert session.tasks.unfinished(after=None, limit=99) == tasks
            for number, task in enumerate(tasks):
                assert session.tasks.unfinished(after=task, limit=2) == tasks[number + 1 : number + 3]
            assert session.tasks.count_unfinished(OURS) == 8
            assert session.tasks.count_unfinished(THEIRS) == 1

    def test_the_last_progress_is_when_the_figures_changed_not_when_they_were_noted(self, records: Records) -> None:
        def times(session: Session) -> tuple[object, object]:
            found = session.tasks.get(task.id)
            assert found is not None
            return found.step_started_at, found.progressed_at

        with records.writing() as session:
            task = kept(session)
            assert times(session) == (None, None)
            session.tasks.start_step(task.id, "fetch", at(1))
            assert times(session) == (at(1), at(1))
            for progress, now, last in (
                (Progress(), 2, 1),
                (Progress(total=9), 3, 3),
                (Progress(total=9), 4, 3),
                (Progress(done=5, total=9), 5, 5),
                (Progress(done=5, total=9), 6, 5),
                (Progress(done=5), 7, 7),
                (Progress(), 8, 8),
            ):
                session.tasks.set_progress(task.id, progress, at(now))
                assert times(session) == (at(1), at(last))
            session.tasks.update(replace(task, step="unpack"))
            assert times(session) == (at(1), at(8))
            session.tasks.start_step(task.id, "unpack", at(9))
            assert times(session) == (at(9), at(9))

    def test_a_task_that_is_over_is_let_go_at_another_time_than_was_set(self, records: Records) -> None:
        with records.writing() as session:
            over, open_ = kept(session, status=TaskStatus.FAILED, expires_at=at(9)), kept(session)
            session.tasks.expire(over.id, at(3))
            session.tasks.expire(open_.id, at(3))
            session.tasks.expire(TaskId("nobody's"), at(3))
            assert session.tasks.get(over.id) == replace(over, expires_at=at(3))
            assert session.tasks.get(open_.id) == open_
            assert session.tasks.delete_expired(at(3)) == 1

    def test_tasks_expire_with_their_log_and_their_pins(self, records: Records) -> None:
        with records.writing() as session:
            old = kept(session, status=TaskStatus.FAILED, expires_at=at(1))
            young = kept(session, status=TaskStatus.FAILED, expires_at=at(3))
            endless = kept(session)
            blob_id = a_blob(session, 1)
            session.blobs.pin(old.id, [blob_id])
            session.tasks.start_step(old.id, "fetch", at(0))
            assert session.tasks.delete_expired(at(2)) == 1
            assert session.tasks.get(old.id) is None
            assert session.tasks.steps(old.id) == []
            assert session.blobs.unused_blobs(before=at(1), limit=1) == [blob_id]
            assert {task.id for task in session.tasks.page()} == {young.id, endless.id}

    @pytest.mark.parametrize("direction", ["asc", "desc"])
    @pytest.mark.parametrize("key", TASK_SORT_KEYS)
    def test_pages_in_any_order_hold_every_task_once(self, records: Records, key: str, direction: str) -> None:
        with records.writing() as session:
            for number in range(6):
                ended = at(20 - number) if number % 3 else None
                status = list(TaskStatus)[number % 4]
                kept(session, status=status, expires_at=ended, created_at=at(number // 2), updated_at=at(9 - number))
            whole = session.tasks.page(sort=(key, direction))
            found: list[Task] = []
            while page := session.tasks.page(sort=(key, direction), before=found[-1].id if found else None, limit=2):
                found += page
            values = [getattr(task, key) for task in whole]
            assert found == whole
            assert len(found) == 6
            ordered = sorted(values, key=lambda value: (value is not None, value), reverse=direction == "desc")
            assert values == ordered
            for wrong in (("name", direction), (key, "up")):
                with pytest.raises(BadInput):
                    session.tasks.page(sort=wrong)

    def test_a_page_of_one_plan_or_one_image(self, records: Records) -> None:
        with records.writing() as session:
            plain = kept(session, kind=TaskKind.IMPORT, input={"image_id": "one"})
            other = kept(session, kind=TaskKind.IMPORT, input={"image_id": "two", "plan": STAGED_IMPORT})
            kept(session, kind=TaskKind.EXPORT, input={})
            assert session.tasks.page(plans=["import"]) == [plain]
            assert session.tasks.page(plans=[STAGED_IMPORT, "another"]) == [other]
            assert session.tasks.page(plans=[]) == []
            assert session.tasks.page(image_id=ImageId("two")) == [other]
            assert session.tasks.page(image_id=ImageId("three")) == []
