"""Astakos, Synnefo's identity, on paper: who a token belongs to, the catalog, ids and names of accounts.

An account is a project here (docs/synnefo.md): its "uuid" is the project's id, its "displayname" the project's name.

Source: specs/synnefo.md, section 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from imageferry.domain.access import ProjectId
from imageferry.domain.errors import BadInput
from imageferry.domain.identity import Project, Token
from imageferry.domain.moment import Moment, to_datetime
from imageferry.wire import pithos, plankton

Document = dict[str, Any]

IDENTITY = "/identity"  # what users configure, with or without the version behind it
IDENTITY_VERSION = "v2.0"
ACCOUNT = "/account/v1.0"


@dataclass(frozen=True, slots=True)
class Offer:
    """A service of the catalog. Clients find it by its type, and the account service by name and version."""

    name: str
    type: str
    version: str
    path: str


OFFERS = (
    Offer("astakos_account", "account", "v1.0", ACCOUNT),
    Offer("astakos_identity", "identity", IDENTITY_VERSION, f"{IDENTITY}/{IDENTITY_VERSION}"),
    Offer("cyclades_plankton", "image", "v1.0", plankton.ROOT),
    Offer("pithos_object-store", "object-store", "v1", pithos.ROOT),
)
"""What is served, and nothing else: kamaki takes an endpoint that is there for one that answers. One row a type."""


def catalog(base: str) -> list[Document]:
    """``base``: how the client reaches us, without a trailing slash."""
    return [
        {
            "name": offer.name,
            "type": offer.type,
            "endpoints_links": [],
            "endpoints": [
                {
                    "versionId": offer.version,
                    "region": "default",
                    "publicURL": base + offer.path,
                    "SNF:uiURL": base,  # there is no such page; kamaki does not start without the address
                }
            ],
        }
        for offer in OFFERS
    ]


def access(secret: str, token: Token, account: Project, base: str) -> Document:
    """What a token is good for. ``account``: the project of the token."""
    return {
        "access": {
            "token": {
                "id": secret,
                "expires": _time(token.expires_at),
                "tenant": {"id": account.id, "name": account.name},
            },
            "user": {
                "id": account.id,
                "name": token.user.name,
                "roles": [{"id": role.value, "name": role.value} for role in sorted(token.roles)],
                "roles_links": [],
                "projects": [account.id],
            },
            "serviceCatalog": catalog(base),
        }
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Presented:
    """A token that somebody offers, and the account it is said to be of."""

    token: str
    username: str | None = None  # where the token came as the password of that account
    tenant: str | None = None


def read_auth(document: object) -> Presented:
    """``{"auth": {"token": {"id": ...}}}``, or with ``passwordCredentials``; ``tenantName`` may stand beside either.

    Raises:
        BadInput: another form.
    """
    auth = _read(document, _Wish).auth
    if auth.token is not None:
        return Presented(token=auth.token.id, tenant=auth.tenantName)
    given = auth.passwordCredentials
    if given is None:
        raise BadInput("auth", "neither token nor passwordCredentials", "one of them")
    return Presented(token=given.password, username=given.username, tenant=auth.tenantName)


def read_catalog_wish(document: object) -> tuple[list[str], list[str]]:
    """The ids and the names to translate; either list may be missing.

    Raises:
        BadInput: another form.
    """
    wish = _read(document, _CatalogWish)
    return wish.uuids or [], wish.displaynames or []


def user_catalogs(names: Mapping[ProjectId, str], ids: Mapping[str, ProjectId]) -> Document:
    """``names`` by id, ``ids`` by name."""
    return {"uuid_catalog": dict(names), "displayname_catalog": dict(ids)}


class _TokenId(msgspec.Struct):
    id: str


class _Password(msgspec.Struct):
    username: str
    password: str


class _Auth(msgspec.Struct):
    token: _TokenId | None = None
    passwordCredentials: _Password | None = None  # noqa: N815 - Keystone v2's spelling
    tenantName: str | None = None  # noqa: N815


class _Wish(msgspec.Struct):
    auth: _Auth


class _CatalogWish(msgspec.Struct):
    uuids: list[str] | None = None
    displaynames: list[str] | None = None


_T = TypeVar("_T")


def _read(document: object, kind: type[_T]) -> _T:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise BadInput("request body", str(error), "the members and types of Astakos") from error


def _time(moment: Moment) -> str:
    return f"{to_datetime(moment).isoformat()[:19]}+00:00"
