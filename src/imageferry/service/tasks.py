"""Tasks: started, watched, cancelled. What their steps are walked by is in ``task_walk``."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from imageferry.domain.access import Act, Caller, ProjectId, allow
from imageferry.domain.errors import (
    NotFound,
    StatusConflict,
    Unavailable,
)
from imageferry.domain.image import ImageId
from imageferry.domain.task import State, StepLog, Task, TaskId, TaskKind, TaskStatus
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records, Session
from imageferry.ports.tasks import Tasks
from imageferry.service.plans import Plan
from imageferry.service.task_walk import TaskWalk
from imageferry.wire.dates import iso_seconds


class TaskService(TaskWalk):
    """The use-cases of tasks, over what the durable walker calls."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        work: Path,
        plans: Mapping[str, Plan],
        *,
        check_room: Callable[[Session, ProjectId], None] = lambda _, __: None,
        stall_s: float = 60.0,
    ) -> None:
        """Nothing is started here.

        Args:
            plans: see ``TaskWalk``.
            check_room: raises OverLimit where a project may have no further task.
            stall_s: a step that makes no progress for so long is said to stand still.
        """
        super().__init__(records, clock, work, plans)
        self._check_room = check_room
        self._stall_s = stall_s
        self._tasks: Tasks | None = None

    def attach(self, tasks: Tasks) -> None:
        """Hand in the walker, which itself needs this object."""
        self._tasks = tasks

    def start(
        self,
        caller: Caller | None,
        kind: TaskKind,
        *,
        source: str,
        task_input: State,
        along: Callable[[Session, Task], None] = lambda _, __: None,
    ) -> Task:
        """Take a task on: durable when this returns, done in the background.

        Args:
            along: what must be kept in the same transaction, or not at all.

        Raises:
            OverLimit: the project has as many tasks as it may have. Nothing was kept.
        """
        caller = allow(caller, Act.START_TASKS)
        now = self._clock()
        task = Task(
            id=TaskId(str(uuid.uuid4())),
            kind=kind,
            project_id=caller.project,
            user_id=caller.user_id,
            source=source,
            input=task_input,
            created_at=now,
            updated_at=now,
        )
        names = [step.name for step in self._plan(task).steps]
        task = replace(task, step_count=len(names), input={**task_input, "steps": names})
        with self._records.writing() as session:
            self._check_room(session, task.project_id)
            session.tasks.add(task)
            along(session, task)
        if self._tasks is not None:
            self._tasks.start(task.id)
        return task

    def steps_of_plan(self, name: str) -> list[str]:
        """Their names, as tasks that begin now get them."""
        return [step.name for step in self._plans[name].steps]

    def show(self, caller: Caller | None, task_id: TaskId) -> Task:
        """A task of the caller's project. To others it does not exist."""
        caller = allow(caller, Act.READ_TASKS)
        with self._records.reading() as session:
            task = session.tasks.get(task_id)
        if task is None or (task.project_id != caller.project_id and not caller.is_admin):
            raise NotFound("task", task_id)
        return self._told(self._read(task) if task.project_id == caller.project_id else task)

    def log(self, caller: Caller | None, task_id: TaskId) -> list[StepLog]:
        return self.account(caller, task_id)[1]

    def account(self, caller: Caller | None, task_id: TaskId) -> tuple[Task, list[StepLog]]:
        """A task of the caller's project, and its steps so far, in the order they began."""
        ((task, log),) = self.accounts([self.show(caller, task_id)])
        return task, log

    def accounts(self, tasks: Iterable[Task]) -> list[tuple[Task, list[StepLog]]]:
        """Those tasks as they are shown, each with its steps so far; one line a try."""
        with self._records.reading() as session:
            return [(self._told(task), session.tasks.steps(task.id)) for task in tasks]

    def _read(self, task: Task) -> Task:
        """Somebody of its project reads it: if that is the first time since its end, it need not be kept for that."""
        read = task.read_at(self._clock())
        if read.expires_at is not None and read.expires_at != task.expires_at:
            with suppress(Unavailable), self._records.writing(durable=False) as session:
                session.tasks.expire(task.id, read.expires_at)
        return read

    def _told(self, task: Task) -> Task:
        """As it is shown: the message of one whose step stands still says so, and since when."""
        silent = task.silent_s(self._clock())
        if task.progressed_at is None or silent < self._stall_s:
            return task
        return replace(task, message=f"No progress since {iso_seconds(task.progressed_at)}, {silent} s.")

    def page(
        self,
        caller: Caller | None,
        *,
        kind: TaskKind | None = None,
        source: str | None = None,
        plans: Collection[str] | None = None,
        owner: ProjectId | None = None,
        statuses: Collection[TaskStatus] | None = None,
        before: TaskId | None = None,
        skip: int = 0,
        limit: int = 100,
        sort: tuple[str, str] = ("created_at", "desc"),
    ) -> list[Task]:
        """Tasks of the caller's project; an admin who names an owner sees that project's."""
        caller = allow(caller, Act.READ_TASKS)
        if owner not in (None, caller.project) and not caller.is_admin:
            return []
        with self._records.reading() as session:
            page = session.tasks.page(
                project_id=caller.project if owner is None else owner,
                kind=kind,
                source=source,
                plans=plans,
                statuses=statuses,
                before=before,
                skip=skip,
                limit=limit,
                sort=sort,
            )
        return [self._told(task) for task in page]

    def cancel(self, caller: Caller | None, task_id: TaskId) -> bool:
        """Ask a task to end. False when it has ended already."""
        allow(caller, Act.START_TASKS)
        task = self.show(caller, task_id)
        with self._records.writing() as session:
            return session.tasks.request_cancel(task.id, self._clock())

    def delete(self, caller: Caller | None, task_id: TaskId) -> None:
        """Forget a task that is over. Raises NotFound, StatusConflict: it is not."""
        allow(caller, Act.START_TASKS)
        task = self.show(caller, task_id)
        with self._records.writing() as session:
            if not session.tasks.delete(task.id):
                raise StatusConflict("task", task.id, found=task.status, wanted="deleting it before its end")

    def open_tasks(self, project_id: ProjectId, kind: TaskKind, image_id: ImageId) -> list[Task]:
        """The tasks of a project that work on that image and are not final, newest first (at most 1,000)."""
        unfinished = [status for status in TaskStatus if not status.is_final]
        with self._records.reading() as session:
            return session.tasks.page(
                project_id=project_id, kind=kind, image_id=image_id, statuses=unfinished, limit=1000
            )
