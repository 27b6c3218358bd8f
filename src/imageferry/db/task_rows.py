"""Tasks, their steps and their progress in SQL."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, and_, case, delete, func, or_, select, tuple_, update

from imageferry.db.keyset import Key, behind, ordered
from imageferry.db.schema import task_steps, tasks
from imageferry.db.sql import added, require
from imageferry.domain.access import ProjectId
from imageferry.domain.errors import AlreadyExists, BadInput
from imageferry.domain.image import ImageId
from imageferry.domain.moment import Moment
from imageferry.domain.task import Progress, StepLog, Task, TaskId, TaskKind, TaskStatus
from imageferry.ports.records import TASK_SORT_KEYS

_FINAL = tasks.c.status.in_([status.value for status in TaskStatus if status.is_final])
_OPEN = tasks.c.status.in_([status.value for status in TaskStatus if not status.is_final])  # as an index has them


class SqlTasks:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, task: Task) -> None:
        values = _values(task) | {"id": task.id, "cancel_requested": task.cancel_requested} | _progress(task.progress)
        values |= {"step_started_at": task.step_started_at, "progressed_at": task.progressed_at}
        if not added(self._connection, tasks, values):
            raise AlreadyExists("task", task.id)

    def get(self, task_id: TaskId) -> Task | None:
        row = self._connection.execute(select(tasks).where(tasks.c.id == task_id)).first()
        return None if row is None else _task(row)

    def update(self, task: Task) -> bool:
        change = update(tasks).where(tasks.c.id == task.id, ~_FINAL).values(_values(task))
        return self._connection.execute(change).rowcount > 0

    def set_progress(self, task_id: TaskId, progress: Progress, now: Moment) -> bool:
        moved = or_(tasks.c.progress_done != progress.done, tasks.c.progress_total.is_distinct_from(progress.total))
        values = {"updated_at": now, "progressed_at": case((moved, now), else_=tasks.c.progressed_at)}
        change = update(tasks).where(tasks.c.id == task_id, ~_FINAL).values(values | _progress(progress))
        if self._connection.execute(change).rowcount:
            its_step = update(task_steps).where(_newest_step_of(task_id)).values(_progress(progress))
            self._connection.execute(its_step)
        asked = select(tasks.c.cancel_requested).where(tasks.c.id == task_id)
        return bool(self._connection.execute(asked).scalar())

    def request_cancel(self, task_id: TaskId, now: Moment) -> bool:
        change = update(tasks).where(tasks.c.id == task_id, ~_FINAL).values(cancel_requested=True, updated_at=now)
        return self._connection.execute(change).rowcount > 0

    def start_step(self, task_id: TaskId, name: str, now: Moment) -> None:
        require(self._connection, tasks.c.id, task_id, kind="task")
        fresh = _progress(Progress())
        times = {"updated_at": now, "step_started_at": now, "progressed_at": now}
        change = update(tasks).where(tasks.c.id == task_id, ~_FINAL).values(times | fresh)
        self._connection.execute(change)  # before counting: this row's lock keeps two from taking one number
        newest = select(func.max(task_steps.c.number)).where(task_steps.c.task_id == task_id)
        number = (self._connection.execute(newest).scalar() or 0) + 1
        values = {"task_id": task_id, "number": number, "name": name, "started_at": now, "outcome": "", "message": ""}
        added(self._connection, task_steps, values | fresh)

    def end_step(self, task_id: TaskId, log: StepLog) -> None:
        values = {"ended_at": log.ended_at, "outcome": log.outcome, "message": log.message} | _progress(log.progress)
        self._connection.execute(update(task_steps).where(_newest_step_of(task_id)).values(values))

    def steps(self, task_id: TaskId) -> list[StepLog]:
        query = select(task_steps).where(task_steps.c.task_id == task_id).order_by(task_steps.c.number)
        return [_step(row) for row in self._connection.execute(query)]

    def page(
        self,
        *,
        project_id: ProjectId | None = None,
        kind: TaskKind | None = None,
        source: str | None = None,
        plans: Collection[str] | None = None,
        image_id: ImageId | None = None,
        statuses: Collection[TaskStatus] | None = None,
        before: TaskId | None = None,
        skip: int = 0,
        limit: int = 100,
        sort: tuple[str, str] = ("created_at", "desc"),
    ) -> list[Task]:
        keys = _keys(*sort)
        query = select(tasks).order_by(*map(ordered, keys)).offset(skip).limit(limit)
        if project_id is not None:
            query = query.where(tasks.c.project_id == project_id)
        if kind is not None:
            query = query.where(tasks.c.kind == kind.value)
        if source is not None:
            query = query.where(tasks.c.source == source)
        if plans is not None:
            query = query.where(func.coalesce(tasks.c.input["plan"].as_string(), tasks.c.kind).in_(plans))
        if image_id is not None:
            query = query.where(tasks.c.input["image_id"].as_string() == image_id)
        if statuses is not None:
            query = query.where(tasks.c.status.in_([status.value for status in statuses]))
        if before is not None:
            query = query.where(behind(self._marker_row(before, project_id), keys))
        return [_task(row) for row in self._connection.execute(query)]

    def unfinished(self, *, after: Task | None, limit: int) -> list[Task]:
        query = select(tasks).where(_OPEN).order_by(tasks.c.created_at, tasks.c.id).limit(limit)
        if after is not None:
            query = query.where(tuple_(tasks.c.created_at, tasks.c.id) > tuple_(after.created_at, after.id))
        return [_task(row) for row in self._connection.execute(query)]

    def count_unfinished(self, project_id: ProjectId) -> int:
        query = select(func.count()).select_from(tasks).where(tasks.c.project_id == project_id, _OPEN)
        return self._connection.execute(query).scalar_one()

    def delete(self, task_id: TaskId) -> bool:
        return self._connection.execute(delete(tasks).where(_FINAL, tasks.c.id == task_id)).rowcount > 0

    def expire(self, task_id: TaskId, at: Moment) -> None:
        self._connection.execute(update(tasks).where(_FINAL, tasks.c.id == task_id).values(expires_at=at))

    def delete_expired(self, now: Moment) -> int:
        return self._connection.execute(delete(tasks).where(_FINAL, tasks.c.expires_at <= now)).rowcount

    def _marker_row(self, marker: TaskId, project_id: ProjectId | None) -> Row[Any]:
        row = self._connection.execute(select(tasks).where(tasks.c.id == marker)).first()
        if row is None or project_id not in (None, row.project_id):
            raise BadInput("marker", marker, "the id of a task in this list")
        return row


def _keys(name: str, direction: str) -> list[Key]:
    """The columns to sort by, the id last: then no two tasks are equal."""
    if name not in TASK_SORT_KEYS:
        raise BadInput("sort key", name, f"one of {', '.join(TASK_SORT_KEYS)}")
    if direction not in ("asc", "desc"):
        raise BadInput("sort direction", direction, "asc or desc")
    return [(tasks.c[column], direction == "desc") for column in dict.fromkeys((name, "created_at", "id"))]


def _newest_step_of(task_id: TaskId) -> Any:
    newest = select(func.max(task_steps.c.number)).where(task_steps.c.task_id == task_id).scalar_subquery()
    return and_(task_steps.c.task_id == task_id, task_steps.c.number == newest)


def _values(task: Task) -> dict[str, Any]:
    return {
        "kind": task.kind.value,
        "project_id": task.project_id,
        "user_id": task.user_id,
        "source": task.source,
        "input": dict(task.input),
        "status": task.status.value,
        "step": task.step,
        "step_number": task.step_number,
        "step_count": task.step_count,
        "message": task.message,
        "error_code": task.error_code,
        "result": dict(task.result),
        "created_at": task.created_at,
        "updated_at": task.updated_at,
        "expires_at": task.expires_at,
    }


def _progress(progress: Progress) -> dict[str, Any]:
    return {
        "progress_done": progress.done,
        "progress_total": progress.total,
        "progress_unit": progress.unit,
    }


def _progress_of(row: Row[Any]) -> Progress:
    return Progress(done=row.progress_done, total=row.progress_total, unit=row.progress_unit)


def _task(row: Row[Any]) -> Task:
    return Task(
        id=row.id,
        kind=TaskKind(row.kind),
        project_id=row.project_id,
        user_id=row.user_id,
        source=row.source,
        input=row.input,
        status=TaskStatus(row.status),
        step=row.step,
        step_number=row.step_number,
        step_count=row.step_count,
        progress=_progress_of(row),
        step_started_at=row.step_started_at,
        progressed_at=row.progressed_at,
        message=row.message,
        error_code=row.error_code,
        result=row.result,
        cancel_requested=row.cancel_requested,
        created_at=row.created_at,
        updated_at=row.updated_at,
        expires_at=row.expires_at,
    )


def _step(row: Row[Any]) -> StepLog:
    return StepLog(
        name=row.name,
        started_at=row.started_at,
        ended_at=row.ended_at,
        progress=_progress_of(row),
        outcome=row.outcome,
        message=row.message,
    )
