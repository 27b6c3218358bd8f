"""What a log-in to Keystone v3 says: ``{"auth": {"identity": ..., "scope": ...}}``.

Read strictly by type and leniently by name: members that nobody here knows are passed over.

Source: specs/openstack.md, section 2.2; specs/k5.md, section 3.1 (both methods at once).
"""

from __future__ import annotations

import re

import msgspec
from msgspec import UNSET, UnsetType

from imageferry.domain.errors import BadInput, NotAuthenticated
from imageferry.domain.identity import Login, NamedDomain, NamedIn, ScopeWish, Wanted

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


class _Scope(msgspec.Struct, omit_defaults=True):
    project: _Named | UnsetType = UNSET
    domain: _Domain | UnsetType = UNSET
    system: dict[str, object] | UnsetType = UNSET
    unscoped: object | UnsetType = UNSET


class _Auth(msgspec.Struct):
    identity: _Identity
    scope: _Scope | str | None = None


class _Request(msgspec.Struct):
    auth: _Auth


def read_auth(document: object) -> tuple[Login, ScopeWish]:
    """What is offered, and what the token shall be good for.

    Args:
        document: the body, decoded from JSON.

    Raises:
        BadInput: a member is missing or of the wrong type, or a scope is not offered here. The member is named.
        NotAuthenticated: no method is named, or one that is not known here.
    """
    try:
        auth = msgspec.convert(document, _Request).auth
    except msgspec.ValidationError as error:
        raise in_our_words(error, "a log-in as in Keystone v3") from error
    return _login(auth.identity), _scope(auth.scope)


def _login(identity: _Identity) -> Login:
    if not identity.methods:
        raise NotAuthenticated("no method of log-in is named")
    for method in identity.methods:
        if method not in METHODS:
            raise NotAuthenticated(f"the method of log-in {method!r} is not known here")
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


def _scope(scope: _Scope | str | None) -> ScopeWish:
    if scope is None:
        return Wanted.DEFAULT
    if isinstance(scope, str):
        if scope in _BY_WORD:
            return _BY_WORD[scope]
        raise BadInput("auth.scope", scope, _SCOPES)
    kinds = list(msgspec.structs.asdict(scope).items())
    named = [kind for kind, value in kinds if value is not UNSET]
    if len(named) != 1:
        raise BadInput("auth.scope", " and ".join(named) or "nothing known", _SCOPES)
    if isinstance(scope.project, _Named):
        return _named(scope.project, "auth.scope.project")
    if isinstance(scope.domain, _Domain):
        if scope.domain.id is None and scope.domain.name is None:
            raise BadInput("auth.scope.domain", None, "an id or a name")
        return NamedDomain(id=scope.domain.id, name=scope.domain.name)
    if isinstance(scope.system, dict):
        # What is not the whole of the system is nothing that we know: say so, and give no more than was asked.
        if scope.system.get("all") is not True:
            raise BadInput("auth.scope.system", scope.system, '{"all": true}')
        return Wanted.SYSTEM
    return Wanted.UNSCOPED


_SCOPES = 'a project, a domain, the system, or "unscoped"'
_BY_WORD = {"unscoped": Wanted.UNSCOPED, "system": Wanted.SYSTEM}


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
