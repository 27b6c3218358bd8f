"""Bytes that a scanner objected to, in SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, select

from imageferry.db.schema import blobs, quarantine, quarantine_blobs
from imageferry.db.sql import added, release, require
from imageferry.domain.blob import BlobId
from imageferry.domain.moment import Moment
from imageferry.domain.quarantine import Quarantined
from imageferry.domain.task import TaskId


class SqlQuarantine:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, item: Quarantined) -> None:
        blob_ids = sorted({blob_id for blob_id, _, _ in item.parts})
        for blob_id in blob_ids:
            require(self._connection, blobs.c.id, blob_id, kind="blob")
        values = {
            "task_id": item.task_id,
            "project_id": item.project_id,
            "user_id": item.user_id,
            "what": item.what,
            "rule": item.rule,
            "place": item.place,
            "parts": [list(part) for part in item.parts],
            "created_at": item.created_at,
            "expires_at": item.expires_at,
        }
        if added(self._connection, quarantine, values):
            for blob_id in blob_ids:
                added(self._connection, quarantine_blobs, {"task_id": item.task_id, "blob_id": blob_id})

    def get(self, task_id: TaskId) -> Quarantined | None:
        row = self._connection.execute(select(quarantine).where(quarantine.c.task_id == task_id)).first()
        return None if row is None else _item(row)

    def page(self, *, after: TaskId | None = None, limit: int) -> list[Quarantined]:
        query = select(quarantine).order_by(quarantine.c.task_id).limit(limit)
        if after is not None:
            query = query.where(quarantine.c.task_id > after)
        return [_item(row) for row in self._connection.execute(query)]

    def remove(self, task_id: TaskId, now: Moment) -> bool:
        held = select(quarantine_blobs.c.blob_id).where(quarantine_blobs.c.task_id == task_id)
        blob_ids = list(self._connection.execute(held.order_by(quarantine_blobs.c.blob_id)).scalars())
        gone = self._connection.execute(delete(quarantine).where(quarantine.c.task_id == task_id)).rowcount
        for blob_id in blob_ids if gone else ():
            release(self._connection, BlobId(blob_id), now)
        return bool(gone)

    def delete_expired(self, now: Moment) -> int:
        over = select(quarantine.c.task_id).where(quarantine.c.expires_at <= now).order_by(quarantine.c.task_id)
        return sum(self.remove(task_id, now) for task_id in list(self._connection.execute(over).scalars()))


def _item(row: Row[Any]) -> Quarantined:
    return Quarantined(
        task_id=row.task_id,
        project_id=row.project_id,
        user_id=row.user_id,
        what=row.what,
        rule=row.rule,
        place=row.place,
        parts=tuple((BlobId(blob_id), start, stop) for blob_id, start, stop in row.parts),
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
