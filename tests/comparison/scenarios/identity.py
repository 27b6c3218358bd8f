"""Identity: discovery, tokens and their errors, look-ups, administration."""

from __future__ import annotations

from tests.comparison.script import At, Scenario, Step
from tests.comparison.sides import PASSWORD

_OWNER = {"id": "$owner", "password": PASSWORD}


def _password(user: object = _OWNER, scope: object = None) -> object:
    identity = {"methods": ["password"], "password": {"user": user}}
    return {"auth": {"identity": identity, **({} if scope is None else {"scope": scope})}}


def _token(key: str, scope: object = None) -> object:
    identity = {"methods": ["token"], "token": {"id": key}}
    return {"auth": {"identity": identity, **({} if scope is None else {"scope": scope})}}


_PROJECT = {"project": {"id": "$project"}}
_LOGIN = ("POST", "/v3/auth/tokens")

DISCOVERY = Scenario(
    "discovery of identity",
    At.IDENTITY,
    [
        Step("the root", "GET", "/", as_=""),
        Step("v3", "GET", "/v3", as_=""),
        Step("v3 with a slash", "GET", "/v3/", as_=""),
        Step("v2.0", "GET", "/v2.0", as_=""),
        Step("an unknown path", "GET", "/v3/nothing", as_=""),
        Step("an unknown path, with a token", "GET", "/v3/nothing"),
        Step("a wrong method", "DELETE", "/v3/auth/catalog"),
        Step("a wrong method on tokens", "PUT", "/v3/auth/tokens"),
    ],
)

TOKENS = Scenario(
    "tokens",
    At.IDENTITY,
    [
        Step(
            "by password, in a project",
            *_LOGIN,
            _password(scope=_PROJECT),
            as_="",
            keep={"one": "header x-subject-token"},
        ),
        Step(
            "by names",
            *_LOGIN,
            _password(
                {"name": "owner-$mark", "domain": {"name": "Default"}, "password": PASSWORD},
                {"project": {"name": "project-$mark", "domain": {"id": "default"}}},
            ),
            as_="",
        ),
        Step("without a catalog", "POST", "/v3/auth/tokens?nocatalog", _password(scope=_PROJECT), as_=""),
        Step("unscoped", *_LOGIN, _password(scope="unscoped"), as_="", keep={"unscoped": "header x-subject-token"}),
        Step("no scope, no default project", *_LOGIN, _password(), as_=""),
        Step(
            "from an unscoped token",
            *_LOGIN,
            _token("$unscoped", _PROJECT),
            as_="",
            keep={"two": "header x-subject-token"},
        ),
        Step("from a token to nowhere", *_LOGIN, _token("$one", "unscoped"), as_=""),
        Step(
            "an administrator's",
            *_LOGIN,
            _password({"id": "$boss", "password": PASSWORD}, {"project": {"id": "$staff"}}),
            as_="",
        ),
        Step("wrong password", *_LOGIN, _password({"id": "$owner", "password": "no"}), as_=""),
        Step("unknown user", *_LOGIN, _password({"id": "nobody", "password": "no"}), as_=""),
        Step("unknown project", *_LOGIN, _password(scope={"project": {"id": "none"}}), as_=""),
        Step("another's project", *_LOGIN, _password(scope={"project": {"id": "$other"}}), as_=""),
        Step("unknown token", *_LOGIN, _token("nothing"), as_=""),
        Step("not JSON", *_LOGIN, "{", as_="", headers={"Content-Type": "application/json"}),
        Step("an empty body", *_LOGIN, b"", as_="", headers={"Content-Type": "application/json"}),
        Step("no identity", *_LOGIN, {"auth": {}}, as_=""),
        Step("no auth", *_LOGIN, {}, as_=""),
        Step("no methods", *_LOGIN, {"auth": {"identity": {"methods": []}}}, as_=""),
        Step("an unknown method", *_LOGIN, {"auth": {"identity": {"methods": ["smoke"], "smoke": {}}}}, as_=""),
        Step("a method without its member", *_LOGIN, {"auth": {"identity": {"methods": ["password"]}}}, as_=""),
        Step("a password that is a number", *_LOGIN, _password({"id": "$owner", "password": 7}), as_=""),
        Step("a user by name without a domain", *_LOGIN, _password({"name": "x", "password": "x"}), as_=""),
        Step("a project by name without a domain", *_LOGIN, _password(scope={"project": {"name": "x"}}), as_=""),
        Step("a list for a body", *_LOGIN, [], as_=""),
        Step("shown", "GET", "/v3/auth/tokens", headers={"X-Subject-Token": "$one"}),
        Step("shown without a catalog", "GET", "/v3/auth/tokens?nocatalog", headers={"X-Subject-Token": "$one"}),
        Step("checked", "HEAD", "/v3/auth/tokens", headers={"X-Subject-Token": "$one"}),
        Step("shown to an administrator", "GET", "/v3/auth/tokens", headers={"X-Subject-Token": "$one"}, as_="boss"),
        Step("shown to another", "GET", "/v3/auth/tokens", headers={"X-Subject-Token": "$one"}, as_="foreign"),
        Step("shown to nobody", "GET", "/v3/auth/tokens", headers={"X-Subject-Token": "$one"}, as_=""),
        Step("an unknown one shown", "GET", "/v3/auth/tokens", headers={"X-Subject-Token": "nothing"}),
        Step("none named", "GET", "/v3/auth/tokens"),
        Step("none named to check", "HEAD", "/v3/auth/tokens"),
        Step("none named to revoke", "DELETE", "/v3/auth/tokens"),
        Step("revoked by another", "DELETE", "/v3/auth/tokens", headers={"X-Subject-Token": "$two"}, as_="foreign"),
        Step("revoked", "DELETE", "/v3/auth/tokens", headers={"X-Subject-Token": "$two"}, as_="$two"),
        Step(
            "checked after its end",
            "HEAD",
            "/v3/auth/tokens",
            headers={"X-Subject-Token": "$two"},
            until={"status": "404"},
        ),
        Step("used after its end", "GET", "/v3/auth/projects", as_="$two", until={"status": "401"}),
        Step("revoked again", "DELETE", "/v3/auth/tokens", headers={"X-Subject-Token": "$two"}),
    ],
)

