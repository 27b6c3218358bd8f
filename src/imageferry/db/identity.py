"""Domains, projects and users in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, Select, bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError

from imageferry.db.grants import SqlGrants, SqlTokens
from imageferry.db.schema import domains, grants, projects, tokens, users
from imageferry.db.sql import added, require
from imageferry.domain.access import DomainId, ProjectId, UserId
from imageferry.domain.errors import AlreadyExists, NotEmpty, NotFound
from imageferry.domain.identity import Domain, Project, User

_DOMAIN_OF = tuple(domains.c[name].label(f"domain_{name}") for name in ("name", "enabled", "description"))
_PROJECTS = select(projects, *_DOMAIN_OF).join(domains)
_USERS = select(users, *_DOMAIN_OF).join(domains)
# What every request asks, made once: making a statement takes longer than running it.
_PROJECT = _PROJECTS.where(projects.c.id == bindparam("key"))
_USER = _USERS.where(users.c.id == bindparam("key"))


class SqlIdentity(SqlGrants, SqlTokens):
    """Who there is, what they may and how they prove it."""

    def add_domain(self, domain: Domain) -> None:
        values = {"id": domain.id, **_domain_values(domain)}
        if not added(self._connection, domains, values):
            raise AlreadyExists("domain", domain.name)

    def domain(self, domain_id: DomainId) -> Domain | None:
        return self._domain(select(domains).where(domains.c.id == domain_id))

    def domain_by_name(self, name: str) -> Domain | None:
        return self._domain(select(domains).where(domains.c.name == name))

    def domains(self) -> list[Domain]:
        return [_domain(row) for row in self._connection.execute(select(domains).order_by(domains.c.name))]

    def update_domain(self, domain: Domain) -> None:
        change = update(domains).where(domains.c.id == domain.id).values(_domain_values(domain))
        try:
            with self._connection.begin_nested():
                changed = self._connection.execute(change).rowcount
        except IntegrityError as error:
            raise AlreadyExists("domain", domain.name) from error
        if not changed:
            raise NotFound("domain", domain.id)

    def delete_domain(self, domain_id: DomainId) -> None:
        try:
            with self._connection.begin_nested():
                gone = self._connection.execute(delete(domains).where(domains.c.id == domain_id)).rowcount
        except IntegrityError as error:
            raise NotEmpty("domain", domain_id) from error
        if not gone:
            raise NotFound("domain", domain_id)

    def add_project(self, project: Project) -> None:
        require(self._connection, domains.c.id, project.domain.id, kind="domain")
        if not added(self._connection, projects, {"id": project.id, **_project_values(project)}):
            raise AlreadyExists("project", project.name)

    def project(self, project_id: ProjectId) -> Project | None:
        return self._project(_PROJECT, {"key": project_id})

    def project_by_name(self, name: str, domain_id: DomainId) -> Project | None:
        return self._project(_PROJECTS.where(projects.c.name == name, projects.c.domain_id == domain_id))

    def projects(
        self,
        *,
        name: str | None = None,
        domain_id: DomainId | None = None,
        user_id: UserId | None = None,
        after: ProjectId | None = None,
        limit: int = 1000,
    ) -> list[Project]:
        query = _PROJECTS.order_by(projects.c.id).limit(limit)
        if name is not None:
            query = query.where(projects.c.name == name)
        if domain_id is not None:
            query = query.where(projects.c.domain_id == domain_id)
        if user_id is not None:
            query = query.where(projects.c.id.in_(select(grants.c.project_id).where(grants.c.user_id == user_id)))
        if after is not None:
            query = query.where(projects.c.id > after)
        return [_project(row) for row in self._connection.execute(query)]

    def update_project(self, project: Project) -> None:
        change = update(projects).where(projects.c.id == project.id).values(_project_values(project))
        try:
            with self._connection.begin_nested():
                changed = self._connection.execute(change).rowcount
        except IntegrityError as error:
            raise AlreadyExists("project", project.name) from error
        if not changed:
            raise NotFound("project", project.id)

    def delete_project(self, project_id: ProjectId) -> None:
        wishes = update(users).where(users.c.default_project_id == project_id).values(default_project_id=None)
        self._connection.execute(wishes)
        if not self._connection.execute(delete(projects).where(projects.c.id == project_id)).rowcount:
            raise NotFound("project", project_id)

    def add_user(self, user: User, password_hash: str) -> None:
        require(self._connection, domains.c.id, user.domain.id, kind="domain")
        values = {"id": user.id, "password_hash": password_hash, **_user_values(user)}
        if not added(self._connection, users, values):
            raise AlreadyExists("user", user.name)

    def user(self, user_id: UserId) -> User | None:
        return self._user(_USER, {"key": user_id})

    def user_by_name(self, name: str, domain_id: DomainId) -> User | None:
        return self._user(_USERS.where(users.c.name == name, users.c.domain_id == domain_id))

    def users(
        self,
        *,
        name: str | None = None,
        domain_id: DomainId | None = None,
        after: UserId | None = None,
        limit: int = 1000,
    ) -> list[User]:
        query = _USERS.order_by(users.c.id).limit(limit)
        if name is not None:
            query = query.where(users.c.name == name)
        if domain_id is not None:
            query = query.where(users.c.domain_id == domain_id)
        if after is not None:
            query = query.where(users.c.id > after)
        return [_user(row) for row in self._connection.execute(query)]

    def update_user(self, user: User) -> None:
        change = update(users).where(users.c.id == user.id).values(_user_values(user))
        try:
            with self._connection.begin_nested():
                changed = self._connection.execute(change).rowcount
        except IntegrityError as error:
            raise AlreadyExists("user", user.name) from error
        if not changed:
            raise NotFound("user", user.id)

    def delete_user(self, user_id: UserId) -> None:
        if not self._connection.execute(delete(users).where(users.c.id == user_id)).rowcount:
            raise NotFound("user", user_id)

    def password_hash(self, user_id: UserId) -> str | None:
        query = select(users.c.password_hash).where(users.c.id == user_id)
        return self._connection.execute(query).scalar_one_or_none()

    def set_password_hash(self, user_id: UserId, password_hash: str) -> None:
        change = update(users).where(users.c.id == user_id).values(password_hash=password_hash)
        if not self._connection.execute(change).rowcount:
            raise NotFound("user", user_id)
        self._connection.execute(delete(tokens).where(tokens.c.user_id == user_id))

    def _domain(self, query: Select[Any]) -> Domain | None:
        row = self._connection.execute(query).first()
        return None if row is None else _domain(row)

    def _project(self, query: Select[Any], values: Mapping[str, str] | None = None) -> Project | None:
        row = self._connection.execute(query, values).first()
        return None if row is None else _project(row)

    def _user(self, query: Select[Any], values: Mapping[str, str] | None = None) -> User | None:
        row = self._connection.execute(query, values).first()
        return None if row is None else _user(row)


def _domain(row: Row[Any]) -> Domain:
    return Domain(id=row.id, name=row.name, enabled=row.enabled, description=row.description or "")


def _domain_of(row: Row[Any]) -> Domain:
    return Domain(
        id=row.domain_id,
        name=row.domain_name,
        enabled=row.domain_enabled,
        description=row.domain_description or "",
    )


def _project(row: Row[Any]) -> Project:
    return Project(id=row.id, name=row.name, domain=_domain_of(row), description=row.description, enabled=row.enabled)


def _user(row: Row[Any]) -> User:
    return User(
        id=row.id,
        name=row.name,
        domain=_domain_of(row),
        default_project_id=row.default_project_id,
        enabled=row.enabled,
        description=row.description or "",
        email=row.email or "",
    )


def _domain_values(domain: Domain) -> dict[str, Any]:
    return {"name": domain.name, "enabled": domain.enabled, "description": domain.description}


def _project_values(project: Project) -> dict[str, Any]:
    return {
        "domain_id": project.domain.id,
        "name": project.name,
        "description": project.description,
        "enabled": project.enabled,
    }


def _user_values(user: User) -> dict[str, Any]:
    return {
        "domain_id": user.domain.id,
        "name": user.name,
        "default_project_id": user.default_project_id,
        "enabled": user.enabled,
        "description": user.description,
        "email": user.email,
    }
