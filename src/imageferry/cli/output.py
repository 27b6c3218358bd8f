"""Data on stdout, in the shape that was asked for: ``-f table|json|yaml|csv|value``, ``-c COLUMN``.

A command hands over rows (column names to values) and nothing else of it goes to stdout.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

import click

from imageferry.cli.shapes import MANY, ONE, Data
from imageferry.domain.errors import BadInput

Row = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Output:
    """Where a command's data goes, and in which shape.

    Args:
        format: a key of ``shapes.MANY``.
        columns: the wanted ones in the wanted order; none: all.
        room: columns of the terminal; None when nobody looks, so that nothing is cut to fit.
        write: takes text.
    """

    format: str = "table"
    columns: Sequence[str] = ()
    room: int | None = None
    write: Callable[[str], object] = sys.stdout.write

    def many(self, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Print a list."""
        names = self._wanted(columns)
        self.write(MANY[self.format](Data(names, [_picked(row, names) for row in rows], self.room)))

    def one(self, row: Row) -> None:
        """Print one thing."""
        names = self._wanted(tuple(row))
        self.write(ONE[self.format](Data(names, [_picked(row, names)], self.room)))

    def _wanted(self, columns: Sequence[str]) -> Sequence[str]:
        known = {_folded(column): column for column in columns}
        for name in self.columns:
            if _folded(name) not in known:
                raise BadInput("-c", name, f"one of {', '.join(columns)}")
        return [known[_folded(name)] for name in self.columns] or list(columns)


def _folded(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")


def _picked(row: Row, names: Sequence[str]) -> Row:
    return {name: row.get(name) for name in names}


P = ParamSpec("P")
R = TypeVar("R")


def output_options(command: Callable[Concatenate[Output, P], R]) -> Callable[P, R]:
    """Give a command ``-f`` and ``-c``, and an ``Output`` as its first argument."""

    @click.option(
        "-f", "--format", "format_", type=click.Choice(list(MANY)), default="table", help="Shape of the data."
    )
    @click.option("-c", "--column", "columns", multiple=True, metavar="COLUMN", help="Only this column; repeatable.")
    @wraps(command)
    def with_output(*args: P.args, **kwargs: P.kwargs) -> R:
        wanted = kwargs.pop("format_"), kwargs.pop("columns")
        out = Output(format=str(wanted[0]), columns=wanted[1], room=_room())  # type: ignore[arg-type]
        return command(out, *args, **kwargs)

    return with_output


def _room() -> int | None:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns if sys.stdout.isatty() else None
    except (OSError, ValueError):
        return None
