"""docs/exit-codes.md says what the error tree says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from imageferry.domain import errors
from imageferry.domain.errors import FerryError

PAGE = Path(__file__).parents[2] / "docs" / "exit-codes.md"


def _tree(root: type[FerryError] = FerryError) -> Iterator[type[FerryError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__.startswith(f"{errors.__name__}."):
            yield from _tree(child)


def _rows() -> dict[int, set[str]]:
    rows = re.findall(r"^\| (\d+) \|[^|]*\|([^|]*)\|", PAGE.read_text(), re.MULTILINE)
    return {int(code): set(re.findall(r"`(\w+)`", names)) for code, names in rows}


def test_every_error_stands_in_the_row_of_its_code_and_in_no_other() -> None:
    by_code: dict[int, set[str]] = {}
    for kind in _tree():
        by_code.setdefault(kind.exit_code, set()).add(kind.__name__)
    assert {code: names for code, names in _rows().items() if names} == by_code


def test_the_page_knows_the_codes_that_no_error_has() -> None:
    assert {0, 2, 130} <= set(_rows())
    assert not {0, 2, 130} & {kind.exit_code for kind in _tree()}


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__ or "")) | {"FerryError"}
    assert drawn == {kind.__name__ for kind in _tree()}
