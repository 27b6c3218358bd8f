"""The end of an export: all its objects become visible in one transaction, the disk last."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from imageferry.domain.access import ProjectId
from imageferry.domain.blob import Blob, BlobDraft, BlobId
from imageferry.domain.digest import Algorithm
from imageferry.domain.errors import AlreadyExists
from imageferry.domain.object import Container, ContainerId, ObjectId, StoredObject
from imageferry.domain.task import Task
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records, Session
from imageferry.service.blobs import Blobs
from imageferry.service.exporting.targets import Targets
from imageferry.service.objects.containers import container_of
from imageferry.service.objects.holding import hold_all
from imageferry.service.objects.keeping import overwrite
from imageferry.service.objects.quotas import within_quotas

_VMDK = "application/x-vmdk"
_OVF = "application/xml"
_MF = "text/plain; charset=utf-8"
_PART = "application/octet-stream"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """Puts finished things where they can be seen."""

    records: Records
    blobs: Blobs
    clock: Clock

    def show(
        self, task: Task, targets: Targets, parts: Sequence[Sequence[Any]], *, description: bytes, digests: bytes
    ) -> None:
        """Show the objects of an export. Showing them again changes nothing.

        Args:
            parts: blob id, size in bytes and MD5 of each, in order.

        Raises:
            NotFound: the container is gone.
            AlreadyExists: something else has taken one of the names meanwhile.
            OverQuota: the account or a container may not keep so much.
        """
        drafts: list[BlobDraft] = []
        try:
            drafts += [self._written(data) for data in (description, digests, b"")]
            with self.records.writing() as session:
                container = container_of(session, task.project_id, targets.container)
                with within_quotas(session, task.project_id, container, self.clock()):
                    hold_all(session, [(task.project_id, container)])
                    there = session.objects.object(container.id, targets.disk)
                    if there is None or there.manifest != targets.manifest(task.id):
                        self._show_in(session, container, task, targets, parts, drafts)
                        return
        except BaseException:
            self._give_up(drafts)
            raise
        self._give_up(drafts)  # shown already, before this step was cut off

    def _show_in(
        self,
        session: Session,
        container: Container,
        task: Task,
        targets: Targets,
        parts: Sequence[Sequence[Any]],
        drafts: Sequence[BlobDraft],
    ) -> None:
        in_the_way = targets.occupied(session, task.project_id)
        if in_the_way is not None:
            raise AlreadyExists("object", in_the_way)
        parts_container = self._parts_container(session, task.project_id, targets.parts_container)
        with within_quotas(session, task.project_id, parts_container, self.clock()):
            for number, (blob_id, size, md5) in enumerate(parts, start=1):
                part = Blob(id=BlobId(blob_id), size=size, digests={Algorithm.MD5: md5})
                item = self._object(parts_container, targets.part(task.id, number), part, _PART)
                overwrite(session, task.project_id, parts_container, None, item)
        names = {targets.description: _OVF, targets.digests: _MF, targets.disk: _VMDK}
        for draft, (name, content_type) in zip(drafts, names.items(), strict=True):
            item = self._object(container, name, self.blobs.keep_in(session, draft), content_type)
            if name == targets.disk:
                item = replace(item, manifest=targets.manifest(task.id))
            overwrite(session, task.project_id, container, None, item)

    def _object(self, container: Container, name: str, blob: Blob, content_type: str) -> StoredObject:
        now = self.clock()
        return StoredObject(
            id=ObjectId(str(uuid.uuid4())),
            container_id=container.id,
            name=name,
            blob_id=blob.id,
            size=blob.size,
            md5=blob.digests[Algorithm.MD5],
            content_type=content_type,
            created_at=now,
            updated_at=now,
        )

    def _parts_container(self, session: Session, project: ProjectId, name: str) -> Container:
        there = session.objects.container(project, name)
        if there is not None:
            return there
        now = self.clock()
        made = Container(
            id=ContainerId(str(uuid.uuid4())), project_id=project, name=name, created_at=now, updated_at=now
        )
        try:
            session.objects.add_container(made)
            return made
        except AlreadyExists:
            return container_of(session, project, name)  # another writer was faster

    def _written(self, data: bytes) -> BlobDraft:
        writer = self.blobs.writer((Algorithm.MD5,))
        try:
            writer.write(data)
            return writer.finish()
        finally:
            writer.abandon()

    def _give_up(self, drafts: Sequence[BlobDraft]) -> None:
        for draft in drafts:
            self.blobs.give_up(draft)
