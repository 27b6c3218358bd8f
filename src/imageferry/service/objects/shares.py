"""What is shared and public: set by its owner, looked at by others.

Whether somebody may read or write an object is asked in ``Containers.may``; here is what only Synnefo's API has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from imageferry.domain.access import Act, Caller, DomainId, Pass, ProjectId, allow, owns
from imageferry.domain.errors import BadInput, NotFound
from imageferry.domain.moment import Moment
from imageferry.domain.object import Account, Container, ListingQuery, StoredObject, Subdir
from imageferry.domain.sharing import (
    EVERYBODY,
    NOBODY,
    NameRange,
    Only,
    Sharing,
    SharingChange,
    checked_group_name,
    checked_groups,
    either,
    just,
    open_ranges,
)
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records, Session
from imageferry.service.objects.containers import container_of, listed_in_acl
from imageferry.service.objects.opened import Opened, opened_all

Page = tuple[Container, list[StoredObject | Subdir]]


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """A container as far as somebody may look at it."""

    container: Container
    whole: bool  # False: only what is shared with the one who looks; then no counts and no policies are told
    pages: Callable[[ListingQuery], Page]


class Shares:
    """The use-cases of sharing, groups and public links."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    # -- what its owner wants ------------------------------------------------

    def wanted(
        self, caller: Caller | None, project: ProjectId, path: tuple[str, str], change: SharingChange
    ) -> SharingChange:
        """The change, if the caller may make it and all grantees are there: to be handed on as ``Traits.sharing``.

        Args:
            path: container and name; nothing need be there yet.

        Raises:
            Forbidden: only the project itself shares what it has.
            BadInput: a grantee that is no project of the account's domain, nor a group of the account.
        """
        allow(caller, Act.WRITE_OBJECTS, owner=project)
        if change.sharing:
            with self._records.reading() as session:
                container = session.objects.container(project, path[0])
                there = None if container is None else session.shares.over(container.id, path[1], self._clock())
                before = there.sharing if there is not None and there.name == path[1] else NOBODY
                _refuse_unknown(session, project, change.sharing, known=before.grantees)
        return change

    def groups(self, caller: Caller | None, project: ProjectId) -> Mapping[str, tuple[ProjectId, ...]]:
        allow(caller, Act.READ_OBJECTS, owner=project)
        with self._records.reading() as session:
            return session.groups.of(project)

    def change_groups(
        self,
        caller: Caller | None,
        project: ProjectId,
        changes: Mapping[str, Sequence[str]],
        *,
        replacing: bool = False,
    ) -> None:
        """Set these groups; one without members goes. ``replacing``: all others go, too.

        Raises:
            BadInput: a name that a group cannot have, too many, or a member that is no project of the account's domain.
        """
        allow(caller, Act.WRITE_OBJECTS, owner=project)
        wanted = {checked_group_name(name): [ProjectId(text) for text in members] for name, members in changes.items()}
        checked_groups(wanted)
        with self._records.writing() as session:
            session.objects.hold_account(project, self._clock())
            there = session.groups.of(project)
            known = {member for members in there.values() for member in members}
            home = _domain_of(session, project)
            for member in {member for members in wanted.values() for member in members} - known:
                _refuse_stranger(session, home, member, field="group")
            merged = {name: members for name, members in {**there, **wanted}.items() if members}
            session.groups.set(project, checked_groups(wanted if replacing else merged))

    # -- what others see -----------------------------------------------------

    def sharers(self, caller: Caller | None, *, after: str = "", limit: int) -> list[tuple[ProjectId, Moment]]:
        """Who shares something with the caller's project, and since when they have their accounts."""
        caller = allow(caller, Act.READ_OBJECTS)
        with self._records.reading() as session:
            return session.shares.sharers(caller.project, after=after, limit=limit)

    def account(self, caller: Caller | None, project: ProjectId) -> Account | None:
        """The account; None: somebody else's in which something is shared with the caller, and no more is told.

        Raises:
            AccessDenied: nothing is.
        """
        if self._whole(caller, project):
            with self._records.reading() as session:
                return session.objects.account(project, self._clock())
        caller = allow(caller, Act.READ_OBJECTS)
        with self._records.reading() as session:
            if session.shares.any_with(project, caller.project):
                return None
        allow(caller, Act.READ_OBJECTS, owner=project)
        return None

    def containers(
        self, caller: Caller | None, project: ProjectId, query: ListingQuery, part: Only | None = None
    ) -> list[Container]:
        """A page of an account's containers: of somebody else's, those in which something is shared with the caller.

        Raises:
            AccessDenied: nothing is.
        """
        if self.account(caller, project) is None and caller is not None:
            part = Only(opened_to=caller.project)
        with self._records.reading() as session:
            rows = session.objects.containers(project, query, part)
        return [row for row in rows if isinstance(row, Container)]

    def view(self, caller: Caller | None, project: ProjectId, name: str, part: Only | None = None) -> View:
        """A container to look at, or what of it is shared with the caller.

        Args:
            part: restricts what is listed; passed over where all that the caller sees is what is shared.

        Raises:
            AccessDenied: nothing of it is shared with the caller.
            NotFound: no such container, for who may know.
        """
        now = self._clock()
        with self._records.reading() as session:
            container = session.objects.container(project, name)
            whole = self._whole(caller, project) or (
                container is not None and listed_in_acl(container, caller, Act.READ_OBJECTS, listing=True)
            )
            if whole:
                container = container_of(session, project, name)
                within = None if part is None else _ranges(session, container, part, now)
            else:
                known = allow(caller, Act.READ_OBJECTS)
                if container is None or not session.shares.any_with(project, known.project, container.id):
                    allow(caller, Act.READ_OBJECTS, owner=project)
                    container = container_of(session, project, name)
                within = _ranges(session, container, Only(opened_to=known.project), now)

        def page(query: ListingQuery) -> Page:
            with self._records.reading() as session:
                return container, session.objects.objects(container.id, query, now, within=within)

        return View(container=container, whole=whole, pages=page)

    def of(self, caller: Caller | None, project: ProjectId, container: str, name: str) -> tuple[Container, Opened]:
        """What is told of an object that the caller may read, and where it is."""
        with self._records.reading() as session:
            place = container_of(session, project, container)
            return place, opened_all(session, place, [name], caller, self._clock())[name]

    def of_all(self, caller: Caller | None, container: Container, names: Sequence[str]) -> Mapping[str, Opened]:
        """The same of a page of a listing, whose names are in order."""
        with self._records.reading() as session:
            return opened_all(session, container, names, caller, self._clock())

    def behind(self, token: str) -> tuple[Caller, tuple[ProjectId, str, str]]:
        """The object that a public address leads to, and a caller who may read it and nothing else.

        Raises:
            NotFound: it leads nowhere, or no longer.
        """
        with self._records.reading() as session:
            found = None if "\0" in token else session.links.behind(token)
        if found is None:
            raise NotFound("public object", "of that address")
        container, name = found
        place = (container.project_id, container.name, name)
        may = Pass(
            act=Act.READ_OBJECTS,
            project_id=container.project_id,
            container=container.name,
            name=name,
            whole_account=False,
            parts=False,  # who may write this object alone could make it lead to others
        )
        return Caller.guest(signed=may), place

    @staticmethod
    def _whole(caller: Caller | None, project: ProjectId) -> bool:
        return owns(caller, Act.READ_OBJECTS, project)


