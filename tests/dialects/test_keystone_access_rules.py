"""Application credentials that are good for a few requests only."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.dialects.keystone_credentials import by, log_in, made, make, path
from tests.dialects.openstack_service import Cloud, running_cloud


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("rules")) as made:
        yield made


@pytest.fixture(scope="module")
def mira(cloud: Cloud) -> Cloud:
    return cloud.as_("mira", "demo")


def rule(service: str, method: str, path: str) -> dict[str, str]:
    return {"service": service, "method": method, "path": path}


def rules(cloud: Cloud, key: str = "", user: str = "mira") -> str:
    return f"/v3/users/{cloud.users[user]}/access_rules" + (f"/{key}" if key else "")


def test_a_narrowed_credential_opens_what_its_rules_name_and_nothing_else(mira: Cloud) -> None:
    account = f"/v1/AUTH_{mira.projects['demo'].id}"
    asked = [rule("object-store", "PUT", f"{account}/drop/**"), rule("image", "GET", "/v2/images")]
    narrow = by(mira, made(mira, access_rules=asked))
    assert mira.call("PUT", f"{account}/drop").status == 201
    assert narrow.call("PUT", f"{account}/drop/a/b", body=b"x").status == 201
    assert narrow.get("/v2/images").status == 200
    assert narrow.get("/image/v2/images").status == 200  # the same service, reached by the other way
    for method, target in (
        ("GET", f"{account}/drop/a/b"),
        ("PUT", f"{account}/other/x"),
        ("PUT", f"{account}/drop"),
        ("POST", "/v2/images"),
        ("GET", f"/v2/images/{uuid.uuid4()}"),
        ("GET", "/v3/auth/projects"),
        ("GET", "/v1/imageimport"),
        ("DELETE", f"{account}/drop/a/b"),
    ):
        assert (method, target, narrow.call(method, target, {}).status) == (method, target, 401)


def test_tokens_made_from_a_narrowed_one_are_as_narrow(mira: Cloud) -> None:
    narrow = by(mira, made(mira, access_rules=[rule("image", "GET", "/v2/images")]))
    reply = log_in(mira, None, methods=["token"])  # no offer: nothing
    assert reply.status in (400, 401)
    auth = {"auth": {"identity": {"methods": ["token"], "token": {"id": narrow.token}}}}
    reply = mira.call("POST", "/v3/auth/tokens", auth)
    assert reply.status == 201
    again = Cloud(**{**vars(mira), "token": reply.headers["x-subject-token"]})
    assert again.get("/v2/images").status == 200
    assert again.get("/v3/auth/projects").status == 401


def test_a_narrowed_credential_makes_no_others_even_if_its_rules_let_it_ask(mira: Cloud) -> None:
    asked = [rule("identity", "POST", path(mira))]
    narrow = by(mira, made(mira, access_rules=asked, unrestricted=True))
    assert make(narrow).status == 403


def test_an_empty_list_is_no_narrowing(mira: Cloud) -> None:
    """The openstack command sends one when it is given no rules, and Keystone takes it so."""
    credential = made(mira, access_rules=[])
    assert "access_rules" not in credential
    assert by(mira, credential).get("/v2/images").status == 200


def test_rules_are_shown_listed_and_used_again_by_id(cloud: Cloud) -> None:
    alex = cloud.as_("alex", "alt")
    asked = rule("image", "GET", "/v2/images")
    first = made(alex, "alex", access_rules=[asked])
    (known,) = first["access_rules"]
    assert known == {**asked, "id": known["id"]}
    (listed,) = alex.get(rules(alex, user="alex")).json["access_rules"]
    assert {name: listed[name] for name in known} == known
    assert alex.get(rules(alex, known["id"], "alex")).json["access_rule"] == listed
    second = made(alex, "alex", access_rules=[{"id": known["id"]}, asked])
    assert second["access_rules"] == [known]
    assert alex.get(path(alex, "alex", second["id"])).json["application_credential"]["access_rules"] == [known]
    assert alex.call("DELETE", rules(alex, known["id"], "alex")).status == 403
    for credential in (first, second):
        assert alex.call("DELETE", path(alex, "alex", credential["id"])).status == 204
    assert alex.call("DELETE", rules(alex, known["id"], "alex")).status == 204
    assert alex.get(rules(alex, known["id"], "alex")).status == 404
    assert alex.call("DELETE", rules(alex, known["id"], "alex")).status == 404


def test_rules_are_their_users_own(cloud: Cloud, mira: Cloud) -> None:
    known = made(mira, access_rules=[rule("image", "GET", "/v2/schemas/image")])["access_rules"][0]["id"]
    alex = cloud.as_("alex", "alt")
    assert make(alex, "alex", access_rules=[{"id": known}]).status == 404
    assert alex.get(rules(mira)).status == 403
    assert alex.get(rules(mira, known)).status == 403
    assert alex.get(rules(alex, known, "alex")).status == 404
    assert alex.call("DELETE", rules(mira, known)).status == 403
    assert cloud.as_(None).get(rules(mira)).status == 401


def test_too_many_rules_are_refused(mira: Cloud) -> None:
    many = [rule("image", "GET", f"/v2/{number}") for number in range(101)]
    assert make(mira, access_rules=many).status == 413
    assert make(mira, access_rules=[{"id": str(uuid.uuid4())}]).status == 404
