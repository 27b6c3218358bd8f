"""What there was at a time: looked at, and forgotten."""

from __future__ import annotations

from dataclasses import replace

from imageferry.domain.access import Act, Caller, ProjectId, allow, owns
from imageferry.domain.errors import NotEmpty, NotFound
from imageferry.domain.moment import Moment
from imageferry.domain.object import MAX_LISTING, Account, Container, Held, ListingQuery, StoredObject, Subdir
from imageferry.domain.versioning import VersionId
from imageferry.ports.records import Session
from imageferry.service.objects.containers import clear_expired, container_of, held
from imageferry.service.objects.versions import Versions

_AT_ONCE = 10_000  # versions that one transaction forgets


class History(Versions):
    """The use-cases on the past of an account. It is open to who may read all of it: access lists open the present."""

    def numbers(
        self, caller: Caller | None, project: ProjectId, container: str, name: str
    ) -> list[tuple[VersionId, Moment]]:
        """The states of a name that can be read, and when each came to be: the last 10,000, oldest first.

        Who may read by an access list is told the current one.

        Raises:
            NotFound: there is none, or was none.
        """
        self.may(caller, Act.READ_OBJECTS, project, container, name)
        with self._records.reading() as session:
            place = container_of(session, project, container)
            current = session.objects.object(place.id, name)
            mine = owns(caller, Act.READ_OBJECTS, project)
            found = session.history.numbers(place.id, name, limit=MAX_LISTING - 1) if mine else []
        if current is not None and (current.version or not current.is_expired(self._clock())):
            found.append((current.number, current.updated_at))
        if not found:
            raise NotFound("object", f"{container}/{name}")
        return sorted(found)

    def listing_at(
        self, caller: Caller | None, project: ProjectId, name: str, query: ListingQuery, at: Moment
    ) -> tuple[Container, list[StoredObject | Subdir]]:
        """As ``listing``, of what was there at that moment. Raises NotFound: the container was made later."""
        allow(caller, Act.READ_OBJECTS, owner=project)
        with self._records.reading() as session:
            container = _made_before(session, project, name, at)
            return container, session.history.objects_at(container.id, query, at, self._clock())

    def container_at(self, caller: Caller | None, project: ProjectId, name: str, at: Moment) -> Container:
        """A container with what it held at that moment, and when that had last changed. Its metadata are those of now.

        Raises:
            NotFound: it was made later.
        """
        allow(caller, Act.READ_OBJECTS, owner=project)
        with self._records.reading() as session:
            return self._as_it_was(session, [_made_before(session, project, name, at)], at)[0]

    def containers_at(
        self, caller: Caller | None, project: ProjectId, query: ListingQuery, at: Moment
    ) -> tuple[Account, list[Container]]:
        """The account and a page of its containers, with what they held at that moment.

        Containers that were deleted since are not remembered.
        """
        allow(caller, Act.READ_OBJECTS, owner=project)
        with self._records.reading() as session:
            everything = self._as_it_was(session, _made_by(session, project, ListingQuery(), at, limit=None), at)
            page = {row.id for row in _made_by(session, project, query, at, limit=query.limit)}
            account = replace(
                session.objects.account(project, self._clock()),
                container_count=len(everything),
                object_count=sum(row.object_count for row in everything),
                bytes_used=sum(row.bytes_used for row in everything),
            )
        return account, [row for row in everything if row.id in page]

    def _as_it_was(self, session: Session, containers: list[Container], at: Moment) -> list[Container]:
        if not containers:
            return []
        only = containers[0].id if len(containers) == 1 else None
        held_at = session.history.held_at(containers[0].project_id, at, self._clock(), only=only)
        found = []
        for row in containers:
            then = held_at.get(row.id, Held(0, 0, row.created_at))
            at = then.changed_at
            found.append(replace(row, object_count=then.objects, bytes_used=then.bytes, updated_at=at, filled_at=at))
        return found

    def purge(
        self, caller: Caller | None, project: ProjectId, container: str, until: Moment, *, name: str | None = None
    ) -> int:
        """Forget versions and marks up to that moment, of one name or of the whole container. What is there now stays.

        They go in portions, each for good. Returns how many.

        Raises:
            NotFound: no such container; of that name there neither is nor was anything.
        """
        allow(caller, Act.WRITE_OBJECTS, owner=project)
        gone = 0
        while True:
            with self._records.writing() as session:
                place = held(session, project, container)
                more = session.history.purge(place.id, until, self._clock(), name=name, limit=_AT_ONCE)
                gone += more
                if name is not None and not gone:
                    _refuse_unknown(session, place, name)
            if more < _AT_ONCE:
                return gone

    def delete_container_and_history(self, caller: Caller | None, project: ProjectId, name: str) -> None:
        """Delete a container that has no objects, with all that it had.

        Raises:
            NotFound: no such container.
            NotEmpty: there are objects. Then nothing is forgotten.
        """
        allow(caller, Act.WRITE_OBJECTS, owner=project)
        while True:
            with self._records.writing() as session:
                place = held(session, project, name)
                now = self._clock()
                clear_expired(session, place, now)
                if session.objects.objects(place.id, ListingQuery(limit=1)):
                    raise NotEmpty("container", name)
                if session.history.purge(place.id, _FOR_EVER, now, limit=_AT_ONCE) < _AT_ONCE:
                    session.objects.delete_container(place)
                    return


def _refuse_unknown(session: Session, container: Container, name: str) -> None:
    """Raises NotFound: nothing has that name, and nothing had it."""
    never = session.versions.newest(container.id, name) is None
    if never and session.objects.object(container.id, name) is None:
        raise NotFound("object", f"{container.name}/{name}")


_FOR_EVER = Moment((1 << 63) - 1)  # the largest number that records keep


def _made_before(session: Session, project: ProjectId, name: str, at: Moment) -> Container:
    """Raises NotFound."""
    container = container_of(session, project, name)
    if container.created_at > at:
        raise NotFound("container", name)
    return container


def _made_by(
    session: Session, project: ProjectId, query: ListingQuery, at: Moment, *, limit: int | None
) -> list[Container]:
    """Containers that were there at that moment; None: all of them."""
    found: list[Container] = []
    while limit is None or len(found) < limit:
        page = session.objects.containers(project, query)
        found += [row for row in page if isinstance(row, Container) and row.created_at <= at]
        if len(page) < query.limit:
            break
        query = replace(query, marker=page[-1].name)
    return found[:limit]
