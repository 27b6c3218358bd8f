"""One live process of each name on a database of tasks: two would run each other's."""

from __future__ import annotations

import fcntl
from contextlib import suppress
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from imageferry.domain.errors import Unavailable


def hold_executor(url: str, executor: str) -> IO[str] | sa.Connection:
    """Be the only live process of that name; held until closed or until the process is gone.

    Raises:
        Unavailable: another process is.
    """
    taken = Unavailable("the service's data", reason=f"another process ({executor!r}) works on it; stop that one first")
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        path = Path(str(address.database))
        with suppress(FileNotFoundError):
            path.chmod(0o600)
        lock = path.with_name(path.name + ".lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise taken from None
        with sa.create_engine(url).connect() as connection:
            # Stays in the file. Four times faster than DBOS's default, and as durable.
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        return lock
    name = f"{address.database}/{executor}"
    engine = sa.create_engine(address.set(drivername="postgresql+psycopg", database="postgres"), poolclass=sa.NullPool)
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    query = sa.text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
    if not connection.scalar(query, {"name": name}):
        connection.close()
        raise taken
    return connection
