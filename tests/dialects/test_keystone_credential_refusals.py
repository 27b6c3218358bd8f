"""Application credentials: who may not, and what is not taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.dialects.keystone_credentials import by, log_in, made, make, path
from tests.dialects.openstack_service import Cloud, running_cloud


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("keystone")) as made:
        yield made


@pytest.fixture
def mira(cloud: Cloud) -> Cloud:
    return cloud.as_("mira", "demo")


_NOT_GOOD: list[dict[str, Any]] = [
    {"id": "ghost", "secret": "right"},
    {"id": "{id}", "secret": "wrong"},
    {"id": "{id}", "secret": ""},
    {"id": "{id}", "secret": "\0"},
    {"id": "{name}", "secret": "right"},
    {"name": "{name}", "secret": "right", "user": {"name": "alex", "domain": {"id": "default"}}},
    {"name": "{name}", "secret": "right", "user": {"name": "ghost", "domain": {"id": "default"}}},
    {"name": "ghost", "secret": "right", "user": {"name": "mira", "domain": {"id": "default"}}},
]


@pytest.mark.parametrize("offer", _NOT_GOOD)
def test_every_reason_of_a_401_sounds_the_same(mira: Cloud, offer: dict[str, Any]) -> None:
    one = made(mira, secret="right")
    filled = {name: text.format(**one) if isinstance(text, str) else text for name, text in offer.items()}
    reply = log_in(mira, filled)
    assert reply.status == 401
    assert reply.message == "The request you have made requires authentication. Log in again."


@pytest.mark.parametrize(
    ("offer", "named"),
    [
        (None, "auth.identity.application_credential"),
        ("x", "auth.identity.application_credential"),
        ({"id": "x"}, "auth.identity.application_credential.secret"),
        ({"id": "x", "secret": 5}, "auth.identity.application_credential.secret"),
        ({"secret": "x"}, "auth.identity.application_credential"),
        ({"name": "x", "secret": "x"}, "auth.identity.application_credential"),
        ({"name": "x", "secret": "x", "user": {"name": "mira"}}, "auth.identity.application_credential.user.domain"),
    ],
)
def test_an_offer_of_the_wrong_form_is_a_400_that_names_the_member(mira: Cloud, offer: object, named: str) -> None:
    reply = log_in(mira, offer)
    assert reply.status == 400
    assert named in reply.message


def test_whose_they_are(mira: Cloud) -> None:
    one = made(mira)
    alex, admin, nobody = mira.as_("alex", "alt"), mira.as_("admin", "admin"), mira.as_(None)
    for method in ("GET", "DELETE"):
        assert nobody.call(method, path(mira, key=one["id"])).status == 401
        assert alex.call(method, path(mira, key=one["id"])).status == 403
        assert alex.call(method, path(mira, "alex", one["id"])).status == 404  # by a way of one's own
    assert (alex.get(path(mira)).status, nobody.get(path(mira)).status) == (403, 401)
    assert (make(alex).status, make(nobody).status) == (403, 401)
    assert make(admin).status == 403  # nobody makes one in another's name
    assert admin.get(path(mira, key=one["id"])).status == 200
    assert admin.get("/v3/users/ghost/application_credentials").status == 404
    assert admin.call("DELETE", path(mira, key=one["id"])).status == 204


def test_without_a_project_there_is_nothing_to_bind_it_to(mira: Cloud) -> None:
    unscoped = mira.as_("mira")
    assert make(unscoped).status == 403
    assert unscoped.get(path(mira)).status == 200


def test_two_users_may_choose_the_same_name_and_one_may_not(mira: Cloud) -> None:
    made(mira, name="twin")
    made(mira.as_("alex", "alt"), "alex", name="twin")
    reply = make(mira, name="twin")
    assert (reply.status, reply.json["error"]["title"]) == (409, "Conflict")


@pytest.mark.parametrize(
    ("wish", "named"),
    [
        ({"name": ""}, "application credential name"),
        ({"name": "x" * 256}, "application credential name"),
        ({"name": "a\nb"}, "application credential name"),
        ({"name": None}, "application_credential.name"),
        ({"description": "\0"}, "description"),
        ({"description": "x" * 70_000}, "description"),
        ({"description": 5}, "description"),
        ({"secret": "\0"}, "secret"),
        ({"secret": ["x"]}, "secret"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "9999-99-99"}, "expires_at"),
        ({"roles": "member"}, "roles"),
        ({"unrestricted": "yes"}, "unrestricted"),
        ({"access_rules": "all"}, "access_rules"),
        ({"access_rules": [{}]}, "access_rules method"),
        ({"access_rules": [{"path": "/v1/**", "method": "get", "service": "image"}]}, "access_rules method"),
        ({"access_rules": [{"path": "v1", "method": "GET", "service": "image"}]}, "access_rules path"),
        ({"access_rules": [{"path": "/" + "x" * 2000, "method": "GET", "service": "image"}]}, "access_rules path"),
        ({"access_rules": [{"path": "/*a*a*a*a*b", "method": "GET", "service": "image"}]}, "access_rules path"),
        ({"access_rules": [{"path": "/**/x/**", "method": "GET", "service": "image"}]}, "access_rules path"),
        ({"access_rules": [{"path": "/a\0", "method": "GET", "service": "image"}]}, "access_rules path"),
        ({"access_rules": [{"path": "/", "method": "GET", "service": ""}]}, "access_rules service"),
        ({"access_rules": [{"path": "/", "method": "GET", "service": 5}]}, "access_rules"),
    ],
)
def test_a_wish_of_the_wrong_form_is_a_400_that_names_the_member(mira: Cloud, wish: dict[str, Any], named: str) -> None:
    reply = make(mira, **wish)
    assert reply.status == 400, reply.body
    assert named in reply.message


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"{}", b'{"application_credential": []}', b"\xff"])
def test_what_is_no_wish_is_a_400(mira: Cloud, body: bytes) -> None:
    assert mira.call("POST", path(mira), body=body).status == 400


def test_a_text_that_is_long_or_strange_is_given_back_as_it_came(mira: Cloud) -> None:
    text = "\U0001f600‮'; DROP TABLE users; -- %s {} <script>"
    one = made(mira, name=text, description=text, secret=text)
    assert (one["name"], one["description"], one["secret"]) == (text, text, text)
    assert by(mira, one).get("/v3/auth/projects").status == 200
