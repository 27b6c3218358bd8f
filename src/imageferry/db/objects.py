"""Accounts, containers and objects in SQL, with exact counters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, bindparam, delete, func, or_, select, true, update

from imageferry.db.listing import listing
from imageferry.db.schema import accounts, blobs, containers, object_versions, objects
from imageferry.db.shares import containers_with
from imageferry.db.sql import added, by_bytes, insert, keys_of, larger, release, require
from imageferry.domain.access import ProjectId
from imageferry.domain.blob import BlobId
from imageferry.domain.errors import AlreadyExists, NotEmpty, NotFound
from imageferry.domain.link import Link
from imageferry.domain.moment import Moment
from imageferry.domain.object import Account, Container, ContainerId, ListingQuery, StoredObject, Subdir, Whole
from imageferry.domain.sharing import NameRange, Only
from imageferry.domain.versioning import NO_VERSION, Archiving, VersionId, Versioning

# What nearly every request asks, made once: making a statement takes longer than running it.
_CONTAINER = select(containers).where(
    containers.c.project_id == bindparam("project"), containers.c.name == bindparam("name")
)
_HELD_CONTAINER = select(containers.c.id).where(containers.c.id == bindparam("key")).with_for_update(key_share=True)
_OBJECT = select(objects).where(objects.c.container_id == bindparam("container"), objects.c.name == bindparam("name"))
_ACCOUNT_METADATA = select(accounts.c.metadata).where(accounts.c.project_id == bindparam("project"))
_COUNTED = (
    update(containers)
    .where(containers.c.id == bindparam("key"))
    .values(
        object_count=containers.c.object_count + bindparam("more_objects"),
        bytes_used=containers.c.bytes_used + bindparam("more_bytes"),
        filled_at=larger(containers.c.filled_at, bindparam("moment", type_=BigInteger)),
    )
)


class SqlObjects:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def account(self, project_id: ProjectId, now: Moment) -> Account:
        its_row = self._connection.execute(select(accounts).where(accounts.c.project_id == project_id)).first()
        totals = select(
            func.count(containers.c.id).label("containers"),
            func.coalesce(func.sum(containers.c.object_count), 0).label("objects"),
            func.coalesce(func.sum(containers.c.bytes_used), 0).label("bytes"),
            func.max(larger(containers.c.filled_at, containers.c.updated_at)).label("changed_at"),
        ).where(containers.c.project_id == project_id)
        total = self._connection.execute(totals).one()
        return Account(
            project_id=project_id,
            container_count=total.containers,
            object_count=int(total.objects),
            bytes_used=int(total.bytes),
            metadata={} if its_row is None else its_row.metadata,
            created_at=now if its_row is None else its_row.created_at,
            changed_at=Moment(total.changed_at or 0),
        )

    def set_account_metadata(self, project_id: ProjectId, metadata: Mapping[str, str], now: Moment) -> None:
        values = {"project_id": project_id, "metadata": dict(metadata), "created_at": now}
        keeping = insert(self._connection, accounts).values(**values)
        changing = {"metadata": keeping.excluded.metadata}
        self._connection.execute(keeping.on_conflict_do_update(index_elements=["project_id"], set_=changing))

    def account_metadata(self, project_id: ProjectId) -> Mapping[str, str]:
        found = self._connection.execute(_ACCOUNT_METADATA, {"project": project_id}).first()
        return {} if found is None else found.metadata

    def hold_account(self, project_id: ProjectId, now: Moment) -> None:
        query = select(accounts.c.project_id).where(accounts.c.project_id == project_id).with_for_update()
        if self._connection.execute(query).first() is None:
            added(self._connection, accounts, {"project_id": project_id, "metadata": {}, "created_at": now})
            self._connection.execute(query).first()

    def add_container(self, container: Container) -> None:
        values = {
            "id": container.id,
            "project_id": container.project_id,
            "name": container.name,
            "object_count": 0,
            "bytes_used": 0,
            "metadata": dict(container.metadata),
            "readers": container.readers,
            "writers": container.writers,
            "created_at": container.created_at,
            "updated_at": container.updated_at,
        } | _versioning_values(container.versioning)
        if not added(self._connection, containers, values):
            raise AlreadyExists("container", container.name)
        account = {"project_id": container.project_id, "metadata": {}, "created_at": container.created_at}
        added(self._connection, accounts, account)

    def container(self, project_id: ProjectId, name: str) -> Container | None:
        row = self._connection.execute(_CONTAINER, {"project": project_id, "name": name}).first()
        return None if row is None else container_in(row)

    def set_container_metadata(self, container: Container, metadata: Mapping[str, str], now: Moment) -> None:
        values = {"metadata": dict(metadata), "updated_at": now}
        change = update(containers).where(containers.c.id == container.id).values(values)
        if not self._connection.execute(change).rowcount:
            raise NotFound("container", container.name)

    def set_access(self, container_id: ContainerId, *, readers: str, writers: str) -> None:
        change = update(containers).where(containers.c.id == container_id)
        if not self._connection.execute(change.values(readers=readers, writers=writers)).rowcount:
            raise NotFound("container", container_id)

    def set_versioning(self, container_id: ContainerId, versioning: Versioning) -> None:
        change = update(containers).where(containers.c.id == container_id)
        if not self._connection.execute(change.values(_versioning_values(versioning))).rowcount:
            raise NotFound("container", container_id)

    def delete_container(self, container: Container) -> None:
        query = select(containers.c.object_count).where(containers.c.id == container.id).with_for_update()
        count = self._connection.execute(query).scalar_one_or_none()
        if count is None:
            raise NotFound("container", container.name)
        if count:
            raise NotEmpty("container", container.name)
        kept = select(object_versions.c.name).where(object_versions.c.container_id == container.id).limit(1)
        if self._connection.execute(kept).first() is not None:
            raise NotEmpty("container", container.name, inside="all versions")
        self._connection.execute(delete(containers).where(containers.c.id == container.id))

    def containers(
        self, project_id: ProjectId, query: ListingQuery, part: Only | None = None
    ) -> list[Container | Subdir]:
        rows = select(containers).where(containers.c.project_id == project_id)
        if part is not None:
            rows = rows.where(containers_with(part))
        return listing(self._connection, rows, containers.c.name, query, container_in)

    def hold(self, container_id: ContainerId) -> None:
        if self._connection.execute(_HELD_CONTAINER, {"key": container_id}).first() is None:
            raise NotFound("container", container_id)

    def put_object(self, item: StoredObject) -> StoredObject:
        self.hold(item.container_id)
        require(self._connection, blobs.c.id, item.blob_id, kind="blob")
        known = self.object(item.container_id, item.name)
        if known is None:
            values = _values(item) | {"id": item.id, "created_at": item.created_at}
            if not added(self._connection, objects, values):
                raise AlreadyExists("object", item.id)
            count(self._connection, item.container_id, objects=1, size=item.size, now=item.updated_at)
        else:
            change = update(objects).where(objects.c.id == known.id).values(_values(item))
            self._connection.execute(change)
            count(self._connection, item.container_id, objects=0, size=item.size - known.size, now=item.updated_at)
            if known.blob_id != item.blob_id:
                release(self._connection, known.blob_id, item.updated_at)
        return item if known is None else replace(item, id=known.id, created_at=known.created_at)

    def object(self, container_id: ContainerId, name: str) -> StoredObject | None:
        row = self._connection.execute(_OBJECT, {"container": container_id, "name": name}).first()
        return None if row is None else stored_object(row)

    def set_md5(self, blob_id: BlobId, md5: str) -> None:
        for table in (objects, object_versions):
            unknown = (table.c.blob_id == blob_id, table.c.md5 == "")
            self._connection.execute(update(table).where(*unknown).values(md5=md5))

    def delete_object(self, container_id: ContainerId, name: str, now: Moment) -> StoredObject:
        self.hold(container_id)
        known = self.object(container_id, name)
        if known is None:
            raise NotFound("object", name)
        self._connection.execute(delete(objects).where(objects.c.id == known.id))
        count(self._connection, container_id, objects=-1, size=-known.size, now=now)
        release(self._connection, known.blob_id, now)
        return known

    def metadata_names(self, container_id: ContainerId, *, looked_at: int, limit: int) -> list[str]:
        some = select(objects.c.metadata).where(objects.c.container_id == container_id)
        rows = some.order_by(objects.c.name).limit(looked_at).subquery()
        names = keys_of(self._connection, rows.c.metadata)
        name = by_bytes(self._connection, names.c.key).label("name")
        query = select(name).select_from(rows.join(names, true())).distinct()
        return list(self._connection.execute(query.order_by(name).limit(limit)).scalars())

    def expired(
        self, now: Moment, *, limit: int, container_id: ContainerId | None = None
    ) -> list[tuple[ContainerId, str]]:
        rows = select(objects.c.container_id, objects.c.name).where(objects.c.delete_at <= now)
        if container_id is not None:
            rows = rows.where(objects.c.container_id == container_id)
        found = self._connection.execute(rows.order_by(objects.c.delete_at).limit(limit))
        return [(row.container_id, row.name) for row in found]

    def objects(
        self,
        container_id: ContainerId,
        query: ListingQuery,
        now: Moment | None = None,
        *,
        within: Sequence[NameRange] | None = None,
    ) -> list[StoredObject | Subdir]:
        rows = select(objects).where(objects.c.container_id == container_id)
        if now is not None:
            rows = rows.where(or_(objects.c.delete_at.is_(None), objects.c.delete_at > now))
        return listing(self._connection, rows, objects.c.name, query, stored_object, within=within)


def count(connection: Connection, container_id: ContainerId, *, objects: int, size: int, now: Moment) -> None:
    """Let the counters of a container follow what was put into it, or taken out."""
    change = {"key": container_id, "more_objects": objects, "more_bytes": size, "moment": now}
    connection.execute(_COUNTED, change)


def state_of(row: Row[Any]) -> dict[str, Any]:
    """What the current object and its versions have in common."""
    return {
        "container_id": row.container_id,
        "name": row.name,
        "blob_id": row.blob_id,
        "size": row.size,
        "md5": row.md5,
        "content_type": row.content_type,
        "metadata": row.metadata,
        "headers": row.headers,
        "manifest": row.manifest,
        "whole": None if row.whole_size is None else Whole(size=row.whole_size, etag=row.whole_etag),
        "link": None if row.link is None else Link(**row.link),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def state_values(item: StoredObject) -> dict[str, Any]:
    """The same as columns."""
    return {
        "container_id": item.container_id,
        "name": item.name,
        "blob_id": item.blob_id,
        "size": item.size,
        "md5": item.md5,
        "content_type": item.content_type,
        "metadata": dict(item.metadata),
        "headers": dict(item.headers),
        "manifest": item.manifest,
        "whole_size": None if item.whole is None else item.whole.size,
        "whole_etag": None if item.whole is None else item.whole.etag,
        "link": None if item.link is None else asdict(item.link),
        "updated_at": item.updated_at,
    }


def container_in(row: Row[Any]) -> Container:
    return Container(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        object_count=row.object_count,
        bytes_used=row.bytes_used,
        metadata=row.metadata,
        readers=row.readers,
        writers=row.writers,
        versioning=Versioning(
            enabled=row.keeps_versions,
            archive=row.archive or "",
            archiving=Archiving(row.archiving or Archiving.STACK),
        ),
        created_at=row.created_at,
        updated_at=row.updated_at,
        filled_at=Moment(row.filled_at or 0),
    )


def stored_object(row: Row[Any]) -> StoredObject:
    version = VersionId(row.version or NO_VERSION)
    return StoredObject(id=row.id, version=version, delete_at=row.delete_at, **state_of(row))


def _values(item: StoredObject) -> dict[str, Any]:
    return state_values(item) | {"version": item.version or None, "delete_at": item.delete_at}


def _versioning_values(versioning: Versioning) -> dict[str, Any]:
    return {
        "keeps_versions": versioning.enabled,
        "archive": versioning.archive or None,
        "archiving": versioning.archiving.value if versioning.archive else None,
    }
