"""What a question costs PostgreSQL: rows that it looks at, in a database with tens of thousands of each kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, event

from imageferry.db.engine import Mode, begin
from imageferry.domain.moment import Moment

COUNT = 30_000
HOT = "c-hot"  # the container with all those objects
DATED = "c-dated"  # the one where one object has all those versions
NOW = Moment(1_800_000_000_000_000)
IDLE = 5  # blocks that no blob has

_KEY = "to_char(n, 'FM0000000')"
_ALL = f"generate_series(1, {COUNT}) n"
_OF_OBJECTS = "blob_id, size, md5, content_type, metadata, headers, version, created_at, updated_at"
_PLAIN = "1, '', '', '{}'::json, '{}'::json"

_FILLING = f"""
INSERT INTO containers
    (id, project_id, name, object_count, bytes_used, metadata, readers, writers, created_at, updated_at)
SELECT 'c-' || n, 'p-' || n % 1000, 'c' || n, 0, 0, '{{}}'::json, '', '', 1, 1 FROM {_ALL}
UNION ALL SELECT id, 'p', id, 0, 0, '{{}}'::json, '', '', 1, 1 FROM (VALUES ('{HOT}'), ('{DATED}')) two (id);

INSERT INTO blobs (id, size, digests, top, created_at, released_at)
SELECT 'b-' || {_KEY}, 1, '{{}}'::json, '', 1, n FROM {_ALL};

INSERT INTO blocks (name, touched_at) SELECT 'k-' || {_KEY}, n FROM {_ALL};

INSERT INTO blob_blocks (blob_id, index, name) SELECT 'b-' || {_KEY}, 0, 'k-' || {_KEY} FROM {_ALL} WHERE n > {IDLE};

INSERT INTO sent_blocks (project_id, name, sent_at)
SELECT 'p-' || n % 100, 'k-' || {_KEY}, 1 FROM {_ALL} WHERE n % 2 = 0 AND n > {IDLE};

INSERT INTO objects (id, container_id, name, {_OF_OBJECTS})
SELECT 'o-' || n, '{HOT}', {_KEY} || '/x', 'b-' || {_KEY}, {_PLAIN}, n, 1, 1 FROM {_ALL}
UNION ALL SELECT 'o', '{DATED}', 'one', 'b-0000001', {_PLAIN}, {COUNT} + 1, 1, 1;

INSERT INTO object_versions (object_id, container_id, name, {_OF_OBJECTS})
SELECT 'o', '{DATED}', 'one', 'b-' || {_KEY}, {_PLAIN}, n, n, n FROM {_ALL}
UNION ALL SELECT 'o-' || n, '{HOT}', {_KEY} || '/x', 'b-' || {_KEY}, {_PLAIN}, n - 1, n, n FROM {_ALL} WHERE n % 3 = 0;

INSERT INTO images
    (id, owner, name, status, visibility, min_disk, min_ram, protected, hidden, blob_id, created_at, updated_at)
SELECT 'i-' || {_KEY}, 'p-' || n % 100, 'n' || n, 'active', (ARRAY['shared', 'public', 'private'])[1 + n % 3],
    0, 0, false, false, 'b-' || {_KEY}, n, n FROM {_ALL};

INSERT INTO tasks
    (id, kind, project_id, user_id, source, input, status, step, step_number, step_count, progress_done, progress_unit,
     message, error_code, result, cancel_requested, created_at, updated_at)
SELECT 't-' || {_KEY}, 'import', 'p-' || n % 100, 'u', 'k5', '{{}}'::json,
    CASE WHEN n % 1000 = 0 THEN 'queued' ELSE 'succeeded' END,
    '', 0, 0, 0, '', '', '', '{{}}'::json, false, n, n FROM {_ALL};
"""  # noqa: S608 - of constants alone


def fill(url: str) -> None:
    """The tables, and what the planner knows of them."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in _FILLING.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())
        connection.execute("VACUUM ANALYZE")


def rows_read(engine: Engine, ask: Callable[[Connection], object]) -> dict[str, int]:
    """Rows that each statement of ``ask`` reads from tables and indexes, those included that it passes over.

    Nothing of it is kept.
    """
    told: dict[str, int] = {}

    def explain(_: Any, cursor: Any, statement: str, parameters: Any, *__: Any) -> None:
        if statement.split(None, 1)[0] not in ("SELECT", "WITH", "DELETE", "UPDATE", "INSERT"):
            return
        with cursor.connection.cursor() as asking:
            asking.execute("SAVEPOINT explained")
            asking.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
            ((plans,),) = asking.fetchall()
            asking.execute("ROLLBACK TO explained")
        found = plans if isinstance(plans, list) else json.loads(plans)  # the engine leaves JSON to SQLAlchemy
        told[f"{len(told)} {statement}"] = sum(_read(node) for node in _nodes(found[0]["Plan"]))

    with engine.connect() as connection:
        begin(connection, Mode.WRITING)
        event.listen(engine, "before_cursor_execute", explain)
        try:
            ask(connection)
        finally:
            event.remove(engine, "before_cursor_execute", explain)
            connection.rollback()
    return told


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _read(node: dict[str, Any]) -> int:
    if "Relation Name" not in node and "Index Name" not in node:
        return 0
    passed = (node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck"))
    return round((node["Actual Rows"] + sum(passed)) * node["Actual Loops"])
