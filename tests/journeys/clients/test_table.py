"""The matrix notices what is not as its rows say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.clients.table import Group, Row, Said, Trip

FINE = Said(0, "made x1", "")
REFUSED = Said(1, "", "403: no")
CRASHED = Said(1, "", "Traceback (most recent call last)")


def troubles(folder: Path, row: Row, *answers: Said) -> list[str]:
    said = iter(answers)
    return list(Trip(folder, lambda client, words, who: next(said)).troubles(Group("some", "rows", [row])))


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        (Row("make"), FINE),
        (Row("make", "x\\d"), FINE),
        (Row("make", why="never"), REFUSED),
        (Row("make", "403", why="never"), REFUSED),
    ],
)
def test_what_is_as_it_should_be_is_no_trouble(row: Row, answer: Said, tmp_path: Path) -> None:
    assert troubles(tmp_path, row, answer) == []


@pytest.mark.parametrize(
    ("row", "answer", "told"),
    [
        (Row("make"), REFUSED, "does not work"),
        (Row("make", "x2"), FINE, "does not say"),
        (Row("make", why="never"), FINE, "works, though"),
        (Row("make", "404", why="never"), REFUSED, "does not say"),
        (Row("make", why="never"), CRASHED, "traceback"),
    ],
)
def test_what_is_otherwise_is_told(row: Row, answer: Said, told: str, tmp_path: Path) -> None:
    (trouble,) = troubles(tmp_path, row, answer)
    assert told in trouble


def test_files_that_differ_are_told(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("1")
    (tmp_path / "two").write_text("2")
    assert troubles(tmp_path, Row("make", same="one two"), FINE) == ["some make\n    one two differ"]


def test_what_takes_time_is_asked_again(tmp_path: Path) -> None:
    assert troubles(tmp_path, Row("show", "made", until=True), Said(0, "soon", ""), FINE) == []


def test_what_a_row_keeps_the_next_one_knows(tmp_path: Path) -> None:
    asked: list[list[str]] = []

    def runs(client: str, words: list[str], who: str) -> Said:
        asked.append(words)
        return FINE

    rows = [Row("make", "made (x1)", keep="key"), Row("show $key", "$key")]
    assert list(Trip(tmp_path, runs).troubles(Group("some", "rows", rows))) == []
    assert asked == [["make"], ["show", "x1"]]
