"""Identity: tokens for the system and for a domain, roles there, and what such tokens open."""

from __future__ import annotations

from tests.comparison.script import At, Scenario, Step
from tests.comparison.sides import PASSWORD

_LOGIN = ("POST", "/v3/auth/tokens")
_SYSTEM = {"system": {"all": True}}
_DOMAIN = {"domain": {"id": "$domain"}}
_TOKEN = "header x-subject-token"
_HERS = "/v3/domains/$domain/users/$owner/roles"
_ITS = "/v3/system/users/$owner/roles"


def _password(scope: object) -> object:
    user = {"id": "$owner", "password": PASSWORD}
    return {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}


def _token(key: str, scope: object) -> object:
    return {"auth": {"identity": {"methods": ["token"], "token": {"id": key}}, "scope": scope}}


def _opened(token: str) -> list[Step]:
    """What is asked with a token that has no project."""
    lists = ("projects?name=none", "users?name=none", "domains?name=none", "role_assignments?user.id=$reader")
    return [
        *(Step(f"{path.partition('?')[0]}, {token}", "GET", f"/v3/{path}", as_=f"${token}") for path in lists),
        Step(f"the region, {token}", "GET", "/v3/regions/RegionOne", as_=f"${token}"),
        Step(f"services, {token}", "GET", "/v3/services?type=image", as_=f"${token}"),
        Step(f"the catalog, {token}", "GET", "/v3/auth/catalog", as_=f"${token}"),
        Step(f"a project made, {token}", "POST", "/v3/projects", {"project": {"name": "no"}}, as_=f"${token}"),
        Step(f"a domain made, {token}", "POST", "/v3/domains", {"domain": {"name": "no"}}, as_=f"${token}"),
        Step(f"images, {token}", "GET", "/v2/images?limit=1", as_=f"${token}", at=At.IMAGES),
        Step(f"an image made, {token}", "POST", "/v2/images", {"name": "no"}, as_=f"${token}", at=At.IMAGES),
        Step(f"an account, {token}", "HEAD", "", as_=f"${token}", at=At.OBJECTS),
        Step(f"a container made, {token}", "PUT", "/no", b"", as_=f"${token}", at=At.OBJECTS),
    ]


SCOPES = Scenario(
    "tokens without a project",
    At.IDENTITY,
    [
        Step(
            "a domain",
            "POST",
            "/v3/domains",
            {"domain": {"name": "home-$mark", "description": "d"}},
            as_="boss",
            keep={"domain": "body.domain.id"},
        ),
        Step("for the system, without a role", *_LOGIN, _password(_SYSTEM), as_=""),
        Step("for a domain, without a role", *_LOGIN, _password(_DOMAIN), as_=""),
        Step("for no domain", *_LOGIN, _password({"domain": {"id": "none"}}), as_=""),
        Step("for a domain without a name", *_LOGIN, _password({"domain": {}}), as_=""),
        Step("for a domain that is a text", *_LOGIN, _password({"domain": "x"}), as_=""),
        Step("for a system that is a text", *_LOGIN, _password({"system": "all"}), as_=""),
        Step("for two things", *_LOGIN, _password(_SYSTEM | _DOMAIN), as_=""),
        *(
            step
            for path, word in ((_HERS, "domain"), (_ITS, "system"))
            for step in (
                Step(f"no role yet, {word}", "GET", path, as_="boss"),
                Step(f"a role not there, {word}", "HEAD", f"{path}/$role_reader", as_="boss"),
                Step(f"a role given, {word}", "PUT", f"{path}/$role_reader", as_="boss"),
                Step(f"a role given by a member, {word}", "PUT", f"{path}/$role_admin"),
                Step(f"a role that is not, given, {word}", "PUT", f"{path}/none", as_="boss"),
                Step(f"a role checked, {word}", "HEAD", f"{path}/$role_reader", as_="boss"),
                Step(f"roles listed, {word}", "GET", path, as_="boss"),
            )
        ),
        Step("assignments", "GET", "/v3/role_assignments?scope.domain.id=$domain&include_names", as_="boss"),
        Step("on the system", "GET", "/v3/role_assignments?user.id=$owner&scope.system=all", as_="boss"),
        Step("in the domain", "GET", "/v3/role_assignments?scope.domain.id=$domain", as_="boss"),
        Step("in both", "GET", "/v3/role_assignments?scope.domain.id=$domain&scope.system=all", as_="boss"),
        Step("for the system", *_LOGIN, _password(_SYSTEM), as_="", keep={"of_system": _TOKEN}),
        Step("for a domain", *_LOGIN, _password(_DOMAIN), as_="", keep={"of_domain": _TOKEN}),
        Step("for a domain by its name", *_LOGIN, _password({"domain": {"name": "home-$mark"}}), as_=""),
        Step("scopes: domains", "GET", "/v3/auth/domains"),
        Step("scopes: the system", "GET", "/v3/auth/system"),
        Step("the system shown", "GET", "/v3/auth/tokens", headers={"X-Subject-Token": "$of_system"}),
        Step("the domain shown", "GET", "/v3/auth/tokens", headers={"X-Subject-Token": "$of_domain"}),
        Step("system to project", *_LOGIN, _token("$of_system", {"project": {"id": "$project"}}), as_=""),
        Step("system to domain", *_LOGIN, _token("$of_system", _DOMAIN), as_=""),
        Step("system to nothing", *_LOGIN, _token("$of_system", "unscoped"), as_=""),
        Step("domain to project", *_LOGIN, _token("$of_domain", {"project": {"id": "$project"}}), as_=""),
        Step("domain to system", *_LOGIN, _token("$of_domain", _SYSTEM), as_=""),
        *_opened("of_system"),
        *_opened("of_domain"),
        Step("a role taken, system", "DELETE", f"{_ITS}/$role_reader", as_="boss"),
        Step("a role taken again, system", "DELETE", f"{_ITS}/$role_reader", as_="boss"),
        Step("used after its end", "GET", "/v3/auth/system", as_="$of_system"),
        Step("the domain closed", "PATCH", "/v3/domains/$domain", {"domain": {"enabled": False}}, as_="boss"),
        Step("used after its closing", "GET", "/v3/auth/domains", as_="$of_domain"),
        Step("the domain deleted", "DELETE", "/v3/domains/$domain", as_="boss"),
    ],
)

SCENARIOS = (SCOPES,)
