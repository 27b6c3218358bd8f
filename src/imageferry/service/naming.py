"""Users, projects and domains as strangers name them: found inside a transaction, nobody asked whether they may."""

from __future__ import annotations

from collections.abc import Iterable

from imageferry.domain.access import DomainId, ProjectId, Role, UserId, Where
from imageferry.domain.identity import (
    AppCredential,
    AppCredentialId,
    Assignment,
    Domain,
    Login,
    NamedDomain,
    NamedIn,
    Project,
    User,
)
from imageferry.ports.records import Session


def find_user(session: Session, named: NamedIn) -> User | None:
    if named.id is not None:
        return session.identity.user(UserId(named.id))
    domain = find_domain(session, NamedDomain(id=named.domain_id, name=named.domain_name))
    if domain is None or named.name is None:
        return None
    return session.identity.user_by_name(named.name, domain.id)


def find_project(session: Session, named: NamedIn) -> Project | None:
    if named.id is not None:
        return session.identity.project(ProjectId(named.id))
    domain = find_domain(session, NamedDomain(id=named.domain_id, name=named.domain_name))
    if domain is None or named.name is None:
        return None
    return session.identity.project_by_name(named.name, domain.id)


def find_domain(session: Session, named: NamedDomain) -> Domain | None:
    if named.id is not None:
        return session.identity.domain(DomainId(named.id))
    return None if named.name is None else session.identity.domain_by_name(named.name)


def find_credential(session: Session, login: Login) -> AppCredential | None:
    """By id; by name where a user is named, whose it is."""
    if login.credential is None:
        return None
    if login.user is None:
        return session.credentials.get(AppCredentialId(login.credential))
    user = find_user(session, login.user)
    return None if user is None else session.credentials.by_name(user.id, login.credential)


def assignments_of(session: Session, grants: Iterable[tuple[UserId, Where, Role]]) -> list[Assignment]:
    """Grants with the things they speak of, each looked up once."""
    rows = list(grants)
    users = {user: session.identity.user(user) for user in {row[0] for row in rows}}
    places = {where: _place(session, where) for where in {row[1] for row in rows}}
    return [
        Assignment(user=user, place=places[where], role=role)
        for key, where, role in rows
        if (user := users[key]) is not None
    ]


def _place(session: Session, where: Where) -> Project | Domain | None:
    if where.project_id is not None:
        return session.identity.project(where.project_id)
    return None if where.domain_id is None else session.identity.domain(where.domain_id)