WHO_AM_I = Scenario(
    "who am I",
    At.IDENTITY,
    [
        Step("unscoped", *_LOGIN, _password(scope="unscoped"), as_="", keep={"unscoped": "header x-subject-token"}),
        Step("projects", "GET", "/v3/auth/projects"),
        Step("projects, unscoped", "GET", "/v3/auth/projects", as_="$unscoped"),
        Step("projects, without a token", "GET", "/v3/auth/projects", as_=""),
        Step("projects of the user", "GET", "/v3/users/$owner/projects"),
        Step("projects of another user", "GET", "/v3/users/$foreign/projects"),
        Step("domains", "GET", "/v3/auth/domains"),
        Step("system", "GET", "/v3/auth/system"),
        Step("catalog", "GET", "/v3/auth/catalog"),
        Step("catalog, unscoped", "GET", "/v3/auth/catalog", as_="$unscoped"),
        Step("catalog, without a token", "GET", "/v3/auth/catalog", as_=""),
        Step("myself", "GET", "/v3/users/$owner"),
        Step("somebody else", "GET", "/v3/users/$foreign"),
        Step("somebody else, to an administrator", "GET", "/v3/users/$foreign", as_="boss"),
        Step("nobody, to an administrator", "GET", "/v3/users/nobody", as_="boss"),
    ],
)

LOOKUPS = Scenario(
    "look-ups",
    At.IDENTITY,
    [
        Step("my project", "GET", "/v3/projects/$project"),
        Step("a foreign project", "GET", "/v3/projects/$other"),
        Step("a project's name for its id", "GET", "/v3/projects/project-$mark"),
        Step("a project's name for its id, to an administrator", "GET", "/v3/projects/project-$mark", as_="boss"),
        Step("a project by name", "GET", "/v3/projects?name=project-$mark", as_="boss"),
        Step("a project by name, to a member", "GET", "/v3/projects?name=project-$mark"),
        Step("no project by name", "GET", "/v3/projects?name=none-$mark", as_="boss"),
        Step("a user by name", "GET", "/v3/users?name=owner-$mark", as_="boss"),
        Step("users, to a member", "GET", "/v3/users"),
        Step("a domain", "GET", "/v3/domains/default", as_="boss"),
        Step("a domain by name", "GET", "/v3/domains?name=Default", as_="boss"),
        Step("a domain, to a member", "GET", "/v3/domains/default"),
        Step("a domain that is not", "GET", "/v3/domains/none", as_="boss"),
        Step("regions", "GET", "/v3/regions"),
        Step("a region", "GET", "/v3/regions/RegionOne"),
        Step("a region that is not", "GET", "/v3/regions/none"),
        Step("regions, without a token", "GET", "/v3/regions", as_=""),
        Step("a service by type", "GET", "/v3/services?type=image", as_="boss"),
        Step("services, to a member", "GET", "/v3/services"),
        Step("a service that is not", "GET", "/v3/services/none", as_="boss"),
        Step("endpoints by interface", "GET", "/v3/endpoints?interface=public", as_="boss"),
        Step("an endpoint that is not", "GET", "/v3/endpoints/none", as_="boss"),
        Step("a role by name", "GET", "/v3/roles?name=member", as_="boss"),
        Step("a role", "GET", "/v3/roles/$role_reader", as_="boss"),
        Step("roles, to a member", "GET", "/v3/roles"),
        Step("a role that is not", "GET", "/v3/roles/none", as_="boss"),
        Step("limits", "GET", "/v3/limits"),
        Step("registered limits", "GET", "/v3/registered_limits?resource_name=none"),
    ],
)

SCENARIOS = (DISCOVERY, TOKENS, WHO_AM_I, LOOKUPS)
