"""Astakos: requests as kamaki 0.16 sends them, the answers it parses, and what strangers may send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imageferry.domain.access import Role
from imageferry.domain.identity import Wanted
from imageferry.service.handed_tokens import HandedTokens
from tests.dialects.openstack_service import BASE, Cloud, Reply, running_cloud

TOKENS = "/identity/v2.0/tokens"
CATALOGS = "/account/v1.0/user_catalogs"
PATHS = ("account/v1.0", "identity/v2.0", "image/v1.0", "object-store/v1")
DAY = 86400.0


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("astakos")) as running:
        yield running


@pytest.fixture
def mira(cloud: Cloud) -> Cloud:
    return cloud.as_("mira", "demo")


def offered(token: str | None, **more: object) -> dict[str, Any]:
    return {"auth": {"token": {"id": token}, **more}}


def fault(reply: Reply, status: int, name: str) -> str:
    """The sentence of a fault, whose form is checked: one key, the code again, message and details as text."""
    assert (reply.status, reply.headers["content-type"]) == (status, "application/json; charset=UTF-8")
    ((key, said),) = reply.json.items()
    assert (key, said["code"], said["details"], sorted(said)) == (name, status, "", ["code", "details", "message"])
    return str(said["message"])


def handed(cloud: Cloud, user: str, *, days: int = 365) -> str:
    tokens = HandedTokens(cloud.services.identity._records, cloud.clock)
    return tokens.issue(cloud.services.admin.user(user), days=days)


# -- as kamaki goes about it -----------------------------------------------------


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Cloud]:
    """A service whose clock nobody has moved."""
    with running_cloud(tmp_path) as running:
        yield running


def test_kamaki_finds_its_services_then_itself_then_the_names_of_others(fresh: Cloud) -> None:
    """The three requests of ``kamaki user info`` and ``image info``, with a token that was handed out."""
    cloud = fresh
    token, demo, alt = handed(cloud, "mira"), cloud.projects["demo"].id, cloud.projects["alt"].id
    first = cloud.call("POST", TOKENS, body=b"", headers={"Content-Type": "application/json"})
    entries = {entry["name"]: entry for entry in first.json["access"]["serviceCatalog"]}
    (account,) = entries["astakos_account"]["endpoints"]
    assert (account["versionId"], account["SNF:uiURL"]) == ("v1.0", BASE)

    second = cloud.call("POST", TOKENS, offered(token), headers={"X-Auth-Token": token})
    assert second.headers["content-type"] == "application/json; charset=UTF-8"
    access = second.json["access"]
    assert access["token"] == {
        "id": token,
        "expires": "2027-11-20T07:28:02+00:00",
        "tenant": {"id": demo, "name": "demo"},
    }
    assert access["user"] == {
        "id": demo,
        "name": "mira",
        "roles": [{"id": "member", "name": "member"}, {"id": "reader", "name": "reader"}],
        "roles_links": [],
        "projects": [demo],
    }
    assert access["serviceCatalog"] == first.json["access"]["serviceCatalog"]

    path = account["publicURL"].removeprefix(BASE)
    wish = {"uuids": [alt, demo, "no-such"], "displaynames": ["alt", "nobody's"]}
    third = cloud.call("POST", f"{path}/user_catalogs", wish, headers={"X-Auth-Token": token})
    assert third.status == 200
    assert third.json == {"uuid_catalog": {alt: "alt", demo: "demo"}, "displayname_catalog": {"alt": alt}}


def test_each_type_of_the_catalog_has_one_endpoint_that_is_served(cloud: Cloud, mira: Cloud) -> None:
    catalog = cloud.call("POST", TOKENS, body=b"").json["access"]["serviceCatalog"]
    types = [entry["type"] for entry in catalog]
    assert len(types) == len(set(types))
    served = {path.path for dialect in cloud.edge.dialects for path in dialect.paths}
    for entry in catalog:
        assert entry["endpoints_links"] == []
        (endpoint,) = entry["endpoints"]
        assert endpoint["publicURL"].endswith(f"/{endpoint['versionId']}")
        path = endpoint["publicURL"].removeprefix(BASE)
        assert any(row.startswith(f"{path}/") for row in served), entry


@pytest.mark.parametrize("path", [TOKENS, f"{TOKENS}/", "/identity/tokens", "/identity/tokens/"])
def test_the_url_may_have_its_version_or_not_and_a_slash_or_not(mira: Cloud, path: str) -> None:
    assert mira.call("POST", path, offered(mira.token)).status == 200


def test_a_set_address_stands_in_the_catalog_whatever_the_client_called(tmp_path: Path) -> None:
    with running_cloud(tmp_path, public_url="https://images.example/") as cloud:
        catalog = cloud.call("POST", TOKENS, body=b"").json["access"]["serviceCatalog"]
    urls = [entry["endpoints"][0]["publicURL"] for entry in catalog]
    assert urls == [f"https://images.example/{path}" for path in PATHS]


def test_uuid_and_token_as_password_are_taken_too_and_the_tenant_may_be_named(cloud: Cloud, mira: Cloud) -> None:
    demo, alt = cloud.projects["demo"].id, cloud.projects["alt"].id
    credentials = {"passwordCredentials": {"username": demo, "password": mira.token}}
    assert cloud.call("POST", TOKENS, {"auth": credentials}).json["access"]["token"]["id"] == mira.token
    assert cloud.call("POST", TOKENS, {"auth": credentials | {"tenantName": demo}}).status == 200
    assert "tenantName" in fault(cloud.call("POST", TOKENS, offered(mira.token, tenantName=alt)), 400, "badRequest")
    stolen = {"passwordCredentials": {"username": alt, "password": mira.token}}
    fault(cloud.call("POST", TOKENS, {"auth": stolen}), 401, "unauthorized")


def test_a_password_is_no_token(cloud: Cloud) -> None:
    given = {"passwordCredentials": {"username": "mira", "password": "pw of mira"}}
    fault(cloud.call("POST", TOKENS, {"auth": given}), 401, "unauthorized")


@pytest.mark.parametrize("token", ["", "x", "é", "0" * 100_000, "a\0b", "' OR 1=1 --"])
def test_what_is_no_token_is_a_401(cloud: Cloud, token: str) -> None:
    fault(cloud.call("POST", TOKENS, offered(token)), 401, "unauthorized")


def test_a_token_without_a_project_has_no_account(cloud: Cloud) -> None:
    for caller in (cloud.as_("mira", scope=Wanted.UNSCOPED), cloud.as_("admin", scope=Wanted.SYSTEM)):
        fault(cloud.call("POST", TOKENS, offered(caller.token)), 403, "forbidden")
        fault(caller.call("POST", CATALOGS, {"uuids": []}), 403, "forbidden")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe",
        b" ",
        b"[" * 5000,
        b'{"auth": null}',
        b'{"auth": {}}',
        b'{"auth": {"token": "x"}}',
        b'{"auth": {"token": {"id": 7}}}',
        b'{"auth": {"passwordCredentials": {"username": "x"}}}',
        b'{"auth": {"token": {"id": "x"}, "tenantName": ["x"]}}',
    ],
)
def test_a_malformed_body_is_a_400(cloud: Cloud, body: bytes) -> None:
    fault(cloud.call("POST", TOKENS, body=body), 400, "badRequest")


def test_other_methods_and_paths_are_told_in_its_own_words(mira: Cloud) -> None:
    reply = mira.call("GET", TOKENS)
    assert reply.headers["allow"] == "POST"
    fault(reply, 405, "notAllowed")
    for path in ("/identity", "/identity/v3/tokens", "/account/v1.0/projects", "/account/%ff"):
        fault(mira.call("GET", path), 400, "badRequest")


# -- the token -------------------------------------------------------------------


def test_a_token_is_taken_from_the_query_first_and_may_be_percent_encoded(cloud: Cloud, mira: Cloud) -> None:
    nobody = cloud.as_(None)
    assert nobody.call("POST", f"{CATALOGS}?X-Auth-Token={mira.token}", {}).status == 200
    both = nobody.call("POST", f"{CATALOGS}?X-Auth-Token=wrong", {}, {"X-Auth-Token": str(mira.token)})
    fault(both, 401, "unauthorized")
    coded = "".join(f"%{ord(letter):02x}" for letter in str(mira.token))
    assert nobody.call("POST", CATALOGS, {}, {"X-Auth-Token": coded}).status == 200
    assert nobody.call("POST", CATALOGS, {}, {"X-Auth-Token": "%ff%zz%"}).status == 401


def test_only_synnefo_takes_a_token_from_the_query(mira: Cloud, cloud: Cloud) -> None:
    assert cloud.as_(None).call("GET", f"/v2/images?X-Auth-Token={mira.token}").status == 401


def test_a_handed_out_token_opens_every_api_until_its_day(cloud: Cloud) -> None:
    with_token = Cloud(**{**vars(cloud), "token": handed(cloud, "mira", days=2)})
    demo = cloud.projects["demo"].id
    paths = ("/v2/images", f"/v1/AUTH_{demo}", "/v3/auth/projects", "/v1/imageimport")
    assert {with_token.get(path).status for path in paths} == {200}
    cloud.clock.pass_time(1.9 * DAY)
    assert with_token.get("/v2/images").status == 200
    cloud.clock.pass_time(0.2 * DAY)
    assert {with_token.get(path).status for path in paths} == {401}


def test_what_is_made_from_a_handed_out_token_lasts_no_longer_than_a_log_in(cloud: Cloud) -> None:
    token = handed(cloud, "mira")
    identity = {"methods": ["token"], "token": {"id": token}}
    reply = cloud.as_(None).call("POST", "/v3/auth/tokens", {"auth": {"identity": identity}})
    assert reply.status == 201
    made = Cloud(**{**vars(cloud), "token": reply.headers["x-subject-token"]})
    assert made.get("/v3/auth/projects").status == 200
    cloud.clock.pass_time(4 * 3600)
    assert made.get("/v3/auth/projects").status == 401
    assert cloud.call("POST", TOKENS, offered(token)).status == 200


def test_it_ends_with_the_role_the_password_and_the_wish_of_its_bearer(cloud: Cloud) -> None:
    admin, demo = cloud.services.admin, cloud.projects["demo"]
    user = admin.add_user("tess", "pw of tess", default_project=demo.id)
    admin.grant(user, demo, Role.READER)

    def status(token: str) -> int:
        return cloud.call("POST", TOKENS, offered(token)).status

    first, second = handed(cloud, "tess"), handed(cloud, "tess")
    admin.ungrant(user, demo, Role.READER)
    assert status(first) == 401
    admin.grant(user, demo, Role.READER)
    assert status(first) == 200
    bearer = Cloud(**{**vars(cloud), "token": first})
    assert bearer.call("DELETE", "/v3/auth/tokens", headers={"x-subject-token": first}).status == 204
    assert (status(first), status(second)) == (401, 200)
    admin.set_password(user, "another")
    assert status(second) == 401


# -- names -----------------------------------------------------------------------


def test_names_end_at_the_domain(cloud: Cloud, mira: Cloud) -> None:
    """Domains are strangers' houses: neither is an id of one there translated, nor a name taken from one."""
    kay = cloud.as_("kay", "contract")
    contract, demo = cloud.projects["contract"], cloud.projects["demo"]
    for caller, foreign in ((kay, demo), (mira, contract), (cloud.as_("admin", "admin"), contract)):
        reply = caller.call("POST", CATALOGS, {"uuids": [foreign.id], "displaynames": [foreign.name]})
        assert reply.json == {"uuid_catalog": {}, "displayname_catalog": {}}
    own = kay.call("POST", CATALOGS, {"uuids": [contract.id]}).json
    assert own == {"uuid_catalog": {contract.id: contract.name}, "displayname_catalog": {}}


