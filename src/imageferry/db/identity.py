"""Domains, projects, users, grants and tokens in SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, Select, delete, select, update
from sqlalchemy.exc import IntegrityError

from imageferry.db.schema import app_credentials, domains, grants, projects, tokens, users
from imageferry.db.sql import added, require
from imageferry.domain.access import DomainId, ProjectId, Role, UserId
from imageferry.domain.errors import AlreadyExists, NotEmpty, NotFound
from imageferry.domain.identity import Domain, Project, User
from imageferry.domain.moment import Moment
from imageferry.ports.records import TokenRow

_DOMAIN_OF = (domains.c.name.label("domain_name"), domains.c.enabled.label("domain_enabled"))
_PROJECTS = select(projects, *_DOMAIN_OF).join(domains)
_USERS = select(users, *_DOMAIN_OF).join(domains)


class SqlIdentity:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_domain(self, domain: Domain) -> None:
        values = {"id": domain.id, "name": domain.name, "enabled": domain.enabled}
        if not added(self._connection, domains, values):
            raise AlreadyExists("domain", domain.name)

    def domain(self, domain_id: DomainId) -> Domain | None:
        return self._domain(select(domains).where(domains.c.id == domain_id))

    def domain_by_name(self, name: str) -> Domain | None:
        return self._domain(select(domains).where(domains.c.name == name))

    def domains(self) -> list[Domain]:
        return [_domain(row) for row in self._connection.execute(select(domains).order_by(domains.c.name))]

    def update_domain(self, domain: Domain) -> None:
        values = {"name": domain.name, "enabled": domain.enabled}
        change = update(domains).where(domains.c.id == domain.id).values(values)
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
        return self._project(_PROJECTS.where(projects.c.id == project_id))

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
        return self._user(_USERS.where(users.c.id == user_id))

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

    def grant(self, user_id: UserId, project_id: ProjectId, role: Role) -> None:
        require(self._connection, users.c.id, user_id, kind="user")
        require(self._connection, projects.c.id, project_id, kind="project")
        added(self._connection, grants, {"user_id": user_id, "project_id": project_id, "role": role.value})

    def ungrant(self, user_id: UserId, project_id: ProjectId, role: Role) -> None:
        its_row = (grants.c.user_id == user_id, grants.c.project_id == project_id, grants.c.role == role.value)
        self._connection.execute(delete(grants).where(*its_row))

    def granted(self, user_id: UserId, project_id: ProjectId) -> frozenset[Role]:
        query = select(grants.c.role).where(grants.c.user_id == user_id, grants.c.project_id == project_id)
        return frozenset(Role(role) for role in self._connection.execute(query).scalars())

    def grants(
        self, *, user_id: UserId | None = None, project_id: ProjectId | None = None
    ) -> list[tuple[UserId, ProjectId, Role]]:
        query = select(grants).order_by(grants.c.user_id, grants.c.project_id, grants.c.role)
        if user_id is not None:
            query = query.where(grants.c.user_id == user_id)
        if project_id is not None:
            query = query.where(grants.c.project_id == project_id)
        return [(row.user_id, row.project_id, Role(row.role)) for row in self._connection.execute(query)]

    def add_token(self, token: TokenRow) -> None:
        require(self._connection, users.c.id, token.user_id, kind="user")
        if token.project_id is not None:
            require(self._connection, projects.c.id, token.project_id, kind="project")
        if token.credential_id is not None:
            require(self._connection, app_credentials.c.id, token.credential_id, kind="application credential")
        values = {
            "hash": token.hash,
            "user_id": token.user_id,
            "project_id": token.project_id,
            "methods": list(token.methods),
            "issued_at": token.issued_at,
            "expires_at": token.expires_at,
            "audit_ids": list(token.audit_ids),
            "credential_id": token.credential_id,
        }
        if not added(self._connection, tokens, values):
            raise AlreadyExists("token", token.hash)

    def token(self, token_hash: str) -> TokenRow | None:
        row = self._connection.execute(select(tokens).where(tokens.c.hash == token_hash)).first()
        if row is None:
            return None
        return TokenRow(
            hash=row.hash,
            user_id=row.user_id,
            project_id=row.project_id,
            methods=tuple(row.methods),
            issued_at=row.issued_at,
            expires_at=row.expires_at,
            audit_ids=tuple(row.audit_ids),
            credential_id=row.credential_id,
        )

    def delete_token(self, token_hash: str) -> bool:
        return self._connection.execute(delete(tokens).where(tokens.c.hash == token_hash)).rowcount > 0

    def delete_tokens(self, *, expired_before: Moment) -> int:
        return self._connection.execute(delete(tokens).where(tokens.c.expires_at < expired_before)).rowcount

    def _domain(self, query: Select[Any]) -> Domain | None:
        row = self._connection.execute(query).first()
        return None if row is None else _domain(row)

    def _project(self, query: Select[Any]) -> Project | None:
        row = self._connection.execute(query).first()
        return None if row is None else _project(row)

    def _user(self, query: Select[Any]) -> User | None:
        row = self._connection.execute(query).first()
        return None if row is None else _user(row)


def _domain(row: Row[Any]) -> Domain:
    return Domain(id=row.id, name=row.name, enabled=row.enabled)


def _domain_of(row: Row[Any]) -> Domain:
    return Domain(id=row.domain_id, name=row.domain_name, enabled=row.domain_enabled)


def _project(row: Row[Any]) -> Project:
    return Project(id=row.id, name=row.name, domain=_domain_of(row), description=row.description, enabled=row.enabled)


def _user(row: Row[Any]) -> User:
    return User(
        id=row.id,
        name=row.name,
        domain=_domain_of(row),
        default_project_id=row.default_project_id,
        enabled=row.enabled,
    )


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
    }
