"""Application credentials: the rows of specs/openstack.md 2.6, and logging in with them (2.2)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imageferry.domain.access import Role
from imageferry.wire.keystone import role_member
from tests.dialects.keystone_credentials import by, log_in, made, make, path
from tests.dialects.openstack_service import BASE, Cloud, Reply, running_cloud

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keystone")


@pytest.fixture(scope="module")
def cloud(folder: Path) -> Iterator[Cloud]:
    with running_cloud(folder) as made:
        yield made


@pytest.fixture
def mira(cloud: Cloud) -> Cloud:
    return cloud.as_("mira", "demo")


def test_making_one_answers_as_in_the_transcript(mira: Cloud) -> None:
    reply = make(mira, name="first", description="x")
    document = reply.json["application_credential"]
    key, secret = document.pop("id"), document.pop("secret")
    assert reply.status == 201
    assert len(secret) == 86  # 64 bytes
    assert document == {
        "name": "first",
        "description": "x",
        "user_id": mira.users["mira"],
        "project_id": mira.projects["demo"].id,
        "system": None,
        "expires_at": None,
        "unrestricted": False,
        "roles": [role_member(Role(name)) for name in ("member", "reader")],
        "links": {"self": f"{BASE}/v3/application_credentials/{key}"},
    }
    shown = mira.get(path(mira, key=key))
    assert (shown.status, shown.json["application_credential"]) == (200, {"id": key, **document})
    listed = mira.get(f"{path(mira)}?name=first").json
    assert listed["application_credentials"] == [{"id": key, **document}]
    assert listed["links"]["next"] is None
    assert mira.get(f"{path(mira)}?name=none").json["application_credentials"] == []


def test_a_log_in_by_id_or_by_name_and_user(mira: Cloud) -> None:
    one = made(mira)
    users: list[dict[str, Any]] = [
        {"id": mira.users["mira"]},
        {"name": "mira", "domain": {"id": "default"}},
        {"name": "mira", "domain": {"name": "Default"}},
    ]
    offers = [{"id": one["id"]}, *({"name": one["name"], "user": user} for user in users)]
    for offer in offers:
        reply = log_in(mira, {**offer, "secret": one["secret"]})
        assert reply.status == 201, reply.body
        token = reply.json["token"]
        assert token["methods"] == ["application_credential"]
        assert token["user"]["name"] == "mira"
        assert token["project"]["name"] == "demo"
        assert [role["name"] for role in token["roles"]] == ["member", "reader"]
        assert token["application_credential"] == {"id": one["id"], "name": one["name"], "restricted": True}
        assert token["catalog"]
        mine = replace(mira, token=reply.headers["x-subject-token"])
        assert mine.get("/v3/auth/tokens", headers={"x-subject-token": mine.token or ""}).json == reply.json


def test_only_a_hash_of_the_secret_is_kept(mira: Cloud, folder: Path) -> None:
    secrets = [made(mira)["secret"], made(mira, secret="my own words")["secret"]]
    assert secrets[1] == "my own words"
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert any(file.read_bytes().startswith(b"SQLite") for file in files)
    for file in files:
        assert not any(secret.encode() in file.read_bytes() for secret in secrets)


def test_it_is_offered_alone(mira: Cloud) -> None:
    one = made(mira)
    offer = {"id": one["id"], "secret": one["secret"]}
    identity = {"methods": ["token", "application_credential"], "token": {"id": mira.token}}
    auth = {"auth": {"identity": {**identity, "application_credential": offer}}}
    assert mira.call("POST", "/v3/auth/tokens", auth).status == 400


def test_it_takes_no_scope_and_its_tokens_stay_in_its_project(mira: Cloud) -> None:
    home = mira.projects["demo"].id
    other = mira.services.admin.add_project(f"other-{next(_numbers)}")
    mira.services.admin.grant(mira.services.admin.user("mira"), other, Role.MEMBER)
    one = made(mira)
    scopes: list[object] = ["unscoped", {"project": {"id": home}}, {"project": {"id": other.id}}]
    for scope in scopes:
        assert log_in(mira, {"id": one["id"], "secret": one["secret"]}, scope).status == 401
    offer = {"methods": ["token"], "token": {"id": by(mira, one).token}}

    def again(scope: object) -> Reply:
        return mira.call("POST", "/v3/auth/tokens", {"auth": {"identity": offer, "scope": scope}})

    assert again("unscoped").status == again({"project": {"id": other.id}}).status == 401
    for scope in (None, {"project": {"id": home}}):
        token = again(scope).json["token"]
        assert (token["project"]["id"], token["application_credential"]["id"]) == (home, one["id"])
        assert token["methods"] == ["token", "application_credential"]


def test_roles_are_those_of_the_token_at_hand_or_fewer(mira: Cloud) -> None:
    reader = by(mira, made(mira, roles=[{"name": "reader"}]))
    roles = reader.get("/v3/auth/tokens", headers={"x-subject-token": reader.token or ""}).json["token"]["roles"]
    assert [role["name"] for role in roles] == ["reader"]
    assert reader.call("PUT", f"/v1/AUTH_{mira.projects['demo'].id}/box").status == 403
    member = by(mira, made(mira, roles=[{"id": "member"}]))
    assert member.call("PUT", f"/v1/AUTH_{mira.projects['demo'].id}/box").status == 201
    for alien in ({"name": "admin"}, {"id": "admin"}, {}, {"id": 5}):
        reply = make(mira, roles=[{"name": "reader"}, alien])
        assert reply.status == 400
        assert "roles" in reply.message
    assert make(mira, roles=[{"name": "ghost"}]).status == 404
    rita = mira.as_("rita", "demo")
    assert make(rita, "rita", roles=[{"name": "member"}]).status == 400
    assert [role["name"] for role in made(rita, "rita")["roles"]] == ["reader"]


def test_an_admins_credential_may_be_less_than_an_admin(cloud: Cloud) -> None:
    admin = cloud.as_("admin", "admin")
    assert by(cloud, made(admin, "admin")).get("/v3/users").status == 200
    assert by(cloud, made(admin, "admin", roles=[{"name": "member"}])).get("/v3/users").status == 403


def test_a_role_that_is_taken_from_the_user_is_gone_from_the_credential(cloud: Cloud) -> None:
    admin = cloud.services.admin
    user, project = admin.add_user("fay", "pw of fay"), cloud.projects["alt"]
    fay = replace(cloud, users={**cloud.users, "fay": user.id})
    for role in (Role.MEMBER, Role.READER):
        admin.grant(user, project, role)
    one = made(fay.as_("fay", "alt"), "fay")
    program = by(fay, one)
    admin.ungrant(user, project, Role.MEMBER)
    assert program.call("PUT", f"/v1/AUTH_{project.id}/box").status == 403
    assert program.get(f"/v1/AUTH_{project.id}").status == 200
    admin.ungrant(user, project, Role.READER)
    assert program.get(f"/v1/AUTH_{project.id}").status == 401
    assert log_in(fay, {"id": one["id"], "secret": one["secret"]}).status == 401
    admin.grant(user, project, Role.READER)
    admin.set_enabled(user, enabled=False)
    assert log_in(fay, {"id": one["id"], "secret": one["secret"]}).status == 401


def test_it_ends_at_its_time_with_all_its_tokens(mira: Cloud) -> None:
    one = made(mira, expires_at="2026-11-20T08:28:02")
    assert one["expires_at"] == "2026-11-20T08:28:02.000000"  # no zone, as in Keystone
    reply = log_in(mira, {"id": one["id"], "secret": one["secret"]})
    assert reply.json["token"]["expires_at"] == f"{one['expires_at']}Z"
    program = replace(mira, token=reply.headers["x-subject-token"])
    mira.clock.pass_time(3601)
    assert program.get("/v3/auth/projects").status == 401
    assert log_in(mira, {"id": one["id"], "secret": one["secret"]}).status == 401
    assert mira.get(path(mira, key=one["id"])).status == 200


def test_an_application_credential_makes_no_other_unless_it_is_unrestricted(mira: Cloud) -> None:
    one, free = made(mira), made(mira, unrestricted=True, roles=[{"name": "reader"}])
    assert (one["unrestricted"], free["unrestricted"]) == (False, True)
    tied = by(mira, one)
    reply = make(tied)
    assert reply.status == 403
    assert "unrestricted" in reply.message
    assert tied.call("DELETE", path(mira, key=free["id"])).status == 403
    assert tied.get(path(mira, key=free["id"])).status == 200
    rescoped = tied.call(
        "POST", "/v3/auth/tokens", {"auth": {"identity": {"methods": ["token"], "token": {"id": tied.token}}}}
    )
    assert make(replace(tied, token=rescoped.headers["x-subject-token"])).status == 403
    loose = by(mira, free)
    assert make(loose, roles=[{"name": "member"}]).status == 400  # it has none itself
    child = made(loose)
    assert [role["name"] for role in child["roles"]] == ["reader"]
    assert loose.call("DELETE", path(mira, key=child["id"])).status == 204


def test_deleting_it_ends_its_tokens(mira: Cloud) -> None:
    one = made(mira)
    program = by(mira, one)
    reply = mira.call("DELETE", path(mira, key=one["id"]))
    assert (reply.status, reply.body) == (204, b"")
    assert program.get("/v3/auth/projects").status == 401
    assert log_in(mira, {"id": one["id"], "secret": one["secret"]}).status == 401
    for method in ("GET", "DELETE"):
        reply = mira.call(method, path(mira, key=one["id"]))
        assert (reply.status, reply.message) == (404, f"Could not find application credential: {one['id']}.")


def test_they_go_with_the_user_and_with_the_project(cloud: Cloud, folder: Path) -> None:
    admin = cloud.services.admin
    for doomed in ("user", "project"):
        user, project = admin.add_user(f"gus-{doomed}", f"pw of gus-{doomed}"), admin.add_project(f"gus-{doomed}")
        admin.grant(user, project, Role.MEMBER)
        gus = replace(
            cloud,
            users={**cloud.users, user.name: user.id},
            projects={**cloud.projects, project.name: project},
        )
        one = made(gus.as_(user.name, project.name), user.name)
        program = by(gus, one)
        admin.delete(user if doomed == "user" else project)
        assert program.get("/v3/auth/projects").status == 401
        assert log_in(gus, {"id": one["id"], "secret": one["secret"]}).status == 401