def test_users_are_no_accounts(cloud: Cloud, mira: Cloud) -> None:
    reply = mira.call("POST", CATALOGS, {"uuids": [cloud.users["mira"]], "displaynames": ["mira"]})
    assert reply.json == {"uuid_catalog": {}, "displayname_catalog": {}}


@pytest.mark.parametrize("wish", [{}, {"uuids": None}, {"uuids": [], "displaynames": []}, {"more": 1}])
def test_both_maps_are_in_every_answer(mira: Cloud, wish: object) -> None:
    reply = mira.call("POST", CATALOGS, wish)
    assert (reply.status, reply.json) == (200, {"uuid_catalog": {}, "displayname_catalog": {}})


def test_names_that_are_not_ascii_come_back_as_they_are(cloud: Cloud, mira: Cloud) -> None:
    project = cloud.services.admin.add_project("bücher & co@example.org")
    asked = mira.call("POST", CATALOGS, {"displaynames": [project.name, project.name]})
    assert asked.json["displayname_catalog"] == {project.name: project.id}


def test_odd_entries_are_nobodys(mira: Cloud) -> None:
    odd = ["", "\0", "a\0b", "%00", "x" * 100_000, "é", "😀", "' OR 1=1 --", "../.."]
    reply = mira.call("POST", CATALOGS, {"uuids": odd, "displaynames": odd})
    assert (reply.status, reply.json) == (200, {"uuid_catalog": {}, "displayname_catalog": {}})


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"uuids": "x"}', b'{"uuids": [1]}', b'{"displaynames": {"a": "b"}}', b'["\\ud800"]'],
)
def test_a_malformed_question_is_a_400(mira: Cloud, body: bytes) -> None:
    fault(mira.call("POST", CATALOGS, body=body), 400, "badRequest")


def test_too_many_entries_are_a_413_and_as_many_as_allowed_are_answered(mira: Cloud) -> None:
    many = [f"{number:032x}" for number in range(1000)]
    assert mira.call("POST", CATALOGS, {"uuids": many}).status == 200
    assert "1000" in fault(mira.call("POST", CATALOGS, {"uuids": many, "displaynames": ["x"]}), 413, _LARGE)
    huge = json.dumps({"uuids": ["0" * 32] * 40_000}).encode()
    fault(mira.call("POST", CATALOGS, body=huge), 413, _LARGE)


_LARGE = "requestEntityTooLarge"
