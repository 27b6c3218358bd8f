"""What the durable walker promises (ports/tasks.py), on DBOS over SQLite and PostgreSQL."""

from __future__ import annotations

import base64
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from imageferry.db.tasks import DurableTasks
from imageferry.domain.access import ProjectId
from imageferry.domain.errors import Unavailable
from imageferry.domain.task import Lane, State, TaskId
from imageferry.ports.tasks import Due, Interrupted

WAIT_S = 20.0


class Diary:
    """A Walk that notes what happens. ``steps`` maps a step's name to what it does."""

    def __init__(self, steps: dict[str, Callable[[TaskId, State], State]], pending: Sequence[str] = ()) -> None:
        self.steps = steps
        self.network = frozenset[str]()
        self.pending = [TaskId(task_id) for task_id in pending]
        self.lines: list[tuple[str, str]] = []
        self.ends: dict[str, tuple[State, State | None]] = {}
        self.changed = threading.Condition()

    def lane_of(self, task_id: TaskId, name: str) -> Lane:
        return Lane.NETWORK if name in self.network else Lane.WORK

    def due(self, task_id: TaskId) -> Due:
        """What stands before a slash is the project."""
        first = next(iter(self.steps_of(task_id).values()), Lane.WORK)
        return Due(task_id=task_id, project_id=ProjectId(task_id.partition("/")[0]), lane=first)

    def steps_of(self, task_id: TaskId) -> Mapping[str, Lane]:
        return {name: self.lane_of(task_id, name) for name in self.steps}

    def run_step(self, task_id: TaskId, name: str, state: State) -> State:
        with self.changed:
            self.lines.append((task_id, name))
            self.changed.notify_all()
        return self.steps[name](task_id, state)

    def failure_of(self, error: BaseException) -> State:
        return {"error": str(error)}

    def ended(self, task_id: TaskId, state: State, failure: State | None) -> None:
        with self.changed:
            self.ends[task_id] = (state, failure)
            self.changed.notify_all()

    def unfinished(self) -> Sequence[Due]:
        return [self.due(task_id) for task_id in self.pending]

    def wait(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, WAIT_S), (self.lines, self.ends)


def adding(letter: str) -> Callable[[TaskId, State], State]:
    return lambda _, state: {"said": state.get("said", "") + letter}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tasks.sqlite'}"
    made: str = request.getfixturevalue("postgres_url")
    return made


@pytest.fixture
def opened() -> Iterator[Callable[..., DurableTasks]]:
    made: list[DurableTasks] = []

    def open_tasks(url: str, walk: Diary, **options: int) -> DurableTasks:
        made.append(DurableTasks(url, walk, **options))  # type: ignore[arg-type]
        return made[-1]

    yield open_tasks
    for tasks in made:
        if not tasks.stopping:
            tasks.close(wait_s=5)


def test_steps_run_in_order_and_hand_on_their_state(url: str, opened: Callable[..., DurableTasks]) -> None:
    diary = Diary({"one": adding("a"), "two": adding("b"), "three": adding("c")})
    opened(url, diary).start(TaskId("t"))
    diary.wait(lambda: "t" in diary.ends)
    assert diary.ends["t"] == ({"said": "abc"}, None)
    assert diary.lines == [("t", "one"), ("t", "two"), ("t", "three")]


def test_a_failure_ends_the_task_and_is_a_value(url: str, opened: Callable[..., DurableTasks]) -> None:
    def fail(_: TaskId, __: State) -> State:
        raise ValueError("no such disk")

    diary = Diary({"one": adding("a"), "two": fail, "three": adding("c")})
    opened(url, diary).start(TaskId("t"))
    diary.wait(lambda: "t" in diary.ends)
    assert diary.ends["t"] == ({"said": "a"}, {"error": "no such disk"})
    assert ("t", "three") not in diary.lines


@pytest.mark.parametrize("harm", [SystemExit(3), KeyboardInterrupt(), MemoryError("much")])
def test_not_even_an_exit_in_a_step_leaves_a_task_hanging(
    url: str, opened: Callable[..., DurableTasks], harm: BaseException
) -> None:
    def leave(_: TaskId, __: State) -> State:
        raise harm

    diary = Diary({"one": leave})
    opened(url, diary).start(TaskId("t"))
    diary.wait(lambda: "t" in diary.ends)
    assert diary.ends["t"][1] is not None


def test_a_state_that_is_not_json_is_a_failure_and_no_riddle(url: str, opened: Callable[..., DurableTasks]) -> None:
    diary = Diary({"one": lambda _, __: {"when": threading.Lock()}})
    opened(url, diary).start(TaskId("t"))
    diary.wait(lambda: "t" in diary.ends)
    failure = diary.ends["t"][1]
    assert failure is not None
    assert "JSON" in failure["error"]