def _ranges(session: Session, container: Container, part: Only, now: Moment) -> list[NameRange]:
    """The names in a container that meet one of the conditions."""
    found: list[NameRange] = []
    if part.opened_to is not None or part.shared:
        project = None if part.shared else part.opened_to
        found = open_ranges(session.shares.marks(container.id, project, now))
    if part.public:
        found = either(found, [just(name) for name in session.links.names(container.id)])
    return found


def _refuse_unknown(session: Session, owner: ProjectId, sharing: Sharing, *, known: Sequence[str]) -> None:
    """Raises BadInput. Who is a grantee by now may stay one, although it may be gone meanwhile."""
    home = _domain_of(session, owner)
    own = session.groups.of(owner) if sharing.groups else {}
    for grantee in sorted(set(sharing.grantees) - set(known) - {EVERYBODY}):
        account, _, group = grantee.partition(":")
        _refuse_stranger(session, home, ProjectId(account), field="sharing")
        if group and account == owner and group not in own:
            raise BadInput("sharing", grantee, "a group that the account has; set its members first")


def _refuse_stranger(session: Session, home: DomainId | None, project: ProjectId, *, field: str) -> None:
    found = None if "\0" in project else session.identity.project(project)
    if found is None or found.domain.id != home:
        raise BadInput(field, project, "the id of an account that there is; user_catalogs translates names to ids")


def _domain_of(session: Session, project: ProjectId) -> DomainId | None:
    found = session.identity.project(project)
    return None if found is None else found.domain.id
