"""Domains, projects, users, application credentials and tokens: who exists and what a token stands for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NewType

from imageferry.domain.access import SYSTEM, Caller, DomainId, ProjectId, Role, UserId, Where
from imageferry.domain.access_rule import AccessRule, opens
from imageferry.domain.errors import BadInput
from imageferry.domain.moment import Moment

DEFAULT_DOMAIN = DomainId("default")
MAX_NAME = 255  # characters, of a domain, project, user or application credential
MAX_TEXT = 65_535  # characters, of a description or a secret

BY_ADMIN = "admin"  # the method of a token that the administrator handed out

AppCredentialId = NewType("AppCredentialId", str)


@dataclass(frozen=True, kw_only=True, slots=True)
class Domain:
    id: DomainId
    name: str
    enabled: bool = True
    description: str = ""


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
    description: str = ""
    email: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class AppCredential:
    """Lets a program log in as its user, in one project, with some of the user's roles there.

    ``roles`` are what was given; what they open is never more than the user's own roles of that day.
    """

    id: AppCredentialId
    name: str  # unique among those of the user
    user_id: UserId
    project_id: ProjectId
    roles: frozenset[Role]
    description: str = ""
    expires_at: Moment | None = None
    unrestricted: bool = False  # may make and delete application credentials
    rules: tuple[AccessRule, ...] | None = None  # the only requests it is good for; None: all

    @property
    def may_breed(self) -> bool:
        """Whether it may make others: a narrowed one could make one that is not."""
        return self.unrestricted and self.rules is None


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """What a valid token says. The token itself is known to its bearer only.

    It is good for a project, a domain or the system, or for none of them: then it is unscoped and
    has no roles. ``roles`` are the granted ones there and what they imply.
    """

    user: User
    project: Project | None
    roles: frozenset[Role]
    methods: tuple[str, ...]
    issued_at: Moment
    expires_at: Moment
    audit_ids: tuple[str, ...]
    credential: AppCredential | None = None  # what it was made with, if that was one
    domain: Domain | None = None
    system: bool = False

    @property
    def scoped(self) -> bool:
        return self.project is not None or self.domain is not None or self.system

    def opens(self, service: str, method: str, path: str) -> bool:
        """Whether the token is good for such a request: an application credential may be narrowed to a few."""
        return self.credential is None or opens(self.credential.rules, service, method, path)

    @property
    def caller(self) -> Caller:
        return Caller(
            user_id=self.user.id,
            project_id=None if self.project is None else self.project.id,
            roles=self.roles,
            domain_id=None if self.domain is None else self.domain.id,
            system=self.system,
            restricted=self.credential is not None and not self.credential.may_breed,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """A role that a user has in a project or a domain, or on the system (``place`` None)."""

    user: User
    place: Project | Domain | None
    role: Role

    @property
    def where(self) -> Where:
        return where_of(self.place)


def where_of(place: Project | Domain | None) -> Where:
    """``place`` None: the system."""
    if isinstance(place, Project):
        return Where.project(place.id)
    return SYSTEM if place is None else Where.domain(place.id)


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedIn:
    """A user or project as a stranger names it: by id, or by name and domain."""

    id: str | None = None
    name: str | None = None
    domain_id: str | None = None
    domain_name: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """What a log-in offers: a password, an older token, or both of one user; or an application credential alone."""

    methods: tuple[str, ...]
    user: NamedIn | None = None
    password: str | None = None
    token: str | None = None
    credential: str | None = None  # the id of an application credential, or its name if ``user`` says whose
    secret: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedDomain:
    """A domain as a stranger names it: by id or by name."""

    id: str | None = None
    name: str | None = None


class Wanted(Enum):
    """What a token shall be good for, beside a project named by ``NamedIn`` and a domain by ``NamedDomain``."""

    DEFAULT = "default"  # the user's default project if there is one, else unscoped
    UNSCOPED = "unscoped"
    SYSTEM = "system"


ScopeWish = NamedIn | NamedDomain | Wanted


def checked_name(kind: str, name: str) -> str:
    """A name for a domain, project or user.

    Raises:
        BadInput: empty, too long, or with control characters.
    """
    if not 0 < len(name) <= MAX_NAME or any(ord(c) < 32 or ord(c) == 127 for c in name):
        raise BadInput(f"{kind} name", name, f"1 to {MAX_NAME} characters, no control characters")
    return name


def checked_text(field: str, text: str) -> str:
    """A description, as both databases can keep it.

    Raises:
        BadInput: too long, or with a NUL.
    """
    if len(text) > MAX_TEXT or "\0" in text:
        raise BadInput(field, text, f"at most {MAX_TEXT} characters, no NUL")
    return text
