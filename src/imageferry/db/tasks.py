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

import fcntl
import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, ClassVar

import dbos._serialization
import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID
from dbos._error import DBOSBaseException

from imageferry.domain.errors import Unavailable
from imageferry.domain.task import Lane, State, TaskId
from imageferry.domain.turns import Turns
from imageferry.ports.tasks import Due, Interrupted, Walk

_WORKFLOW = "task"
_ENDED = "_ended"
_SPARE_THREADS = 4  # a thread of DBOS may wait for a task that it lost, and must not keep that task from running
_ASKED_AT_ONCE = 500  # workflows, in one query
_LOOK_S = 0.5  # how often those who wait see whether the service stops
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
        self._turns = {lane: Turns(places[lane], most_of_one=most_of_one) for lane in Lane}
        self._stopping = threading.Event()
        self._at_work: set[str] = set()  # has a thread
        self._resumed: set[TaskId] = set()  # was cut off, and has no thread yet
        self._changed = threading.Condition()
        self._hold: IO[str] | sa.Connection | None = None
        try:
            self._hold = _hold_executor(url, executor)
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
        due = self._walk.due(task_id)
        with self._changed:
            self._turns[due.lane].wait(task_id, due.project_id)
            self._changed.notify_all()

    def _take_up(self, unfinished: Sequence[Due]) -> None:
        """Seat what DBOS goes on with, queue what was never started, and end what DBOS has given up."""
        with self._changed:  # those that DBOS goes on with wait at their first line until all have their places
            DBOS.launch()
            known = _statuses([due.task_id for due in unfinished])
            for due in unfinished:
                turns = self._turns[due.lane]
                if due.task_id not in known:
                    turns.wait(due.task_id, due.project_id)
                elif known[due.task_id] not in _OVER:
                    self._resumed.add(due.task_id)
                    turns.seat(due.task_id, due.project_id)
        for task_id, status in known.items():
            if status in _OVER:
                self._give_up(task_id, status)

    def _give_up(self, task_id: TaskId, status: str) -> None:
        reason = RuntimeError(f"the durable walk of task {task_id} ended as {status}")
        self._note_end(task_id, {}, self._walk.failure_of(reason))
        self._leave(task_id)

    def _hand_over(self) -> None:
        """Give places away as they become free, on a thread that DBOS knows nothing of."""
        while not self._stopping.is_set():
            with self._changed:
                task_id = next((task for lane in Lane if (task := self._turns[lane].next()) is not None), None)
                if task_id is None:
                    self._changed.wait(_LOOK_S)
                elif task_id in self._at_work:  # it moves to another lane, and its thread waits for this
                    self._changed.notify_all()
                    continue
                silent = sorted(self._resumed)
            if task_id is not None:
                self._begin(task_id)
            elif silent:
                self._look_after(silent)

    def _look_after(self, resumed: Sequence[TaskId]) -> None:
        """End those of which DBOS could not read its own row, rather than wait for them."""
        try:
            for task_id, status in _statuses(resumed).items():
                if status in _OVER and task_id in self._resumed:
                    self._resumed.discard(task_id)
                    self._give_up(task_id, status)
        except Exception:
            _log.exception("tasks that were cut off could not be looked after; trying again")

    def _begin(self, task_id: TaskId) -> None:
        """Hand it to DBOS. What DBOS knows already was started twice."""
        try:
            if DBOS.get_workflow_status(task_id) is not None:
                self._leave(task_id)
                return
            with SetWorkflowID(task_id):
                DBOS.start_workflow(self._workflow, task_id)
        except Exception:
            self._leave(task_id)
            if not self._stopping.wait(_LOOK_S):
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
        with self._changed:
            self._changed.notify_all()
            quiet = self._changed.wait_for(lambda: not self._at_work, wait_s)
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
            with self._changed:
                self._at_work.add(task_id)
                self._resumed.discard(TaskId(task_id))
            try:
                return self._walked(TaskId(task_id))
            except DBOSBaseException as error:
                # Not ours any more. Ends this thread, which DBOS would otherwise let wait.
                raise Interrupted from error
            finally:
                self._leave(TaskId(task_id))

        return walk

    def _move(self, due: Due, lane: Lane) -> None:
        """Have a place in that lane; the one in another is kept until then, or threads would run out."""
        turns = self._turns[lane]
        with self._changed:
            if turns.has(due.task_id):
                return
            turns.wait(due.task_id, due.project_id)
            self._changed.notify_all()
            while not turns.has(due.task_id):
                self._check_stopping()
                self._changed.wait(_LOOK_S)
            for other in self._turns.values():
                if other is not turns:
                    other.leave(due.task_id)
            self._changed.notify_all()

    def _leave(self, task_id: TaskId) -> None:
        with self._changed:
            for turns in self._turns.values():
                turns.leave(task_id)
            self._at_work.discard(task_id)
            self._changed.notify_all()

    def _walked(self, task_id: TaskId) -> str:
        state: State = {}
        failure: State | None = None
        due = self._walk.due(task_id)
        for name, lane in self._walk.steps_of(task_id).items():
            self._check_stopping()
            self._move(due, lane)
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


def _hold_executor(url: str, executor: str) -> IO[str] | sa.Connection:
    """Be the only live process of that name; held until closed or until the process is gone.

    Raises:
        Unavailable: another process is.
    """
    taken = Unavailable("the service's data", reason=f"another process ({executor!r}) works on it; stop that one first")
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        path = Path(str(address.database))
        with suppress(FileNotFoundError):
            path.chmod(0o600)
        lock = path.with_name(path.name + ".lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise taken from None
        with sa.create_engine(url).connect() as connection:
            # Stays in the file. Four times faster than DBOS's default, and as durable.
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        return lock
    name = f"{address.database}/{executor}"
    engine = sa.create_engine(address.set(drivername="postgresql+psycopg", database="postgres"), poolclass=sa.NullPool)
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    query = sa.text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
    if not connection.scalar(query, {"name": name}):
        connection.close()
        raise taken
    return connection


def _silence() -> None:
    """DBOS writes to the console unless its logger has a handler before it starts."""
    logger = logging.getLogger("dbos")
    if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
        logger.addHandler(logging.NullHandler())
    dbos._serialization.DefaultSerializer.deserialize = _refuse_pickle  # type: ignore[method-assign,assignment]


def _refuse_pickle(_: object, text: str) -> Any:
    """A row that says it is pickled was not written by us; unpickling would run what it says."""
    raise ValueError(f"pickled data in the task database is refused ({len(text)} characters)")
