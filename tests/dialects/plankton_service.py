"""Plankton as kamaki calls it: headers in, headers out."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.dialects.openstack_service import Cloud, Reply

IMAGES = "/image/v1.0/images"
META = "x-image-meta-"

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Plankton:
    """Somebody with a project, and a container ``pithos`` in it."""

    cloud: Cloud
    project: str  # its id

    @classmethod
    def of(cls, cloud: Cloud, user: str, project: str) -> Plankton:
        mine = cls(cloud.as_(user, project), cloud.projects[project].id)
        mine.cloud.call("PUT", f"/v1/AUTH_{mine.project}/pithos", body=b"")
        return mine

    def put(self, data: bytes = b"hello", name: str = "") -> str:
        """The location of a fresh object."""
        name = name or f"disk-{next(_numbers)}"
        reply = self.cloud.call("PUT", f"/v1/AUTH_{self.project}/pithos/{name}", body=data)
        assert reply.status == 201
        return f"pithos://{self.project}/pithos/{name}"

    def post(self, location: str, name: str = "an image", **meta: str) -> Reply:
        headers = {f"{META}name": name, f"{META}location": location}
        return self.cloud.call("POST", f"{IMAGES}/", body=b"", headers=headers | headers_of(meta))

    def registered(self, data: bytes = b"hello", **meta: str) -> str:
        """The id of a fresh image."""
        reply = self.post(self.put(data), **meta)
        assert reply.status == 200, reply.body
        return reply.headers[f"{META}id"]

    def head(self, image_id: str) -> dict[str, str]:
        """What is known of an image, without what all headers begin with."""
        reply = self.cloud.call("HEAD", f"{IMAGES}/{image_id}")
        assert (reply.status, reply.body) == (200, b"")
        return meta_of(reply)

    def change(self, image_id: str, *, lines: Sequence[tuple[str, str]] = (), **meta: str) -> Reply:
        return self.cloud.call("PUT", f"{IMAGES}/{image_id}", body=b"", headers=headers_of(meta), lines=lines)

    def listed(self, query: str = "", *, detail: bool = False) -> list[dict[str, Any]]:
        reply = self.cloud.get(f"{IMAGES}/{'detail' if detail else ''}{query}")
        assert reply.status == 200, reply.body
        found: list[dict[str, Any]] = reply.json
        return found

    def names(self, query: str = "") -> list[str]:
        return [row["name"] for row in self.listed(query)]

    def members(self, image_id: str) -> list[str]:
        reply = self.cloud.get(f"{IMAGES}/{image_id}/members")
        assert reply.status == 200
        assert all(row == {"member_id": row["member_id"], "can_share": False} for row in reply.json["members"])
        return [row["member_id"] for row in reply.json["members"]]


def headers_of(meta: Mapping[str, str]) -> dict[str, str]:
    return {META + name.replace("_", "-"): value for name, value in meta.items()}


def meta_of(reply: Reply) -> dict[str, str]:
    return {name.removeprefix(META): value for name, value in reply.headers.items() if name.startswith(META)}


def fault(reply: Reply, status: int, name: str) -> str:
    """The sentence of a fault, whose form is checked."""
    assert (reply.status, reply.headers["content-type"]) == (status, "application/json; charset=UTF-8"), reply.body
    ((key, said),) = reply.json.items()
    assert (key, said["code"], said["details"]) == (name, status, "")
    return str(said["message"])
