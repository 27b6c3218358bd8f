"""Object storage above the objects: accounts, containers and what is listed in them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from imageferry.domain.access import Act, Caller, ProjectId, allow, owns
from imageferry.domain.acl import checked_acl, may_read, may_write
from imageferry.domain.errors import AlreadyExists, NotFound
from imageferry.domain.moment import Moment
from imageferry.domain.object import (
    MAX_LISTING,
    Account,
    Container,
    ContainerId,
    ListingQuery,
    StoredObject,
    Subdir,
    checked_container_name,
    checked_metadata,
)
from imageferry.domain.quota import checked_quotas, sets_quota
from imageferry.domain.versioning import UNVERSIONED, Versioning, VersioningChange, changed
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records, Session
from imageferry.service.objects.holding import hold_all
from imageferry.service.objects.keeping import live
from imageferry.service.objects.opened import opens


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """Access lists to set on a container; "" takes one away, None leaves it."""

    readers: str | None = None
    writers: str | None = None


class Containers:
    """The use-cases on accounts and containers. An empty value in a change removes the item."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    # -- who may -------------------------------------------------------------

    def may(
        self,
        caller: Caller | None,
        act: Act,
        project: ProjectId,
        container: str,
        name: str | None = None,
        *,
        listing: bool = False,
        by_share: bool = True,
    ) -> None:
        """Let the caller go on at an object, or say why not.

        Args:
            name: None where parts of a large object in that container are meant: who may read the object by its
                own sharing, or its being public, may not for that reason read those.
            listing: the container itself is to be looked at.
            by_share: False for what takes more than a share: to take the object from its name, or an old state back.

        Raises:
            AccessDenied: neither role, nor signed URL, nor the container's access lists, nor sharing allow it.
        """
        if owns(caller, act, project):
            return
        if caller is not None and caller.signed is not None:
            if not listing and caller.signed.allows(act, project, container, name):
                return
        else:
            with self._records.reading() as session:
                there = session.objects.container(project, container)
                if there is not None:
                    if listed_in_acl(there, caller, act, listing=listing):
                        return
                    one = name if by_share and not listing else None
                    if one is not None and opens(session, there, one, caller, act, self._clock()):
                        return
        allow(caller, act, owner=project)

    def metadata_of(self, project: ProjectId, container: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """What an account and one of its containers say of themselves, for rules that look before a caller is known."""
        with self._records.reading() as session:
            there = session.objects.container(project, container)
            return session.objects.account_metadata(project), {} if there is None else there.metadata

    def has_container(self, project: ProjectId, name: str) -> bool:
        """For rules that look before a caller is known."""
        with self._records.reading() as session:
            return session.objects.container(project, name) is not None

    # -- accounts ------------------------------------------------------------

    def account(self, caller: Caller | None, project: ProjectId) -> Account:
        allow(caller, Act.READ_OBJECTS, owner=project)
        with self._records.reading() as session:
            return session.objects.account(project, self._clock())

    def change_account(
        self,
        caller: Caller | None,
        project: ProjectId,
        changes: Mapping[str, str],
        *,
        keeping: Collection[str] | None = None,
    ) -> None:
        """Merge metadata; with ``keeping`` all goes that is neither named there nor changed.

        An account's quota is set by an admin.
        """
        allow(caller, Act.WRITE_OBJECTS, owner=project)
        if sets_quota(changes):
            allow(caller, Act.SET_QUOTAS)
            checked_quotas(changes)
        with self._records.writing() as session:
            session.objects.hold_account(project, self._clock())
            there = _kept(session.objects.account_metadata(project), keeping)
            metadata = checked_metadata(_merged(there, changes))
            session.objects.set_account_metadata(project, metadata, self._clock())

    def containers(
        self, caller: Caller | None, project: ProjectId, query: ListingQuery
    ) -> tuple[Account, list[Container | Subdir]]:
        allow(caller, Act.READ_OBJECTS, owner=project)
        with self._records.reading() as session:
            return session.objects.account(project, self._clock()), session.objects.containers(project, query)

    # -- containers ----------------------------------------------------------

    def create_container(
        self,
        caller: Caller | None,
        project: ProjectId,
        name: str,
        metadata: Mapping[str, str],
        access: Access | None = None,
        versioning: VersioningChange | None = None,
        *,
        at_first: VersioningChange | None = None,
    ) -> bool:
        """Make a container, or merge metadata into the one there. Returns whether it is new.

        Args:
            at_first: what a new one has where ``versioning`` says nothing.
        """
        allow(caller, Act.WRITE_OBJECTS, owner=project)
        checked_container_name(name)
        access = _checked_access(access)
        checked_quotas(metadata)
        now = self._clock()
        with self._records.writing() as session:
            there = session.objects.container(project, name)
            if there is None:
                fresh = Container(
                    id=ContainerId(str(uuid.uuid4())),
                    project_id=project,
                    name=name,
                    metadata=checked_metadata(_merged({}, metadata)),
                    readers=access.readers or "",
                    writers=access.writers or "",
                    versioning=_checked_versioning(UNVERSIONED, versioning or at_first),
                    created_at=now,
                    updated_at=now,
                )
                try:
                    session.objects.add_container(fresh)
                    return True
                except AlreadyExists:
                    pass  # another writer was faster
            there = held(session, project, name)
            merged = checked_metadata(_merged(there.metadata, metadata))
            session.objects.set_container_metadata(there, merged, now)
            _set_access(session, there, access)
            _set_versioning(session, there, versioning)
            return False

    def container(self, caller: Caller | None, project: ProjectId, name: str) -> Container:
        self.may(caller, Act.READ_OBJECTS, project, name, listing=True)
        with self._records.reading() as session:
            return container_of(session, project, name)

    def change_container(
        self,
        caller: Caller | None,
        project: ProjectId,
        name: str,
        changes: Mapping[str, str],
        access: Access | None = None,
        versioning: VersioningChange | None = None,
        *,
        keeping: Collection[str] | None = None,
    ) -> None:
        """Merge metadata; with ``keeping`` all goes that is neither named there nor changed."""
        allow(caller, Act.WRITE_OBJECTS, owner=project)
        access = _checked_access(access)
        checked_quotas(changes)
        with self._records.writing() as session:
            there = held(session, project, name)
            merged = checked_metadata(_merged(_kept(there.metadata, keeping), changes))
            session.objects.set_container_metadata(there, merged, self._clock())
            _set_access(session, there, access)
            _set_versioning(session, there, versioning)

    def delete_container(self, caller: Caller | None, project: ProjectId, name: str) -> None:
        allow(caller, Act.WRITE_OBJECTS, owner=project)
        with self._records.writing() as session:
            there = container_of(session, project, name)
            session.objects.hold(there.id)
            clear_expired(session, there, self._clock())
            session.objects.delete_container(there)

    def listing(
        self, caller: Caller | None, project: ProjectId, name: str, query: ListingQuery
    ) -> tuple[Container, list[StoredObject | Subdir]]:
        self.may(caller, Act.READ_OBJECTS, project, name, listing=True)
        with self._records.reading() as session:
            container = container_of(session, project, name)
            return container, session.objects.objects(container.id, query, self._clock())

    def level(
        self, caller: Caller | None, project: ProjectId, name: str, query: ListingQuery
    ) -> tuple[Container, list[StoredObject]]:
        """The objects of one pseudo-directory, without what lies deeper.

        An object that bears the very name of a directory below, delimiter included, stands
        for that directory and is listed; the prefix's own is not.
        """
        self.may(caller, Act.READ_OBJECTS, project, name, listing=True)
        found: list[StoredObject] = []
        now = self._clock()
        with self._records.reading() as session:
            container = container_of(session, project, name)
            while len(found) < query.limit:
                page = session.objects.objects(container.id, query, now)
                for row in page:
                    item = session.objects.object(container.id, row.name) if isinstance(row, Subdir) else row
                    if item is not None and not item.is_expired(now) and item.name != query.prefix:
                        found.append(item)
                if len(page) < query.limit:
                    break
                query = replace(query, marker=page[-1].name)
        return container, found[: query.limit]


def held(session: Session, project: ProjectId, name: str) -> Container:
    """A container that nobody else changes, nor what is in it, until the transaction ends. Raises NotFound."""
    hold_all(session, [(project, container_of(session, project, name))])
    return container_of(session, project, name)


def clear_expired(session: Session, there: Container, now: Moment) -> None:
    """Take the objects away whose time is over, as many as a listing has."""
    for _, expired in session.objects.expired(now, limit=MAX_LISTING, container_id=there.id):
        live(session, there, expired, now)  # which takes it away


def container_of(session: Session, project: ProjectId, name: str) -> Container:
    """Raises NotFound."""
    container = session.objects.container(project, name)
    if container is None:
        raise NotFound("container", name)
    return container


def _kept(metadata: Mapping[str, str], keeping: Collection[str] | None) -> Mapping[str, str]:
    return metadata if keeping is None else {name: metadata[name] for name in metadata if name in keeping}


def _merged(metadata: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in {**metadata, **changes}.items() if value}


def _checked_access(access: Access | None) -> Access:
    """Raises BadInput."""
    if access is None:
        return Access()
    readers, writers = access.readers, access.writers
    return Access(
        readers=None if readers is None else checked_acl(readers, field="X-Container-Read", writing=False),
        writers=None if writers is None else checked_acl(writers, field="X-Container-Write", writing=True),
    )


def listed_in_acl(container: Container, caller: Caller | None, act: Act, *, listing: bool = False) -> bool:
    """Whether a container's access lists let the caller do this."""
    if act is Act.READ_OBJECTS:
        return may_read(container.readers, caller, owner=container.project_id, listing=listing)
    return act is Act.WRITE_OBJECTS and may_write(container.writers, caller, owner=container.project_id)


def _set_access(session: Session, there: Container, access: Access) -> None:
    readers = there.readers if access.readers is None else access.readers
    writers = there.writers if access.writers is None else access.writers
    if (readers, writers) != (there.readers, there.writers):
        session.objects.set_access(there.id, readers=readers, writers=writers)


def _checked_versioning(there: Versioning, change: VersioningChange | None) -> Versioning:
    """Raises BadInput: both ways of keeping old states at once, or no container's name."""
    if change is None:
        return there
    if change.archive:
        checked_container_name(change.archive)
    return changed(there, change)


def _set_versioning(session: Session, there: Container, change: VersioningChange | None) -> None:
    wanted = _checked_versioning(there.versioning, change)
    if wanted != there.versioning:
        session.objects.set_versioning(there.id, wanted)
