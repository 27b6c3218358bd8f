"""Where a task stands, on paper: what is written is read back, and what strangers write does no harm."""

from __future__ import annotations

from typing import Any

import pytest

from imageferry.clouds.k5_words import task_info
from imageferry.domain.access import ProjectId, UserId
from imageferry.domain.moment import Moment
from imageferry.domain.task import Progress, StepLog, Task, TaskId, TaskKind, TaskStatus
from imageferry.wire import standing

SECOND = 1_000_000


def a_task(**more: Any) -> Task:
    fields: dict[str, Any] = {
        "id": TaskId("t"),
        "kind": TaskKind.IMPORT,
        "project_id": ProjectId("p"),
        "user_id": UserId("u"),
        "source": "k5",
        "input": {},
        "status": TaskStatus.RUNNING,
        "step": "fetch",
        "step_number": 2,
        "step_count": 4,
        "created_at": Moment(0),
        "updated_at": Moment(0),
    }
    return Task(**fields | more)


@pytest.mark.parametrize(
    ("done", "seconds", "status", "rate"),
    [
        (1000, 10, TaskStatus.RUNNING, 100),
        (1, 3, TaskStatus.RUNNING, 0),
        (0, 10, TaskStatus.RUNNING, None),
        (1000, 0, TaskStatus.RUNNING, None),
        (1 << 62, 1, TaskStatus.RUNNING, 1 << 62),
        (1000, 10, TaskStatus.SUCCEEDED, None),
        (1000, 10, TaskStatus.QUEUED, None),
    ],
)
def test_a_rate_is_told_where_there_is_one(done: int, seconds: int, status: TaskStatus, rate: int | None) -> None:
    times = {"step_started_at": Moment(5), "progressed_at": Moment(5 + seconds * SECOND)}
    assert a_task(progress=Progress(done=done), status=status, **times).rate == rate


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        (a_task(), "Step 2 of 4: fetch, 0 bytes so far."),
        (a_task(progress=Progress(done=3, total=9)), "Step 2 of 4: fetch, 3 of 9 bytes so far."),
        (a_task(message="No progress since then."), "Step 2 of 4: fetch, 0 bytes so far. No progress since then."),
        (a_task(status=TaskStatus.FAILED, message="It is a JPEG."), "It is a JPEG."),
        (a_task(status=TaskStatus.QUEUED), ""),
    ],
)
def test_the_message_is_a_sentence(task: Task, sentence: str) -> None:
    assert standing.message(task) == sentence


def test_what_is_written_is_read_back() -> None:
    task = a_task(progress=Progress(done=7, total=9), step_started_at=Moment(0), progressed_at=Moment(SECOND))
    log = [
        StepLog(name="locate", started_at=Moment(0), ended_at=Moment(1_500_000), outcome="done"),
        StepLog(name="fetch", started_at=Moment(0)),
        StepLog(name="fetch", started_at=Moment(SECOND), progress=Progress(done=7, total=9)),
    ]
    steps = standing.steps(task, log)
    assert [(step["name"], step["outcome"], step["seconds"]) for step in steps] == [
        ("locate", "done", 1.5),
        ("fetch", "cut off", None),
        ("fetch", "running", None),
    ]
    document = {"progress": standing.progress(task), "steps": steps}
    assert standing.read_steps(document) == steps
    found = standing.read_progress(document)
    assert found == {name: document["progress"][name] for name in found}
    assert (found["rate"], found["progressed_at"]) == (7, "1970-01-01T00:00:01.000000Z")


STRANGE: list[Any] = [None, 5, -1, True, 1e400, "x", "\x1b[2J", [], {}, [5], [[]], [{}], {"name": {}}, [{"name": 5}]]


@pytest.mark.parametrize("value", STRANGE)
def test_what_strangers_write_is_left_out(value: Any) -> None:
    for document in (
        {"import_status": "processing", "task": value},
        {"import_status": "processing", "task": {"progress": value, "steps": value, "message": value}},
        {
            "import_status": "processing",
            "task": {"progress": {"step": value, "done": value}, "steps": [{"name": value}]},
        },
    ):
        found = task_info(document, TaskKind.IMPORT, "t")
        assert found is not None
        assert "\x1b" not in f"{found.message}{found.progress}{found.steps}"
        assert all(kind is None or isinstance(kind, str | int) for kind in found.progress.values())
    many = {"steps": [{"name": "x"}] * 100_000}
    assert len(standing.read_steps(many)) == 1000
