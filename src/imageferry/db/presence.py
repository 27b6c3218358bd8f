"""Who can reach a block, and blocks that were sent and not used, in SQL."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    delete,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.exc import IntegrityError

from imageferry.db.schema import blob_blocks, blocks, containers, images, object_versions, objects, sent_blocks
from imageferry.db.sql import each, insert, larger
from imageferry.domain.access import ProjectId
from imageferry.domain.blob import BlobId
from imageferry.domain.block import EMPTY, BlockName
from imageferry.domain.errors import Unavailable
from imageferry.domain.image import Status
from imageferry.domain.moment import Moment
from imageferry.ports.records.presence import MAX_BLOBS_LOOKED_AT


class SqlPresence:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def hold(self, names: Collection[BlockName]) -> set[BlockName]:
        # A shared lock: others may touch and use the blocks meanwhile, only the sweeper keeps off.
        query = select(blocks.c.name).where(blocks.c.name.in_(select(each(self._connection, names).c.value)))
        held = query.order_by(blocks.c.name).with_for_update(read=True, key_share=True)
        return set(self._connection.execute(held).scalars())

    def reachable(
        self, projects: Collection[ProjectId], names: Collection[BlockName], *, now: Moment, sent_since: Moment
    ) -> set[BlockName]:
        wanted = select(each(self._connection, names).c.value)
        theirs = (sent_blocks.c.project_id.in_(projects), sent_blocks.c.sent_at >= sent_since)
        query = select(sent_blocks.c.name).where(*theirs, sent_blocks.c.name.in_(wanted))
        found: set[BlockName] = set(self._connection.execute(query).scalars())
        return found | self._in_blobs(projects, set(names) - found, now)

    def _in_blobs(self, projects: Collection[ProjectId], names: set[BlockName], now: Moment) -> set[BlockName]:
        """From blob to blob that has a block, by an index, until one is theirs: neither a block that stands a
        million times in one blob nor one in very many blobs makes this long.
        """
        given = each(self._connection, names)
        walk = select(
            given.c.value.label("name"), _blob_with(given.c.value).label("blob_id"), literal(1).label("looked")
        )
        steps = walk.cte("walk", recursive=True)
        theirs = _theirs(steps.c.blob_id, projects, now)
        further = select(steps.c.name, _blob_with(steps.c.name, behind=steps.c.blob_id), steps.c.looked + 1)
        steps = steps.union_all(
            further.where(steps.c.blob_id.is_not(None), steps.c.looked < MAX_BLOBS_LOOKED_AT, ~theirs)
        )
        reached = _theirs(steps.c.blob_id, projects, now)
        query = select(steps.c.name).where(steps.c.blob_id.is_not(None), reached)
        return set(self._connection.execute(query).scalars())

    def in_blob(self, blob_id: BlobId, names: Collection[BlockName]) -> set[BlockName]:
        wanted = select(each(self._connection, names).c.value)
        query = select(blob_blocks.c.name).where(blob_blocks.c.name.in_(wanted), blob_blocks.c.blob_id == blob_id)
        return set(self._connection.execute(query).scalars())

    def remember_sent(self, project: ProjectId, names: Collection[BlockName], now: Moment) -> None:
        given = each(self._connection, sorted(set(names) - {EMPTY}))  # in one order everywhere: no deadlocks
        rows = select(literal(project), given.c.value, literal(now)).where(true())
        keeping = insert(self._connection, sent_blocks).from_select(["project_id", "name", "sent_at"], rows)
        newer = {"sent_at": larger(sent_blocks.c.sent_at, keeping.excluded.sent_at)}
        try:
            with self._connection.begin_nested():
                self._connection.execute(
                    keeping.on_conflict_do_update(index_elements=["project_id", "name"], set_=newer)
                )
        except IntegrityError as error:
            raise Unavailable("the blocks", "one was swept away before all were in; send them again") from error

    def count_sent(self, project: ProjectId) -> int:
        query = select(func.count()).select_from(sent_blocks).where(sent_blocks.c.project_id == project)
        return self._connection.execute(query).scalar_one()

    def forget_used(self, project: ProjectId, names: Collection[BlockName]) -> None:
        wanted = select(each(self._connection, names).c.value)
        its = (sent_blocks.c.project_id == project, sent_blocks.c.name.in_(wanted))
        # What another transaction is about to note or to forget is left to it: nobody waits here for anybody.
        free = select(sent_blocks.c.name).where(*its).with_for_update(skip_locked=True)
        self._connection.execute(
            delete(sent_blocks).where(sent_blocks.c.project_id == project, sent_blocks.c.name.in_(free))
        )

    def forget_sent(self, *, before: Moment) -> int:
        return self._connection.execute(delete(sent_blocks).where(sent_blocks.c.sent_at < before)).rowcount


def _blob_with(name: ColumnElement[str], *, behind: ColumnElement[str] | None = None) -> ScalarSelect[str]:
    """The first blob in the order of ids, or the next one, that has a block of that name."""
    query = select(blob_blocks.c.blob_id).where(blob_blocks.c.name == name)
    if behind is not None:
        query = query.where(blob_blocks.c.blob_id > behind)
    return query.order_by(blob_blocks.c.blob_id).limit(1).scalar_subquery()


def _theirs(blob_id: ColumnElement[str], projects: Collection[ProjectId], now: Moment) -> ColumnElement[bool]:
    """Whether something that one of the projects may read points to the blob."""
    live = or_(objects.c.delete_at.is_(None), objects.c.delete_at > now)
    in_objects = objects.c.blob_id == blob_id, objects.c.container_id == containers.c.id, live
    in_versions = object_versions.c.blob_id == blob_id, object_versions.c.container_id == containers.c.id
    # What was staged nobody has judged yet, and a deactivated image is not to be read.
    in_images = images.c.blob_id == blob_id, images.c.owner.in_(projects), images.c.status == Status.ACTIVE
    return or_(
        _one(*in_objects, containers.c.project_id.in_(projects)),
        _one(*in_versions, containers.c.project_id.in_(projects)),
        _one(*in_images),
    )


def _one(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether there is such a row, asked by an index each time: of EXISTS, PostgreSQL may make one list of all rows."""
    return select(literal_column("1")).where(*conditions).limit(1).scalar_subquery().is_not(None)
