"""Domains, projects, users and tokens: who exists and what a token stands for."""

from __future__ import annotations

from dataclasses import dataclass

from imageferry.domain.access import Caller, DomainId, ProjectId, Role, UserId
from imageferry.domain.errors import BadInput
from imageferry.domain.moment import Moment

DEFAULT_DOMAIN = DomainId("default")
MAX_NAME = 255  # characters, of a domain, project or user


@dataclass(frozen=True, kw_only=True, slots=True)
class Domain:
    id: DomainId
    name: str
    enabled: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    id: ProjectId
    name: str
    domain: Domain
    description: str = ""
    enabled: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    id: UserId
    name: str
    domain: Domain
    default_project_id: ProjectId | None = None
    enabled: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """What a valid token says. The token itself is known to its bearer only.

    ``roles`` are the granted ones and what they imply, on ``project``; empty when unscoped.
    """

    user: User
    project: Project | None
    roles: frozenset[Role]
    methods: tuple[str, ...]
    issued_at: Moment
    expires_at: Moment
    audit_ids: tuple[str, ...]

    @property
    def caller(self) -> Caller:
        project_id = None if self.project is None else self.project.id
        return Caller(user_id=self.user.id, project_id=project_id, roles=self.roles)


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedIn:
    """A user or project as a stranger names it: by id, or by name and domain."""

    id: str | None = None
    name: str | None = None
    domain_id: str | None = None
    domain_name: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """What a log-in offers: a password, an older token, or both of one user."""

    methods: tuple[str, ...]
    user: NamedIn | None = None
    password: str | None = None
    token: str | None = None


class Scope:
    """What a token shall be good for, beside a project named by ``NamedIn``."""

    DEFAULT = "default"  # the user's default project if there is one, else unscoped
    UNSCOPED = "unscoped"


def checked_name(kind: str, name: str) -> str:
    """A name for a domain, project or user.

    Raises:
        BadInput: empty, too long, or with control characters.
    """
    if not 0 < len(name) <= MAX_NAME or any(ord(c) < 32 or ord(c) == 127 for c in name):
        raise BadInput(f"{kind} name", name, f"1 to {MAX_NAME} characters, no control characters")
    return name
