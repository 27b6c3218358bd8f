"""Use-cases over true small drivers: SQLite in a folder, blocks in memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imageferry import bootstrap
from imageferry.db.engine import open_engine
from imageferry.db.migrate import upgrade
from imageferry.db.records import SqlRecords
from imageferry.domain.access import Caller, ProjectId, Role, UserId
from imageferry.domain.addresses import NetworkRules, read_networks
from imageferry.domain.moment import SECOND, Moment
from imageferry.fetchers.http import HttpFetcher
from imageferry.fetchers.line import Patience
from imageferry.formats.judge import Limits
from imageferry.service.blobs import Blobs
from imageferry.service.importing.fetching import Fetching
from imageferry.settings import Settings
from imageferry.stores.memory import MemoryBlocks
from tests.services.registration_desk import Desk


class Clock:
    """A clock that goes on by a microsecond a look, and further when told."""

    def __init__(self) -> None:
        self._ticks = itertools.count(1_800_000_000 * SECOND)
        self._ahead = 0

    def __call__(self) -> Moment:
        return Moment(next(self._ticks) + self._ahead)

    def pass_time(self, seconds: float) -> None:
        self._ahead += int(seconds * SECOND)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecords]:
    engine = open_engine(f"sqlite:///{tmp_path / 'records.sqlite'}")
    upgrade(engine)
    made = SqlRecords(engine)
    yield made
    made.close()


@pytest.fixture
def store() -> MemoryBlocks:
    return MemoryBlocks()


@pytest.fixture
def blobs(store: MemoryBlocks, records: SqlRecords, clock: Clock) -> Iterator[Blobs]:
    made = Blobs(store, records, clock)
    yield made
    made.close()


@pytest.fixture
def fetching(records: SqlRecords, blobs: Blobs) -> Fetching:
    """From this machine, which is where the tests' servers are."""
    rules = NetworkRules(allowed=read_networks(["127.0.0.0/8"], field="allowed"), ports=frozenset())
    fetcher = HttpFetcher(rules, Patience(stall_s=2.0, pause_s=0.02))
    return Fetching(fetcher=fetcher, records=records, blobs=blobs, limits=Limits(), max_bytes=64 << 20)


@pytest.fixture
def member() -> Callable[[str], Caller]:
    """A member of a project of that name."""

    def make(project: str, role: Role = Role.MEMBER) -> Caller:
        roles = {Role.MEMBER: frozenset({Role.MEMBER, Role.READER}), Role.READER: frozenset({Role.READER})}
        return Caller(user_id=UserId(f"user-of-{project}"), project_id=ProjectId(project), roles=roles[role])

    return make


@pytest.fixture
def build(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Desk]]:
    """A service with these settings, and a member of one of its projects."""
    houses = []

    def made(**settings: object) -> Desk:
        wanted = Settings(data=str(tmp_path / "data"), store="memory", max_image_bytes=32 << 20, **settings)  # type: ignore[arg-type]
        house = bootstrap.build(wanted, clock=clock)
        house.services.admin.first_start("pw", lambda _: None)
        houses.append(house)
        return Desk(house)

    yield made
    for house in houses:
        house.close()


@pytest.fixture
def desk(build: Callable[..., Desk]) -> Desk:
    return build()
