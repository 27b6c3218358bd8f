"""Progress drawn on a terminal. The one module that loads rich."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column

from imageferry.cli.progress import details
from imageferry.formats.reasons import amount
from imageferry.ports.cloud import Moved


class Bar:
    """A line for each stage; those that are done stay."""

    def __init__(self, console: Console | None = None) -> None:
        self._progress = Progress(
            TextColumn("{task.description:8}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[far]}", markup=False, table_column=Column(no_wrap=True)),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[details]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")),
            console=console or Console(stderr=True),
            redirect_stdout=False,  # data must not end on stderr
            redirect_stderr=False,
        )
        self._stages: dict[str, TaskID] = {}
        self._progress.start()

    def show(self, moved: Moved) -> None:
        known = self._stages.get(moved.stage)
        if known is None:
            known = self._stages[moved.stage] = self._progress.add_task(moved.stage, total=None, far="", details="")
        self._progress.update(
            known, completed=moved.done, total=moved.total, far=_far(moved, self._rate(known)), details=details(moved)
        )

    def close(self) -> None:
        self._progress.stop()

    def _rate(self, stage: TaskID) -> float | None:
        return next((task.speed for task in self._progress.tasks if task.id == stage), None)


def _far(moved: Moved, rate: float | None) -> str:
    if moved.unit == "percent":
        return f"{moved.done} %"
    whole = "" if moved.total is None else f" of {amount(moved.total)}"
    return f"{amount(moved.done)}{whole}" + (f", {amount(int(rate))}/s" if rate else "")
