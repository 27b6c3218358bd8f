"""Images and the projects they are shared with, in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update
from sqlalchemy import insert as plain_insert

from imageferry.db.image_query import statement
from imageferry.db.schema import blobs, image_ids, image_members, image_properties, image_tags, images
from imageferry.db.sql import added, each, release, require
from imageferry.domain.access import ProjectId
from imageferry.domain.errors import AlreadyExists, NotFound, StatusConflict
from imageferry.domain.image import (
    ContainerFormat,
    DiskFormat,
    Image,
    ImageId,
    Member,
    MemberStatus,
    Status,
    Visibility,
)
from imageferry.domain.moment import Moment
from imageferry.ports.records import ImageQuery


class SqlImages:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, image: Image) -> None:
        if image.blob_id is not None:
            require(self._connection, blobs.c.id, image.blob_id, kind="blob")
        if not added(self._connection, image_ids, {"id": image.id}):
            raise AlreadyExists("image", image.id)
        added(self._connection, images, _values(image) | {"id": image.id})
        self._add_labels(image)

    def was_used(self, image_id: ImageId) -> bool:
        return self._connection.execute(select(image_ids.c.id).where(image_ids.c.id == image_id)).first() is not None

    def get(self, image_id: ImageId) -> Image | None:
        row = self._connection.execute(select(images).where(images.c.id == image_id)).first()
        return None if row is None else self._with_labels([row])[0]

    def update(self, image: Image, *, was: Status) -> None:
        query = select(images.c.status, images.c.blob_id).where(images.c.id == image.id)
        known = self._connection.execute(query.with_for_update(key_share=True)).first()
        if known is None:
            raise NotFound("image", image.id)
        if known.status != was:
            raise StatusConflict("image", image.id, found=known.status, wanted=f"'{image.status}'")
        if image.blob_id is not None and image.blob_id != known.blob_id:
            require(self._connection, blobs.c.id, image.blob_id, kind="blob")
        self._connection.execute(update(images).where(images.c.id == image.id).values(_values(image)))
        for table in (image_tags, image_properties):
            self._connection.execute(delete(table).where(table.c.image_id == image.id))
        self._add_labels(image)
        if known.blob_id is not None and known.blob_id != image.blob_id:
            release(self._connection, known.blob_id, image.updated_at)

    def delete(self, image_id: ImageId, now: Moment) -> None:
        gone = delete(images).where(images.c.id == image_id).returning(images.c.blob_id)
        row = self._connection.execute(gone).first()
        if row is None:
            raise NotFound("image", image_id)
        if row.blob_id is not None:
            release(self._connection, row.blob_id, now)

    def page(self, query: ImageQuery) -> list[Image]:
        return self._with_labels(self._connection.execute(statement(self._connection, query)).all())

    def add_member(self, member: Member) -> None:
        require(self._connection, images.c.id, member.image_id, kind="image")
        values = {
            "image_id": member.image_id,
            "project_id": member.project_id,
            "status": member.status.value,
            "created_at": member.created_at,
            "updated_at": member.updated_at,
        }
        if not added(self._connection, image_members, values):
            raise AlreadyExists("member", member.project_id)

    def member(self, image_id: ImageId, project_id: ProjectId) -> Member | None:
        query = select(image_members).where(*_membership(image_id, project_id))
        row = self._connection.execute(query).first()
        return None if row is None else _member(row)

    def update_member(self, member: Member) -> None:
        its_row = _membership(member.image_id, member.project_id)
        values = {"status": member.status.value, "updated_at": member.updated_at}
        if not self._connection.execute(update(image_members).where(*its_row).values(values)).rowcount:
            raise NotFound("member", member.project_id)

    def delete_member(self, image_id: ImageId, project_id: ProjectId) -> None:
        gone = delete(image_members).where(*_membership(image_id, project_id))
        if not self._connection.execute(gone).rowcount:
            raise NotFound("member", project_id)

    def members(self, image_id: ImageId) -> list[Member]:
        query = select(image_members).where(image_members.c.image_id == image_id)
        return [_member(row) for row in self._connection.execute(query.order_by(image_members.c.project_id))]

    def _add_labels(self, image: Image) -> None:
        tags = [{"image_id": image.id, "tag": tag} for tag in sorted(image.tags)]
        if tags:
            self._connection.execute(plain_insert(image_tags), tags)
        rows = [{"image_id": image.id, "name": name, "value": value} for name, value in image.properties.items()]
        if rows:
            self._connection.execute(plain_insert(image_properties), rows)

    def _with_labels(self, rows: Sequence[Row[Any]]) -> list[Image]:
        """The images of these rows with their tags and properties: two queries for a whole page."""
        these = select(each(self._connection, [row.id for row in rows]).c.value)
        tags: dict[str, set[str]] = defaultdict(set)
        for label in self._connection.execute(select(image_tags).where(image_tags.c.image_id.in_(these))):
            tags[label.image_id].add(label.tag)
        properties: dict[str, dict[str, str]] = defaultdict(dict)
        query = select(image_properties).where(image_properties.c.image_id.in_(these))
        for label in self._connection.execute(query.order_by(image_properties.c.name)):
            properties[label.image_id][label.name] = label.value
        return [_image(row, frozenset(tags[row.id]), properties[row.id]) for row in rows]


def _membership(image_id: ImageId, project_id: ProjectId) -> tuple[Any, ...]:
    return (image_members.c.image_id == image_id, image_members.c.project_id == project_id)


def _member(row: Row[Any]) -> Member:
    return Member(
        image_id=row.image_id,
        project_id=row.project_id,
        status=MemberStatus(row.status),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _image(row: Row[Any], tags: frozenset[str], properties: Mapping[str, str]) -> Image:
    return Image(
        id=row.id,
        owner=row.owner,
        name=row.name,
        status=Status(row.status),
        visibility=Visibility(row.visibility),
        disk_format=None if row.disk_format is None else DiskFormat(row.disk_format),
        container_format=None if row.container_format is None else ContainerFormat(row.container_format),
        size=row.size,
        virtual_size=row.virtual_size,
        checksum=row.checksum,
        hash_value=row.hash_value,
        min_disk=row.min_disk,
        min_ram=row.min_ram,
        protected=row.protected,
        hidden=row.hidden,
        tags=tags,
        properties=properties,
        blob_id=row.blob_id,
        import_task=row.import_task,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _values(image: Image) -> dict[str, Any]:
    return {
        "owner": image.owner,
        "name": image.name,
        "status": image.status.value,
        "visibility": image.visibility.value,
        "disk_format": None if image.disk_format is None else image.disk_format.value,
        "container_format": None if image.container_format is None else image.container_format.value,
        "size": image.size,
        "virtual_size": image.virtual_size,
        "checksum": image.checksum,
        "hash_value": image.hash_value,
        "min_disk": image.min_disk,
        "min_ram": image.min_ram,
        "protected": image.protected,
        "hidden": image.hidden,
        "blob_id": image.blob_id,
        "import_task": image.import_task,
        "created_at": image.created_at,
        "updated_at": image.updated_at,
    }
