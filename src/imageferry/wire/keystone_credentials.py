"""Application credentials as Keystone v3 writes and reads them.

Source: specs/openstack.md, section 2.6.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from imageferry.domain.access import Role
from imageferry.domain.access_rule import AccessRule, AccessRuleId, new_rule
from imageferry.domain.errors import BadInput, NotFound
from imageferry.domain.identity import AppCredential
from imageferry.domain.moment import Moment
from imageferry.wire.dates import parse_iso, swift_listing
from imageferry.wire.keystone import Document, role_member
from imageferry.wire.keystone_auth import in_our_words


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What somebody wants an application credential to be."""

    name: str
    description: str
    expires_at: Moment | None
    roles: frozenset[Role] | None  # None: those of the token at hand
    secret: str | None
    unrestricted: bool
    rules: tuple[AccessRule | AccessRuleId, ...] | None  # None: good for all requests


class _Role(msgspec.Struct):
    id: str | None = None
    name: str | None = None


class _Rule(msgspec.Struct):
    """A rule that is there already by its id, or a new one by the rest."""

    id: str | None = None
    service: str | None = None
    method: str | None = None
    path: str | None = None


class _Wish(msgspec.Struct):
    name: str
    description: str | None = None
    expires_at: str | None = None
    roles: list[_Role] | None = None
    secret: str | None = None
    unrestricted: bool | None = None
    access_rules: list[_Rule] | None = None


class _Request(msgspec.Struct):
    application_credential: _Wish


def read_wish(document: object) -> Wish:
    """What a request to make one says.

    Raises:
        BadInput: a member is missing or of the wrong type.
        NotFound: there is no such role.
    """
    try:
        wish = msgspec.convert(document, _Request).application_credential
    except msgspec.ValidationError as error:
        raise in_our_words(error, "an application credential as in Keystone v3") from error
    where = "application_credential.expires_at"
    return Wish(
        name=wish.name,
        description=wish.description or "",
        expires_at=None if wish.expires_at is None else parse_iso(wish.expires_at, field=where),
        roles=frozenset(_role(role) for role in wish.roles) if wish.roles else None,
        secret=wish.secret,
        unrestricted=bool(wish.unrestricted),
        # An empty list is no narrowing, as in Keystone: the openstack command sends one with every credential.
        rules=tuple(_rule(rule) for rule in wish.access_rules) if wish.access_rules else None,
    )


def credential(item: AppCredential, base: str, secret: str | None = None) -> Document:
    """``secret``: in the one answer that shows it."""
    document: Document = {
        "id": item.id,
        "name": item.name,
        "description": item.description or None,
        "user_id": item.user_id,
        "project_id": item.project_id,
        "system": None,
        "expires_at": None if item.expires_at is None else swift_listing(item.expires_at),
        "unrestricted": item.unrestricted,
        "roles": [role_member(role) for role in sorted(item.roles)],
        "links": {"self": f"{base}/v3/application_credentials/{item.id}"},
    }
    if item.rules is not None:
        document["access_rules"] = [access_rule(rule) for rule in item.rules]
    if secret is not None:
        document["secret"] = secret
    return document


def access_rule(rule: AccessRule) -> Document:
    return {"id": rule.id, "service": rule.service, "method": rule.method, "path": rule.path}


def _rule(rule: _Rule) -> AccessRule | AccessRuleId:
    if rule.id is not None:
        return AccessRuleId(rule.id)
    return new_rule(rule.service or "", rule.method or "", rule.path or "")


def _role(role: _Role) -> Role:
    text = role.id or role.name
    if text is None:
        raise BadInput("application_credential.roles", None, "the id or the name of each role")
    try:
        return Role(text)
    except ValueError as error:
        raise NotFound("role", text) from error
