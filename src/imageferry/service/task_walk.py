"""What the durable walker calls back for each step of a task, and at its end (``ports.tasks.Walk``)."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from imageferry.domain.errors import BadDisk, BadSource, Cancelled, FerryError, NotFound, TimedOut, Unavailable
from imageferry.domain.moment import later
from imageferry.domain.task import Lane, Progress, State, StepLog, Task, TaskId, TaskStatus
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records
from imageferry.ports.tasks import Due, Interrupted
from imageferry.service.plans import Plan, StepContext
from imageferry.service.scratch import working_files

_MAX_TRIES = 5  # of one step that is cut off again and again: it may be what kills the process
_log = logging.getLogger("imageferry.tasks")


class TaskWalk:
    """The steps of tasks, each noted when it begins and when it ends."""

    def __init__(self, records: Records, clock: Clock, work: Path, plans: Mapping[str, Plan]) -> None:
        """Nothing is started here.

        Args:
            work: a folder, in which each task has its own while it is at work.
            plans: by the kind of task, or by the name that a task's input gives as its "plan"; where there
                is one for "SOURCE/NAME", that is taken.
        """
        self._records = records
        self._clock = clock
        self._work = work
        self._plans = plans
        self._stopping = False

    def stop(self) -> None:
        """Running steps end at their next sign of life, to be done again after the next start."""
        self._stopping = True

    def due(self, task_id: TaskId) -> Due:
        return self._due(self._task(task_id))

    def steps_of(self, task_id: TaskId) -> Mapping[str, Lane]:
        return {step.name: step.lane for step in self._plan(self._task(task_id)).steps}

    def run_step(self, task_id: TaskId, name: str, state: State) -> State:
        task = self._task(task_id)
        if task.status.is_final:
            return state
        steps = self._plan(task).steps
        number = next(i for i, step in enumerate(steps, start=1) if step.name == name)
        step = steps[number - 1]
        task = replace(task, status=TaskStatus.RUNNING, step=name, step_number=number, updated_at=self._clock())
        again = self._begin_step(task)
        context = StepContext(
            task=task,
            state=state,
            work=self._work / task.id,
            deadline=time.monotonic() + step.limit_s,
            limit_s=step.limit_s,
            note=lambda progress: self._note(task_id, progress),
            stopping=lambda: self._stopping,
            may_be_seen=again and step is steps[-1],
        )
        try:
            if task.cancel_requested and not context.may_be_seen:
                raise Cancelled(f"task {task.id}")
            if self._stopping:
                raise Interrupted
            with working_files():
                context.work.mkdir(parents=True, exist_ok=True)
            after = step.run(context)
        except Interrupted:
            self._end_step(
                task, context._progress, "interrupted", "the service was stopped; done again after its start"
            )
            raise
        except Exception as error:
            # At once, not in ``ended``: on a full disk there may be no room to note anything before.
            shutil.rmtree(context.work, ignore_errors=True)
            outcome = "cancelled" if isinstance(error, Cancelled) else "failed"
            with suppress(Unavailable):
                self._end_step(task, context._progress, outcome, _sentence(error))
            raise
        self._end_step(task, context._progress, "done", "")
        return after

    def failure_of(self, error: BaseException) -> State:
        if not isinstance(error, FerryError):
            _log.error("a step failed unexpectedly", exc_info=error)
        cancelled = isinstance(error, Cancelled)
        return {"code": error_code(error), "message": _sentence(error), "cancelled": cancelled}

    def ended(self, task_id: TaskId, state: State, failure: State | None) -> None:
        now = self._clock()
        with self._records.writing() as session:
            task = session.tasks.get(task_id)
            if task is not None:
                plan = self._plan(task)
                task = _ended(task, plan, state, failure, now)
                session.tasks.update(task)
                plan.at_end(session, task)
            session.blobs.unpin(task_id)
        shutil.rmtree(self._work / task_id, ignore_errors=True)

    def unfinished(self) -> Sequence[Due]:
        found: list[Task] = []
        while True:
            with self._records.reading() as session:
                page = session.tasks.unfinished(after=found[-1] if found else None, limit=1000)
            found += page
            if len(page) < 1000:
                return [self._due(task) for task in found]

    def _due(self, task: Task) -> Due:
        return Due(task_id=task.id, project_id=task.project_id, lane=self._plan(task).steps[0].lane)

    def _plan(self, task: Task) -> Plan:
        """By which it began: what was set meanwhile counts for others."""
        plan = self._plans.get(f"{task.source}/{task.plan}") or self._plans[task.plan]
        return plan.as_begun(task.input["steps"]) if "steps" in task.input else plan

    def _task(self, task_id: TaskId) -> Task:
        with self._records.reading() as session:
            task = session.tasks.get(task_id)
        if task is None:
            raise NotFound("task", task_id)
        return task

    def _begin_step(self, task: Task) -> bool:
        """Note that a step begins; returns whether it was begun before.

        Lightly, as its end: it outlives the process, and a power cut takes back no line before a deed that it leaves.
        """
        with self._records.writing(durable=False) as session:
            tries = [line for line in session.tasks.steps(task.id) if line.name == task.step]
            cut_off = sum(1 for line in tries if not line.outcome)
            if cut_off >= _MAX_TRIES:
                reason = f"it was cut off {cut_off} times, perhaps because it takes the service down"
                raise TimedOut(f"step {task.step}", reason=reason)
            session.tasks.update(task)
            session.tasks.start_step(task.id, task.step, self._clock())
        return bool(tries)

    def _end_step(self, task: Task, progress: Progress, outcome: str, message: str) -> None:
        now = self._clock()
        log = StepLog(name=task.step, started_at=now, ended_at=now, progress=progress, outcome=outcome, message=message)
        with self._records.writing(durable=False) as session:
            session.tasks.end_step(task.id, log)

    def _note(self, task_id: TaskId, progress: Progress) -> bool:
        with self._records.writing(durable=False) as session:
            return session.tasks.set_progress(task_id, progress, self._clock())


def error_code(error: BaseException) -> str:
    """A stable word for programs: the reason of a bad disk or source, else the kind of error."""
    if isinstance(error, BadDisk | BadSource):
        return error.reason
    if not isinstance(error, FerryError):
        return "internal-error"
    name = type(error).__name__
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")


def _sentence(error: BaseException) -> str:
    """What a person is told. Of unexpected errors nothing: they may hold paths or secrets."""
    if isinstance(error, FerryError):
        return str(error)
    return "Something went wrong in the service; its log has the details. Try again, or tell the administrator."


def _ended(task: Task, plan: Plan, state: State, failure: State | None, now: Any) -> Task:
    task = replace(task, updated_at=now, expires_at=later(now, seconds=task.unread_seconds))
    if failure is None:
        return replace(task, status=TaskStatus.SUCCEEDED, result=plan.result(state), message="")
    status = TaskStatus.CANCELLED if failure["cancelled"] else TaskStatus.FAILED
    return replace(task, status=status, error_code=failure["code"], message=failure["message"])
