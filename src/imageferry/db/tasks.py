"""The durable walk of tasks on DBOS. The one module that knows DBOS.

A task is a list of step names over plain functions (``ports.tasks.Walk``). DBOS notes the
outcome of every step in a database of its own, and after kill -9 goes on at the step that
was cut off. What was found out about DBOS 3.4, and is relied on here:

  - a process has one DBOS; it is made anew for every ``DurableTasks``;
  - only tasks of the same executor id and application version are recovered, so both are
    fixed; two live processes with one executor id would run each other's tasks, so a lock
    keeps the second one out;
  - a workflow's row is found again by the names ``task``, the step names and ``_ended``:
    never rename them;
  - cancelling in DBOS skips every later step, the last one too; a task that is cancelled
    must end properly, so cancelling is a flag that steps look at, and DBOS knows nothing;
  - a thread of DBOS that waits for its turn would keep others' tasks from theirs, so a task
    is handed to DBOS only when there is a place for it: until then our records know it;
  - what was at work when the process ended, DBOS takes up by itself: such tasks have their
    places from the start, or new ones would take the threads that they need;
  - an error is noted as a value, never as an exception: nothing is ever unpickled, and a
    process that stops in the middle of a step cannot be mistaken for a failure of the step.

DBOS is pinned in pyproject.toml because of the two private names used at the end.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import IO, Any, ClassVar

import dbos._serialization
import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID
from dbos._error import DBOSBaseException

from imageferry.db.executor import hold_executor
from imageferry.db.seats import Seats
from imageferry.domain.task import Lane, State, TaskId
from imageferry.ports.tasks import Due, Interrupted, Walk

_WORKFLOW = "task"
_ENDED = "_ended"
_SPARE_THREADS = 4  # a thread of DBOS may wait for a task that it lost, and must not keep that task from running
_ASKED_AT_ONCE = 500  # workflows, in one query
_PAUSE_S = 0.5  # after a start that failed
_OVER = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_log = logging.getLogger("imageferry.tasks")


class DurableTasks:
    """Walks tasks on threads of this process: so many at work, and so many more that wait for the network."""

    _one: ClassVar[threading.Lock] = threading.Lock()

    def __init__(
        self,
        url: str,
        walk: Walk,
        *,
        executor: str = "main",
        concurrency: int = 2,
        fetches: int = 8,
        most_of_one: int = 0,
    ) -> None:
        """Open, and go on with what was cut off.

        Args:
            url: of DBOS's own database: ``sqlite:///path`` or ``postgresql://...``.
            executor: the name of this process among those on one database, the same after a restart.
            concurrency: places in the lane WORK.
            fetches: places in the lane NETWORK.
            most_of_one: places in a lane that one project may have at once; 0: all of them.
        """
        if not DurableTasks._one.acquire(blocking=False):
            raise RuntimeError("this process walks tasks already")
        self._walk = walk
        places = {Lane.WORK: concurrency, Lane.NETWORK: fetches}
        self._seats = Seats(places, most_of_one=most_of_one)
        self._stopping = threading.Event()
        self._hold: IO[str] | sa.Connection | None = None
        try:
            self._hold = hold_executor(url, executor)
            _silence()
            DBOS.destroy(destroy_registry=True)
            # Twice the places of WORK: a task that waits to move there keeps its place in NETWORK until then.
            DBOS(config=_config(url, executor, 2 * concurrency + fetches))
            self._workflow = DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=None)(self._made_walk())
            self._take_up(walk.unfinished())
            self._usher = threading.Thread(target=self._hand_over, name="tasks", daemon=True)
            self._usher.start()
        except BaseException:
            self._let_go()
            raise

    def start(self, task_id: TaskId) -> None:
        self._seats.wait(self._walk.due(task_id))

    def _take_up(self, unfinished: Sequence[Due]) -> None:
        """Seat what DBOS goes on with, queue what was never started, and end what DBOS has given up."""
        with self._seats.closed():  # those that DBOS goes on with wait at their first line until all have their places
            DBOS.launch()
            known = _statuses([due.task_id for due in unfinished])
            for due in unfinished:
                if due.task_id not in known:
                    self._seats.wait(due)
                elif known[due.task_id] not in _OVER:
                    self._seats.resume(due)
        for task_id, status in known.items():
            if status in _OVER:
                self._give_up(task_id, status)

    def _give_up(self, task_id: TaskId, status: str) -> None:
        reason = RuntimeError(f"the durable walk of task {task_id} ended as {status}")
        self._note_end(task_id, {}, self._walk.failure_of(reason))
        self._seats.leave(task_id)

    def _hand_over(self) -> None:
        """Give places away as they become free, on a thread that DBOS knows nothing of."""
        while not self._stopping.is_set():
            task_id = self._seats.next()
            if task_id is not None:
                self._begin(task_id)
            elif silent := self._seats.silent():
                self._look_after(silent)

    def _look_after(self, resumed: Sequence[TaskId]) -> None:
        """End those of which DBOS could not read its own row, rather than wait for them."""
        try:
            for task_id, status in _statuses(resumed).items():
                if status in _OVER and self._seats.is_lost(task_id):
                    self._give_up(task_id, status)
        except Exception:
            _log.exception("tasks that were cut off could not be looked after; trying again")

    def _begin(self, task_id: TaskId) -> None:
        """Hand it to DBOS. What DBOS knows already was started twice."""
        try:
            if DBOS.get_workflow_status(task_id) is not None:
                self._seats.leave(task_id)
                return
            with SetWorkflowID(task_id):
                DBOS.start_workflow(self._workflow, task_id)
        except Exception:
            self._seats.leave(task_id)
            if not self._stopping.wait(_PAUSE_S):
                _log.exception("task %s could not be started; trying again", task_id)
                self.start(task_id)

    def forget_ended(self, *, older_than_s: float) -> int:
        """Remove DBOS's rows of tasks that ended so long ago; returns how many."""
        before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - older_than_s))
        count = 0
        while True:
            rows = DBOS.list_workflows(
                status=list(_OVER), completed_before=before, limit=500, load_input=False, load_output=False
            )
            if not rows:
                return count
            DBOS.delete_workflows([row.workflow_id for row in rows])
            count += len(rows)

    def close(self, *, wait_s: float = 10.0) -> bool:
        """Stop at the next step border, or where a running step notices.

        Returns:
            Whether nothing runs any more. If not, the process should end at once
            (``os._exit``): the cut-off step is done again after the next start.
        """
        self._stopping.set()
        self._seats.wake()
        quiet = self._seats.empty(wait_s)
        self._let_go()
        return quiet

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def _let_go(self) -> None:
        DBOS.destroy(destroy_registry=True)
        if self._hold is not None:
            self._hold.close()
        DurableTasks._one.release()

    def _made_walk(self) -> Callable[[str], str]:
        def walk(task_id: str) -> str:
            self._seats.begin(TaskId(task_id))
            try:
                return self._walked(TaskId(task_id))
            except DBOSBaseException as error:
                # Not ours any more. Ends this thread, which DBOS would otherwise let wait.
                raise Interrupted from error
            finally:
                self._seats.leave(TaskId(task_id))

        return walk

    def _walked(self, task_id: TaskId) -> str:
        state: State = {}
        failure: State | None = None
        due = self._walk.due(task_id)
        for name, lane in self._walk.steps_of(task_id).items():
            self._check_stopping()
            self._seats.move(due, lane, self._check_stopping)
            outcome = DBOS.run_step({"name": name}, self._run_step, task_id, name, state)
            if "failure" in outcome:
                failure = outcome["failure"]
                break
            state = outcome["state"]
        self._check_stopping()
        DBOS.run_step({"name": _ENDED}, self._note_end, task_id, state, failure)
        return "done"

    def _run_step(self, task_id: TaskId, name: str, state: State) -> dict[str, Any]:
        try:
            after = self._walk.run_step(task_id, name, state)
            return {"state": json.loads(json.dumps(after, allow_nan=False))}
        except Interrupted:
            raise
        except BaseException as error:
            # SystemExit too, or the task would stay unfinished until the next start.
            self._check_stopping()
            return {"failure": json.loads(json.dumps(self._walk.failure_of(error)))}

    def _note_end(self, task_id: TaskId, state: State, failure: State | None) -> bool:
        pause_s = 0.2
        while True:
            try:
                self._walk.ended(task_id, state, failure)
            except Exception:
                _log.exception("the end of task %s could not be noted; trying again", task_id)
                if self._stopping.wait(pause_s):
                    raise Interrupted from None
                pause_s = min(2 * pause_s, 10.0)
            else:
                return True

    def _check_stopping(self) -> None:
        if self._stopping.is_set():
            raise Interrupted


