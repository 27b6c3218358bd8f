"""What the administrator does on the machine itself, with no token: ``imageferry admin``."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace

from imageferry.domain.access import SYSTEM, DomainId, ProjectId, Role, UserId, Where
from imageferry.domain.errors import NotFound
from imageferry.domain.identity import DEFAULT_DOMAIN, Assignment, Domain, Project, User, checked_name, where_of
from imageferry.ports.records import Records, Session
from imageferry.service.naming import assignments_of
from imageferry.service.passwords import PasswordHasher


class IdentityAdmin:
    """Makes, changes and removes domains, projects, users and grants."""

    def __init__(self, records: Records, hasher: PasswordHasher) -> None:
        self._records = records
        self._hasher = hasher

    def first_start(self, password: str, keep: Callable[[str], None]) -> bool:
        """Make the default domain, the project and the user ``admin``, once.

        Args:
            keep: writes the password down; called before anything is made, so that there is
                never an administrator whose password nobody has.

        Returns:
            Whether they were made now; False when there are users already.
        """
        with self._records.writing() as session:
            if session.identity.users(limit=1):
                return False
            keep(password)
            domain = Domain(id=DEFAULT_DOMAIN, name="Default", description="The default domain")
            session.identity.add_domain(domain)
            project = Project(id=ProjectId(_new_id()), name="admin", domain=domain, description="The first project")
            session.identity.add_project(project)
            user = User(id=UserId(_new_id()), name="admin", domain=domain, default_project_id=project.id)
            session.identity.add_user(user, self._hasher.hash(password))
            for where in (Where.project(project.id), SYSTEM):
                session.identity.grant(user.id, where, Role.ADMIN)
            return True

    def add_domain(self, name: str) -> Domain:
        domain = Domain(id=DomainId(_new_id()), name=checked_name("domain", name))
        with self._records.writing() as session:
            session.identity.add_domain(domain)
        return domain

    def add_project(self, name: str, *, domain: str = "Default", description: str = "") -> Project:
        with self._records.writing() as session:
            project = Project(
                id=ProjectId(_new_id()),
                name=checked_name("project", name),
                domain=_domain(session, domain),
                description=description,
            )
            session.identity.add_project(project)
        return project

    def add_user(
        self, name: str, password: str, *, domain: str = "Default", default_project: ProjectId | None = None
    ) -> User:
        password_hash = self._hasher.hash(password)
        with self._records.writing() as session:
            user = User(
                id=UserId(_new_id()),
                name=checked_name("user", name),
                domain=_domain(session, domain),
                default_project_id=default_project,
            )
            session.identity.add_user(user, password_hash)
        return user

    def set_password(self, user: User, password: str) -> None:
        password_hash = self._hasher.hash(password)
        with self._records.writing() as session:
            session.identity.set_password_hash(user.id, password_hash)

    def set_enabled(self, item: User | Project, *, enabled: bool) -> None:
        with self._records.writing() as session:
            if isinstance(item, User):
                session.identity.update_user(replace(item, enabled=enabled))
            else:
                session.identity.update_project(replace(item, enabled=enabled))

    def delete(self, item: User | Project) -> None:
        with self._records.writing() as session:
            if isinstance(item, User):
                session.identity.delete_user(item.id)
            else:
                session.identity.delete_project(item.id)

    def grant(self, user: User, place: Project | Domain | None, role: Role) -> None:
        """``place`` None: on the system."""
        with self._records.writing() as session:
            session.identity.grant(user.id, where_of(place), role)

    def ungrant(self, user: User, place: Project | Domain | None, role: Role) -> None:
        with self._records.writing() as session:
            session.identity.ungrant(user.id, where_of(place), role)

    def user(self, name: str, *, domain: str = "Default") -> User:
        with self._records.reading() as session:
            user = session.identity.user_by_name(name, _domain(session, domain).id)
            user = user or session.identity.user(UserId(name))
        if user is None:
            raise NotFound("user", name)
        return user

    def project(self, name: str, *, domain: str = "Default") -> Project:
        with self._records.reading() as session:
            project = session.identity.project_by_name(name, _domain(session, domain).id)
            project = project or session.identity.project(ProjectId(name))
        if project is None:
            raise NotFound("project", name)
        return project

    def users(self) -> list[User]:
        with self._records.reading() as session:
            return session.identity.users()

    def projects(self) -> list[Project]:
        with self._records.reading() as session:
            return session.identity.projects()

    def grants(self) -> list[Assignment]:
        with self._records.reading() as session:
            return assignments_of(session, session.identity.grants())


def _domain(session: Session, name: str) -> Domain:
    domain = session.identity.domain_by_name(name) or session.identity.domain(DomainId(name))
    if domain is None:
        raise NotFound("domain", name)
    return domain


def _new_id() -> str:
    return uuid.uuid4().hex
