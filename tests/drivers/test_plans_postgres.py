"""What is asked often costs PostgreSQL as much as it answers, not as much as there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, Engine

from imageferry.db.blobs import SqlBlobs
from imageferry.db.engine import open_engine
from imageferry.db.images import SqlImages
from imageferry.db.migrate import upgrade
from imageferry.db.objects import SqlObjects
from imageferry.db.presence import SqlPresence
from imageferry.db.task_rows import SqlTasks
from imageferry.db.versions import SqlVersions
from imageferry.domain.access import ProjectId
from imageferry.domain.blob import BlobId
from imageferry.domain.block import BlockName
from imageferry.domain.image import ImageId, Visibility
from imageferry.domain.moment import Moment
from imageferry.domain.object import ContainerId, ListingQuery
from imageferry.domain.versioning import VersionId
from imageferry.ports.records import ImageQuery
from tests.drivers.plans import COUNT, DATED, HOT, IDLE, NOW, fill, rows_read
from tests.drivers.postgres import Cluster

_PAGE = 100
_ONE, _OWNER = ProjectId("p-1"), ProjectId("p")
_MIDDLE = VersionId(COUNT // 2)
_BLOCKS = [BlockName(f"k-{number:07}") for number in range(1001, 1001 + _PAGE)]

Ask = Callable[[Connection], object]


def _images(marker: str | None = None, viewer: ProjectId | None = _ONE, **more: object) -> Ask:
    behind = None if marker is None else ImageId(marker)
    query = ImageQuery(viewer=viewer, limit=_PAGE, marker=behind, **more)  # type: ignore[arg-type]
    return lambda connection: SqlImages(connection).page(query)


def _objects(**query: object) -> Ask:
    asked = ListingQuery(limit=_PAGE, **query)  # type: ignore[arg-type]
    return lambda connection: SqlObjects(connection).objects(ContainerId(HOT), asked, NOW)


def _versions(container: str, behind: VersionId | None = None, **query: object) -> Ask:
    asked = ListingQuery(limit=_PAGE, **query)  # type: ignore[arg-type]
    return lambda connection: SqlVersions(connection).versions(ContainerId(container), asked, NOW, behind=behind)


def _reachable(project: ProjectId) -> Ask:
    return lambda connection: SqlPresence(connection).reachable([project], _BLOCKS, now=NOW, sent_since=Moment(0))


def _sweepable(connection: Connection) -> None:
    """As the hour's sweep finds it: what is in use was settled before."""
    assert len(SqlBlobs(connection).sweepable(before=NOW, limit=_PAGE)) == IDLE


_ASKED: dict[str, Ask] = {
    "images": _images(),
    "images behind a marker": _images("i-0015000"),
    "images that are public": _images(visibility=Visibility.PUBLIC),
    "images of that name": _images(names=["n7"]),
    "images of all, for an administrator": _images(viewer=None),
    "objects": _objects(),
    "objects behind a marker": _objects(marker="0015000"),
    "objects below a prefix": _objects(prefix="001"),
    "objects rolled up": _objects(delimiter="/"),
    "objects the other way round": _objects(reverse=True, marker="0015000"),
    "containers": lambda connection: SqlObjects(connection).containers(_ONE, ListingQuery(limit=_PAGE)),
    "versions of one name": _versions(DATED),
    "versions of one name, from its middle on": _versions(DATED, _MIDDLE, marker="one"),
    "versions of one name the other way round": _versions(DATED, _MIDDLE, marker="one", reverse=True),
    "versions of many names": _versions(HOT),
    "versions of many names, from the middle on": _versions(HOT, marker="0015000/x"),
    "the newest version": lambda connection: SqlVersions(connection).newest(ContainerId(DATED), "one"),
    "blocks in blobs of others": _reachable(_ONE),
    "blocks in one's own blobs": _reachable(_OWNER),
    "blocks known": lambda connection: SqlBlobs(connection).known_blocks(_BLOCKS),
    "blocks of a blob": lambda connection: SqlBlobs(connection).stored_blocks(BlobId("b-0001000"), 0, _PAGE),
    "blocks to sweep": _sweepable,
    "tasks": lambda connection: SqlTasks(connection).page(project_id=_ONE, limit=_PAGE),
    "tasks that have not ended": lambda connection: SqlTasks(connection).unfinished(after=None, limit=_PAGE),
}


@pytest.fixture(scope="module")
def engine(cluster: Cluster) -> Iterator[Engine]:
    name = cluster.make_database()
    engine = open_engine(cluster.url(name))
    upgrade(engine)
    fill(cluster.url(name))
    with engine.begin() as connection:
        assert SqlBlobs(connection).settle(before=NOW, limit=2 * COUNT) == COUNT - IDLE
    yield engine
    engine.dispose()
    cluster.drop_database(name)


@pytest.mark.parametrize("name", _ASKED)
def test_it_reads_no_more_than_some_rows_for_each_it_answers_with(engine: Engine, name: str) -> None:
    read = rows_read(engine, _ASKED[name])
    assert read
    assert sum(read.values()) <= 20 * _PAGE, read
