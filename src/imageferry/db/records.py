"""``SqlRecords``: the records port on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import TimeoutError as PoolTimeout

from imageferry.db.blobs import SqlBlobs
from imageferry.db.credentials import SqlCredentials
from imageferry.db.engine import WAIT_S, Mode, begin, readers_of
from imageferry.db.history import SqlHistory
from imageferry.db.identity import SqlIdentity
from imageferry.db.images import SqlImages
from imageferry.db.metadefs import SqlMetadefs
from imageferry.db.objects import SqlObjects
from imageferry.db.presence import SqlPresence
from imageferry.db.public_links import SqlGroups, SqlLinks
from imageferry.db.quarantine import SqlQuarantine
from imageferry.db.registrations import SqlRegistrations
from imageferry.db.shares import SqlShares
from imageferry.db.task_rows import SqlTasks
from imageferry.db.usage import SqlUsage
from imageferry.db.versions import SqlVersions
from imageferry.domain.errors import Unavailable


class SqlSession:
    """One transaction; the groups of records share its connection."""

    def __init__(self, connection: Connection) -> None:
        self.identity = SqlIdentity(connection)
        self.credentials = SqlCredentials(connection)
        self.blobs = SqlBlobs(connection)
        self.presence = SqlPresence(connection)
        self.objects = SqlObjects(connection)
        self.versions = SqlVersions(connection)
        self.history = SqlHistory(connection)
        self.shares = SqlShares(connection)
        self.links = SqlLinks(connection)
        self.groups = SqlGroups(connection)
        self.images = SqlImages(connection)
        self.registrations = SqlRegistrations(connection)
        self.metadefs = SqlMetadefs(connection)
        self.tasks = SqlTasks(connection)
        self.quarantine = SqlQuarantine(connection)
        self.usage = SqlUsage(connection)


class SqlRecords:
    """Records in the database behind ``engine``, whose tables are there already (db.migrate)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._readers = readers_of(engine)
        # SQLite has one writer at a time anyway, and lets the next one wait by polling: up to
        # 100 ms too long, in no order. Threads of one process take turns here instead.
        self._turn = Lock() if engine.dialect.name == "sqlite" else None

    @contextmanager
    def reading(self) -> Iterator[SqlSession]:
        with _connected(self._readers) as connection:
            begin(connection, Mode.READING)
            yield SqlSession(connection)

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[SqlSession]:
        with self._my_turn(), _connected(self._engine) as connection:
            begin(connection, Mode.WRITING if durable else Mode.WRITING_LIGHTLY)
            yield SqlSession(connection)
            connection.commit()

    def close(self) -> None:
        self._engine.dispose()
        self._readers.dispose()

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=WAIT_S):
            raise Unavailable("the database", f"another writer held it for {WAIT_S} s")
        try:
            yield
        finally:
            self._turn.release()


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except PoolTimeout as error:
        raise Unavailable("the database", "too many requests use it at once") from error
    with connection:  # what is not committed is rolled back
        yield connection
