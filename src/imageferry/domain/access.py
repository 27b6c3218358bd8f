"""Who may do what. One table, one function; every use-case asks it and nothing else decides.

A caller acts inside one project. Roles there: *reader* looks, *member* changes, *admin*
also runs the service. An admin may act on things of any project.

Two other scopes are for identity alone: on the system a *reader* looks and an *admin* changes, in
a domain a *reader* looks at what is in it. Objects, images and tasks belong to projects, so no token
without one opens them, whatever its roles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType, Self

from imageferry.domain.errors import AccessDenied, Forbidden, NotAuthenticated

ProjectId = NewType("ProjectId", str)
UserId = NewType("UserId", str)
DomainId = NewType("DomainId", str)


class Role(StrEnum):
    ADMIN = "admin"
    MEMBER = "member"
    READER = "reader"


IMPLIED: Mapping[Role, frozenset[Role]] = {
    Role.ADMIN: frozenset({Role.ADMIN, Role.MEMBER, Role.READER}),
    Role.MEMBER: frozenset({Role.MEMBER, Role.READER}),
    Role.READER: frozenset({Role.READER}),
}
"""What a role brings with it, as Keystone's default implied roles do."""


class Scope(StrEnum):
    """What a role is held on, and a token good for."""

    PROJECT = "project"
    DOMAIN = "domain"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Where:
    """One project, one domain, or the system."""

    scope: Scope
    id: str = ""  # of the project or domain

    @classmethod
    def project(cls, project_id: ProjectId) -> Self:
        return cls(Scope.PROJECT, project_id)

    @classmethod
    def domain(cls, domain_id: DomainId) -> Self:
        return cls(Scope.DOMAIN, domain_id)

    @property
    def project_id(self) -> ProjectId | None:
        return ProjectId(self.id) if self.scope is Scope.PROJECT else None

    @property
    def domain_id(self) -> DomainId | None:
        return DomainId(self.id) if self.scope is Scope.DOMAIN else None


SYSTEM = Where(Scope.SYSTEM)


class Act(StrEnum):
    """What can be asked for. The value completes the sentence "you are not allowed to ..."."""

    READ_OBJECTS = "read objects of this project"
    WRITE_OBJECTS = "change objects of this project"
    SET_QUOTAS = "set the quota of an account"
    READ_IMAGES = "read images of this project"
    WRITE_IMAGES = "change images of this project"
    PUBLISH_IMAGES = "make an image public"
    READ_TASKS = "read tasks of this project"
    START_TASKS = "start tasks in this project"
    READ_METADEFS = "read metadata definitions"
    WRITE_METADEFS = "change metadata definitions"
    READ_IDENTITY = "look up users, projects and roles"
    READ_SERVICES = "look up services and endpoints"
    MANAGE_IDENTITY = "manage users, projects and roles"
    CHANGE_LOGIN = "change the password of this user"
    READ_CREDENTIALS = "read application credentials of this user"
    MAKE_CREDENTIALS = "make application credentials for this user"
    DELETE_CREDENTIALS = "delete application credentials of this user"


NEEDED: Mapping[Act, Mapping[Scope, Role] | None] = {
    Act.READ_OBJECTS: {Scope.PROJECT: Role.READER},
    Act.WRITE_OBJECTS: {Scope.PROJECT: Role.MEMBER},
    Act.SET_QUOTAS: {Scope.PROJECT: Role.ADMIN},
    Act.READ_IMAGES: {Scope.PROJECT: Role.READER},
    Act.WRITE_IMAGES: {Scope.PROJECT: Role.MEMBER},
    Act.PUBLISH_IMAGES: {Scope.PROJECT: Role.ADMIN},
    Act.READ_TASKS: {Scope.PROJECT: Role.READER},
    Act.START_TASKS: {Scope.PROJECT: Role.MEMBER},
    Act.READ_METADEFS: {Scope.PROJECT: Role.READER},
    Act.WRITE_METADEFS: {Scope.PROJECT: Role.ADMIN},
    Act.READ_IDENTITY: {Scope.PROJECT: Role.ADMIN, Scope.DOMAIN: Role.READER, Scope.SYSTEM: Role.READER},
    Act.READ_SERVICES: {Scope.PROJECT: Role.ADMIN, Scope.SYSTEM: Role.READER},
    Act.MANAGE_IDENTITY: {Scope.PROJECT: Role.ADMIN, Scope.SYSTEM: Role.ADMIN},
    Act.CHANGE_LOGIN: None,
    Act.READ_CREDENTIALS: None,
    Act.MAKE_CREDENTIALS: {Scope.PROJECT: Role.READER},
    Act.DELETE_CREDENTIALS: None,
}
"""The role for each act, by the scope of the token; a scope that is not there does not serve. None: being the
user it is about is enough, with any token."""

