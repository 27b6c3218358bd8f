"""What projects may keep as images, and what they keep, in SQL."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, case, delete, func, select

from imageferry.db.schema import blobs, containers, images, project_limits, projects, registrations
from imageferry.db.sql import insert, require
from imageferry.db.task_rows import SqlTasks
from imageferry.domain.access import ProjectId
from imageferry.domain.image import Status
from imageferry.domain.image_quota import Amounts, Resource
from imageferry.ports.records.usage import LeftBehind

_WAITING = images.c.status.in_([Status.UPLOADING.value, Status.IMPORTING.value])


class SqlUsage:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def hold(self, project_id: ProjectId) -> None:
        query = select(projects.c.id).where(projects.c.id == project_id).with_for_update(key_share=True)
        self._connection.execute(query).first()

    def of_images(self, project_id: ProjectId) -> Amounts:
        ours = images.c.owner == project_id
        own_bytes = case((registrations.c.image_id.is_(None), images.c.size), else_=0)
        all_of_them = select(func.count(), func.coalesce(func.sum(own_bytes), 0)).where(ours)
        beside = images.outerjoin(registrations, registrations.c.image_id == images.c.id)
        count, size = self._connection.execute(all_of_them.select_from(beside)).one()
        waiting = select(func.count(), func.coalesce(func.sum(blobs.c.size), 0)).where(ours, _WAITING)
        uploads, staged = self._connection.execute(
            waiting.select_from(images.outerjoin(blobs, images.c.blob_id == blobs.c.id))
        ).one()
        return {  # PostgreSQL adds up to a Decimal
            Resource.BYTES: int(size),
            Resource.STAGED: int(staged),
            Resource.IMAGES: count,
            Resource.UPLOADS: uploads,
            Resource.TASKS: SqlTasks(self._connection).count_unfinished(project_id),
        }

    def limits(self, project_id: ProjectId) -> dict[Resource, int]:
        query = select(project_limits).where(project_limits.c.project_id == project_id)
        rows = self._connection.execute(query)
        return {Resource[row.resource]: row.limit for row in rows}

    def left_behind(self) -> dict[ProjectId, LeftBehind]:
        gone: dict[ProjectId, LeftBehind] = {}
        known = select(projects.c.id)
        theirs = select(images.c.owner, func.count(), func.coalesce(func.sum(images.c.size), 0))
        for owner, count, size in self._connection.execute(
            theirs.where(images.c.owner.not_in(known)).group_by(images.c.owner)
        ):
            gone[owner] = LeftBehind(images=count, image_bytes=int(size))
        sums = [func.sum(column) for column in (containers.c.object_count, containers.c.bytes_used)]
        theirs = select(containers.c.project_id, func.count(), *sums)
        for owner, count, objects, size in self._connection.execute(
            theirs.where(containers.c.project_id.not_in(known)).group_by(containers.c.project_id)
        ):
            left = gone.get(owner, LeftBehind())
            gone[owner] = replace(left, containers=count, objects=int(objects), object_bytes=int(size))
        return dict(sorted(gone.items()))

    def set_limit(self, project_id: ProjectId, resource: Resource, limit: int | None) -> None:
        require(self._connection, projects.c.id, project_id, kind="project")
        key = {"project_id": project_id, "resource": resource.name}
        if limit is None:
            its_row = [project_limits.c[name] == value for name, value in key.items()]
            self._connection.execute(delete(project_limits).where(*its_row))
            return
        row = insert(self._connection, project_limits).values(**key, limit=limit)
        self._connection.execute(row.on_conflict_do_update(index_elements=list(key), set_={"limit": limit}))