def test_starting_twice_runs_once(url: str, opened: Callable[..., DurableTasks]) -> None:
    diary = Diary({"one": adding("a")})
    tasks = opened(url, diary)
    threads = [threading.Thread(target=tasks.start, args=(TaskId("t"),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    diary.wait(lambda: "t" in diary.ends)
    time.sleep(0.3)
    assert diary.lines == [("t", "one")]


def test_a_step_that_was_cut_off_runs_again_and_finished_ones_do_not(
    url: str, opened: Callable[..., DurableTasks]
) -> None:
    cut = threading.Event()

    def cut_off(_: TaskId, __: State) -> State:
        cut.set()
        raise Interrupted

    first = Diary({"one": adding("a"), "two": cut_off, "three": adding("c")})
    tasks = opened(url, first)
    tasks.start(TaskId("t"))
    assert cut.wait(WAIT_S)
    tasks.close(wait_s=5)
    assert first.ends == {}
    second = Diary({"one": adding("x"), "two": adding("b"), "three": adding("c")})
    opened(url, second)
    second.wait(lambda: "t" in second.ends)
    assert second.lines == [("t", "two"), ("t", "three")]
    assert second.ends["t"][0] == {"said": "abc"}


def test_a_task_whose_start_was_cut_off_is_started_at_the_next_start(
    url: str, opened: Callable[..., DurableTasks]
) -> None:
    diary = Diary({"one": adding("a")}, pending=["orphan"])
    opened(url, diary)
    diary.wait(lambda: "orphan" in diary.ends)


def test_no_more_than_the_allowed_number_run_at_once(url: str, opened: Callable[..., DurableTasks]) -> None:
    now, most = 0, 0
    lock = threading.Lock()

    def work(_: TaskId, __: State) -> State:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.01)
        with lock:
            now -= 1
        return {}

    diary = Diary({"one": work, "two": work})
    tasks = opened(url, diary, concurrency=3)
    for number in range(30):
        tasks.start(TaskId(f"t{number}"))
    diary.wait(lambda: len(diary.ends) == 30)
    assert 2 <= most <= 3
    assert len(diary.lines) == 60


def test_many_who_wait_for_the_network_keep_nobody_from_work(url: str, opened: Callable[..., DurableTasks]) -> None:
    arrived = threading.Event()
    fetching: set[str] = set()

    def fetch(task_id: TaskId, state: State) -> State:
        if task_id.startswith("slow"):
            fetching.add(task_id)
            arrived.wait(WAIT_S)
        return state

    diary = Diary({"fetch": fetch, "work": adding("w")})
    diary.network = frozenset({"fetch"})
    plain = frozenset({"quick"})

    def lane_of(task_id: TaskId, name: str) -> Lane:
        return Lane.NETWORK if name == "fetch" and task_id not in plain else Lane.WORK

    diary.lane_of = lane_of  # type: ignore[method-assign]
    tasks = opened(url, diary, concurrency=1, fetches=3)
    for number in range(40):
        tasks.start(TaskId(f"slow{number}"))
    tasks.start(TaskId("quick"))
    diary.wait(lambda: "quick" in diary.ends)
    assert len(fetching) <= 3
    assert not any(task.startswith("slow") for task in diary.ends)
    arrived.set()
    diary.wait(lambda: len(diary.ends) == 41)


def test_ten_of_one_project_do_not_wait_for_a_hundred_of_another(url: str, opened: Callable[..., DurableTasks]) -> None:
    order: list[str] = []

    def work(task_id: TaskId, state: State) -> State:
        order.append(task_id)
        time.sleep(0.002)
        return state

    diary = Diary({"fetch": adding("f"), "work": work})
    diary.network = frozenset({"fetch"})  # so that they meet again on their way from one lane to the other
    tasks = opened(url, diary, concurrency=2, fetches=4)
    for number in range(100):
        tasks.start(TaskId(f"many/{number:03}"))
    for number in range(10):
        tasks.start(TaskId(f"few/{number:03}"))
    diary.wait(lambda: len(diary.ends) == 110)
    last = max(number for number, task_id in enumerate(order) if task_id.startswith("few"))
    assert last < 50, order
    assert len(order) == len(set(order)) == 110


def test_one_project_has_no_more_places_than_it_may_have(url: str, opened: Callable[..., DurableTasks]) -> None:
    at_work: list[str] = []
    seen: list[tuple[int, int]] = []
    lock = threading.Lock()

    def work(task_id: TaskId, state: State) -> State:
        with lock:
            at_work.append(task_id.partition("/")[0])
            seen.append((at_work.count("a"), at_work.count("b")))
        time.sleep(0.02)
        with lock:
            at_work.remove(task_id.partition("/")[0])
        return state

    diary = Diary({"work": work})
    tasks = opened(url, diary, concurrency=3, most_of_one=1)
    for number in range(8):
        tasks.start(TaskId(f"a/{number}"))
        tasks.start(TaskId(f"b/{number}"))
    diary.wait(lambda: len(diary.ends) == 16)
    assert max(a for a, _ in seen) == max(b for _, b in seen) == 1
    assert (1, 1) in seen


def test_after_a_restart_what_was_at_work_has_its_place_and_the_rest_waits_in_turn(
    url: str, opened: Callable[..., DurableTasks]
) -> None:
    cut = threading.Event()

    def cut_off(_: TaskId, __: State) -> State:
        assert cut.wait(WAIT_S)
        raise Interrupted

    names = [f"many/{number}" for number in range(20)] + ["few/0", "few/1"]
    first = Diary({"work": cut_off})
    tasks = opened(url, first, concurrency=2)
    for name in names:
        tasks.start(TaskId(name))
    first.wait(lambda: len(first.lines) == 2)
    threading.Timer(0.2, cut.set).start()
    assert tasks.close(wait_s=WAIT_S)
    at_work, most, order = 0, 0, list[str]()
    lock = threading.Lock()

    def work(task_id: TaskId, state: State) -> State:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
            order.append(task_id)
        time.sleep(0.01)
        with lock:
            at_work -= 1
        return state

    second = Diary({"work": work}, pending=names)
    opened(url, second, concurrency=2)
    second.wait(lambda: len(second.ends) == 22)
    assert sorted(order) == sorted(names)
    assert most <= 2
    assert set(order[:2]) == {task_id for task_id, _ in first.lines}
    assert {"few/0", "few/1"} < set(order[:10])


def test_the_end_is_noted_even_if_noting_fails_at_first(url: str, opened: Callable[..., DurableTasks]) -> None:
    class Forgetful(Diary):
        tries = 0

        def ended(self, task_id: TaskId, state: State, failure: State | None) -> None:
            self.tries += 1
            if self.tries < 3:
                raise OSError("the database is away")
            super().ended(task_id, state, failure)

    diary = Forgetful({"one": adding("a")})
    opened(url, diary).start(TaskId("t"))
    diary.wait(lambda: "t" in diary.ends)
    assert diary.ends["t"][1] is None


def test_ended_tasks_are_forgotten_when_asked(url: str, opened: Callable[..., DurableTasks]) -> None:
    diary = Diary({"one": adding("a")})
    tasks = opened(url, diary)
    tasks.start(TaskId("t"))
    diary.wait(lambda: "t" in diary.ends)
    deadline = time.monotonic() + WAIT_S
    while not tasks.forget_ended(older_than_s=-5) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert time.monotonic() < deadline


def test_a_second_walker_of_the_same_name_is_kept_out(url: str, opened: Callable[..., DurableTasks]) -> None:
    tasks = opened(url, Diary({}))
    DurableTasks._one.release()  # as if this were another process
    with pytest.raises(Unavailable, match="another process"):
        DurableTasks(url, Diary({}))
    DurableTasks._one.acquire()
    assert not tasks.stopping


def test_a_pickled_row_is_never_unpickled(tmp_path: Path, opened: Callable[..., DurableTasks]) -> None:
    """Whoever can write to the task database must not thereby run code in the service."""
    path = tmp_path / "tasks.sqlite"
    url = f"sqlite:///{path}"
    cut = threading.Event()

    def cut_off(_: TaskId, __: State) -> State:
        cut.set()
        raise Interrupted

    tasks = opened(url, Diary({"one": cut_off}))
    tasks.start(TaskId("t"))
    assert cut.wait(WAIT_S)
    tasks.close(wait_s=5)
    trap = tmp_path / "trapped"
    payload = base64.b64encode(f"cposix\nsystem\n(S'touch {trap}'\ntR.".encode()).decode()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE workflow_input SET inputs = ?", (payload,))
    connection.execute("UPDATE workflow_status SET serialization = 'py_pickle'")
    connection.commit()
    connection.close()
    opened(url, Diary({"one": adding("a")}))
    deadline = time.monotonic() + WAIT_S
    while _status(path) != "ERROR" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _status(path) == "ERROR"
    assert not trap.exists()


def test_a_task_that_can_no_longer_be_walked_ends_as_a_failure_and_is_not_stuck(
    tmp_path: Path, opened: Callable[..., DurableTasks]
) -> None:
    path = tmp_path / "tasks.sqlite"
    diary = Diary({"one": adding("a")})
    tasks = opened(f"sqlite:///{path}", diary)
    tasks.start(TaskId("t"))
    diary.wait(lambda: "t" in diary.ends)
    tasks.close(wait_s=5)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE workflow_status SET status = 'ERROR'")
    connection.commit()
    connection.close()
    again = Diary({"one": adding("a")}, pending=["t"])
    opened(f"sqlite:///{path}", again)
    again.wait(lambda: "t" in again.ends)
    assert again.ends["t"][1] is not None


def _status(path: Path) -> str:
    connection = sqlite3.connect(path)
    (status,) = connection.execute("SELECT status FROM workflow_status").fetchone()
    connection.close()
    return str(status)
