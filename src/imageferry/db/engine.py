"""Opening the database, beginning transactions in it, and its errors in our words.

SQLite is kept in WAL mode: readers never wait, writers wait for each other (BEGIN IMMEDIATE).
PostgreSQL writes in READ COMMITTED with row locks where two writers could meet, and reads in
REPEATABLE READ, so that both engines give a reader one unchanging view.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import Enum
from typing import Any, Final

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from imageferry.domain.errors import BadInput, FerryError, NoRoom, Unavailable

WAIT_S: Final = 30  # for a lock, and for a free connection
_CONNECT_S: Final = 10
_FILES: Final = 60  # connections a process may have to SQLite: readers never wait for each other
_SEATS: Final = 20  # and to PostgreSQL, which has 100 for all its clients unless told otherwise
_KEPT: Final = 10  # of these, kept open while idle
_WHAT: Final = "the database"


class Mode(Enum):
    """What a transaction is for."""

    READING = "reading"
    WRITING = "writing"
    WRITING_LIGHTLY = "writing lightly"  # a power cut may take it back


def open_engine(url: str) -> Engine:
    """The engine for ``sqlite:///path`` or ``postgresql://user@host/name``. Nothing is connected yet.

    Raises:
        BadInput: another kind of database, or not a URL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise BadInput("database", "something else", "sqlite:///path or postgresql://user@host/name") from error
    name = parsed.get_backend_name()
    if name not in _OPENERS or (name == "sqlite" and parsed.database in (None, "", ":memory:")):
        raise BadInput("database", parsed.render_as_string(), "sqlite:///path or postgresql://user@host/name")
    engine = _OPENERS[name](parsed)
    event.listen(engine, "handle_error", _in_our_words)
    return engine


def readers_of(engine: Engine) -> Engine:
    """Where transactions that only read are begun: for SQLite, an engine whose connections cannot write.

    One pool for both would have to say PRAGMA query_only at each turn, upon which SQLite forgets every
    statement that it has compiled.
    """
    if engine.dialect.name != "sqlite":
        return engine
    pool = engine.pool.recreate()
    event.listen(pool, "connect", lambda connection, _: connection.execute("PRAGMA query_only=ON"))
    readers = create_engine(engine.url, pool=pool)
    event.listen(readers, "begin", _say_begin)
    event.listen(readers, "handle_error", _in_our_words)
    return readers


def begin(connection: Connection, mode: Mode) -> None:
    """Begin a transaction of that kind on a fresh connection."""
    _BEGINNINGS[connection.dialect.name](connection, mode)


def _open_sqlite(url: URL) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": WAIT_S, "isolation_level": None},  # None: we say BEGIN ourselves
        pool_size=_KEPT,
        max_overflow=_FILES - _KEPT,
        pool_timeout=WAIT_S,
        pool_use_lifo=True,  # those in use lately have their statements compiled and their pages at hand
    )

    @event.listens_for(engine, "do_connect")
    def keep_to_ourselves(*_context: object) -> None:
        """There are password hashes inside; SQLite itself would let everybody read a new file.

        Made without opening it: closing a file drops all locks that this process has on it,
        those of SQLite too (sqlite.org/howtocorrupt.html, 2.2).
        """
        with suppress(OSError):  # there already; or SQLite says better what is wrong
            os.mknod(url.database or "", 0o600)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in (
            "journal_mode=WAL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "journal_size_limit=67108864",  # bytes; else the log keeps the size of the largest transaction ever
        ):
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "begin", _say_begin)
    return engine


def _say_begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("mode", Mode.WRITING)
    for statement in _SQLITE_BEGINNINGS[mode]:
        connection.exec_driver_sql(statement)


_SQLITE_BEGINNINGS: Mapping[Mode, tuple[str, ...]] = {
    Mode.READING: ("BEGIN",),
    Mode.WRITING: ("PRAGMA synchronous=FULL", "BEGIN IMMEDIATE"),
    Mode.WRITING_LIGHTLY: ("PRAGMA synchronous=NORMAL", "BEGIN IMMEDIATE"),
}


