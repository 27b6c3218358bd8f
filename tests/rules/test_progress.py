"""Progress as JSON lines and as a bar."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from rich.console import Console

from imageferry.cli.bar import Bar
from imageferry.cli.progress import Lines, details, watching
from imageferry.domain.errors import TimedOut
from imageferry.ports.cloud import Moved

GIB = 1 << 30


class _Written:
    """Lines over a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.text: list[str] = []
        self.display = Lines(self.text.append, lambda: self.now)

    def show(self, seconds: float, moved: Moved) -> None:
        self.now += seconds
        self.display.show(moved)

    @property
    def lines(self) -> list[dict[str, Any]]:
        assert all(text.endswith("\n") and text.count("\n") == 1 for text in self.text)
        return [json.loads(text) for text in self.text]


def test_a_line_tells_apart_what_was_sent_skipped_and_already_there() -> None:
    written = _Written()
    written.show(0, Moved(stage="upload", total=4 * GIB))
    written.show(4, Moved(stage="upload", done=3 * GIB, total=4 * GIB, sent=GIB, skipped=GIB, already_there=GIB))
    assert written.lines[1] == {
        "stage": "upload",
        "transferred": 3 * GIB,
        "size": 4 * GIB,
        "unit": "bytes",
        "sent": GIB,
        "skipped": GIB,
        "already_there": GIB,
        "elapsed": 4.0,
        "rate": 3 * GIB / 4,
    }


def test_lines_come_once_a_second_and_the_first_and_last_of_a_stage_always() -> None:
    written = _Written()
    for done in range(101):
        written.show(0.1, Moved(stage="upload", done=done, total=100))
    assert len(written.lines) in (10, 11, 12)
    assert written.lines[0]["transferred"] == 0
    assert written.lines[-1]["transferred"] == 100


def test_what_was_held_back_is_told_when_the_stage_changes_and_at_the_end() -> None:
    written = _Written()
    written.show(0, Moved(stage="upload", done=1))
    written.show(0.1, Moved(stage="upload", done=2))
    written.show(0.1, Moved(stage="import", done=10, total=100, unit="percent", task_id="t", image_id="i"))
    written.show(0.1, Moved(stage="import", done=20, total=100, unit="percent", message="converting"))
    written.display.close()
    written.display.close()
    told = [(line["stage"], line["transferred"]) for line in written.lines]
    assert told == [("upload", 1), ("upload", 2), ("import", 10), ("import", 20)]
    assert written.lines[0]["size"] is None
    assert written.lines[2]["task_id"] == "t"
    assert written.lines[3]["message"] == "converting"
    assert "message" not in written.lines[2]


def test_the_bar_shows_the_three_kinds_of_bytes_and_escapes_strangers() -> None:
    screen = io.StringIO()
    bar = Bar(Console(file=screen, force_terminal=True, width=160, color_system=None, force_interactive=True))
    bar.show(Moved(stage="upload", done=3 * GIB, total=4 * GIB, sent=GIB, skipped=GIB, already_there=GIB))
    bar.show(Moved(stage="import", done=40, total=100, unit="percent", message="[red]\x1b]0;owned\x07"))
    bar.close()
    assert "1 GiB sent, 1 GiB skipped, 1 GiB already there" in screen.getvalue()
    assert "3 GiB of 4 GiB" in screen.getvalue()
    assert "40 %" in screen.getvalue()
    assert r"[red]\x1b]0;owned\x07" in screen.getvalue()
    assert not re.search("\x1b\\]0|\x07", screen.getvalue())


def test_percents_are_not_told_as_bytes() -> None:
    assert details(Moved(stage="import", done=40, total=100, unit="percent", sent=5, task_id="job-1")) == "task job-1"


@pytest.mark.parametrize("cut", [KeyboardInterrupt(), TimedOut("the import", "it still runs", 5.0)])
def test_when_a_wait_is_cut_off_the_job_to_wait_for_is_named(
    cut: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(type(cut)), watching("none") as watch:
        watch(Moved(stage="import", task_id="job-1"))
        watch(Moved(stage="import", done=1))
        raise cut
    seen = capsys.readouterr()
    assert "imageferry task wait job-1" in seen.err
    assert seen.out == ""
