"""Where a task stands, and the list of its steps with their times: the same members in every API that tells them.

Times are ``2026-11-20T07:29:04.123456Z``, rates are units each second. A client reads them
leniently: what is not there, or of another kind, counts as not said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from imageferry.domain.moment import SECOND, Moment
from imageferry.domain.task import StepLog, Task, TaskStatus
from imageferry.wire.dates import iso_micros

Document = dict[str, Any]


def progress(item: Task) -> Document:
    """How far it is: the step at work, or the last one, and what that step has done."""
    return {
        "done": item.progress.done,
        "total": item.progress.total,
        "unit": item.progress.unit,
        "rate": item.rate,
        "step": item.step,
        "step_number": item.step_number,
        "steps": item.step_count,
        "percent": item.percent,
        "step_started_at": _time(item.step_started_at),
        "progressed_at": _time(item.progressed_at),
    }


def steps(item: Task, log: Sequence[StepLog]) -> list[Document]:
    """What was done and how long it took; a step that was cut off and done again is there for each try."""
    running = item.status is TaskStatus.RUNNING
    return [_step(line, running=running and line is log[-1]) for line in log]


def message(item: Task) -> str:
    """One sentence for a person; of a step that stands still, one more."""
    if item.status is not TaskStatus.RUNNING:
        return item.message
    total = "" if item.progress.total is None else f" of {item.progress.total}"
    rate = "" if item.rate is None else f", {item.rate} each second"
    where = f"Step {item.step_number} of {item.step_count}: {item.step}"
    return f"{where}, {item.progress.done}{total} {item.progress.unit} so far{rate}. {item.message}".rstrip()


def _step(line: StepLog, *, running: bool) -> Document:
    seconds = None if line.ended_at is None else round((line.ended_at - line.started_at) / SECOND, 3)
    return {
        "name": line.name,
        "outcome": line.outcome or ("running" if running else "cut off"),
        "started_at": _time(line.started_at),
        "ended_at": _time(line.ended_at),
        "seconds": seconds,
        "done": line.progress.done,
        "total": line.progress.total,
        "unit": line.progress.unit,
        "rate": line.rate,
        "message": line.message,
    }


def read_progress(document: Mapping[str, Any]) -> Document:
    """Of a stranger's document what ``progress`` writes; None for each member that it does not say."""
    said = document.get("progress")
    found: Mapping[str, Any] = said if isinstance(said, dict) else {}
    numbers = ("done", "total", "rate", "step_number", "steps")
    words = ("step", "unit", "step_started_at", "progressed_at")
    return {name: _of(found.get(name), int) for name in numbers} | {name: _of(found.get(name), str) for name in words}


def read_steps(document: Mapping[str, Any]) -> list[Document]:
    """Of a stranger's document the steps, each with the members that ``steps`` writes and no others."""
    said = document.get("steps")
    rows = [row for row in said if isinstance(row, dict)] if isinstance(said, list) else []
    return [{name: _of(row.get(name), *kinds) for name, kinds in _MEMBERS.items()} for row in rows[:_MOST_STEPS]]


_MOST_STEPS = 1000
_MEMBERS: Mapping[str, tuple[type, ...]] = {
    "name": (str,),
    "outcome": (str,),
    "started_at": (str,),
    "ended_at": (str,),
    "seconds": (int, float),
    "done": (int,),
    "total": (int,),
    "unit": (str,),
    "rate": (int,),
    "message": (str,),
}


def _of(value: object, *kinds: type) -> Any:
    return value if isinstance(value, kinds) and not isinstance(value, bool) else None


def _time(moment: Moment | None) -> str | None:
    return None if moment is None else iso_micros(moment)
