"""What tests of Pithos share: a caller of one account, and what kamaki sends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imageferry.domain.access import Role
from imageferry.domain.block import EMPTY, name_of, trimmed
from imageferry.domain.hash_map import HashMap
from tests.dialects.openstack_service import Cloud, Reply

OCTETS = {"Content-Type": "application/octet-stream"}
H0 = EMPTY
HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


@dataclass
class Pithos:
    """A caller, and the account whose storage is meant: by default the caller's own project."""

    cloud: Cloud
    account: str

    def as_(self, user: str, project: str) -> Pithos:
        """Somebody else, about the same account."""
        return Pithos(self.cloud.as_(user, project), self.account)

    def swift(self, method: str, path: str = "", headers: Mapping[str, str] | None = None, body: Any = None) -> Reply:
        """The same account through Swift's API."""
        if body is None and method in ("PUT", "POST"):
            body = b""
        return self.cloud.call(method, f"/v1/AUTH_{self.account}{path}", headers=headers, body=body)

    def call(
        self,
        method: str,
        path: str = "",
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Reply:
        """``path`` is below the account and goes out as it stands."""
        if body is None and method in ("PUT", "POST"):
            body = b""
        return self.cloud.call(method, f"/object-store/v1/{self.account}{path}", headers=headers, body=body)

    def head(self, path: str = "") -> Reply:
        return self.call("HEAD", path)

    def get(self, path: str = "") -> Reply:
        return self.call("GET", path)

    def put(self, path: str, body: bytes = b"hello", **headers: str) -> Reply:
        """An object, which must succeed; ``content_type="..."`` stands for that header."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        reply = self.call("PUT", path, OCTETS | sent, body)
        assert reply.status == 201, (reply.status, reply.body)
        return reply

    def rows(self, path: str, query: str = "") -> list[dict[str, Any]]:
        """A listing."""
        reply = self.get(f"{path}?format=json{query}")
        assert reply.status == 200, (reply.status, reply.body)
        found: list[dict[str, Any]] = reply.json
        return found

    def names(self, path: str, query: str = "") -> list[str]:
        return [row.get("name") or row["subdir"] for row in self.rows(path, query)]

    def put_map(self, path: str, size: int, *hashes: str, **headers: str) -> Reply:
        """As kamaki does it."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        body = json.dumps({"bytes": size, "hashes": hashes}).encode()
        return self.call("PUT", f"{path}?hashmap=True&format=json", OCTETS | sent, body)

    def send_block(self, container: str, data: bytes) -> Reply:
        """As kamaki does it."""
        return self.call("POST", f"{container}?update&format=json", OCTETS, data)


def fresh_account(server: Cloud, name: str) -> Pithos:
    """A project that nobody has used, with Mira for a member and Rita for a reader."""
    admin = server.services.admin
    project = admin.add_project(name)
    for user, role in (("mira", Role.MEMBER), ("rita", Role.READER)):
        admin.grant(admin.user(user), project, role)
    cloud = Cloud(**{**vars(server), "projects": {**server.projects, "own": project}})
    return Pithos(cloud.as_("mira", "own"), project.id)


def hash_of(block: bytes) -> str:
    return name_of(trimmed(block))


def top_of(*blocks: bytes) -> str:
    return HashMap(size=0, names=[name_of(trimmed(block)) for block in blocks]).top


def fault(reply: Reply, status: int) -> str:
    """The sentence of a fault, whose form is checked: one key, the code again, message and details as text."""
    names = {
        400: "badRequest",
        401: "unauthorized",
        403: "forbidden",
        404: "itemNotFound",
        405: "notAllowed",
        409: "conflict",
        411: "lengthRequired",
        412: "preconditionFailed",
        413: "requestEntityTooLarge",
        416: "rangeNotSatisfiable",
        422: "unprocessableEntity",
    }
    assert (reply.status, reply.headers["content-type"]) == (status, "application/json; charset=UTF-8"), reply.body
    ((key, said),) = reply.json.items()
    assert (key, said["code"], said["details"], sorted(said)) == (names[status], status, "", _MEMBERS)
    return str(said["message"])


_MEMBERS = ["code", "details", "message"]
