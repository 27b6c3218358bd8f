"""Who exists: users, projects and domains, as far as the one who asks may know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Protocol, TypeVar

from imageferry.domain.access import Act, Caller, DomainId, ProjectId, UserId, allow
from imageferry.domain.errors import Forbidden, NotFound
from imageferry.domain.identity import Domain, Project, User
from imageferry.ports.records import Records

_PAGE = 1000  # rows a query
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
        """The projects in which a user has a role: one's own list, or anybody's for an admin."""
        _self_or_admin(caller, user_id)
        with self._records.reading() as session:
            if session.identity.user(user_id) is None:
                raise NotFound("user", user_id)
            return _all(lambda after: session.identity.projects(user_id=user_id, after=after, limit=_PAGE))

    def scopes_of(self, caller: Caller) -> list[Project]:
        """The projects that the caller could get a token for."""
        projects = self.projects_of(caller, caller.user_id)
        return [project for project in projects if project.enabled and project.domain.enabled]

    def user(self, caller: Caller, user_id: UserId) -> User:
        _self_or_admin(caller, user_id)
        with self._records.reading() as session:
            user = session.identity.user(user_id)
        if user is None:
            raise NotFound("user", user_id)
        return user

    def users(self, caller: Caller, *, name: str | None = None, domain_id: DomainId | None = None) -> list[User]:
        allow(caller, Act.MANAGE_IDENTITY)
        with self._records.reading() as session:
            return _all(lambda after: session.identity.users(name=name, domain_id=domain_id, after=after, limit=_PAGE))

    def project(self, caller: Caller, project_id: ProjectId) -> Project:
        """For the admin and for who has a role there; to anybody else it does not exist."""
        with self._records.reading() as session:
            project = session.identity.project(project_id)
            mine = caller.is_admin or bool(session.identity.granted(caller.user_id, project_id))
        if project is None or not mine:
            raise NotFound("project", project_id)
        return project

    def projects(self, caller: Caller, *, name: str | None = None, domain_id: DomainId | None = None) -> list[Project]:
        allow(caller, Act.MANAGE_IDENTITY)
        with self._records.reading() as session:
            return _all(
                lambda after: session.identity.projects(name=name, domain_id=domain_id, after=after, limit=_PAGE)
            )

    def domains(self, caller: Caller, *, name: str | None = None) -> list[Domain]:
        allow(caller, Act.MANAGE_IDENTITY)
        with self._records.reading() as session:
            return [domain for domain in session.identity.domains() if name is None or domain.name == name]

    def domain(self, caller: Caller, domain_id: DomainId) -> Domain:
        allow(caller, Act.MANAGE_IDENTITY)
        with self._records.reading() as session:
            domain = session.identity.domain(domain_id)
        if domain is None:
            raise NotFound("domain", domain_id)
        return domain

    def project_exists(self, project_id: ProjectId) -> bool:
        """For use-cases that are handed a project id by its owner's friend."""
        with self._records.reading() as session:
            return session.identity.project(project_id) is not None

    def project_called(self, text: str, *, by: ProjectId) -> ProjectId | None:
        """The project that a member of the project ``by`` means: by id, or by name within the same domain.

        Clients send the name when they may not look the id up.
        """
        with self._records.reading() as session:
            project = session.identity.project(ProjectId(text))
            if project is None and (home := session.identity.project(by)) is not None:
                project = session.identity.project_by_name(text, home.domain.id)
        return None if project is None else project.id


def _self_or_admin(caller: Caller, user_id: UserId) -> None:
    if caller.user_id != user_id and not caller.is_admin:
        raise Forbidden("read another user's data")


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
