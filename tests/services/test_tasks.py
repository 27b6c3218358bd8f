"""Tasks: watched, cancelled, bounded, forgotten."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from imageferry.db.records import SqlRecords
from imageferry.domain.access import Caller, Role
from imageferry.domain.errors import BadDisk, Forbidden, NotFound, OverLimit
from imageferry.domain.image_quota import Resource
from imageferry.domain.moment import Moment
from imageferry.domain.task import State, Task, TaskKind, TaskStatus
from imageferry.ports.tasks import Interrupted
from imageferry.service import plans as plan_module
from imageferry.service.image_quotas import ImageQuotas
from imageferry.service.plans import Plan, Step, StepContext
from imageferry.service.sweeping import Sweeper
from imageferry.service.tasks import TaskService
from imageferry.stores.memory import MemoryBlocks
from imageferry.wire import standing
from imageferry.wire.dates import iso_seconds
from tests.services.conftest import Clock
from tests.walking import Walker

House = tuple[TaskService, Walker]
MakeHouse = Callable[..., House]


@pytest.fixture
def make(records: SqlRecords, clock: Clock, tmp_path: Path) -> MakeHouse:
    def make_house(*steps: Step) -> House:
        plan = Plan(steps=steps, result=lambda state: {"said": state.get("said", "")})
        service = TaskService(records, clock, tmp_path / "work", {TaskKind.IMPORT: plan})
        walker = Walker(service)
        service.attach(walker)
        return service, walker

    return make_house


def saying(letter: str) -> Callable[[StepContext], State]:
    return lambda context: {"said": context.state.get("said", "") + letter}


def start(service: TaskService, caller: Caller) -> Task:
    return service.start(caller, TaskKind.IMPORT, source="test", task_input={"a": 1})


def test_a_task_goes_through_its_steps_and_keeps_input_result_and_log(
    make: MakeHouse, member: Callable[[str], Caller], clock: Clock
) -> None:
    service, walker = make(Step(name="one", run=saying("a")), Step(name="two", run=saying("b")))
    task = start(service, member("p"))
    assert (task.status, task.percent) == (TaskStatus.QUEUED, 0)
    walker.walk()
    ended = service.show(member("p"), task.id)
    assert ended.status is TaskStatus.SUCCEEDED
    assert ended.percent == 100
    assert ended.input == {"a": 1, "steps": ["one", "two"]}
    assert ended.result == {"said": "ab"}
    assert ended.expires_at is not None
    assert (ended.expires_at - ended.updated_at) == 48 * 3600 * 1_000_000
    log = service.log(member("p"), task.id)
    assert [(line.name, line.outcome) for line in log] == [("one", "done"), ("two", "done")]
    assert all(line.ended_at and line.ended_at > line.started_at for line in log)


def test_progress_is_seen_while_a_step_runs(
    make: MakeHouse, member: Callable[[str], Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_module, "_NOTE_S", 0.0)
    seen: list[tuple[str, int, int | None, int]] = []

    def work(context: StepContext) -> State:
        context.begin(1000)
        context.advance(250)
        now = service.show(member("p"), context.task.id)
        seen.append((now.step, now.progress.done, now.progress.total, now.percent))
        return {}

    service, walker = make(Step(name="one", run=saying("a")), Step(name="two", run=work))
    start(service, member("p"))
    walker.walk()
    assert seen == [("two", 250, 1000, 62)]


def test_a_task_tells_how_fast_it_is_since_when_and_whether_it_stands_still(
    make: MakeHouse, member: Callable[[str], Caller], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_module, "_NOTE_S", 0.0)
    seen: list[Task] = []

    def work(context: StepContext) -> State:
        for done, seconds in ((0, 10), (1000, 59), (1000, 2), (1000, 0), (3000, 1)):
            context.progress(done, 4000)
            clock.pass_time(seconds)
            seen.append(service.show(member("p"), context.task.id))
            assert service.page(member("p"))[0].message == seen[-1].message
        return {}

    service, walker = make(Step(name="one", run=work))
    task = start(service, member("p"))
    assert service.show(member("p"), task.id).message == ""
    walker.walk()
    since = seen[0].step_started_at
    assert since is not None
    assert [one.rate for one in seen] == [None, 99, 99, 99, 42]
    assert [one.step_started_at for one in seen] == [since] * 5
    last = [round((one.progressed_at or 0) - since, -6) // 1_000_000 for one in seen]
    assert last == [0, 10, 10, 10, 71]
    assert [bool(one.message) for one in seen] == [False, False, True, True, False]
    assert seen[2].message == f"No progress since {iso_seconds(Moment(since + 10_000_000))}, 61 s."
    assert standing.message(seen[2]).startswith(
        "Step 1 of 1: one, 1000 of 4000 bytes so far, 99 each second. No progress"
    )
    ended, log = service.account(member("p"), task.id)
    assert (ended.message, ended.rate) == ("", None)
    (line,) = standing.steps(ended, log)
    assert (line["name"], line["outcome"], line["done"], line["total"]) == ("one", "done", 3000, 4000)
    assert 72 <= line["seconds"] < 73
    assert line["rate"] == 41


def test_a_step_that_was_cut_off_and_one_at_work_are_told_apart(
    make: MakeHouse, member: Callable[[str], Caller]
) -> None:
    seen: list[list[str]] = []

    def work(context: StepContext) -> State:
        seen.append([line["outcome"] for line in standing.steps(*service.account(member("p"), context.task.id))])
        return {}

    service, walker = make(Step(name="one", run=work))
    task = start(service, member("p"))
    service._begin_step(replace(task, status=TaskStatus.RUNNING, step="one", step_number=1))  # and then kill -9
    walker.walk()
    assert seen == [["cut off", "running"]]


def test_no_task_is_kept_where_a_project_may_have_no_more(
    records: SqlRecords, clock: Clock, tmp_path: Path, member: Callable[[str], Caller]
) -> None:
    quotas = ImageQuotas(records, {Resource.TASKS: 2})
    service = TaskService(
        records,
        clock,
        tmp_path / "work",
        {TaskKind.IMPORT: Plan(steps=(Step(name="one", run=saying("a")),), result=dict)},
        check_room=lambda session, project: quotas.check(session, project, tasks=1),
    )
    walker = Walker(service)
    service.attach(walker)
    first = start(service, member("p"))
    start(service, member("p"))
    beside: list[Task] = []
    with pytest.raises(OverLimit, match="at most 2 tasks that have not ended are allowed, this would make 3"):
        service.start(
            member("p"), TaskKind.IMPORT, source="t", task_input={}, along=lambda _, task: beside.append(task)
        )
    assert beside == []
    assert len(service.page(member("p"))) == 2
    start(service, member("q"))
    walker.waiting = [first.id]
    walker.walk()
    start(service, member("p"))
    assert len(service.page(member("p"))) == 3


def test_a_failure_leaves_a_code_and_a_sentence(make: MakeHouse, member: Callable[[str], Caller]) -> None:
    def refuse(_: StepContext) -> State:
        raise BadDisk("web.vmdk", "not-a-disk", "a disk image", "a JPEG picture", "Choose the disk file itself.")

    service, walker = make(Step(name="one", run=refuse), Step(name="two", run=saying("b")))
    task = start(service, member("p"))
    walker.walk()
    ended = service.show(member("p"), task.id)
    assert (ended.status, ended.error_code) == (TaskStatus.FAILED, "not-a-disk")
    assert ended.message == "web.vmdk: expected a disk image, found a JPEG picture. Choose the disk file itself."
    assert [line.name for line in service.log(member("p"), task.id)] == ["one"]


def test_an_unexpected_error_tells_the_caller_nothing_of_its_text(
    make: MakeHouse, member: Callable[[str], Caller]
) -> None:
    def crash(_: StepContext) -> State:
        raise RuntimeError("password=hunter2 in /srv/secret")

    service, walker = make(Step(name="one", run=crash))
    task = start(service, member("p"))
    walker.walk()
    ended = service.show(member("p"), task.id)
    assert ended.error_code == "internal-error"
    assert "hunter2" not in ended.message
    assert "hunter2" not in str(service.log(member("p"), task.id))


def test_a_task_that_waits_can_be_cancelled(make: MakeHouse, member: Callable[[str], Caller]) -> None:
    service, walker = make(Step(name="one", run=saying("a")), Step(name="two", run=saying("b")))
    task = start(service, member("p"))
    assert service.cancel(member("p"), task.id)
    walker.walk()
    assert service.show(member("p"), task.id).status is TaskStatus.CANCELLED
    assert not service.cancel(member("p"), task.id)


def test_a_running_step_ends_when_it_is_cancelled(
    make: MakeHouse, member: Callable[[str], Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_module, "_NOTE_S", 0.0)
    done: list[int] = []

    def work(context: StepContext) -> State:
        for number in range(100):
            if number == 3:
                service.cancel(member("p"), context.task.id)
            context.progress(number, 100)
            done.append(number)
        return {}

    service, walker = make(Step(name="one", run=work), Step(name="two", run=saying("b")))
    task = start(service, member("p"))
    walker.walk()
    assert service.show(member("p"), task.id).status is TaskStatus.CANCELLED
    assert done == [0, 1, 2]
    assert [line.outcome for line in service.log(member("p"), task.id)] == ["cancelled"]


def test_a_last_step_that_was_cut_off_is_not_cancelled_since_its_deed_may_be_seen(
    make: MakeHouse, member: Callable[[str], Caller]
) -> None:
    service, walker = make(Step(name="one", run=saying("a")), Step(name="publish", run=saying("b")))
    task = start(service, member("p"))

    def die_after_publishing(name: str) -> None:
        if name == "publish":
            raise Interrupted

    walker.after = die_after_publishing
    walker.walk()
    service.cancel(member("p"), task.id)
    walker.after = lambda _: None
    walker.walk()
    assert service.show(member("p"), task.id).status is TaskStatus.SUCCEEDED


def test_a_step_over_its_time_limit_ends_with_the_reason(
    make: MakeHouse, member: Callable[[str], Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_module, "_NOTE_S", 0.0)

    def slow(context: StepContext) -> State:
        time.sleep(0.05)
        context.progress(1, 2)
        return {}

    service, walker = make(Step(name="one", run=slow, limit_s=0.01))
    task = start(service, member("p"))
    walker.walk()
    ended = service.show(member("p"), task.id)
    assert (ended.status, ended.error_code) == (TaskStatus.FAILED, "timed-out")
    assert "one" in ended.message


def test_a_step_that_takes_the_process_down_again_and_again_is_given_up(
    make: MakeHouse, member: Callable[[str], Caller], records: SqlRecords, clock: Clock
) -> None:
    service, walker = make(Step(name="one", run=saying("a")))
    task = start(service, member("p"))
    for _ in range(5):
        with records.writing() as session:
            session.tasks.start_step(task.id, "one", clock())  # a try of which the end was never noted
    walker.walk()
    ended = service.show(member("p"), task.id)
    assert ended.status is TaskStatus.FAILED
    assert "cut off 5 times" in ended.message


def test_stopping_the_service_does_not_count_as_a_try(
    make: MakeHouse, member: Callable[[str], Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_module, "_NOTE_S", 0.0)

    def work(context: StepContext) -> State:
        context.progress(1, 2)
        return {"said": "done"}

    service, walker = make(Step(name="one", run=work))
    task = start(service, member("p"))
    service.stop()
    for _ in range(8):
        walker.walk()
    service._stopping = False
    walker.walk()
    assert service.show(member("p"), task.id).status is TaskStatus.SUCCEEDED


def test_a_cut_off_step_runs_again_and_the_log_shows_both_tries(
    make: MakeHouse, member: Callable[[str], Caller]
) -> None:
    service, walker = make(Step(name="one", run=saying("a")), Step(name="two", run=saying("b")))
    task = start(service, member("p"))

    def die_after_two(name: str) -> None:
        if name == "two":
            raise Interrupted

    walker.after = die_after_two
    walker.walk()
    assert service.show(member("p"), task.id).status is TaskStatus.RUNNING
    walker.after = lambda _: None
    walker.walk()
    assert service.show(member("p"), task.id).result == {"said": "ab"}
    assert [line.name for line in service.log(member("p"), task.id)] == ["one", "two", "two"]


def test_the_work_folder_is_gone_whatever_the_end(
    make: MakeHouse, member: Callable[[str], Caller], tmp_path: Path
) -> None:
    def leave_something(context: StepContext) -> State:
        (context.work / "scratch").write_bytes(b"x" * 1000)
        if context.state.get("fail"):
            raise BadDisk("d", "empty", "a disk", "nothing")
        return {"fail": True}

    service, walker = make(Step(name="one", run=leave_something), Step(name="two", run=leave_something))
    start(service, member("p"))
    walker.walk()
    assert list((tmp_path / "work").iterdir()) == []


def test_another_project_sees_no_task_and_a_reader_starts_none(make: MakeHouse, member: Callable[..., Caller]) -> None:
    service, _ = make(Step(name="one", run=saying("a")))
    task = start(service, member("p"))
    with pytest.raises(NotFound):
        service.show(member("q"), task.id)
    with pytest.raises(NotFound):
        service.cancel(member("q"), task.id)
    assert service.page(member("q")) == []
    assert [row.id for row in service.page(member("p", Role.READER))] == [task.id]
    with pytest.raises(Forbidden):
        start(service, member("p", Role.READER))
    with pytest.raises(Forbidden):
        service.cancel(member("p", Role.READER), task.id)


def test_a_task_expires_two_days_after_its_end_and_never_before(
    make: MakeHouse, member: Callable[[str], Caller], clock: Clock, records: SqlRecords
) -> None:
    sweeper = Sweeper(records, MemoryBlocks(), clock)
    service, walker = make(Step(name="one", run=saying("a")))
    waiting, ended = start(service, member("p")), start(service, member("p"))
    walker.waiting = [ended.id]
    walker.walk()
    assert service.show(member("p"), ended.id).status.is_final
    clock.pass_time(47 * 3600)
    assert sweeper.sweep().tasks == 0
    clock.pass_time(2 * 3600)
    assert sweeper.sweep().tasks == 1
    assert [row.id for row in service.page(member("p"))] == [waiting.id]


DAY = 24 * 3600


def ended_task(service: TaskService, walker: Walker, caller: Caller, **echo: int) -> Task:
    task = service.start(caller, TaskKind.IMPORT, source="test", task_input={"a": 1, "echo": echo})
    walker.walk()
    return task


def test_what_nobody_has_read_stays_for_a_month(
    make: MakeHouse, records: SqlRecords, member: Callable[[str], Caller], clock: Clock
) -> None:
    service, walker = make(Step(name="one", run=saying("a")))
    sweeper = Sweeper(records, MemoryBlocks(), clock)
    stranger = replace(member("q"), roles=frozenset({Role.ADMIN, Role.READER}))
    first, second = (ended_task(service, walker, member("p")) for _ in range(2))
    clock.pass_time(20 * DAY)
    assert len(service.page(member("p"))) == 2
    assert service.show(stranger, first.id).status is TaskStatus.SUCCEEDED
    assert sweeper.sweep().tasks == 0
    assert service.account(member("p"), first.id)[0].result == {"said": "a"}
    assert sweeper.sweep().tasks == 0
    clock.pass_time(3500)
    assert service.show(member("p"), first.id).result == {"said": "a"}  # for an hour; reading it again adds nothing
    clock.pass_time(200)
    assert sweeper.sweep().tasks == 1
    assert service.show(member("p"), second.id).status is TaskStatus.SUCCEEDED
    clock.pass_time(3700)
    assert sweeper.sweep().tasks == 1


def test_what_nobody_ever_reads_goes_after_a_month(
    make: MakeHouse, records: SqlRecords, member: Callable[[str], Caller], clock: Clock
) -> None:
    service, walker = make(Step(name="one", run=saying("a")))
    sweeper = Sweeper(records, MemoryBlocks(), clock)
    ended_task(service, walker, member("p"))
    ended_task(service, walker, member("p"), keep_s=DAY)
    clock.pass_time(DAY + 1)
    assert sweeper.sweep().tasks == 1  # whoever started it said how long
    clock.pass_time(28.9 * DAY)
    assert sweeper.sweep().tasks == 0
    clock.pass_time(DAY)
    assert sweeper.sweep().tasks == 1


@pytest.mark.parametrize("seconds", [3600, DAY, 30 * DAY])
def test_a_task_that_is_read_at_once_stays_as_long_as_was_asked(
    make: MakeHouse, member: Callable[[str], Caller], seconds: int
) -> None:
    service, walker = make(Step(name="one", run=saying("a")))
    task = ended_task(service, walker, member("p"), keep_s=seconds)
    for _ in range(3):
        shown = service.show(member("p"), task.id)
        assert shown.expires_at is not None
        assert (shown.expires_at - shown.updated_at) == seconds * 1_000_000
