"""What a list and a single thing look like in each format, whatever the names in it hold."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import pytest
import yaml

from imageferry.cli.output import Output, chosen
from imageferry.cli.shapes import Bytes
from imageferry.cli.text import escaped, is_obeyed, width
from imageferry.domain.errors import BadInput

COLUMNS = ("id", "name", "size", "protected", "tags")
ROWS: tuple[dict[str, Any], ...] = (
    {"id": "1", "name": "debian", "size": Bytes(3 << 29), "protected": False, "tags": ["a", "b"]},
    {"id": "2", "name": None, "size": None, "protected": True, "tags": []},
)
HOSTILE = (
    "\x1b]0;owned\x07",
    "\x1b[2J\x1b[31mred",
    "\x9b2J",
    "two\nlines\r\tof",
    "a\u202egpj.exe",
    "\u2066isolated\u2069",
    "nul\0",
    "\u2028line",
    "half \ud800 a character",
    "\U000e0041 tag",
    "\ufeffmark",
    'quote " comma , backslash \\',
    "- yaml: [not]",
)


def _many(
    shape: str, rows: Sequence[dict[str, Any]] = ROWS, columns: Sequence[str] = (), room: int | None = None
) -> str:
    written: list[str] = []
    Output(columns=chosen(tuple(rows[0]), columns), format=shape, room=room, write=written.append).many(rows)
    return "".join(written)


def _one(shape: str, row: dict[str, object], columns: Sequence[str] = ()) -> str:
    written: list[str] = []
    Output(columns=chosen(tuple(row), columns), format=shape, write=written.append).one(row)
    return "".join(written)


def test_a_table_is_for_people() -> None:
    assert _many("table") == (
        "id  name       size  protected  tags\n"
        "--  ------  -------  ---------  ----\n"
        "1   debian  1.5 GiB  false      a, b\n"
        "2   -             -  true       -\n"
    )


def test_one_thing_is_a_line_for_each_field() -> None:
    assert _one("table", {"name": "debian", "size": Bytes(1 << 30), "properties": {"os": "linux", "a": "b"}}) == (
        "field       value\n"
        "----------  --------\n"
        "name        debian\n"
        "size        1 GiB\n"
        "properties  os=linux\n"
        "            a=b\n"
    )


def test_json_and_yaml_are_one_document_with_exact_values() -> None:
    plain = [{**row, "size": row["size"] and int(str(int(row["size"])))} for row in ROWS]
    assert json.loads(_many("json")) == plain
    assert yaml.safe_load(_many("yaml")) == plain
    assert json.loads(_one("json", ROWS[0])) == plain[0]
    assert yaml.safe_load(_one("yaml", ROWS[0])) == plain[0]


def test_csv_is_read_back_by_the_csv_module() -> None:
    rows = list(csv.reader(io.StringIO(_many("csv"))))
    assert rows == [list(COLUMNS), ["1", "debian", str(3 << 29), "false", '["a", "b"]'], ["2", "", "", "true", "[]"]]


def test_values_stand_alone() -> None:
    assert _many("value", columns=("size", "name")) == f"{3 << 29}\tdebian\n\t\n"
    assert _one("value", ROWS[0], columns=("id", "name")) == "1\ndebian\n"


@pytest.mark.parametrize("shape", ["table", "json", "yaml", "csv", "value"])
def test_a_list_of_nothing_is_no_error(shape: str) -> None:
    written: list[str] = []
    Output(columns=("id", "name"), format=shape, write=written.append).many([])
    expected = {"table": "id  name\n--  ----\n", "json": "[]\n", "yaml": "[]\n", "csv": "id,name\n", "value": ""}
    assert "".join(written) == expected[shape]


def test_columns_come_in_the_order_they_were_asked_for_however_they_are_written() -> None:
    assert list(json.loads(_many("json", columns=("Protected", "id")))[0]) == ["protected", "id"]


def test_an_unknown_column_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match="-c: expected one of id, name, size, protected, tags, found 'siz'"):
        _many("json", columns=("siz",))


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("shape", ["table", "json", "yaml", "csv", "value"])
def test_a_strangers_name_cannot_command_the_terminal(shape: str, name: str) -> None:
    row: dict[str, object] = {"name": name, "tags": [name], "properties": {name: name}}
    for text in (_many(shape, [row, row]), _one(shape, row)):
        assert not [character for character in text.replace("\n", "").replace("\t", "") if is_obeyed(character)]
        text.encode()


@pytest.mark.parametrize("name", HOSTILE)
def test_programs_get_the_exact_name_back(name: str) -> None:
    row: dict[str, object] = {"name": name, "tags": [name], "properties": {name: name}}
    assert json.loads(_one("json", row)) == row
    if "\ud800" not in name:  # YAML knows no half characters
        assert yaml.safe_load(_one("yaml", row)) == row


@pytest.mark.parametrize("shape", ["csv", "value", "table"])
def test_a_line_break_in_a_name_forges_no_row(shape: str) -> None:
    rows: list[dict[str, object]] = [{"id": "1", "name": "x\n2\tevil\r\n"}]
    assert _many(shape, rows).count("\n") == {"csv": 2, "value": 1, "table": 3}[shape]
    assert r"x\n2\tevil\r\n" in _many(shape, rows)


def test_wide_characters_and_accents_keep_the_columns_straight() -> None:
    rows: list[dict[str, object]] = [
        {"name": "\u6771\u4eac", "n": "|"},
        {"name": "e\u0301te\u0301", "n": "|"},
        {"name": "abcd", "n": "|"},
    ]
    lines = _many("table", rows).splitlines()[2:]
    assert [width(line[: line.index("|")]) for line in lines] == [6, 6, 6]


def test_joiners_stay_and_directions_do_not() -> None:
    assert (
        escaped("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")
        == "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    )
    assert escaped("a\u202eb") == r"a\u202eb"


def test_a_narrow_terminal_cuts_names_and_never_ids() -> None:
    rows: list[dict[str, object]] = [{"id": "0" * 36, "name": "n" * 80, "status": "active"}]
    lines = _many("table", rows, room=72).splitlines()
    assert max(map(width, lines)) == 72
    assert "0" * 36 in lines[2]
    assert "n\u2026" in lines[2]
    assert "n" * 80 in _many("table", rows)


def test_a_cut_falls_before_half_of_a_wide_character() -> None:
    rows: list[dict[str, object]] = [{"name": "\u6771" * 40}]
    assert max(map(width, _many("table", rows, room=20).splitlines())) <= 20
