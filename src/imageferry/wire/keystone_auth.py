"""What a log-in to Keystone v3 says: ``{"auth": {"identity": ..., "scope": ...}}``.

Read strictly by type and leniently by name: members that nobody here knows are passed over.

Source: specs/openstack.md, section 2.2; specs/k5.md, section 3.1 (both methods at once).
"""

from __future__ import annotations

import re

import msgspec

from imageferry.domain.errors import BadInput
from imageferry.domain.identity import Login, NamedIn, Scope

METHODS = ("password", "token", "application_credential")


class _Domain(msgspec.Struct):
    id: str | None = None
    name: str | None = None


class _Named(msgspec.Struct):
    id: str | None = None
    name: str | None = None
    domain: _Domain | None = None


class _User(_Named):
    password: str | None = None


class _Password(msgspec.Struct):
    user: _User


class _TokenId(msgspec.Struct):
    id: str


class _AppCredential(msgspec.Struct):
    secret: str
    id: str | None = None
    name: str | None = None
    user: _Named | None = None


class _Identity(msgspec.Struct):
    methods: list[str]
    password: _Password | None = None
    token: _TokenId | None = None
    application_credential: _AppCredential | None = None


class _Scope(msgspec.Struct):
    project: _Named | None = None
    domain: object | None = None
    system: object | None = None
    unscoped: object | None = None


class _Auth(msgspec.Struct):
    identity: _Identity
    scope: _Scope | str | None = None


class _Request(msgspec.Struct):
    auth: _Auth


def read_auth(document: object) -> tuple[Login, NamedIn | str]:
    """What is offered, and what the token shall be good for.

    Args:
        document: the body, decoded from JSON.

    Raises:
        BadInput: a member is missing or of the wrong type, a method or a scope is not offered
            here. The member is named.
    """
    try:
        auth = msgspec.convert(document, _Request).auth
    except msgspec.ValidationError as error:
        raise in_our_words(error, "a log-in as in Keystone v3") from error
    return _login(auth.identity), _scope(auth.scope)


def _login(identity: _Identity) -> Login:
    if not identity.methods:
        raise BadInput("auth.identity.methods", [], f"at least one of {', '.join(METHODS)}")
    for method in identity.methods:
        if method not in METHODS:
            raise BadInput("auth.identity.methods", method, f"{', '.join(METHODS)} only")
        if getattr(identity, method) is None:
            raise BadInput(f"auth.identity.{method}", None, f"a member for the method {method}")
    methods = tuple(dict.fromkeys(identity.methods))
    if identity.application_credential is not None and "application_credential" in methods:
        return _by_credential(identity.application_credential, methods)
    token = identity.token.id if identity.token and "token" in methods else None
    if identity.password is None or "password" not in methods:
        return Login(methods=methods, token=token)
    user = identity.password.user
    if user.password is None:
        raise BadInput("auth.identity.password.user.password", None, "a password")
    named = _named(user, "auth.identity.password.user")
    return Login(methods=methods, user=named, password=user.password, token=token)


def _by_credential(offer: _AppCredential, methods: tuple[str, ...]) -> Login:
    where = "auth.identity.application_credential"
    if len(methods) > 1:
        raise BadInput("auth.identity.methods", list(methods), "an application credential alone")
    if offer.id is not None:
        return Login(methods=methods, credential=offer.id, secret=offer.secret)
    if offer.name is None or offer.user is None:
        raise BadInput(where, None, "an id, or a name with its user")
    return Login(methods=methods, user=_named(offer.user, f"{where}.user"), credential=offer.name, secret=offer.secret)


def _scope(scope: _Scope | str | None) -> NamedIn | str:
    if scope is None:
        return Scope.DEFAULT
    if scope == "unscoped" or (isinstance(scope, _Scope) and scope.unscoped is not None):
        return Scope.UNSCOPED
    if isinstance(scope, _Scope) and scope.project is not None:
        return _named(scope.project, "auth.scope.project")
    raise BadInput("auth.scope", _scope_kind(scope), 'a project, or "unscoped"; no other scope is offered here')


def _scope_kind(scope: _Scope | str) -> str:
    if isinstance(scope, str):
        return scope
    kinds = [kind for kind in ("domain", "system") if getattr(scope, kind) is not None]
    return " and ".join(kinds) or "nothing known"


def _named(named: _Named, where: str) -> NamedIn:
    if named.id is not None:
        return NamedIn(id=named.id)
    if named.name is None:
        raise BadInput(where, None, "an id, or a name with its domain")
    if named.domain is None or (named.domain.id is None and named.domain.name is None):
        raise BadInput(f"{where}.domain", None, "the id or the name of the domain, because a name alone is not unique")
    return NamedIn(name=named.name, domain_id=named.domain.id, domain_name=named.domain.name)


_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]+)`(?: - at `\$\.?(?P<path>[^`]*)`)?")
_WRONG = re.compile(r"Expected `(?P<expected>[^`]+)`, got `(?P<found>[^`]+)`(?: - at `\$\.?(?P<path>[^`]*)`)?")


def in_our_words(error: msgspec.ValidationError, expected: str) -> BadInput:
    """What is wrong with a body, its member named. ``expected``: what the whole of it should be."""
    text = str(error)
    if match := _MISSING.fullmatch(text):
        return BadInput(".".join(filter(None, (match["path"], match["field"]))), None, "this member to be there")
    if match := _WRONG.fullmatch(text):
        return BadInput(match["path"] or "request body", match["found"], match["expected"].replace(" | null", ""))
    return BadInput("request body", text, expected)
