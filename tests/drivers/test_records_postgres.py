"""The SQL records on PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL, PrimaryKeyConstraint, UniqueConstraint

from imageferry.db.engine import open_engine
from imageferry.db.migrate import upgrade
from imageferry.db.records import SqlRecords
from imageferry.db.schema import metadata
from imageferry.domain.access import DomainId
from imageferry.domain.errors import BadInput, Unavailable
from tests.contracts.records import RecordsContract
from tests.contracts.records_things import START, a_domain, block, run_at_once
from tests.drivers.postgres import Cluster


@pytest.fixture(scope="session")
def migrated(cluster: Cluster) -> str:
    """The URL of a database with empty tables."""
    url = cluster.url(cluster.make_database())
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture
def url(migrated: str) -> str:
    """The same database, emptied: much faster than a new one."""
    with psycopg.connect(migrated) as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)))
    return migrated


@pytest.fixture
def records(url: str) -> Iterator[SqlRecords]:
    records = SqlRecords(open_engine(url))
    yield records
    records.close()


class TestSqlRecordsOnPostgres(RecordsContract):
    """The contract."""


def test_all_text_is_ordered_by_its_bytes(url: str) -> None:
    question = "SELECT table_name, column_name, collation_name FROM information_schema.columns WHERE data_type = 'text'"
    question += " AND table_schema = 'public' AND table_name <> 'alembic_version'"
    with psycopg.connect(url) as connection:
        collations = {(table, column): name for table, column, name in connection.execute(question)}
    dialect = URL.create("postgresql").get_dialect()()
    assert collations.keys() == {
        (table.name, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if "COLLATE" in column.type.compile(dialect)
    }
    assert set(collations.values()) == {"C"}


def test_every_column_that_points_elsewhere_has_an_index() -> None:
    """PostgreSQL looks through the whole table at every deletion otherwise."""
    for table in metadata.tables.values():
        unique = [key for key in table.constraints if isinstance(key, PrimaryKeyConstraint | UniqueConstraint)]
        indexes = [[column.name for column in key.columns] for key in (*unique, *table.indexes)]
        for key in table.foreign_key_constraints:
            pointing = list(key.column_keys)
            assert any(index[: len(pointing)] == pointing for index in indexes), (table.name, pointing)


def test_nobody_there_is_unavailable() -> None:
    records = SqlRecords(open_engine("postgresql://nobody:secret@127.0.0.1:1/x"))
    with pytest.raises(Unavailable, match="refused") as caught, records.reading():
        pass
    assert "secret" not in str(caught.value)
    records.close()


@pytest.mark.parametrize("wrong", [("postgres:", "postgres:x"), ("/t", "/no")])
def test_a_wrong_password_or_database_is_unavailable(url: str, wrong: tuple[str, str]) -> None:
    records = SqlRecords(open_engine(url.replace(*wrong)))
    with pytest.raises(Unavailable), records.reading():
        pass
    records.close()


def test_a_connection_that_was_cut_while_idle_goes_unnoticed(records: SqlRecords, url: str) -> None:
    with records.writing() as session:
        a_domain(session)
    cut_all_off(url)
    with records.reading() as session:
        assert len(session.identity.domains()) == 1


def test_a_connection_that_is_cut_in_a_transaction_is_unavailable(records: SqlRecords, url: str) -> None:
    with pytest.raises(Unavailable), records.writing() as session:
        a_domain(session)
        cut_all_off(url)
        session.identity.domains()
    with records.reading() as session:
        assert session.identity.domains() == []


def test_nul_in_a_text_is_the_callers_mistake(records: SqlRecords) -> None:
    with records.reading() as session, pytest.raises(BadInput, match="NUL"):
        session.identity.user_by_name("\0", DomainId("default"))


def test_two_uploads_that_touch_the_same_blocks_do_not_lock_each_other_out(records: SqlRecords) -> None:
    names = [block(number) for number in range(500)]

    def work(number: int) -> None:
        for _ in range(10):
            with records.writing(durable=False) as session:
                session.blobs.touch(f"upload {number}", names[::-1] if number % 2 else names, START)

    run_at_once(work, 4)


def cut_all_off(url: str) -> None:
    question = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    with psycopg.connect(url) as connection:
        connection.execute(f"{question} AND pid <> pg_backend_pid()")
    time.sleep(0.1)  # until they are gone
