"""Data on stdout, in the shape that was asked for: ``-f table|json|yaml|csv|value``, ``-c COLUMN``.

A command hands over rows (column names to values); nothing else of it goes to stdout.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from imageferry.cli.run import ReaderGone
from imageferry.cli.shapes import MANY, ONE, Data
from imageferry.domain.errors import BadInput

Row = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Output:
    """Where a command's data goes, and in which shape.

    Args:
        columns: the wanted ones in the wanted order.
        write: takes text.
        format: a key of ``shapes.MANY``.
        room: columns of the terminal; None when nobody looks, so that nothing is cut to fit.
    """

    columns: Sequence[str]
    write: Callable[[str], object]
    format: str = "table"
    room: int | None = None

    def many(self, rows: Iterable[Row]) -> None:
        """Print a list."""
        self._print(MANY, rows)

    def one(self, row: Row) -> None:
        """Print one thing."""
        self._print(ONE, [row])

    def each(self, rows: Iterable[Row]) -> None:
        """Print a list whose rows are too long for a table: for people one after the other."""
        if self.format != "table":
            return self.many(rows)
        for number, row in enumerate(rows):
            self.write("\n" if number else "")
            self.one(row)
        return None

    def _print(self, shapes: Mapping[str, Callable[[Data], str]], rows: Iterable[Row]) -> None:
        picked = [{name: row.get(name) for name in self.columns} for row in rows]
        self.write(shapes[self.format](Data(self.columns, picked, self.room)))


def chosen(known: Sequence[str], wanted: Sequence[str], otherwise: Sequence[str] = ()) -> Sequence[str]:
    """The columns that ``-c`` names, in its order; without any ``otherwise``, or all.

    Raises:
        BadInput: there is no such column; names those there are.
    """
    by_name = {_folded(column): column for column in known}
    for name in wanted:
        if _folded(name) not in by_name:
            raise BadInput("-c", name, f"one of {', '.join(known)}")
    return [by_name[_folded(name)] for name in wanted] or list(otherwise or known)


def _folded(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")


Decorator = Callable[[Callable[..., None]], Callable[..., None]]


def output_options(known: Sequence[str], otherwise: Sequence[str] = ()) -> Decorator:
    """Give a command ``-f`` and ``-c``, and an ``Output`` as the keyword ``out``.

    Columns are checked before the command begins: after an hour's upload would be too late.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        names = ", ".join(known)

        @click.option("-f", "--format", type=click.Choice(list(MANY)), default="table", help="Shape of the data.")
        @click.option("-c", "--column", multiple=True, metavar="COLUMN", help=f"Only this; repeatable. Of: {names}.")
        @wraps(command)
        def with_output(*args: Any, format: str, column: Sequence[str], **kwargs: Any) -> None:
            written: list[str] = []
            out = Output(columns=chosen(known, column, otherwise), format=format, room=_room(), write=written.append)
            try:
                command(*args, out=out, **kwargs)
            finally:  # once the progress bar is gone from the screen
                _print("".join(written))

        return with_output

    return decorate


def _print(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise ReaderGone from error


def _room() -> int | None:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns if sys.stdout.isatty() else None
    except (OSError, ValueError):
        return None
