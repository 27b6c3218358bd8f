"""Bringing the tables up to date, at every start and in no time when they are.

Alembic costs 0.15 s to import, so it is asked only when the database is behind.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, column, inspect, select, table, text

from imageferry.db.engine import Mode, begin
from imageferry.domain.errors import Unavailable

if TYPE_CHECKING:
    from alembic.config import Config

NEWEST: Final = "0003"  # the last file in migrations/versions; a test compares them
_LOCK: Final = 0x696D6167_65666572  # "imagefer"; any number that nobody else takes


def upgrade(engine: Engine) -> None:
    """Make the tables what this version of the program needs.

    Safe to call from many processes at once: one migrates, the others wait for it.

    Raises:
        Unavailable: a newer version of the program has been here already.
    """
    with engine.connect() as connection:
        begin(connection, Mode.READING)
        if _found(connection) == NEWEST:
            return
    with engine.connect() as connection:
        begin(connection, Mode.WRITING)  # on SQLite this is the lock
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if _found(connection) != NEWEST:
            _migrate(connection)
        connection.commit()


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings, without a file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _found(connection: Connection) -> str | None:
    """The revision that the database is at, None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(select(column("version_num")).select_from(table("alembic_version"))).scalar()


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.util import CommandError

    try:
        command.upgrade(alembic_config(connection), "head")
    except CommandError as error:
        reason = (
            f"it is at revision {_found(connection)}, this version of imageferry knows {NEWEST}; install the newer one"
        )
        raise Unavailable("the database", reason) from error
