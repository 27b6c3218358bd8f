"""Images and the projects they are shared with, in SQL."""

from __future__ import annotations

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

    def add(self, image: Image, *, again: bool = False) -> None:
        if image.blob_id is not None:
            require(self._connection, blobs.c.id, image.blob_id, kind="blob")
        is_fresh = added(self._connection, image_ids, {"id": image.id})
        if not (is_fresh or again) or not added(self._connection, images, _values(image) | {"id": image.id}):
            raise AlreadyExists("image", image.id)
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
        """The images of these rows with their tags and properties: two queries for a whole page.

        Lists of a thousand spend most of their time here, so rows are fetched at once and taken apart as tuples.
        """
        these = select(each(self._connection, [row.id for row in rows]).c.value)
        tags: dict[str, list[str]] = {}
        query = select(image_tags.c.image_id, image_tags.c.tag).where(image_tags.c.image_id.in_(these))
        for image_id, tag in self._connection.execute(query).all():
            tags.setdefault(image_id, []).append(tag)
        properties: dict[str, dict[str, str]] = {}
        columns = (image_properties.c.image_id, image_properties.c.name, image_properties.c.value)
        labels = select(*columns).where(image_properties.c.image_id.in_(these)).order_by(image_properties.c.name)
        for image_id, name, value in self._connection.execute(labels).all():
            properties.setdefault(image_id, {})[name] = value
        return [_image(row, frozenset(tags.get(row.id, ())), properties.get(row.id, {})) for row in rows]


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


def _image(row: Sequence[Any], tags: frozenset[str], properties: Mapping[str, str]) -> Image:
    """Of a row of the whole table, in the order of its columns: by name it takes three times as long."""
    (
        image_id,
        owner,
        name,
        status,
        visibility,
        disk_format,
        container_format,
        size,
        virtual_size,
        checksum,
        hash_value,
        min_disk,
        min_ram,
        protected,
        hidden,
        blob_id,
        import_task,
        created_at,
        updated_at,
    ) = row
    return Image(
        id=image_id,
        owner=owner,
        name=name,
        status=_STATUSES[status],
        visibility=_VISIBILITIES[visibility],
        disk_format=_DISK_FORMATS[disk_format],
        container_format=_CONTAINER_FORMATS[container_format],
        size=size,
        virtual_size=virtual_size,
        checksum=checksum,
        hash_value=hash_value,
        min_disk=min_disk,
        min_ram=min_ram,
        protected=protected,
        hidden=hidden,
        tags=tags,
        properties=properties,
        blob_id=blob_id,
        import_task=import_task,
        created_at=created_at,
        updated_at=updated_at,
    )


_STATUSES = {word.value: word for word in Status}
_VISIBILITIES = {word.value: word for word in Visibility}
_DISK_FORMATS: dict[str | None, DiskFormat | None] = {None: None, **{word.value: word for word in DiskFormat}}
_CONTAINER_FORMATS: dict[str | None, ContainerFormat | None] = {
    None: None,
    **{word.value: word for word in ContainerFormat},
}


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
