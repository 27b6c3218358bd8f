"""What an administrator does with a token: domains, projects, users and their roles; and one's own password."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from imageferry.domain.access import Act, Caller, DomainId, ProjectId, Role, UserId, Where, allow
from imageferry.domain.errors import BadInput, Forbidden, NotAuthenticated, NotFound, StatusConflict
from imageferry.domain.identity import DEFAULT_DOMAIN, Domain, Project, User, checked_name, checked_text
from imageferry.ports.records import Records, Session
from imageferry.service.passwords import PasswordHasher

_Key = TypeVar("_Key", bound=str)
_Thing = TypeVar("_Thing")


class Administration:
    """All but ``change_password`` is for administrators only.

    ``changes`` are fields of the thing by name, those that shall be others.
    """

    def __init__(self, records: Records, hasher: PasswordHasher) -> None:
        self._records = records
        self._hasher = hasher

    # -- domains -------------------------------------------------------------

    def add_domain(self, caller: Caller, name: str, *, description: str = "", enabled: bool = True) -> Domain:
        allow(caller, Act.MANAGE_IDENTITY)
        _check("domain", {"name": name, "description": description})
        domain = Domain(id=DomainId(_new_id()), name=name, description=description, enabled=enabled)
        with self._records.writing() as session:
            session.identity.add_domain(domain)
        return domain

    def change_domain(self, caller: Caller, domain_id: DomainId, **changes: Any) -> Domain:
        allow(caller, Act.MANAGE_IDENTITY)
        _check("domain", changes)
        if domain_id == DEFAULT_DOMAIN and not changes.get("enabled", True):
            raise Forbidden("disable the default domain", "Nobody could log in any more.")
        with self._records.writing() as session:
            domain = replace(_there("domain", domain_id, session.identity.domain), **changes)
            session.identity.update_domain(domain)
        return domain

    def delete_domain(self, caller: Caller, domain_id: DomainId) -> None:
        """Raises StatusConflict (it is enabled), NotEmpty."""
        allow(caller, Act.MANAGE_IDENTITY)
        if domain_id == DEFAULT_DOMAIN:
            raise Forbidden("delete the default domain")
        with self._records.writing() as session:
            if _there("domain", domain_id, session.identity.domain).enabled:
                raise StatusConflict("domain", domain_id, "enabled", "deleting it")
            session.identity.delete_domain(domain_id)

    # -- projects ------------------------------------------------------------

    def add_project(
        self,
        caller: Caller,
        name: str,
        *,
        domain_id: DomainId | None = None,
        description: str = "",
        enabled: bool = True,
    ) -> Project:
        """In the caller's own domain, unless another is named."""
        allow(caller, Act.MANAGE_IDENTITY)
        with self._records.writing() as session:
            project = Project(
                id=ProjectId(_new_id()),
                name=checked_name("project", name),
                domain=_home(session, caller, domain_id),
                description=checked_text("description", description),
                enabled=enabled,
            )
            session.identity.add_project(project)
        return project

    def change_project(self, caller: Caller, project_id: ProjectId, **changes: Any) -> Project:
        allow(caller, Act.MANAGE_IDENTITY)
        _check("project", changes)
        with self._records.writing() as session:
            project = replace(_there("project", project_id, session.identity.project), **changes)
            session.identity.update_project(project)
        return project

    def delete_project(self, caller: Caller, project_id: ProjectId) -> None:
        """Removes its roles, tokens and application credentials too."""
        allow(caller, Act.MANAGE_IDENTITY)
        with self._records.writing() as session:
            session.identity.delete_project(project_id)

    # -- users ---------------------------------------------------------------

    def add_user(
        self,
        caller: Caller,
        name: str,
        *,
        domain_id: DomainId | None = None,
        password: str | None = None,
        **more: Any,
    ) -> User:
        """Without a password nobody can log in as this user until one is set. ``more``: other fields by name."""
        allow(caller, Act.MANAGE_IDENTITY)
        _check("user", {"name": name, **more})
        password_hash = self._hashed(secrets.token_urlsafe(32) if password is None else password)
        with self._records.writing() as session:
            user = User(
                id=UserId(_new_id()),
                name=name,
                domain=_home(session, caller, domain_id),
                **more,
            )
            session.identity.add_user(user, password_hash)
        return user

    def change_user(self, caller: Caller, user_id: UserId, *, password: str | None = None, **changes: Any) -> User:
        """A new password ends all tokens of the user."""
        allow(caller, Act.MANAGE_IDENTITY)
        _check("user", changes)
        password_hash = None if password is None else self._hashed(password)
        with self._records.writing() as session:
            user = replace(_there("user", user_id, session.identity.user), **changes)
            session.identity.update_user(user)
            if password_hash is not None:
                session.identity.set_password_hash(user_id, password_hash)
        return user

    def change_password(self, caller: Caller, user_id: UserId, *, old: str, new: str) -> None:
        """One's own. Ends all one's tokens, the one at hand too.

        Raises:
            NotAuthenticated: the old password is not the right one.
        """
        allow(caller, Act.CHANGE_LOGIN, user=user_id)
        with self._records.reading() as session:
            kept = session.identity.password_hash(user_id)
        if kept is None or not self._hasher.verify(kept, old):
            raise NotAuthenticated("wrong old password")
        password_hash = self._hashed(new)
        with self._records.writing() as session:
            session.identity.set_password_hash(user_id, password_hash)

    def delete_user(self, caller: Caller, user_id: UserId) -> None:
        """Removes roles, tokens and application credentials too."""
        allow(caller, Act.MANAGE_IDENTITY)
        with self._records.writing() as session:
            session.identity.delete_user(user_id)

    # -- roles ---------------------------------------------------------------

    def grant(self, caller: Caller, user_id: UserId, where: Where, role: Role) -> None:
        """Raises NotFound (user, project or domain)."""
        allow(caller, Act.MANAGE_IDENTITY)
        with self._records.writing() as session:
            session.identity.grant(user_id, where, role)

    def ungrant(self, caller: Caller, user_id: UserId, where: Where, role: Role) -> None:
        """Raises NotFound: the user has no such role there."""
        allow(caller, Act.MANAGE_IDENTITY)
        with self._records.writing() as session:
            if role not in session.identity.granted(user_id, where):
                raise NotFound("role assignment", role)
            session.identity.ungrant(user_id, where, role)

    def _hashed(self, password: str) -> str:
        if not password:
            raise BadInput("password", "nothing", "at least one character")
        return self._hasher.hash(checked_text("password", password))


def _check(kind: str, changes: dict[str, Any]) -> None:
    if "name" in changes:
        checked_name(kind, changes["name"])
    for field in ("description", "default_project_id", "email"):
        checked_text(field, changes.get(field) or "")


def _there(kind: str, key: _Key, find: Callable[[_Key], _Thing | None]) -> _Thing:
    found = find(key)
    if found is None:
        raise NotFound(kind, key)
    return found


def _home(session: Session, caller: Caller, domain_id: DomainId | None) -> Domain:
    if domain_id is None:
        project = None if caller.project_id is None else session.identity.project(caller.project_id)
        domain_id = DEFAULT_DOMAIN if project is None else project.domain.id
    return _there("domain", domain_id, session.identity.domain)


def _new_id() -> str:
    return uuid.uuid4().hex
