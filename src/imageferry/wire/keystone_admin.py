"""What an administrator sends to Keystone v3, and role assignments as it writes them.

A wish is a mapping of our own fields; what was not sent is not in it. Members that nobody here knows
are passed over; those that would make the thing another than the sender thinks are refused.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from imageferry.domain.errors import BadInput
from imageferry.domain.identity import Assignment, Project, User
from imageferry.wire.keystone import Document
from imageferry.wire.keystone_auth import in_our_words

Wish = dict[str, Any]

_Thing = TypeVar("_Thing", bound=msgspec.Struct)


class _Domain(msgspec.Struct):
    name: str | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    description: str | UnsetType | None = UNSET


class _Project(msgspec.Struct):
    name: str | UnsetType = UNSET
    domain_id: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET
    parent_id: str | UnsetType | None = UNSET
    is_domain: bool | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET


class _User(msgspec.Struct):
    name: str | UnsetType = UNSET
    domain_id: str | UnsetType | None = UNSET
    password: str | UnsetType | None = UNSET
    default_project_id: str | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET


class _Passwords(msgspec.Struct):
    original_password: str
    password: str


class _DomainRequest(msgspec.Struct):
    domain: _Domain


class _ProjectRequest(msgspec.Struct):
    project: _Project


class _UserRequest(msgspec.Struct):
    user: _User


class _PasswordRequest(msgspec.Struct):
    user: _Passwords


def read_domain(document: object, *, new: bool = False) -> Wish:
    """``new``: it must have a name."""
    return _without_none(_wish(_read(document, _DomainRequest).domain, "domain", new=new))


def read_project(document: object, *, new: bool = False) -> Wish:
    wish = _wish(_read(document, _ProjectRequest).project, "project", new=new)
    parent, home = wish.pop("parent_id", None), wish.get("domain_id")
    if parent is not None:
        if home is not None and parent != home:
            raise BadInput("project.parent_id", parent, "the domain itself: projects are not nested here")
        wish["domain_id"] = parent
    if wish.pop("is_domain", False):
        raise BadInput("project.is_domain", True, "false; domains are made at /v3/domains")
    if tags := wish.pop("tags", None):
        raise BadInput("project.tags", tags, "none: they are not offered here")
    return _without_none(wish, "domain_id")


def read_user(document: object, *, new: bool = False) -> Wish:
    wish = _wish(_read(document, _UserRequest).user, "user", new=new)
    return _without_none(wish, "domain_id", "password")


def read_passwords(document: object) -> tuple[str, str]:
    """The old and the new one."""
    said = _read(document, _PasswordRequest).user
    return said.original_password, said.password


def assignment(item: Assignment, base: str, *, names: bool) -> Document:
    who, what = _shown(item.user, names), {"id": item.role.value, **({"name": item.role.value} if names else {})}
    where: Document = {"system": {"all": True}}
    path = "system"
    if isinstance(item.place, Project):
        where, path = {"project": _shown(item.place, names)}, f"projects/{item.place.id}"
    elif item.place is not None:
        where = {"domain": {"id": item.place.id, **({"name": item.place.name} if names else {})}}
        path = f"domains/{item.place.id}"
    link = f"{base}/v3/{path}/users/{item.user.id}/roles/{item.role.value}"
    return {"user": who, "scope": where, "role": what, "links": {"assignment": link}}


def _shown(item: User | Project, names: bool) -> Document:
    if not names:
        return {"id": item.id}
    return {"id": item.id, "name": item.name, "domain": {"id": item.domain.id, "name": item.domain.name}}


def _read(document: object, kind: type[_Thing]) -> _Thing:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise in_our_words(error, "a request as in Keystone v3") from error


def _wish(said: msgspec.Struct, kind: str, *, new: bool) -> Wish:
    wish: Wish = {name: value for name, value in msgspec.structs.asdict(said).items() if value is not UNSET}
    if new and "name" not in wish:
        raise BadInput(f"{kind}.name", None, "this member to be there")
    return wish


def _without_none(wish: Wish, *names: str) -> Wish:
    """Without the members that mean nothing when they are null; a null text is an empty one."""
    texts = {name: wish[name] or "" for name in ("description", "email") if name in wish}
    return {name: value for name, value in (wish | texts).items() if value is not None or name not in names}