def _statuses(task_ids: Sequence[TaskId]) -> dict[TaskId, str]:
    """What DBOS says of those tasks that it knows."""
    found: dict[TaskId, str] = {}
    for start in range(0, len(task_ids), _ASKED_AT_ONCE):
        some: list[str] = list(task_ids[start : start + _ASKED_AT_ONCE])
        rows = DBOS.list_workflows(workflow_ids=some, load_input=False, load_output=False)
        found |= {TaskId(row.workflow_id): row.status for row in rows}
    return found


def _config(url: str, executor: str, places: int) -> DBOSConfig:
    return {
        "name": "imageferry",
        "system_database_url": url,
        "application_version": "1",
        "executor_id": executor,
        "serializer": DBOSPortableJSONSerializer(),
        "log_level": "ERROR",
        "enable_otlp": False,
        "notification_listener_polling_interval_sec": 0.1,  # closing waits for this sleep
        "scheduler_polling_interval_sec": 3600.0,
        "sys_db_pool_size": places + 8,
        "max_executor_threads": places + _SPARE_THREADS,
        "use_listen_notify": False,
    }


def _silence() -> None:
    """DBOS writes to the console unless its logger has a handler before it starts."""
    logger = logging.getLogger("dbos")
    if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
        logger.addHandler(logging.NullHandler())
    dbos._serialization.DefaultSerializer.deserialize = _refuse_pickle  # type: ignore[method-assign,assignment]


def _refuse_pickle(_: object, text: str) -> Any:
    """A row that says it is pickled was not written by us; unpickling would run what it says."""
    raise ValueError(f"pickled data in the task database is refused ({len(text)} characters)")
