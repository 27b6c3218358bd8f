"""Every call of every dialect, asked by everybody who may come: the table of access_rows.py, row by row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest

from tests.dialects.access_rows import ROWS
from tests.dialects.access_stage import COLUMNS, Stage, a_stage

_MOUNT = "/image"  # Glance is there once more, with the same rows


def _table() -> Mapping[str, list[int]]:
    """Call to statuses, in the order of COLUMNS."""
    rows: dict[str, list[int]] = {}
    for line in ROWS.splitlines():
        if line and not line.startswith("#"):
            method, path, *statuses = line.split()
            assert f"{method} {path}" not in rows, line
            assert len(statuses) == len(COLUMNS), line
            rows[f"{method} {path}"] = [int(status) for status in statuses]
    return rows


TABLE = _table()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with a_stage(tmp_path_factory.mktemp("stage")) as made:
        yield made


def _bare(call: str) -> str:
    """Without its query, which the tables of the dialects do not know."""
    return call.partition("?")[0]


def _unmounted(calls: set[str]) -> set[str]:
    """Glance's second mount folded into the first; what stands on a host of its own there has the host's row."""
    rows = set()
    for call in calls:
        method, _, path = call.partition(" ")
        inner = path.removeprefix(_MOUNT)
        if inner != path:
            call = f"{method} {inner or '/'}"
            call = call if call in calls else f"{method} image:{inner or '/'}"
        rows.add(call)
    return rows


def test_every_call_has_a_row_and_every_row_a_call(stage: Stage) -> None:
    """Whoever adds a call adds its row to access_rows.py, and to access_stage.py what it cannot do without."""
    glance = {call for dialect, call in stage.paths if dialect == "glance"}
    calls = _unmounted(glance) | {call for dialect, call in stage.paths if dialect != "glance"}
    rows = {_bare(call) for call in TABLE}
    assert sorted(calls - rows) == []
    assert sorted(rows - calls) == []


@pytest.mark.parametrize("call", TABLE)
def test_everybody_gets_what_the_table_says(stage: Stage, call: str) -> None:
    answers = [stage.ask(call, column).status for column in COLUMNS]
    assert answers == TABLE[call], dict(zip(COLUMNS, answers, strict=True))


@pytest.mark.parametrize("call", [call for call in TABLE if call.partition(" ")[2].startswith(("/v2", "image:"))])
def test_images_are_no_more_open_below_their_second_path(stage: Stage, call: str) -> None:
    answers = [stage.ask(call.replace("image:", ""), column, mount=_MOUNT).status for column in COLUMNS]
    assert answers == TABLE[call], dict(zip(COLUMNS, answers, strict=True))


_LOG_IN = "POST /v3/auth/tokens"
_ASKING = re.compile(r"POST (/identity|/account)/")  # Synnefo's identity: POSTs that only look


def test_nobody_without_a_token_and_no_reader_changes_anything() -> None:
    """Over the whole table, so that a wrong row is noticed too."""
    for call, statuses in TABLE.items():
        method, _, path = call.partition(" ")
        none, expired, _, reader, *_ = statuses
        assert none == expired, call
        if method in ("PUT", "POST", "PATCH", "DELETE", "COPY") and call != _LOG_IN and not _ASKING.match(call):
            assert none == 401, call
            assert reader in (401, 403), call
        elif none != 401:
            assert method == "OPTIONS" or call == _LOG_IN or re.match(r"/v[123]/.", path) is None, call
