"""Images that are objects, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from imageferry.db.objects import stored_object
from imageferry.db.schema import containers, images, objects, registrations
from imageferry.db.sql import each, insert, require
from imageferry.domain.image import ImageId, Status
from imageferry.domain.object import ContainerId, StoredObject, after_prefix
from imageferry.domain.registration import Place, Registered, Registration, Standing

# Asked at every overwriting and deleting, made once: making a statement takes longer than running it.
_ONE = select(registrations).where(registrations.c.image_id == bindparam("image"))


class SqlRegistrations:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.left_unjudged: set[ImageId] = set()

    def put(self, registration: Registration) -> None:
        require(self._connection, images.c.id, registration.image_id, kind="image")
        values = asdict(registration)
        row = insert(self._connection, registrations).values(**values)
        self._connection.execute(row.on_conflict_do_update(index_elements=["image_id"], set_=values))
        if registration.standing is Standing.UNJUDGED:
            self.left_unjudged.add(registration.image_id)

    def get(self, image_id: ImageId) -> Registration | None:
        row = self._connection.execute(_ONE, {"image": image_id}).first()
        return None if row is None else _registration(row)

    def registered(self, image_ids: Collection[ImageId]) -> Mapping[ImageId, Registered]:
        place = (containers.c.project_id, containers.c.name.label("container"), objects.c.name)
        query = (
            select(registrations, *place, objects.c.blob_id, objects.c.created_at)
            .join(objects, objects.c.id == registrations.c.image_id)
            .join(containers, containers.c.id == objects.c.container_id)
            .where(registrations.c.image_id.in_(select(each(self._connection, image_ids).c.value)))
        )
        return {
            row.image_id: Registered(
                registration=_registration(row),
                place=Place(row.project_id, row.container, row.name),
                blob_id=row.blob_id,
                created_at=row.created_at,
            )
            for row in self._connection.execute(query)
        }

    def object(self, image_id: ImageId) -> tuple[Place, StoredObject] | None:
        owner = (containers.c.project_id, containers.c.name.label("container"))
        query = select(objects, *owner).join(containers, containers.c.id == objects.c.container_id)
        row = self._connection.execute(query.where(objects.c.id == image_id)).first()
        return None if row is None else (Place(row.project_id, row.container, row.name), stored_object(row))

    def unjudged(self, *, limit: int) -> list[ImageId]:
        query = select(registrations.c.image_id).where(registrations.c.standing == Standing.UNJUDGED.value)
        return list(self._connection.execute(query.order_by(registrations.c.image_id).limit(limit)).scalars())

    def below(self, container_id: ContainerId, prefix: str) -> list[ImageId]:
        query = (
            select(registrations.c.image_id)
            .join(objects, objects.c.id == registrations.c.image_id)
            .where(objects.c.container_id == container_id, objects.c.name >= prefix)
        )
        if (end := after_prefix(prefix)) is not None:
            query = query.where(objects.c.name < end)
        return list(self._connection.execute(query.order_by(objects.c.name)).scalars())


def _registration(row: Row[Any]) -> Registration:
    return Registration(
        image_id=row.image_id,
        status=row.status,
        disk_format=row.disk_format,
        container_format=row.container_format,
        standing=Standing(row.standing),
        reason=row.reason,
        resumes=Status(row.resumes),
    )
