"""Archives: containers that old states of another container's objects are put into, as objects.

Like ``keeping``, inside the transaction that puts or deletes, with that other container held.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace

from imageferry.domain.access import ProjectId
from imageferry.domain.blob import BlobDraft
from imageferry.domain.digest import Algorithm
from imageferry.domain.errors import PreconditionFailed
from imageferry.domain.moment import Moment
from imageferry.domain.object import MAX_OBJECT_NAME, Container, ListingQuery, ObjectId, StoredObject
from imageferry.domain.versioning import DELETED_TYPE, archive_name, archive_prefix
from imageferry.ports.records import Session
from imageferry.service.blob_writer import new_blob_id

_EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e"


def new_id() -> ObjectId:
    return ObjectId(str(uuid.uuid4()))


def archive_state(session: Session, project: ProjectId, container: Container, item: StoredObject) -> None:
    """Put a state of an object into the archive. Raises PreconditionFailed: it is not there, or has no such names."""
    _put(session, project, container, item, item.updated_at)


def archive_mark(session: Session, project: ProjectId, container: Container, name: str, now: Moment) -> None:
    """Put there that an object was deleted. Raises PreconditionFailed, as above."""
    digests = {Algorithm.MD5: _EMPTY_MD5}
    empty = BlobDraft(id=new_blob_id(), size=0, blocks={}, digests=digests)
    session.blobs.add(empty, now)
    mark = StoredObject(
        id=new_id(),
        container_id=container.id,
        name=name,
        blob_id=empty.id,
        size=0,
        md5=_EMPTY_MD5,
        content_type=DELETED_TYPE,
        created_at=now,
        updated_at=now,
    )
    _put(session, project, container, mark, now)


def archived(session: Session, archive: Container, name: str, now: Moment) -> Iterator[StoredObject]:
    """The last two states of an object that the archive has, the latest first."""
    session.objects.hold(archive.id)
    query = ListingQuery(prefix=archive_prefix(name), reverse=True, limit=2)
    for row in session.objects.objects(archive.id, query, now):
        if isinstance(row, StoredObject):
            yield row


def _archive_of(session: Session, project: ProjectId, container: Container) -> Container:
    archive = session.objects.container(project, container.versioning.archive)
    if archive is None:
        raise PreconditionFailed(f"container {container.name}", "that its archive is there")
    session.objects.hold(archive.id)
    return archive


def _put(session: Session, project: ProjectId, container: Container, item: StoredObject, moment: Moment) -> None:
    archive = _archive_of(session, project, container)
    name = archive_name(item.name, moment)
    if len(name.encode()) > MAX_OBJECT_NAME:
        raise PreconditionFailed(f"container {container.name}", "names that are short enough for its archive")
    while session.objects.object(archive.id, name) is not None:
        moment = Moment(moment + 10)  # the next of the moments that names can tell apart
        name = archive_name(item.name, moment)
    session.objects.put_object(replace(item, id=new_id(), container_id=archive.id, name=name))
