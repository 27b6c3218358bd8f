"""Making application credentials, and logging in with them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from tests.dialects.openstack_service import Cloud, Reply

_numbers = itertools.count(1)


def path(cloud: Cloud, user: str = "mira", key: str = "") -> str:
    return f"/v3/users/{cloud.users[user]}/application_credentials" + (f"/{key}" if key else "")


def make(mine: Cloud, user: str = "mira", /, **wish: Any) -> Reply:
    wish = {"name": f"ac{next(_numbers)}", **wish}
    return mine.call("POST", path(mine, user), {"application_credential": wish})


def made(mine: Cloud, user: str = "mira", /, **wish: Any) -> dict[str, Any]:
    reply = make(mine, user, **wish)
    assert reply.status == 201, reply.body
    document: dict[str, Any] = reply.json["application_credential"]
    return document


def log_in(cloud: Cloud, offer: object, scope: object = None, *, methods: list[str] | None = None) -> Reply:
    identity = {"methods": methods or ["application_credential"], "application_credential": offer}
    auth = {"identity": identity} if scope is None else {"identity": identity, "scope": scope}
    return replace(cloud, token=None).call("POST", "/v3/auth/tokens", {"auth": auth})


def by(cloud: Cloud, credential: dict[str, Any]) -> Cloud:
    """The service, for who logged in with this credential."""
    reply = log_in(cloud, {"id": credential["id"], "secret": credential["secret"]})
    assert reply.status == 201, reply.body
    return replace(cloud, token=reply.headers["x-subject-token"])