def _begin_sqlite(connection: Connection, mode: Mode) -> None:
    connection.execution_options(mode=mode)
    connection.begin()


def _open_postgresql(url: URL) -> Engine:
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={"connect_timeout": _CONNECT_S},
        pool_size=_KEPT,
        max_overflow=_SEATS - _KEPT,
        pool_timeout=WAIT_S,
        pool_pre_ping=True,  # a restarted server costs nobody a request
        isolation_level="READ COMMITTED",
    )


def _begin_postgresql(connection: Connection, mode: Mode) -> None:
    if mode is Mode.READING:
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    connection.begin()
    if mode is Mode.WRITING_LIGHTLY:
        connection.exec_driver_sql("SET LOCAL synchronous_commit=off")


_OPENERS: Mapping[str, Callable[[URL], Engine]] = {"sqlite": _open_sqlite, "postgresql": _open_postgresql}
_BEGINNINGS: Mapping[str, Callable[[Connection, Mode], None]] = {
    "sqlite": _begin_sqlite,
    "postgresql": _begin_postgresql,
}

_SQLITE_TROUBLES: Mapping[int, type[Unavailable]] = {  # primary result codes, sqlite.org/rescode.html
    sqlite3.SQLITE_FULL: NoRoom,
    sqlite3.SQLITE_BUSY: Unavailable,
    sqlite3.SQLITE_LOCKED: Unavailable,
    sqlite3.SQLITE_CANTOPEN: Unavailable,
    sqlite3.SQLITE_READONLY: Unavailable,
    sqlite3.SQLITE_IOERR: Unavailable,
    sqlite3.SQLITE_CORRUPT: Unavailable,
    sqlite3.SQLITE_NOTADB: Unavailable,
    sqlite3.SQLITE_PERM: Unavailable,
    sqlite3.SQLITE_NOMEM: Unavailable,
    sqlite3.SQLITE_PROTOCOL: Unavailable,
}
_POSTGRESQL_TROUBLES: Mapping[str, type[Unavailable]] = {  # beginnings of SQLSTATE; PostgreSQL manual, appendix A
    "53100": NoRoom,
    "08": Unavailable,  # connection
    "25006": Unavailable,  # read only: a standby
    "28": Unavailable,  # wrong password
    "3D": Unavailable,  # no such database
    "40": Unavailable,  # deadlock, serialization
    "53": Unavailable,  # resources
    "55": Unavailable,  # locks
    "57": Unavailable,  # shut down, cancelled
    "58": Unavailable,  # input and output
}


def _in_our_words(context: ExceptionContext) -> FerryError | None:
    """The one seam where the database's errors become the domain's.

    IntegrityError passes: the method that caused it knows what it means. So do errors in our
    own SQL, which are nobody's fault but ours.
    """
    error = context.original_exception
    if context.is_pre_ping:
        return None  # the pool asks whether a connection still lives, and knows what to do if not
    if isinstance(error, UnicodeEncodeError | OverflowError) or _named(error, "DataError"):
        return BadInput("a value", _first_line(error), "text without NUL in valid UTF-8, numbers of 64 bits")
    kind = _kind_of(error)
    return None if kind is None else kind(_WHAT, _first_line(error))


def _kind_of(error: BaseException) -> type[Unavailable] | None:
    if isinstance(error, sqlite3.Error):
        return _SQLITE_TROUBLES.get(getattr(error, "sqlite_errorcode", -1) & 0xFF)
    state: Any = getattr(error, "sqlstate", None)
    if state is None:  # the connection broke, or never was
        return Unavailable if _named(error, "OperationalError") else None
    return next((kind for start, kind in _POSTGRESQL_TROUBLES.items() if state.startswith(start)), None)


def _named(error: BaseException, name: str) -> bool:
    """Whether the error is of that DB-API class, without importing psycopg where SQLite is used."""
    return any(ancestor.__name__ == name for ancestor in type(error).__mro__)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
