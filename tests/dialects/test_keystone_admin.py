"""Domains, projects, users and roles, as administrators change them; and one's own password."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.dialects.openstack_service import BASE, Cloud, Reply, running_cloud

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("keystone")) as made:
        yield made


@pytest.fixture
def admin(cloud: Cloud) -> Cloud:
    return cloud.as_("admin", "admin")


def make(admin: Cloud, kind: str, **members: Any) -> dict[str, Any]:
    members = {"name": f"{kind}-{next(_numbers)}", **members}
    reply = admin.call("POST", f"/v3/{kind}s", {kind: members})
    assert reply.status == 201, reply.body
    document: dict[str, Any] = reply.json[kind]
    return document


def change(admin: Cloud, kind: str, key: str, **members: Any) -> Reply:
    return admin.call("PATCH", f"/v3/{kind}s/{key}", {kind: members})


def log_in(cloud: Cloud, user: str, password: str, project: str | None = None) -> Reply:
    identity = {"methods": ["password"], "password": {"user": {"id": user, "password": password}}}
    scope = "unscoped" if project is None else {"project": {"id": project}}
    return replace(cloud, token=None).call("POST", "/v3/auth/tokens", {"auth": {"identity": identity, "scope": scope}})


def role_path(project: str, user: str, role: str) -> str:
    return f"/v3/projects/{project}/users/{user}/roles/{role}"


def test_the_life_of_a_project(admin: Cloud) -> None:
    made = make(admin, "project", name="life", description="d", domain_id="default", enabled=True, tags=[], options={})
    key = made["id"]
    assert (made["name"], made["description"], made["domain_id"], made["enabled"]) == ("life", "d", "default", True)
    assert admin.get(f"/v3/projects/{key}").json == {"project": made}
    changed = change(admin, "project", key, name="death", description=None, enabled=False)
    assert (changed.status, changed.json["project"]["name"]) == (200, "death")
    assert change(admin, "project", key).json == changed.json == admin.get(f"/v3/projects/{key}").json
    assert (changed.json["project"]["description"], changed.json["project"]["enabled"]) == ("", False)
    reply = admin.call("DELETE", f"/v3/projects/{key}")
    assert (reply.status, reply.body) == (204, b"")
    assert admin.call("DELETE", f"/v3/projects/{key}").status == change(admin, "project", key).status == 404


def test_without_a_domain_it_is_that_of_the_caller(admin: Cloud) -> None:
    assert make(admin, "project")["domain_id"] == make(admin, "user")["domain_id"] == "default"
    domain = make(admin, "domain")["id"]
    assert make(admin, "project", domain_id=domain)["domain_id"] == domain
    assert make(admin, "project", parent_id=domain)["domain_id"] == domain
    assert make(admin, "user", domain_id=domain)["domain_id"] == domain
    for kind in ("project", "user"):
        assert admin.call("POST", f"/v3/{kind}s", {kind: {"name": "x", "domain_id": "ghost"}}).status == 404


def test_the_life_of_a_user(admin: Cloud) -> None:
    project = admin.projects["demo"].id
    made = make(admin, "user", password="first", default_project_id=project, email="who@example.org", description="d")
    key = made["id"]
    assert (made["email"], made["description"]) == ("who@example.org", "d")
    gone = change(admin, "user", key, email=None, description="").json["user"]
    assert not {"email", "description"} & gone.keys()
    assert made["default_project_id"] == project
    assert "password" not in made
    assert log_in(admin, key, "first").status == 201
    changed = change(admin, "user", key, name=f"new-{key}", default_project_id=None, password="second")
    assert changed.status == 200
    assert "default_project_id" not in changed.json["user"]
    assert (log_in(admin, key, "first").status, log_in(admin, key, "second").status) == (401, 201)
    token = log_in(admin, key, "second").headers["x-subject-token"]
    assert change(admin, "user", key, enabled=False).json["user"]["enabled"] is False
    assert log_in(admin, key, "second").status == 401
    assert admin.get("/v3/auth/projects", headers={"x-auth-token": token}).status == 401
    assert admin.call("DELETE", f"/v3/users/{key}").status == 204
    assert admin.call("DELETE", f"/v3/users/{key}").status == change(admin, "user", key).status == 404


def test_a_user_without_a_password_cannot_log_in(admin: Cloud) -> None:
    key = make(admin, "user")["id"]
    for guess in ("", "None", "null"):
        assert log_in(admin, key, guess).status == 401


def test_the_life_of_a_domain(admin: Cloud) -> None:
    made = make(admin, "domain", description="words")
    key = made["id"]
    assert admin.get(f"/v3/domains/{key}").json["domain"]["description"] == "words"
    assert change(admin, "domain", key, description=None).json["domain"]["description"] == ""
    assert made["links"] == {"self": f"{BASE}/v3/domains/{key}"}
    user = make(admin, "user", domain_id=key, password="pw")["id"]
    reply = admin.call("DELETE", f"/v3/domains/{key}")
    assert (reply.status, "enabled" in reply.message) == (409, True)
    assert change(admin, "domain", key, enabled=False, name=f"new-{key}").json["domain"]["enabled"] is False
    assert log_in(admin, user, "pw").status == 401
    reply = admin.call("DELETE", f"/v3/domains/{key}")
    assert (reply.status, "not empty" in reply.message) == (409, True)
    assert admin.call("DELETE", f"/v3/users/{user}").status == 204
    assert admin.call("DELETE", f"/v3/domains/{key}").status == 204
    assert admin.get(f"/v3/domains/{key}").status == change(admin, "domain", key, enabled=True).status == 404


def test_the_default_domain_stays(admin: Cloud) -> None:
    assert change(admin, "domain", "default", enabled=False).status == 403
    assert admin.call("DELETE", "/v3/domains/default").status == 403
    assert change(admin, "domain", "default", enabled=True).status == 200


def test_a_name_that_is_taken_is_a_409(admin: Cloud) -> None:
    for kind in ("project", "user", "domain"):
        one, other = make(admin, kind), make(admin, kind)
        assert admin.call("POST", f"/v3/{kind}s", {kind: {"name": one["name"]}}).status == 409
        assert change(admin, kind, other["id"], name=one["name"]).status == 409


def test_a_role_is_given_and_taken(admin: Cloud) -> None:
    user, project = make(admin, "user", password="pw")["id"], make(admin, "project")["id"]
    path = role_path(project, user, "member")
    assert [admin.call(method, path).status for method in ("HEAD", "GET", "DELETE")] == [404, 404, 404]
    assert log_in(admin, user, "pw", project).status == 401
    for _ in range(2):
        reply = admin.call("PUT", path)
        assert (reply.status, reply.body) == (204, b"")
    assert [admin.call(method, path).status for method in ("HEAD", "GET")] == [204, 204]
    assert admin.get(role_path(project, user, "reader")).status == 404  # implied is not given
    roles = admin.get(f"/v3/projects/{project}/users/{user}/roles").json["roles"]
    assert [role["id"] for role in roles] == ["member"]
    token = log_in(admin, user, "pw", project).headers["x-subject-token"]
    assert admin.call("DELETE", path).status == 204
    assert admin.get("/v3/auth/projects", headers={"x-auth-token": token}).status == 401
    for wrong in (
        role_path("ghost", user, "member"),
        role_path(project, "ghost", "member"),
        role_path(project, user, "ghost"),
        role_path("%00", "%00", "member"),
    ):
        for method in ("PUT", "HEAD", "DELETE"):
            assert admin.call(method, wrong).status in (400, 404)


def test_role_assignments_are_listed_by_what_is_asked(admin: Cloud) -> None:
    user, project = make(admin, "user"), make(admin, "project")
    admin.call("PUT", role_path(project["id"], user["id"], "member"))

    def listed(query: str) -> list[dict[str, Any]]:
        reply = admin.get(f"/v3/role_assignments?{query}")
        assert reply.status == 200
        found: list[dict[str, Any]] = reply.json["role_assignments"]
        return found

    row = {
        "user": {"id": user["id"]},
        "scope": {"project": {"id": project["id"]}},
        "role": {"id": "member"},
        "links": {"assignment": f"{BASE}{role_path(project['id'], user['id'], 'member')}"},
    }
    mine, here = f"user.id={user['id']}", f"scope.project.id={project['id']}"
    assert row in listed("")
    for query in (mine, here, f"{mine}&{here}&role.id=member", f"{mine}&effective=0", f"{mine}&include_names=false"):
        assert listed(query) == [row]
    for query in (
        f"{mine}&role.id=reader",
        "user.id=ghost",
        "role.id=ghost",
        "group.id=x",
        f"{mine}&scope.domain.id=default",
        f"{mine}&scope.system=all",
    ):
        assert listed(query) == []
    for query in (
        "user.id=x&group.id=y",
        "group.id=y&effective",
        f"{here}&scope.system=all",
        f"{here}&scope.domain.id=x",
    ):
        assert admin.get(f"/v3/role_assignments?{query}").status == 400
    assert [found["role"]["id"] for found in listed(f"{mine}&effective")] == ["member", "reader"]
    assert [found["role"]["id"] for found in listed(f"{mine}&effective=true&role.id=reader")] == ["reader"]
    home = {"id": "default", "name": "Default"}
    (named,) = listed(f"{mine}&include_names=1")
    assert named["user"] == {"id": user["id"], "name": user["name"], "domain": home}
    assert named["scope"]["project"] == {"id": project["id"], "name": project["name"], "domain": home}
    assert named["role"] == {"id": "member", "name": "member"}


def test_ones_own_password(cloud: Cloud) -> None:
    admin = cloud.services.admin
    user = admin.add_user("pia", "pw of pia")
    pia = replace(cloud, users={**cloud.users, "pia": user.id}).as_("pia")

    def say(caller: Cloud, **passwords: Any) -> Reply:
        return caller.call("POST", f"/v3/users/{user.id}/password", {"user": passwords})

    good = {"original_password": "pw of pia", "password": "new"}
    assert say(cloud.as_(None), **good).status == 401
    assert say(cloud.as_("alex", "alt"), **good).status == 403
    assert say(cloud.as_("admin", "admin"), **good).status == 403  # administrators set it with PATCH
    assert say(pia, original_password="wrong", password="new").status == 401
    for wrong in (
        {"password": "new"},
        {**good, "password": ""},
        {**good, "password": None},
        {**good, "password": "\0"},
    ):
        assert say(pia, **wrong).status == 400
    assert log_in(cloud, user.id, "pw of pia").status == 201
    reply = say(pia, **good)
    assert (reply.status, reply.body) == (204, b"")
    assert pia.get("/v3/auth/projects").status == 401  # every token ends
    assert (log_in(cloud, user.id, "pw of pia").status, log_in(cloud, user.id, "new").status) == (401, 201)


_CALLS = [
    ("POST", "/v3/projects", {"project": {"name": "x"}}),
    ("PATCH", "/v3/projects/{demo}", {"project": {"name": "x"}}),
    ("DELETE", "/v3/projects/{demo}", None),
    ("POST", "/v3/users", {"user": {"name": "x"}}),
    ("PATCH", "/v3/users/{mira}", {"user": {"enabled": False}}),
    ("PATCH", "/v3/users/{rita}", {"user": {"password": "x"}}),
    ("DELETE", "/v3/users/{mira}", None),
    ("POST", "/v3/domains", {"domain": {"name": "x"}}),
    ("PATCH", "/v3/domains/default", {"domain": {"name": "x"}}),
    ("DELETE", "/v3/domains/default", None),
    ("PUT", "/v3/projects/{demo}/users/{mira}/roles/admin", None),
    ("DELETE", "/v3/projects/{demo}/users/{mira}/roles/member", None),
    ("GET", "/v3/projects/{demo}/users/{mira}/roles/member", None),
    ("GET", "/v3/projects/{demo}/users/{mira}/roles", None),
    ("PUT", "/v3/domains/default/users/{mira}/roles/reader", None),
    ("GET", "/v3/domains/default/users/{mira}/roles/reader", None),
    ("PUT", "/v3/system/users/{mira}/roles/admin", None),
    ("DELETE", "/v3/system/users/{admin}/roles/admin", None),
    ("GET", "/v3/system/users/{admin}/roles", None),
    ("GET", "/v3/role_assignments", None),
    ("GET", "/v3/role_assignments?user.id={mira}", None),
]


@pytest.mark.parametrize(("method", "target", "document"), _CALLS)
def test_only_administrators_may(cloud: Cloud, method: str, target: str, document: object) -> None:
    target = target.format(demo=cloud.projects["demo"].id, **cloud.users)
    assert cloud.as_(None).call(method, target, document).status == 401
    for user, project in (("mira", "demo"), ("rita", "demo"), ("alex", "alt"), ("mira", None)):
        assert cloud.as_(user, project).call(method, target, document).status in (403, 404)
    assert cloud.as_("mira", "demo").get(f"/v3/users/{cloud.users['mira']}").json["user"]["enabled"] is True


_WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("project", {"name": ""}, "project name"),
    ("project", {"name": "x" * 256}, "project name"),
    ("project", {"name": "a\0"}, "project name"),
    ("project", {"name": None}, "project.name"),
    ("project", {"description": "\0"}, "description"),
    ("project", {"enabled": "yes"}, "project.enabled"),
    ("project", {"is_domain": True}, "project.is_domain"),
    ("project", {"tags": ["x"]}, "project.tags"),
    ("project", {"domain_id": "default", "parent_id": "other"}, "project.parent_id"),
    ("user", {"name": "a\n"}, "user name"),
    ("user", {"name": ["x"]}, "user.name"),
    ("user", {"password": ""}, "password"),
    ("user", {"password": 5}, "user.password"),
    ("user", {"default_project_id": "\0"}, "default_project_id"),
    ("user", {"email": "\0"}, "email"),
    ("user", {"description": 5}, "user.description"),
    ("domain", {"description": "\0"}, "description"),
    ("domain", {"description": "x" * 65536}, "description"),
    ("domain", {"name": "\x7f"}, "domain name"),
    ("domain", {"enabled": None}, "domain.enabled"),
]


@pytest.mark.parametrize(("kind", "members", "named"), _WRONG)
def test_what_has_the_wrong_form_is_a_400_that_names_the_member(
    admin: Cloud, kind: str, members: dict[str, Any], named: str
) -> None:
    key = make(admin, kind)["id"]
    made = admin.call("POST", f"/v3/{kind}s", {kind: {"name": f"x{next(_numbers)}", **members}})
    for reply in (made, change(admin, kind, key, **members)):
        assert reply.status == 400, reply.body
        assert named in reply.message


@pytest.mark.parametrize("kind", ["project", "user", "domain"])
def test_what_is_no_request_is_a_400(admin: Cloud, kind: str) -> None:
    for document in ([], {}, {kind: []}, {kind: {}}, {f"{kind}s": {"name": "x"}}):
        assert admin.call("POST", f"/v3/{kind}s", document).status == 400
    assert admin.call("POST", f"/v3/{kind}s", body=b"{").status == 400


def test_nothing_moves_between_domains(admin: Cloud) -> None:
    other = make(admin, "domain")["id"]
    for kind in ("project", "user"):
        key = make(admin, kind)["id"]
        assert change(admin, kind, key, domain_id=other).status == 400
        assert change(admin, kind, key, domain_id="default").status == 200
