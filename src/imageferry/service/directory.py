"""Who exists: users, projects and domains, as far as the one who asks may know."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import islice
from typing import Protocol, TypeVar

from imageferry.domain.access import (
    IMPLIED,
    SYSTEM,
    Act,
    Caller,
    DomainId,
    ProjectId,
    Role,
    Scope,
    UserId,
    Where,
    allow,
    may,
)
from imageferry.domain.errors import NotFound, TooLarge
from imageferry.domain.identity import Assignment, Domain, Project, User
from imageferry.ports.records import Records
from imageferry.service.naming import assignments_of

_PAGE = 1000  # rows a query
_MOST_NEIGHBOURS = 1000  # entries of one question, each of which is a look-up
_MOST = 100_000  # rows of one list: clients of these lists know no pages


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


_Row = TypeVar("_Row", bound=_HasId)


class Directory:
    """Look-ups by id and name. What a caller may not know of is not there."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def projects_of(self, caller: Caller, user_id: UserId) -> list[Project]:
        """The projects in which a user has a role: one's own list, or for who may look users up."""
        self.user(caller, user_id)
        with self._records.reading() as session:
            found = _all(lambda after: session.identity.projects(user_id=user_id, after=after, limit=_PAGE))
        return [project for project in found if caller.user_id == user_id or _sees(caller, project.domain.id)]

    def scopes_of(self, caller: Caller) -> list[Project]:
        """The projects that the caller could get a token for."""
        projects = self.projects_of(caller, caller.user_id)
        return [project for project in projects if project.enabled and project.domain.enabled]

    def domain_scopes_of(self, caller: Caller) -> list[Domain]:
        """The domains that the caller could get a token for."""
        with self._records.reading() as session:
            places = [where for _, where, _ in session.identity.grants(user_id=caller.user_id)]
            found = [session.identity.domain(where.domain_id) for where in dict.fromkeys(places) if where.domain_id]
        return [domain for domain in found if domain is not None and domain.enabled]

    def reaches_system(self, caller: Caller) -> bool:
        """Whether the caller could get a token for the system."""
        with self._records.reading() as session:
            return bool(session.identity.granted(caller.user_id, SYSTEM))

    def user(self, caller: Caller, user_id: UserId) -> User:
        if caller.user_id != user_id:
            allow(caller, Act.READ_IDENTITY)
        with self._records.reading() as session:
            user = session.identity.user(user_id)
        if user is None or (caller.user_id != user_id and not _sees(caller, user.domain.id)):
            raise NotFound("user", user_id)
        return user

    def users(self, caller: Caller, *, name: str | None = None, domain_id: DomainId | None = None) -> list[User]:
        allow(caller, Act.READ_IDENTITY)
        if not _sees(caller, domain_id):
            return []
        home = caller.domain_id or domain_id
        with self._records.reading() as session:
            return _all(lambda after: session.identity.users(name=name, domain_id=home, after=after, limit=_PAGE))

    def project(self, caller: Caller, project_id: ProjectId) -> Project:
        """For who has a role there, and who may look projects up; to anybody else it does not exist."""
        with self._records.reading() as session:
            project = session.identity.project(project_id)
            mine = bool(session.identity.granted(caller.user_id, Where.project(project_id)))
        if project is None or not (mine or (may(caller, Act.READ_IDENTITY) and _sees(caller, project.domain.id))):
            raise NotFound("project", project_id)
        return project

    def projects(self, caller: Caller, *, name: str | None = None, domain_id: DomainId | None = None) -> list[Project]:
        allow(caller, Act.READ_IDENTITY)
        if not _sees(caller, domain_id):
            return []
        home = caller.domain_id or domain_id
        with self._records.reading() as session:
            return _all(lambda after: session.identity.projects(name=name, domain_id=home, after=after, limit=_PAGE))

    def domains(self, caller: Caller, *, name: str | None = None) -> list[Domain]:
        allow(caller, Act.READ_IDENTITY)
        with self._records.reading() as session:
            found = session.identity.domains()
        return [domain for domain in found if _sees(caller, domain.id) and name in (None, domain.name)]

    def domain(self, caller: Caller, domain_id: DomainId) -> Domain:
        """One's own domain, or any for who may look things up."""
        with self._records.reading() as session:
            domain = session.identity.domain(domain_id)
            home = None if caller.project_id is None else session.identity.project(caller.project_id)
        if domain_id not in (caller.domain_id, None if home is None else home.domain.id):
            allow(caller, Act.READ_IDENTITY)
        if domain is None or not _sees(caller, domain_id):
            raise NotFound("domain", domain_id)
        return domain

    def granted(self, caller: Caller, user_id: UserId, where: Where) -> list[Role]:
        """The roles as granted there. Raises NotFound (user, project or domain)."""
        allow(caller, Act.READ_IDENTITY)
        self.user(caller, user_id)
        if where.project_id is not None:
            self.project(caller, where.project_id)
        if where.domain_id is not None:
            self.domain(caller, where.domain_id)
        with self._records.reading() as session:
            return sorted(session.identity.granted(user_id, where))

    def assignments(
        self,
        caller: Caller,
        *,
        user_id: UserId | None = None,
        where: Where | None = None,
        role: str | None = None,
        effective: bool = False,
    ) -> list[Assignment]:
        """Who has which role where. ``effective``: with what the roles imply."""
        allow(caller, Act.READ_IDENTITY)
        with self._records.reading() as session:
            rows = session.identity.grants(user_id=user_id, where=where)
            if effective:
                wide = ((user, place, also) for user, place, given in rows for also in sorted(IMPLIED[given]))
                rows = list(dict.fromkeys(wide))
            found = assignments_of(session, (row for row in rows if role in (None, row[2].value)))
        return [item for item in found if _sees_assignment(caller, item)]

    def project_called(self, text: str, *, by: ProjectId) -> ProjectId | None:
        """The project that a member of the project ``by`` means: by id, or by name within the same domain.

        Clients send the name when they may not look the id up.
        """
        with self._records.reading() as session:
            project = session.identity.project(ProjectId(text))
            if project is None and (home := session.identity.project(by)) is not None:
                project = session.identity.project_by_name(text, home.domain.id)
        return None if project is None else project.id

    def neighbours(
        self, caller: Caller, *, ids: Collection[str], names: Collection[str]
    ) -> tuple[dict[ProjectId, str], dict[str, ProjectId]]:
        """Names by id and ids by name, of projects in the domain of the caller's own; others are left out.

        Within a domain a name means one project, and its members may share things with each other by name.

        Raises:
            Forbidden: the token has no project scope.
            TooLarge: too many at once.
        """
        if len(ids) + len(names) > _MOST_NEIGHBOURS:
            raise TooLarge("one question", _MOST_NEIGHBOURS, len(ids) + len(names), unit="ids and names")
        with self._records.reading() as session:
            home = session.identity.project(caller.project)
            if home is None:
                raise NotFound("project", caller.project)
            # With a NUL it is nobody's name, and no database need be asked.
            known = [session.identity.project(ProjectId(text)) for text in dict.fromkeys(ids) if "\0" not in text]
            named = [
                session.identity.project_by_name(text, home.domain.id)
                for text in dict.fromkeys(names)
                if "\0" not in text
            ]
        by_id = {item.id: item.name for item in known if item is not None and item.domain.id == home.domain.id}
        return by_id, {item.name: item.id for item in named if item is not None}


def _sees(caller: Caller, domain_id: DomainId | None) -> bool:
    """Whether what is in a domain is there for the caller: a token for a domain shows that one only."""
    return caller.scope is not Scope.DOMAIN or domain_id in (None, caller.domain_id)


def _sees_assignment(caller: Caller, item: Assignment) -> bool:
    if isinstance(item.place, Project):
        return _sees(caller, item.place.domain.id)
    return caller.scope is not Scope.DOMAIN if item.place is None else _sees(caller, item.place.id)


def _all(page: Callable[..., list[_Row]]) -> list[_Row]:
    """All rows, read by pages of ``page(after)``, each from behind the last one's id."""

    def rows() -> Iterator[_Row]:
        after = None
        while True:
            found = page(after)
            yield from found
            if len(found) < _PAGE:
                return
            after = found[-1].id

    return list(islice(rows(), _MOST))
