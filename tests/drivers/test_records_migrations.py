"""The tables as the migrations make them, on both databases."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from imageferry.db.engine import open_engine
from imageferry.db.migrate import NEWEST, alembic_config, upgrade
from imageferry.db.schema import metadata
from imageferry.domain.block import BLOCK_SIZE, EMPTY, BlockName
from imageferry.domain.errors import Unavailable
from imageferry.domain.hash_map import top_of


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / '100% new.db'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    yield engine
    engine.dispose()


def test_the_migrations_make_what_the_schema_says(engine: Engine) -> None:
    upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_newest_revision_is_the_last_file(engine: Engine) -> None:
    with engine.connect() as connection:
        assert ScriptDirectory.from_config(alembic_config(connection)).get_heads() == [NEWEST]


def test_upgrading_twice_is_harmless(engine: Engine) -> None:
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO domains (id, name, enabled) VALUES ('d', 'd', true)"))
    upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT name FROM domains")).scalars().all() == ["d"]


def test_administrators_of_before_have_the_system_too(engine: Engine) -> None:
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0001")
        for line in (
            "INSERT INTO domains (id, name, enabled) VALUES ('d', 'd', true)",
            "INSERT INTO projects (id, domain_id, name, description, enabled) VALUES ('p', 'd', 'p', '', true)",
            "INSERT INTO users VALUES ('a', 'd', 'a', NULL, true, ''), ('m', 'd', 'm', NULL, true, '')",
            "INSERT INTO grants VALUES ('a', 'p', 'admin'), ('a', 'p', 'reader'), ('m', 'p', 'member')",
        ):
            connection.execute(text(line))
    upgrade(engine)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT user_id, role FROM system_grants")).all()
        assert [tuple(row) for row in found] == [("a", "admin")]


def test_blobs_of_before_have_the_top_of_their_tree_too(engine: Engine) -> None:
    names = [f"{number:064x}" for number in (1, 2)]
    size = 2 * BLOCK_SIZE + 1
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0002")
        for name in names:
            connection.execute(text("INSERT INTO blocks VALUES (:name, 0)"), {"name": name})
        for blob, blob_size in (("a", size), ("b", 0)):
            line = "INSERT INTO blobs (id, size, digests, created_at, released_at) VALUES (:id, :size, '{}', 0, 0)"
            connection.execute(text(line), {"id": blob, "size": blob_size})
        for number, name in ((0, names[0]), (2, names[1])):
            row = {"number": number, "name": name}
            connection.execute(text("INSERT INTO blob_blocks VALUES ('a', :number, :name)"), row)
    upgrade(engine)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT id, top FROM blobs ORDER BY id")).all()
    tops = {"a": top_of([BlockName(names[0]), EMPTY, BlockName(names[1])]), "b": EMPTY}
    assert {row.id: row.top for row in found} == tops


def test_processes_that_start_at_once_do_not_disturb_each_other(url: str, engine: Engine) -> None:
    spawning = multiprocessing.get_context("spawn")
    starters = [spawning.Process(target=start_up, args=(url,)) for _ in range(4)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert [starter.exitcode for starter in starters] == [0] * 4
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [NEWEST]


def start_up(url: str) -> None:
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()


def test_a_database_of_a_newer_program_is_left_alone(engine: Engine) -> None:
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="9999"):
        upgrade(engine)


def test_a_start_with_nothing_to_migrate_does_not_load_alembic(url: str) -> None:
    start_up(url)
    program = (
        "import sys; from imageferry.db.migrate import upgrade; from imageferry.db.engine import open_engine;"
        f"upgrade(open_engine({url!r})); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
