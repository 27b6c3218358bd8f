"""The SQL records on SQLite."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, event

from imageferry.db.engine import open_engine
from imageferry.db.migrate import upgrade
from imageferry.db.records import SqlRecords
from imageferry.domain.errors import BadInput, NoRoom, Unavailable
from imageferry.domain.object import ListingQuery
from tests.contracts.records import RecordsContract
from tests.contracts.records_things import START, a_blob, a_container, a_domain, an_object, block


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture
def path(migrated: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(migrated, tmp_path / "records.db"))


@pytest.fixture
def records(path: Path) -> Iterator[SqlRecords]:
    records = SqlRecords(open_engine(f"sqlite:///{path}"))
    yield records
    records.close()


class TestSqlRecordsOnSqlite(RecordsContract):
    """The contract."""


def records_with(path: Path, *pragmas: str) -> SqlRecords:
    engine = open_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    return SqlRecords(engine)


def test_a_full_disk_is_no_room_and_keeps_nothing(path: Path) -> None:
    records = records_with(path, "max_page_count=100")
    with pytest.raises(NoRoom), records.writing() as session:
        session.blobs.touch("upload", [block(number) for number in range(10_000)], START)
    with records.reading() as session:
        assert session.blobs.all_blocks(after=None, limit=1) == []
    records.close()


def test_another_process_that_writes_for_too_long_makes_us_unavailable(path: Path) -> None:
    records = records_with(path, "busy_timeout=50")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"), records.writing():
        pass
    other.close()
    with records.writing() as session:
        a_domain(session)
    records.close()


@pytest.mark.parametrize("content", [None, b"this is no database, and is long enough to be told from an empty one" * 9])
def test_a_database_that_cannot_be_opened_is_unavailable(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "folder" / "records.db"
    if content is not None:
        path.parent.mkdir()
        path.write_bytes(content)
    records = SqlRecords(open_engine(f"sqlite:///{path}"))
    with pytest.raises(Unavailable, match="the database"), records.reading():
        pass
    records.close()


def test_more_requests_than_connections_wait_and_then_give_up(path: Path) -> None:
    records = SqlRecords(create_engine(f"sqlite:///{path}", pool_size=1, max_overflow=0, pool_timeout=0.05))
    with records.reading(), pytest.raises(Unavailable, match="too many"), records.reading():
        pass
    records.close()


def test_nobody_else_may_read_a_new_database(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    assert [file.stat().st_mode & 0o077 for file in tmp_path.iterdir()] == [0, 0, 0]  # and its log and index
    engine.dispose()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/x", "nonsense"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(BadInput, match="sqlite:///path"):
        open_engine(url)


@pytest.mark.parametrize(("durable", "synchronous"), [(True, 2), (False, 1)])
def test_what_must_be_durable_is_synced(path: Path, durable: bool, synchronous: int) -> None:
    engine = open_engine(f"sqlite:///{path}")
    seen: list[object] = []

    @event.listens_for(engine, "commit")
    def look(connection: Connection) -> None:
        pragmas = ("synchronous", "journal_mode", "foreign_keys")
        seen.extend(connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas)

    records = SqlRecords(engine)
    with records.writing(durable=durable) as session:
        a_domain(session)
    assert seen == [synchronous, "wal", 1]
    records.close()


def test_a_listing_jumps_over_what_it_rolls_up(path: Path) -> None:
    engine = open_engine(f"sqlite:///{path}")
    records = SqlRecords(engine)
    with records.writing(durable=False) as session:
        container, blob_id = a_container(session), a_blob(session)
        for name in (f"{letter}/{number}" for letter in "abcdefghij" for number in range(100)):
            session.objects.put_object(an_object(container, name, blob_id))
    queries: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *context: queries.append(context[2]))
    for reverse in (False, True):
        queries.clear()
        with records.reading() as session:
            assert len(session.objects.objects(container.id, ListingQuery(delimiter="/", reverse=reverse))) == 10
        assert len([query for query in queries if query.startswith("SELECT")]) <= 11
    records.close()
