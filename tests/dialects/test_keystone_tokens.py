"""Tokens: the rows of specs/openstack.md 2.2 and 2.3, and specs/k5.md 3.1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.dialects.openstack_service import BASE, Cloud, Reply, running_cloud


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("keystone")) as made:
        yield made


def password(who: str = "mira", /, **user: Any) -> dict[str, Any]:
    user = user or {"name": who, "domain": {"id": "default"}, "password": f"pw of {who}"}
    return {"methods": ["password"], "password": {"user": user}}


def log_in(cloud: Cloud, identity: object, scope: object = None, query: str = "", **options: Any) -> Reply:
    auth = {"identity": identity} if scope is None else {"identity": identity, "scope": scope}
    return cloud.call("POST", f"/v3/auth/tokens{query}", {"auth": auth}, **options)


def test_a_log_in_answers_as_in_the_transcript(cloud: Cloud) -> None:
    scope = {"project": {"name": "demo", "domain": {"id": "default"}}}
    reply = log_in(cloud, password(), scope)
    assert reply.status == 201
    assert reply.headers["vary"] == "X-Auth-Token"
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["x-openstack-request-id"].startswith("req-")
    assert len(reply.headers["x-subject-token"]) == 43
    assert b"\n" not in reply.body
    token = reply.json["token"]
    demo = cloud.projects["demo"].id
    catalog = token.pop("catalog")
    audit_ids = token.pop("audit_ids")
    assert len(audit_ids) == 1
    assert token.pop("issued_at")[:20] == "2026-11-20T07:28:02."
    assert token.pop("expires_at")[:20] == "2026-11-20T10:28:02."
    assert token == {
        "methods": ["password"],
        "user": {
            "id": cloud.users["mira"],
            "name": "mira",
            "domain": {"id": "default", "name": "Default"},
            "password_expires_at": None,
        },
        "project": {"id": demo, "name": "demo", "domain": {"id": "default", "name": "Default"}},
        "is_domain": False,
        "roles": [{"id": "member", "name": "member"}, {"id": "reader", "name": "reader"}],
    }
    urls = {service["type"]: service["endpoints"][0]["url"] for service in catalog}
    assert urls == {
        "identity": f"{BASE}/v3",
        "object-store": f"{BASE}/v1/AUTH_{demo}",
        "image": f"{BASE}/image",
        "vmimport": BASE,
        "import-export": BASE,
    }


def test_times_are_written_with_microseconds_and_a_zone(cloud: Cloud) -> None:
    token = log_in(cloud, password()).json["token"]
    for name in ("issued_at", "expires_at"):
        assert len(token[name]) == len("2026-11-20T11:28:02.000000Z")
        assert token[name].endswith("Z")


def test_users_and_projects_are_found_by_id_or_by_name_and_domain(cloud: Cloud) -> None:
    demo = cloud.projects["demo"].id
    users: list[dict[str, Any]] = [
        {"id": cloud.users["mira"], "password": "pw of mira"},
        {"name": "mira", "domain": {"id": "default"}, "password": "pw of mira"},
        {"name": "mira", "domain": {"name": "Default"}, "password": "pw of mira"},
    ]
    scopes: list[dict[str, Any]] = [
        {"project": {"id": demo}},
        {"project": {"name": "demo", "domain": {"id": "default"}}},
        {"project": {"name": "demo", "domain": {"name": "Default"}}},
    ]
    for user in users:
        for scope in scopes:
            reply = log_in(cloud, password(**user), scope)
            assert (reply.status, reply.json["token"]["project"]["id"]) == (201, demo)


def test_a_k5_log_in_by_contract_and_project_id(cloud: Cloud) -> None:
    project = cloud.projects["contract"].id
    user: dict[str, Any] = {"domain": {"name": "Ab3dEfgh"}, "name": "kay", "password": "pw of kay"}
    reply = log_in(cloud, password(**user), {"project": {"id": project}})
    assert reply.json["token"]["project"]["name"] == "Ab3dEfgh-prj"
    assert reply.json["token"]["user"]["domain"]["name"] == "Ab3dEfgh"


def test_without_a_scope_the_default_project_counts(cloud: Cloud) -> None:
    assert log_in(cloud, password()).json["token"]["project"]["name"] == "demo"
    unscoped = log_in(cloud, password("nobody")).json["token"]
    assert not {"project", "roles", "catalog", "is_domain"} & unscoped.keys()


@pytest.mark.parametrize("scope", ["unscoped", {"unscoped": {}}])
def test_unscoped_beats_the_default_project(cloud: Cloud, scope: object) -> None:
    token = log_in(cloud, password(), scope).json["token"]
    assert not {"project", "roles", "catalog"} & token.keys()


def test_a_default_project_that_is_disabled_leaves_the_user_unscoped(cloud: Cloud) -> None:
    admin = cloud.services.admin
    closed = admin.add_project("closed")
    user = admin.add_user("otto", "pw of otto", default_project=closed.id)
    assert "project" not in log_in(cloud, password("otto")).json["token"]  # no role there
    admin.grant(user, closed, next(iter(cloud.services.identity.validate(cloud.as_("mira", "demo").token or "").roles)))
    admin.set_enabled(closed, enabled=False)
    reply = log_in(cloud, password("otto"))
    assert (reply.status, "project" in reply.json["token"]) == (201, False)
    assert log_in(cloud, password("otto"), {"project": {"id": closed.id}}).status == 401


def test_nocatalog_leaves_the_catalog_out(cloud: Cloud) -> None:
    assert "catalog" not in log_in(cloud, password(), query="?nocatalog").json["token"]


def test_a_token_can_be_rescoped_and_keeps_its_expiry(cloud: Cloud) -> None:
    first = log_in(cloud, password(), "unscoped")
    cloud.clock.pass_time(100)
    offer = {"methods": ["token"], "token": {"id": first.headers["x-subject-token"]}}
    second = log_in(cloud, offer, {"project": {"id": cloud.projects["demo"].id}}).json["token"]
    assert second["methods"] == ["token", "password"]
    assert second["expires_at"] == first.json["token"]["expires_at"]
    assert second["audit_ids"][1:] == first.json["token"]["audit_ids"]
    assert second["project"]["name"] == "demo"


def test_token_and_password_in_one_request_with_a_token_header(cloud: Cloud) -> None:
    """What object-storage libraries send when they are handed both."""
    mine = cloud.as_("mira", "demo")
    both = {**password(), "methods": ["token", "password"], "token": {"id": mine.token}}
    reply = log_in(mine, both, {"project": {"id": cloud.projects["demo"].id}})
    assert (reply.status, reply.json["token"]["user"]["name"]) == (201, "mira")
    alien = {**password("alex"), "methods": ["token", "password"], "token": {"id": mine.token}}
    assert log_in(mine, alien).status == 401


def test_a_member_that_no_method_names_is_not_looked_at(cloud: Cloud) -> None:
    assert log_in(cloud, {**password(), "token": {"id": "nonsense"}}).status == 201


_UNKNOWN: list[tuple[dict[str, Any], object]] = [
    (password(name="mira", domain={"id": "default"}, password="wrong"), None),
    (password(name="ghost", domain={"id": "default"}, password="x"), None),
    (password(name="mira", domain={"id": "ghost"}, password="pw of mira"), None),
    (password(name="\U0001f600‮", domain={"name": "\U0001f600"}, password="\U0001f600"), None),
    (password(), {"project": {"id": "ghost"}}),
    (password(), {"domain": {"id": "ghost"}}),
    (password(), {"domain": {"name": "Default"}}),
    (password(), {"system": {"all": True}}),
    (password(), {"project": {"name": "demo", "domain": {"name": "Ab3dEfgh"}}}),
    (password(), {"project": {"name": "alt", "domain": {"id": "default"}}}),
    ({"methods": ["token"], "token": {"id": "ghost"}}, None),
    ({"methods": ["token"], "token": {"id": ""}}, None),
]


@pytest.mark.parametrize(("identity", "scope"), _UNKNOWN)
def test_every_reason_of_a_401_sounds_the_same(cloud: Cloud, identity: dict[str, Any], scope: object) -> None:
    reply = log_in(cloud, identity, scope)
    assert reply.status == 401
    assert reply.headers["www-authenticate"] == f'Keystone uri="{BASE}/v3"'
    assert reply.json == {
        "error": {
            "code": 401,
            "message": "The request you have made requires authentication. Log in again.",
            "title": "Unauthorized",
        }
    }
    assert "x-subject-token" not in reply.headers


def test_a_disabled_user_is_out_with_all_tokens(cloud: Cloud) -> None:
    admin = cloud.services.admin
    user = admin.add_user("gone", "pw of gone")
    token = log_in(cloud, password("gone")).headers["x-subject-token"]
    admin.set_enabled(user, enabled=False)
    assert log_in(cloud, password("gone")).status == 401
    assert cloud.get("/v3/auth/projects", headers={"x-auth-token": token}).status == 401


_WRONG: list[tuple[object, str]] = [
    ([], "request body"),
    ("x", "request body"),
    (None, "JSON"),
    ({}, "auth"),
    ({"auth": 5}, "auth"),
    ({"auth": {}}, "auth.identity"),
    ({"auth": {"identity": []}}, "auth.identity"),
    ({"auth": {"identity": {}}}, "auth.identity.methods"),
    ({"auth": {"identity": {"methods": "password"}}}, "auth.identity.methods"),
    ({"auth": {"identity": {"methods": [1]}}}, "auth.identity.methods"),
    ({"auth": {"identity": {"methods": ["password"]}}}, "auth.identity.password"),
    ({"auth": {"identity": {"methods": ["password"], "password": {}}}}, "auth.identity.password.user"),
    ({"auth": {"identity": {"methods": ["password"], "password": {"user": {}}}}}, "password"),
    ({"auth": {"identity": password(password="x")}}, "auth.identity.password.user"),
    ({"auth": {"identity": password(name="mira", password="x")}}, "user.domain"),
    ({"auth": {"identity": password(name="mira", domain={}, password="x")}}, "user.domain"),
    ({"auth": {"identity": password(name=["mira"], domain={}, password="x")}}, "user.name"),
    ({"auth": {"identity": password(id=5, password="x")}}, "user.id"),
    ({"auth": {"identity": password(id="x", password=5)}}, "user.password"),
    ({"auth": {"identity": {"methods": ["token"], "token": {}}}}, "auth.identity.token.id"),
    ({"auth": {"identity": {"methods": ["token"], "token": "x"}}}, "auth.identity.token"),
    ({"auth": {"identity": password(), "scope": 5}}, "auth.scope"),
    ({"auth": {"identity": password(), "scope": "all"}}, "auth.scope"),
    ({"auth": {"identity": password(), "scope": {}}}, "auth.scope"),
    ({"auth": {"identity": password(), "scope": {"project": {"name": "demo"}}}}, "auth.scope.project.domain"),
    ({"auth": {"identity": password(), "scope": {"domain": {}}}}, "auth.scope.domain"),
    ({"auth": {"identity": password(), "scope": {"domain": "x"}}}, "auth.scope.domain"),
    ({"auth": {"identity": password(), "scope": {"system": "all"}}}, "auth.scope.system"),
    ({"auth": {"identity": password(), "scope": {"system": {}}}}, "auth.scope.system"),
    ({"auth": {"identity": password(), "scope": {"system": {"all": False}}}}, "auth.scope.system"),
    ({"auth": {"identity": password(), "scope": {"system": {"all": True}, "domain": {"id": "x"}}}}, "system"),
]


@pytest.mark.parametrize(("document", "named"), _WRONG)
def test_a_body_of_the_wrong_form_is_a_400_that_names_the_member(cloud: Cloud, document: object, named: str) -> None:
    reply = cloud.call("POST", "/v3/auth/tokens", document, body=b"" if document is None else None)
    assert reply.status == 400, reply.body
    assert reply.json["error"]["title"] == "Bad Request"
    assert named in reply.message


@pytest.mark.parametrize("methods", [[], ["totp"], ["password", "totp"]])
def test_no_method_that_is_known_is_a_401(cloud: Cloud, methods: list[str]) -> None:
    document = {"auth": {"identity": {**password(), "methods": methods}}}
    assert cloud.call("POST", "/v3/auth/tokens", document).status == 401


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 50_000, b'{"auth": NaN}', b'"\\ud800"', b"1e999", b"null"],
    ids=lambda body: repr(body[:10]),
)
def test_what_is_no_json_is_a_400(cloud: Cloud, body: bytes) -> None:
    assert cloud.call("POST", "/v3/auth/tokens", body=body).status == 400


def test_a_body_without_end_is_a_413(cloud: Cloud) -> None:
    assert cloud.call("POST", "/v3/auth/tokens", body=[b" " * 600_000] * 3).status == 413


# -- validate, check, revoke ---------------------------------------------------------


def ask(cloud: Cloud, method: str, subject: str | None) -> Reply:
    return cloud.call(method, "/v3/auth/tokens", headers={} if subject is None else {"X-Subject-Token": subject})


def test_showing_a_token_repeats_what_was_issued(cloud: Cloud) -> None:
    issued = log_in(cloud, password(), {"project": {"id": cloud.projects["demo"].id}})
    secret = issued.headers["x-subject-token"]
    mine = cloud.as_("mira", "demo")
    shown = ask(mine, "GET", secret)
    assert (shown.status, shown.headers["x-subject-token"]) == (200, secret)
    assert shown.json == issued.json
    head = ask(mine, "HEAD", secret)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == shown.headers["content-length"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_who_may_ask_about_a_token(cloud: Cloud, method: str) -> None:
    mine = cloud.as_("mira", "demo")
    assert ask(mine, method, "ghost").status == 404
    assert ask(mine, method, None).status == 403
    assert ask(cloud.as_(None), method, mine.token).status == 401
    assert ask(cloud.as_("alex", "alt"), method, mine.token).status == 403
    assert ask(mine, "GET", mine.token).status == 200
    assert ask(cloud.as_("admin", "admin"), method, mine.token).status == (204 if method == "DELETE" else 200)


def test_a_revoked_token_is_good_for_nothing(cloud: Cloud) -> None:
    mine, other = cloud.as_("mira", "demo"), cloud.as_("mira", "demo")
    reply = ask(mine, "DELETE", other.token)
    assert (reply.status, reply.body) == (204, b"")
    assert ask(mine, "GET", other.token).status == 404
    assert ask(mine, "HEAD", other.token).status == 404
    assert ask(mine, "DELETE", other.token).status == 404
    assert ask(other, "GET", mine.token).status == 401


def test_a_token_ends_after_three_hours(cloud: Cloud) -> None:
    old = cloud.as_("mira", "demo")
    cloud.clock.pass_time(3 * 3600 - 10)
    assert ask(old, "GET", old.token).status == 200
    cloud.clock.pass_time(11)
    assert ask(old, "GET", old.token).status == 401
    assert ask(cloud.as_("mira", "demo"), "GET", old.token).status == 404


def test_other_methods_are_a_405_that_names_those_there_are(cloud: Cloud) -> None:
    reply = cloud.as_("mira", "demo").call("PUT", "/v3/auth/tokens")
    assert (reply.status, reply.headers["allow"]) == (405, "DELETE, GET, HEAD, POST")
    assert reply.json["error"]["title"] == "Method Not Allowed"
