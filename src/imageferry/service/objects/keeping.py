"""What becomes of the state an object had, when it is overwritten, deleted or expires.

All of it happens inside the transaction that puts or deletes, with the container held: an
old state is kept before the new one can be seen, or neither is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from imageferry.domain.access import ProjectId
from imageferry.domain.errors import AlreadyExists, BadInput, NotFound
from imageferry.domain.moment import Moment
from imageferry.domain.object import Container, StoredObject
from imageferry.domain.versioning import (
    DELETED_TYPE,
    NO_VERSION,
    Archiving,
    VersionId,
    version_at,
    version_text,
)
from imageferry.ports.records import Session
from imageferry.service.objects.archives import archive_mark, archive_state, archived, new_id
from imageferry.service.registrations.following import bring_along, follow, let_go


@dataclass(frozen=True, kw_only=True, slots=True)
class Deletion:
    """What a deletion did."""

    item: StoredObject | None  # what was there; None: nothing, and yet the deletion may be on record
    mark: VersionId | None = None  # the version that says so
    current: StoredObject | None = None  # what is there now


def live(session: Session, container: Container, name: str, now: Moment) -> StoredObject | None:
    """The current object, held for a change; one that has expired is taken away."""
    item = session.objects.object(container.id, name)
    if item is not None and item.is_expired(now):
        take_away(session, item, now, expired=True)
        return None
    return item


def take_away(session: Session, item: StoredObject, now: Moment, *, expired: bool = False) -> None:
    """Let a name have no current object. One that is a version goes on being one.

    Raises:
        StatusConflict: it is a protected image.
    """
    if item.version != NO_VERSION:
        session.versions.keep(item)
    _delete(session, item, now, expired=expired)


def _delete(session: Session, item: StoredObject, now: Moment, *, expired: bool = False) -> StoredObject:
    """Let an object end, and the image that it may be. Raises StatusConflict: that is protected."""
    let_go(session, item, now, expired=expired)
    return session.objects.delete_object(item.container_id, item.name, now)


def _put(session: Session, there: StoredObject | None, fresh: StoredObject) -> StoredObject:
    """Keep an object, followed by the image that the one there may be."""
    kept = session.objects.put_object(fresh)
    if there is not None:
        follow(session, kept)
    return kept


def overwrite(
    session: Session, project: ProjectId, container: Container, there: StoredObject | None, fresh: StoredObject
) -> StoredObject:
    """Put a new state of an object, and keep the one there as the container wants it.

    Raises:
        PreconditionFailed: the archive is not there, or cannot have such a name.
    """
    return _put(session, there, _making_way(session, project, container, there, fresh))


def arrive(
    session: Session, project: ProjectId, container: Container, there: StoredObject | None, fresh: StoredObject
) -> StoredObject:
    """The same for an object that has left another name: it brings its id along, and the one there ends.

    Raises:
        PreconditionFailed: as for ``overwrite``.
        StatusConflict: the one there is a protected image.
    """
    fresh = _making_way(session, project, container, there, fresh)
    if there is not None:
        _delete(session, there, fresh.updated_at)
    kept = session.objects.put_object(fresh)
    bring_along(session, project, kept)
    return kept


def depart(session: Session, project: ProjectId, container: Container, item: StoredObject, now: Moment) -> None:
    """Let an object leave its name for another one: what it was stays as after a deletion, what it is goes on.

    Raises:
        PreconditionFailed: the archive is not there, or cannot have such a name.
    """
    versioning = container.versioning
    to_history = bool(versioning.archive) and versioning.archiving is Archiving.HISTORY
    if versioning.enabled:
        item = _keep_version(session, item)
    elif item.version != NO_VERSION:
        session.versions.keep(item)
    elif to_history:
        archive_state(session, project, container, item)
    session.objects.delete_object(container.id, item.name, now)
    if versioning.enabled:
        mark = _next_version(session, container, item.name, item, now)
        session.versions.mark_deleted(container.id, item.name, mark, now)
    elif to_history:
        archive_mark(session, project, container, item.name, now)


def remove(session: Session, project: ProjectId, container: Container, name: str, now: Moment) -> Deletion:
    """Delete an object, and keep of it what the container wants kept.

    Raises:
        NotFound: there is none, and nothing is to be remembered of the attempt.
        PreconditionFailed: the archive is not there, or cannot have such a name.
    """
    versioning = container.versioning
    there = live(session, container, name, now)
    if versioning.enabled:
        if there is not None:
            there = _keep_version(session, there)
            _delete(session, there, now)
        mark = _next_version(session, container, name, there, now)
        session.versions.mark_deleted(container.id, name, mark, now)
        return Deletion(item=there, mark=mark)
    if versioning.archive and versioning.archiving is Archiving.HISTORY:
        if there is not None:
            archive_state(session, project, container, there)
            _delete(session, there, now)
        archive_mark(session, project, container, name, now)
        return Deletion(item=there)
    if versioning.archive:
        return _pop(session, project, container, there, name, now)
    if there is None:
        raise NotFound("object", f"{container.name}/{name}")
    take_away(session, there, now)
    return Deletion(item=there)


def remove_version(session: Session, container: Container, name: str, version: VersionId, now: Moment) -> Deletion:
    """Delete one version for good. Without a current one the object is gone; older ones do not take its place.

    NO_VERSION stands for the current object, whatever it is: one that is a version goes on
    being one, and is current no more.

    Raises:
        NotFound: no such version.
    """
    there = live(session, container, name, now)
    if version == NO_VERSION:
        if there is None:
            raise NotFound("object", f"{container.name}/{name}")
        take_away(session, there, now)
        return Deletion(item=there)
    if there is not None and there.version == version:
        return Deletion(item=_delete(session, there, now))
    return Deletion(item=session.versions.delete(container.id, name, version, now).item, current=there)


def restore(session: Session, container: Container, name: str, version: VersionId, now: Moment) -> StoredObject:
    """Let a version be the current object again; the one there stays as a version.

    Raises:
        NotFound: no such version.
        BadInput: it is the mark of a deletion.
    """
    there = live(session, container, name, now)
    if there is not None and there.version == version:
        return there
    found = session.versions.version(container.id, name, version)
    if found is None:
        raise NotFound("version", f"{container.name}/{name}")
    if found.item is None:
        raise BadInput(
            "version", version_text(version), "a version with bytes: this one says that the object was deleted"
        )
    if there is not None:
        _keep_version(session, there)
    session.versions.delete(container.id, name, version, now)
    try:
        return _put(session, there, found.item)
    except AlreadyExists:  # the object was moved since, and has its id with it
        return _put(session, there, replace(found.item, id=new_id()))


def _making_way(
    session: Session, project: ProjectId, container: Container, there: StoredObject | None, fresh: StoredObject
) -> StoredObject:
    """Keep the state there as the container wants it; returns the new one with the version that it gets."""
    if container.versioning.enabled:
        if there is not None:
            there = _keep_version(session, there)
        return replace(fresh, version=_next_version(session, container, fresh.name, there, fresh.updated_at))
    if there is not None and there.version != NO_VERSION:
        session.versions.keep(there)
    elif there is not None and container.versioning.archive:
        archive_state(session, project, container, there)
    return replace(fresh, version=NO_VERSION)


def _keep_version(session: Session, item: StoredObject) -> StoredObject:
    """A state as a version; where it has no number yet, it gets that of the moment it was put."""
    if item.version == NO_VERSION:
        newest = session.versions.newest(item.container_id, item.name)
        item = replace(item, version=version_at(item.updated_at, behind=newest))
    session.versions.keep(item)
    return item


def _next_version(
    session: Session, container: Container, name: str, there: StoredObject | None, now: Moment
) -> VersionId:
    known = (session.versions.newest(container.id, name), None if there is None else there.version)
    return version_at(now, behind=max((number for number in known if number is not None), default=None))


def _pop(
    session: Session,
    project: ProjectId,
    container: Container,
    there: StoredObject | None,
    name: str,
    now: Moment,
) -> Deletion:
    """The last state comes back out of the archive; a mark there says that there was none."""
    archive = session.objects.container(project, container.versioning.archive)
    states = iter(()) if archive is None else archived(session, archive, name, now)
    last = next(states, None)
    if last is None or (last.content_type == DELETED_TYPE and there is not None):
        if there is None:
            raise NotFound("object", f"{container.name}/{name}")
        _delete(session, there, now)
        return Deletion(item=there)
    wanted: StoredObject | None = last
    if last.content_type == DELETED_TYPE:
        _delete(session, last, now)
        wanted = next(states, None)
    if wanted is not None and wanted.content_type != DELETED_TYPE:
        _delete(session, wanted, now)
        back = replace(wanted, id=new_id(), container_id=container.id, name=name, created_at=now, updated_at=now)
        _put(session, there, back)
    return Deletion(item=there or last)
