"""Rows drawn: as a table for people, as JSON, YAML, CSV or bare values for programs.

People get sizes in GiB and dashes for nothing; programs the exact values. Whatever a terminal
would obey is escaped in each format's own way.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from imageferry.cli.text import cut, escaped, is_obeyed, mapped, padded, width
from imageferry.formats.reasons import amount


class Bytes(int):
    """A number of bytes: exact for programs, readable in a table."""


@dataclass(frozen=True, slots=True)
class Data:
    """What is to be drawn.

    Args:
        names: of the columns, also where there are no rows.
        rows: str, int, float, bool, None, ``Bytes``, and lists and mappings of them, by column.
        room: columns of the terminal; None when nobody looks, so that nothing is cut to fit.
    """

    names: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    room: int | None = None


_GAP = "  "
_LEAST = 12  # columns that a cell of a table keeps when the terminal is narrow


def _table(data: Data) -> str:
    cells = [[_for_people(row[name]) for name in data.names] for row in data.rows]
    right = [any(_is_number(row[name]) for row in data.rows) for name in data.names]
    return _drawn([list(data.names), *cells], right, data.room)


def _sheet(data: Data) -> str:
    """A line for each field, and for each item in one: the way to show one thing."""
    lines = [
        [name if number == 0 else "", item]
        for row in data.rows
        for name in data.names
        for number, item in enumerate(_items(row[name]))
    ]
    return _drawn([["field", "value"], *lines], [False, False], None)


def _drawn(lines: list[list[str]], right: Sequence[bool], room: int | None) -> str:
    widths = [max(map(width, cells)) for cells in zip(*lines, strict=True)]
    whole = [name == "id" or name.endswith("_id") for name in lines[0]]  # half an id is of no use
    widths = _fitted(widths, whole, room)
    lines.insert(1, ["-" * columns for columns in widths])
    return "".join(
        _GAP.join(
            _aligned(cut(cell, columns), columns, to_right)
            for cell, columns, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        + "\n"
        for line in lines
    )


def _aligned(cell: str, columns: int, to_right: bool) -> str:
    return " " * (columns - width(cell)) + cell if to_right else padded(cell, columns)


def _fitted(widths: Sequence[int], whole: Sequence[bool], room: int | None) -> list[int]:
    """Widths that fit a terminal: the widest column that may be cut gives first."""
    fitted = list(widths)
    while room is not None and sum(fitted) + len(_GAP) * (len(fitted) - 1) > room:
        widest = max(range(len(fitted)), key=lambda at: 0 if whole[at] else fitted[at])
        if whole[widest] or fitted[widest] <= _LEAST:
            break
        fitted[widest] -= 1
    return fitted


def _json(document: object) -> str:
    text = json.dumps(document, ensure_ascii=False, indent=2, default=str)
    return "\n".join(mapped(line, _json_escape) for line in text.split("\n")) + "\n"


def _json_escape(character: str) -> str:
    return json.dumps(character)[1:-1]


def _yaml(document: object) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Quotes whatever has to be escaped: only between quotes does YAML know escapes."""

        def ignore_aliases(self, data: object) -> bool:
            return True

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        style = '"' if any(map(is_obeyed, value)) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    Dumper.add_representer(Bytes, lambda dumper, value: dumper.represent_int(int(value)))
    dumped: str = yaml.dump(document, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=1 << 30)
    return "\n".join(mapped(line, lambda character: f"\\U{ord(character):08x}") for line in dumped.split("\n"))


def _csv(data: Data) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(data.names)
    writer.writerows([_for_programs(row[name]) for name in data.names] for row in data.rows)
    return buffer.getvalue()


def _values(data: Data, between: str = "\t") -> str:
    return "".join(between.join(_for_programs(row[name]) for name in data.names) + "\n" for row in data.rows)


def _for_programs(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping | list | tuple):
        return _json_line(value)
    return "" if value is None else escaped(str(value))


def _json_line(value: object) -> str:
    return mapped(json.dumps(value, ensure_ascii=False), _json_escape)


def _for_people(value: object) -> str:
    return ", ".join(_items(value))


def _items(value: object) -> list[str]:
    """What a person reads, one text for each item of a list or mapping; at least one."""
    if isinstance(value, Mapping):
        return [f"{escaped(str(name))}={_for_people(item)}" for name, item in value.items()] or ["-"]
    if isinstance(value, list | tuple):
        return [_for_people(item) for item in value] or ["-"]
    return [amount(value) if isinstance(value, Bytes) else _for_programs(value) or "-"]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


MANY: Mapping[str, Callable[[Data], str]] = {
    "table": _table,
    "json": lambda data: _json(data.rows),
    "yaml": lambda data: _yaml(data.rows),
    "csv": _csv,
    "value": _values,
}
"""A list, by format."""

ONE: Mapping[str, Callable[[Data], str]] = {
    "table": _sheet,
    "json": lambda data: _json(data.rows[0]),
    "yaml": lambda data: _yaml(data.rows[0]),
    "csv": _csv,
    "value": lambda data: _values(data, between="\n"),
}
"""One thing, by format."""
