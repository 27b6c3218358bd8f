"""Who may do what. One table, one function; every use-case asks it and nothing else decides.

A caller acts inside one project. Roles there: *reader* looks, *member* changes, *admin*
also runs the service. An admin may act on things of any project.
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
    MANAGE_IDENTITY = "manage users, projects and roles"
    CHANGE_LOGIN = "change the password of this user"
    READ_CREDENTIALS = "read application credentials of this user"
    MAKE_CREDENTIALS = "make application credentials for this user"
    DELETE_CREDENTIALS = "delete application credentials of this user"


NEEDED: Mapping[Act, Role | None] = {
    Act.READ_OBJECTS: Role.READER,
    Act.WRITE_OBJECTS: Role.MEMBER,
    Act.SET_QUOTAS: Role.ADMIN,
    Act.READ_IMAGES: Role.READER,
    Act.WRITE_IMAGES: Role.MEMBER,
    Act.PUBLISH_IMAGES: Role.ADMIN,
    Act.READ_TASKS: Role.READER,
    Act.START_TASKS: Role.MEMBER,
    Act.READ_METADEFS: Role.READER,
    Act.WRITE_METADEFS: Role.ADMIN,
    Act.MANAGE_IDENTITY: Role.ADMIN,
    Act.CHANGE_LOGIN: None,
    Act.READ_CREDENTIALS: None,
    Act.MAKE_CREDENTIALS: Role.READER,
    Act.DELETE_CREDENTIALS: None,
}
"""The role for each act; None: being the user it is about is enough."""

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

    def allows(self, act: Act, project: ProjectId, container: str, name: str | None) -> bool:
        """``name`` None: parts of a large object in that container."""
        if act is not self.act or project != self.project_id:
            return False
        if name is None:
            return act is Act.READ_OBJECTS and (self.whole_account or container == self.container)
        return (container, name) == (self.container, self.name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who is asking: what a valid token says, or a guest without one."""

    user_id: UserId
    project_id: ProjectId | None  # None: an unscoped token
    roles: frozenset[Role]  # implied ones included
    restricted: bool = False  # came with an application credential, which may not breed more
    known: bool = True  # False: a guest, without a token
    signed: Pass | None = None
    referer: str = ""  # the page that sent the caller here, if it says so

    @classmethod
    def guest(cls, *, signed: Pass | None = None, referer: str = "") -> Self:
        return cls(user_id=UserId(""), project_id=None, roles=frozenset(), known=False, signed=signed, referer=referer)

    @property
    def is_admin(self) -> bool:
        return Role.ADMIN in self.roles

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
    role = NEEDED[act]
    if role is not None and role not in caller.roles:
        raise Forbidden(act, f"It needs the role {role}.")
    if caller.restricted and act in _UNRESTRICTED:
        raise Forbidden(act, "Log in with the password, or with an unrestricted application credential.")
    if user is not None and user != caller.user_id and (act in _FOR_ONESELF or not caller.is_admin):
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
