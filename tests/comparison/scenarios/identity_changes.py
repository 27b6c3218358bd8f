"""Identity: application credentials, and what an administrator makes and takes away."""

from __future__ import annotations

from tests.comparison.script import At, Scenario, Step
from tests.comparison.sides import PASSWORD

_CREDENTIALS = "/v3/users/$owner/application_credentials"
_PAST = "2020-01-01T00:00:00.000000"


def _credential(**members: object) -> object:
    return {"application_credential": members}


def _login(member: object, scope: object = None) -> object:
    identity = {"methods": ["application_credential"], "application_credential": member}
    return {"auth": {"identity": identity, **({} if scope is None else {"scope": scope})}}


_IN = ("POST", "/v3/auth/tokens")
_GOOD = {"id": "$credential", "secret": "a long secret of ours"}

CREDENTIALS = Scenario(
    "application credentials",
    At.IDENTITY,
    [
        Step("none yet", "GET", _CREDENTIALS),
        Step(
            "made",
            "POST",
            _CREDENTIALS,
            _credential(name="one", description="d", secret="a long secret of ours"),
            keep={"credential": "body.application_credential.id"},
        ),
        Step("made with fewer roles", "POST", _CREDENTIALS, _credential(name="two", roles=[{"name": "reader"}])),
        Step("made with an end", "POST", _CREDENTIALS, _credential(name="three", expires_at="2099-01-01T00:00:00")),
        Step("the same name again", "POST", _CREDENTIALS, _credential(name="one")),
        Step("without a name", "POST", _CREDENTIALS, _credential(description="d")),
        Step("with an end in the past", "POST", _CREDENTIALS, _credential(name="four", expires_at=_PAST)),
        Step("with an end that is no time", "POST", _CREDENTIALS, _credential(name="four", expires_at="soon")),
        Step("with a role one has not", "POST", _CREDENTIALS, _credential(name="five", roles=[{"name": "admin"}])),
        Step("with a role that is not", "POST", _CREDENTIALS, _credential(name="five", roles=[{"name": "cook"}])),
        Step("with a number for a name", "POST", _CREDENTIALS, _credential(name=7)),
        Step("for somebody else", "POST", "/v3/users/$foreign/application_credentials", _credential(name="six")),
        Step("listed by name", "GET", f"{_CREDENTIALS}?name=one"),
        Step("shown", "GET", f"{_CREDENTIALS}/$credential"),
        Step("one that is not", "GET", f"{_CREDENTIALS}/none"),
        Step("another's list", "GET", "/v3/users/$foreign/application_credentials"),
        Step("logged in with", *_IN, _login(_GOOD), as_="", keep={"token": "header x-subject-token"}),
        Step(
            "logged in with by name",
            *_IN,
            _login({"name": "one", "user": {"id": "$owner"}, "secret": "a long secret of ours"}),
            as_="",
        ),
        Step("logged in with a wrong secret", *_IN, _login({"id": "$credential", "secret": "x"}), as_=""),
        Step("logged in with none", *_IN, _login({"id": "none", "secret": "x"}), as_=""),
        Step("logged in with a scope", *_IN, _login(_GOOD, {"project": {"id": "$project"}}), as_=""),
        Step("its projects", "GET", "/v3/auth/projects", as_="$token"),
        Step("making another with it", "POST", _CREDENTIALS, _credential(name="seven"), as_="$token"),
        Step("deleting itself with it", "DELETE", f"{_CREDENTIALS}/$credential", as_="$token"),
        Step("deleted by another", "DELETE", f"{_CREDENTIALS}/$credential", as_="foreign"),
        Step("deleted", "DELETE", f"{_CREDENTIALS}/$credential"),
        Step("deleted again", "DELETE", f"{_CREDENTIALS}/$credential"),
        Step("logged in after its end", *_IN, _login(_GOOD), as_=""),
    ],
)

_NEW_PROJECT = {"name": "made-$mark", "domain_id": "default", "description": "d"}
_NEW_USER = {"name": "maid-$mark", "domain_id": "default", "password": PASSWORD}
_ROLE = "/v3/projects/$made/users/$maid/roles/$role_member"

ADMINISTRATION = Scenario(
    "administration",
    At.IDENTITY,
    [
        Step(
            "a project", "POST", "/v3/projects", {"project": _NEW_PROJECT}, as_="boss", keep={"made": "body.project.id"}
        ),
        Step("a project of the same name", "POST", "/v3/projects", {"project": _NEW_PROJECT}, as_="boss"),
        Step("a project without a name", "POST", "/v3/projects", {"project": {}}, as_="boss"),
        Step("a project of no member", "POST", "/v3/projects", {}, as_="boss"),
        Step("a project, by a member", "POST", "/v3/projects", {"project": _NEW_PROJECT}),
        Step("a project changed", "PATCH", "/v3/projects/$made", {"project": {"description": "e"}}, as_="boss"),
        Step("no project changed", "PATCH", "/v3/projects/none", {"project": {"description": "e"}}, as_="boss"),
        Step("a project changed by a member", "PATCH", "/v3/projects/$project", {"project": {"description": "e"}}),
        Step("a user", "POST", "/v3/users", {"user": _NEW_USER}, as_="boss", keep={"maid": "body.user.id"}),
        Step("a user of the same name", "POST", "/v3/users", {"user": _NEW_USER}, as_="boss"),
        Step("a user without a name", "POST", "/v3/users", {"user": {"password": "x"}}, as_="boss"),
        Step("a user changed", "PATCH", "/v3/users/$maid", {"user": {"name": "made-$mark"}}, as_="boss"),
        Step("a user, by a member", "POST", "/v3/users", {"user": _NEW_USER}),
        Step("no role yet", "HEAD", _ROLE, as_="boss"),
        Step("a role given", "PUT", _ROLE, as_="boss"),
        Step("a role given again", "PUT", _ROLE, as_="boss"),
        Step("a role that is not, given", "PUT", "/v3/projects/$made/users/$maid/roles/none", as_="boss"),
        Step("a role given by a member", "PUT", "/v3/projects/$project/users/$owner/roles/$role_admin"),
        Step("a role checked", "HEAD", _ROLE, as_="boss"),
        Step("roles listed", "GET", "/v3/projects/$made/users/$maid/roles", as_="boss"),
        Step("assignments of a user", "GET", "/v3/role_assignments?user.id=$maid", as_="boss"),
        Step("assignments with names", "GET", "/v3/role_assignments?user.id=$maid&include_names", as_="boss"),
        Step("assignments, to a member", "GET", "/v3/role_assignments?user.id=$owner"),
        Step("a role taken", "DELETE", _ROLE, as_="boss"),
        Step("a role taken again", "DELETE", _ROLE, as_="boss"),
        Step(
            "a password changed with a wrong one",
            "POST",
            "/v3/users/$maid/password",
            {"user": {"original_password": "no", "password": "another-pw"}},
            as_="boss",
        ),
        Step("a user deleted by a member", "DELETE", "/v3/users/$maid"),
        Step("a user deleted", "DELETE", "/v3/users/$maid", as_="boss"),
        Step("a user deleted again", "DELETE", "/v3/users/$maid", as_="boss"),
        Step("a project deleted by a member", "DELETE", "/v3/projects/$made"),
        Step("a project deleted", "DELETE", "/v3/projects/$made", as_="boss"),
        Step("a project deleted again", "DELETE", "/v3/projects/$made", as_="boss"),
    ],
)

SCENARIOS = (CREDENTIALS, ADMINISTRATION)