# Not even an admin does these in another user's name.
_FOR_ONESELF = frozenset({Act.MAKE_CREDENTIALS, Act.CHANGE_LOGIN})
# What an application credential may not do, unless it was made without restriction.
_UNRESTRICTED = frozenset({Act.MAKE_CREDENTIALS, Act.DELETE_CREDENTIALS, Act.CHANGE_LOGIN})


@dataclass(frozen=True, kw_only=True, slots=True)
class Pass:
    """What the bearer of a signed URL may do: one act on one object, and nothing else."""

    act: Act
    project_id: ProjectId
    container: str
    name: str
    whole_account: bool  # whether what a large object is made of may lie in other containers
    parts: bool = True  # whether what a large object is made of, or a link leads to, is meant along with it

    def allows(self, act: Act, project: ProjectId, container: str, name: str | None) -> bool:
        """``name`` None: parts of a large object in that container."""
        if act is not self.act or project != self.project_id:
            return False
        if name is None:
            mine = self.whole_account or container == self.container
            return act is Act.READ_OBJECTS and self.parts and mine
        return (container, name) == (self.container, self.name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who is asking: what a valid token says, or a guest without one."""

    user_id: UserId
    project_id: ProjectId | None  # None: a token with another scope, or none
    roles: frozenset[Role]  # implied ones included
    domain_id: DomainId | None = None  # of a token that is good for a domain
    system: bool = False
    restricted: bool = False  # came with an application credential, which may not breed more
    known: bool = True  # False: a guest, without a token
    signed: Pass | None = None
    referer: str = ""  # the page that sent the caller here, if it says so

    @classmethod
    def guest(cls, *, signed: Pass | None = None, referer: str = "") -> Self:
        return cls(user_id=UserId(""), project_id=None, roles=frozenset(), known=False, signed=signed, referer=referer)

    @property
    def is_admin(self) -> bool:
        """Whether things of any project are open to the caller: an admin of the system has none in hand."""
        return Role.ADMIN in self.roles and self.project_id is not None

    @property
    def scope(self) -> Scope | None:
        if self.project_id is not None:
            return Scope.PROJECT
        if self.domain_id is not None:
            return Scope.DOMAIN
        return Scope.SYSTEM if self.system else None

    @property
    def project(self) -> ProjectId:
        """The project the caller acts in.

        Raises:
            Forbidden: the token has no project scope.
        """
        if self.project_id is None:
            raise Forbidden("do this without a project", "Ask for a token with project scope.")
        return self.project_id


def allow(caller: Caller | None, act: Act, *, owner: ProjectId | None = None, user: UserId | None = None) -> Caller:
    """Let the caller go on, or say why not.

    Args:
        caller: None when the request carried no valid token.
        owner: the project that the thing belongs to; None where the act has no owner.
        user: the user that the thing belongs to; None where it is no user's own.

    Raises:
        NotAuthenticated: nobody is known.
        Forbidden: the role is missing, or the thing is another project's or user's.
    """
    if caller is None or not caller.known:
        raise NotAuthenticated("no token")
    by_scope = NEEDED[act]
    if by_scope is not None:
        role = None if caller.scope is None else by_scope.get(caller.scope)
        if role is None:
            raise Forbidden(act, f"It needs a token with {' or '.join(by_scope)} scope.")
        if role not in caller.roles:
            raise Forbidden(act, f"It needs the role {role}.")
    if caller.restricted and act in _UNRESTRICTED:
        raise Forbidden(act, "Log in with the password, or with an unrestricted application credential.")
    others = act not in _FOR_ONESELF and may(caller, Act.MANAGE_IDENTITY)
    if user is not None and user != caller.user_id and not others:
        raise Forbidden(act, "It is another user's.")
    if owner is not None and owner != caller.project_id and not caller.is_admin:
        raise Forbidden(act, "It belongs to another project.")
    return caller


def owns(caller: Caller | None, act: Act, owner: ProjectId) -> bool:
    """Whether the caller may do this by role and project alone."""
    try:
        allow(caller, act, owner=owner)
    except AccessDenied:
        return False
    return True


def may(caller: Caller, act: Act) -> bool:
    """Whether the caller's role, in the scope of the token, is enough for an act."""
    by_scope = NEEDED[act]
    return by_scope is None or (caller.scope is not None and by_scope.get(caller.scope) in caller.roles)
