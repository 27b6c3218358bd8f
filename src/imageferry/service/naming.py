"""Users, projects and domains as strangers name them: found inside a transaction, nobody asked whether they may."""

from __future__ import annotations

from imageferry.domain.access import DomainId, ProjectId, UserId
from imageferry.domain.identity import AppCredential, AppCredentialId, Domain, Login, NamedIn, Project, User
from imageferry.ports.records import Session


def find_user(session: Session, named: NamedIn) -> User | None:
    if named.id is not None:
        return session.identity.user(UserId(named.id))
    domain = find_domain(session, named)
    if domain is None or named.name is None:
        return None
    return session.identity.user_by_name(named.name, domain.id)


def find_project(session: Session, named: NamedIn) -> Project | None:
    if named.id is not None:
        return session.identity.project(ProjectId(named.id))
    domain = find_domain(session, named)
    if domain is None or named.name is None:
        return None
    return session.identity.project_by_name(named.name, domain.id)


def find_domain(session: Session, named: NamedIn) -> Domain | None:
    if named.domain_id is not None:
        return session.identity.domain(DomainId(named.domain_id))
    if named.domain_name is not None:
        return session.identity.domain_by_name(named.domain_name)
    return None


def find_credential(session: Session, login: Login) -> AppCredential | None:
    """By id; by name where a user is named, whose it is."""
    if login.credential is None:
        return None
    if login.user is None:
        return session.credentials.get(AppCredentialId(login.credential))
    user = find_user(session, login.user)
    return None if user is None else session.credentials.by_name(user.id, login.credential)
