"""Blobs in SQL, and which of them, and of their blocks, may be swept away.

Where a sweeper and a writer meet, the sweeper looks twice: it locks the rows that look
unused, passing over those that somebody holds, and then asks again. What was pointed to
between the two looks stays; what comes later waits for the lock and finds the row gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Label,
    Row,
    Table,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError

from imageferry.db.schema import (
    blob_blocks,
    blobs,
    blocks,
    containers,
    images,
    object_versions,
    objects,
    pins,
    quarantine,
    quarantine_blobs,
    sent_blocks,
    tasks,
    uploads,
)
from imageferry.db.sql import Insert, added, each, insert, insert_for, larger, pairs, require
from imageferry.domain.blob import Blob, BlobDraft, BlobId, blocks_in
from imageferry.domain.block import EMPTY, BlockName
from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.errors import NotFound, Unavailable
from imageferry.domain.hash_map import top_of
from imageferry.domain.moment import Moment, later
from imageferry.domain.task import TaskId
from imageferry.domain.versioning import version_text
from imageferry.ports.records import BlobUser

_PAGE = 10_000  # block rows per statement
_SIGN_OF_LIFE_S = 3600  # an upload that was silent for longer is taken for dead

# What nearly every request asks, made once: making a statement takes longer than running it.
_SIZE = select(blobs.c.size).where(blobs.c.id == bindparam("blob"))
_STORED = (
    select(blob_blocks.c["index"].label("number"), blob_blocks.c.name)
    .where(
        blob_blocks.c.blob_id == bindparam("blob"),
        blob_blocks.c["index"] >= bindparam("first"),
        blob_blocks.c["index"] < bindparam("stop"),
    )
    .order_by(blob_blocks.c["index"])
)
_ENDED = delete(uploads).where(uploads.c.id == bindparam("upload"))


@cache
def _living(dialect: str) -> Insert:
    sign = insert_for(dialect, uploads)
    newer = larger(uploads.c.seen_at, sign.excluded.seen_at)
    return sign.on_conflict_do_update(index_elements=["id"], set_={"seen_at": newer})


class SqlBlobs:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def start_upload(self, upload_id: str, now: Moment) -> None:
        added(self._connection, uploads, {"id": upload_id, "started_at": now, "seen_at": now})

    def touch(self, upload_id: str, names: Collection[BlockName], now: Moment) -> None:
        wanted = sorted(set(names) - {EMPTY})  # in one order everywhere, so that two writers never deadlock
        if wanted:
            given = each(self._connection, wanted)
            rows = select(given.c.value, literal(now)).where(true())  # SQLite needs the WHERE to read on
            touching = insert(self._connection, blocks).from_select(["name", "touched_at"], rows)
            newer = larger(blocks.c.touched_at, touching.excluded.touched_at)
            self._connection.execute(
                touching.on_conflict_do_update(index_elements=["name"], set_={"touched_at": newer})
            )
        living = {"id": upload_id, "started_at": now, "seen_at": now}
        self._connection.execute(_living(self._connection.dialect.name), living)

    def end_upload(self, upload_id: str) -> None:
        self._connection.execute(_ENDED, {"upload": upload_id})

    def add(self, draft: BlobDraft, now: Moment) -> None:
        digests = {algorithm.value: value for algorithm, value in draft.digests.items()}
        values = {"id": draft.id, "size": draft.size, "digests": digests, "top": _top(draft)}
        values |= {"created_at": now, "released_at": now}
        try:
            with self._connection.begin_nested():
                if added(self._connection, blobs, values):
                    self._add_blocks(draft)
        except IntegrityError as error:
            reason = "a block was swept away before the upload ended; send it again"
            raise Unavailable(f"blob {draft.id}", reason) from error
        if draft.upload is not None:
            self.end_upload(draft.upload)

    def _add_blocks(self, draft: BlobDraft) -> None:
        for page in _pages(draft.blocks):
            given = pairs(self._connection, page)
            rows = select(literal(draft.id), cast(given.c.key, Integer), given.c.value)
            self._connection.execute(
                insert(self._connection, blob_blocks).from_select(["blob_id", "index", "name"], rows)
            )

    def get(self, blob_id: BlobId) -> Blob | None:
        row = self._connection.execute(select(blobs).where(blobs.c.id == blob_id)).first()
        return None if row is None else _blob(row)

    def tops(self, blob_ids: Collection[BlobId]) -> Mapping[BlobId, str]:
        given = each(self._connection, sorted(set(blob_ids)))
        query = select(blobs.c.id, blobs.c.top).join(given, blobs.c.id == given.c.value)
        return {row.id: row.top for row in self._connection.execute(query)}

    def block_names(self, blob_id: BlobId, first: int, count: int) -> list[BlockName]:
        size = self._connection.execute(_SIZE, {"blob": blob_id}).scalar_one_or_none()
        stop = min(first + count, blocks_in(size or 0))
        stored = self.stored_blocks(blob_id, first, stop - first)
        return [stored.get(index, EMPTY) for index in range(first, stop)]

    def stored_blocks(self, blob_id: BlobId, first: int, count: int) -> Mapping[int, BlockName]:
        found = self._connection.execute(_STORED, {"blob": blob_id, "first": first, "stop": first + count})
        return {row.number: row.name for row in found}

    def add_digest(self, blob_id: BlobId, digest: Digest) -> None:
        query = select(blobs.c.digests).where(blobs.c.id == blob_id).with_for_update(key_share=True)
        known = self._connection.execute(query).scalar_one_or_none()
        if known is None:
            raise NotFound("blob", blob_id)
        digests = known | {digest.algorithm.value: digest.value}
        self._connection.execute(update(blobs).where(blobs.c.id == blob_id).values(digests=digests))

    def pin(self, task_id: TaskId, blob_ids: Iterable[BlobId]) -> None:
        require(self._connection, tasks.c.id, task_id, kind="task")
        for blob_id in sorted(set(blob_ids)):
            require(self._connection, blobs.c.id, blob_id, kind="blob")
            added(self._connection, pins, {"task_id": task_id, "blob_id": blob_id})

    def unpin(self, task_id: TaskId) -> None:
        self._connection.execute(delete(pins).where(pins.c.task_id == task_id))

    def unused_blobs(self, *, before: Moment, limit: int) -> list[BlobId]:
        query = select(blobs.c.id).where(_nothing_points_here(), blobs.c.released_at < before)
        query = query.order_by(blobs.c.released_at, blobs.c.id).limit(limit)
        return list(self._connection.execute(query).scalars())

    def delete_blobs(self, blob_ids: Collection[BlobId], *, before: Moment | None = None) -> None:
        unused = select(blobs.c.id).where(blobs.c.id.in_(select(each(self._connection, blob_ids).c.value)))
        unused = unused.where(_nothing_points_here())
        if before is not None:
            unused = unused.where(blobs.c.released_at < before)
        locked = unused.order_by(blobs.c.id).with_for_update(skip_locked=True)
        found = list(self._connection.execute(locked).scalars())
        self._unsettle(found)
        still = (blobs.c.id.in_(select(each(self._connection, found).c.value)), _nothing_points_here())
        self._connection.execute(delete(blobs).where(*still))

    def _unsettle(self, blob_ids: Collection[BlobId]) -> None:
        """Their blocks may be idle from now on. All of them, whatever they are: one may be about to be settled."""
        theirs = select(blob_blocks.c.name).where(
            blob_blocks.c.blob_id.in_(select(each(self._connection, blob_ids).c.value))
        )
        held = select(blocks.c.name).where(blocks.c.name.in_(theirs)).order_by(blocks.c.name)  # in the order of touch
        locked = held.with_for_update(key_share=True).cte("locked")
        self._connection.execute(update(blocks).where(blocks.c.name.in_(select(locked.c.name))).values(settled=None))

    def settle(self, *, before: Moment, limit: int) -> int:
        has_it = exists().where(blob_blocks.c.name == blocks.c.name)
        looked = select(blocks.c.name).where(blocks.c.settled.is_(None), blocks.c.touched_at < before, has_it)
        looked = looked.order_by(blocks.c.touched_at).limit(limit)
        found = self._connection.execute(looked.with_for_update(key_share=True, skip_locked=True)).scalars()
        # Asked again now that nobody can unsettle them: a blob may have been deleted since they were looked for.
        these = blocks.c.name.in_(select(each(self._connection, list(found)).c.value))
        return self._connection.execute(update(blocks).where(these, has_it).values(settled=True)).rowcount

    def sweepable(self, *, before: Moment, limit: int) -> list[BlockName]:
        last_sign = later(before, seconds=-_SIGN_OF_LIFE_S)
        silent = select(uploads.c.id).where(uploads.c.seen_at < last_sign).with_for_update(skip_locked=True)
        self._connection.execute(delete(uploads).where(uploads.c.id.in_(silent), uploads.c.seen_at < last_sign))
        oldest = select(func.min(uploads.c.started_at)).where(uploads.c.seen_at >= last_sign)
        began = self._connection.execute(oldest).scalar()
        unsettled = blocks.c.settled.is_(None)
        idle = (unsettled, blocks.c.touched_at < (before if began is None else min(before, began)), _nobody_has_it())
        looked = select(blocks.c.name).where(*idle).order_by(blocks.c.touched_at).limit(limit)
        found = list(self._connection.execute(looked.with_for_update(skip_locked=True)).scalars())
        still = blocks.c.name.in_(select(each(self._connection, found).c.value))
        sweeping = delete(blocks).where(still, *idle).returning(blocks.c.name)
        return list(self._connection.execute(sweeping).scalars())

    def known_blocks(self, names: Collection[BlockName]) -> set[BlockName]:
        query = select(blocks.c.name).where(blocks.c.name.in_(select(each(self._connection, names).c.value)))
        return set(self._connection.execute(query).scalars())

    def blobs_with(self, name: BlockName) -> list[BlobId]:
        query = select(blob_blocks.c.blob_id).where(blob_blocks.c.name == name).distinct()
        return list(self._connection.execute(query.order_by(blob_blocks.c.blob_id)).scalars())

    def users_of(self, blob_id: BlobId) -> list[BlobUser]:
        path = _path_of(objects)
        query = select(objects.c.id, path, containers.c.project_id).join(containers).order_by(path)
        found = self._connection.execute(query.where(objects.c.blob_id == blob_id))
        users = [BlobUser("object", row.id, row.path, row.project_id) for row in found]
        dated = _path_of(object_versions)
        query = select(object_versions.c.object_id, dated, object_versions.c.version, containers.c.project_id)
        query = query.join(containers).where(object_versions.c.blob_id == blob_id)
        found = self._connection.execute(query.order_by(dated, object_versions.c.version))
        for row in found:
            name = f"{row.path}?version-id={version_text(row.version)}"
            users.append(BlobUser("version", row.object_id, name, row.project_id))
        query = select(images.c.id, images.c.name, images.c.owner).order_by(images.c.id)
        found = self._connection.execute(query.where(images.c.blob_id == blob_id))
        users += [BlobUser("image", row.id, row.name or "", row.owner) for row in found]
        query = select(quarantine.c.task_id, quarantine.c.what, quarantine.c.project_id).join(quarantine_blobs)
        found = self._connection.execute(query.where(quarantine_blobs.c.blob_id == blob_id))
        return users + [BlobUser("quarantine", row.task_id, row.what, row.project_id) for row in found]

    def all_blobs(self, *, after: BlobId | None, limit: int) -> list[Blob]:
        query = select(blobs).order_by(blobs.c.id).limit(limit)
        if after is not None:
            query = query.where(blobs.c.id > after)
        return [_blob(row) for row in self._connection.execute(query)]

    def all_blocks(self, *, after: BlockName | None, limit: int) -> list[BlockName]:
        query = select(blocks.c.name).order_by(blocks.c.name).limit(limit)
        if after is not None:
            query = query.where(blocks.c.name > after)
        return list(self._connection.execute(query).scalars())


_POINTING = (
    objects.c.blob_id,
    object_versions.c.blob_id,
    images.c.blob_id,
    pins.c.blob_id,
    quarantine_blobs.c.blob_id,
)


def _nothing_points_here() -> ColumnElement[bool]:
    return and_(*(~exists().where(column == blobs.c.id) for column in _POINTING))


def _path_of(table: Table) -> Label[str]:
    """Container and name, for people."""
    return (containers.c.name + "/" + table.c.name).label("path")


def _nobody_has_it() -> ColumnElement[bool]:
    return and_(*(~exists().where(table.c.name == blocks.c.name) for table in (blob_blocks, sent_blocks)))


def _blob(row: Row[Any]) -> Blob:
    return Blob(id=row.id, size=row.size, digests={Algorithm(name): value for name, value in row.digests.items()})


def _top(draft: BlobDraft) -> str:
    return top_of([draft.blocks.get(index, EMPTY) for index in range(draft.blob.block_count)])


def _pages(names: Mapping[int, BlockName]) -> Iterator[dict[int, BlockName]]:
    """The stored blocks in pages; the empty block has no row."""
    rows = ((index, name) for index, name in sorted(names.items()) if name != EMPTY)
    while page := dict(islice(rows, _PAGE)):
        yield page
