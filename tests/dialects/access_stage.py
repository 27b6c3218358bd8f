"""Real things for every call, so that an answer speaks of rights and not of what is missing.

A call is written ``METHOD path``, the path as the dialect's own table has it, with ``host:`` in front where the
row is bound to a host, and a query behind where the query makes another call of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from imageferry.dialects.glance.images import STORES
from imageferry.domain.access import Role
from tests.dialects.openstack_service import Cloud, Reply, running_cloud
from tests.disks import mbr_disk

COLUMNS = ("none", "expired", "other", "reader", "member", "admin")
"""No token; one that has expired; a member of another project, a reader and a member of the project whose things
they are; and the administrator, whose answer proves that the call itself is right."""

_DISK = mbr_disk(1 << 20)
_OCTETS = {"content-type": "application/octet-stream"}
_PATCH = {"content-type": "application/openstack-images-v2.1-json-patch"}
_PROPERTY = {"name": "fresh", "title": "T", "type": "string"}


class Stage:
    """The service, its callers by column, and the maker of things."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._numbers = itertools.count(1)
        self._expired = cloud.as_("mira", "demo").token
        cloud.clock.pass_time(4 * 3600)
        self._people = {"other": ("alex", "alt"), "reader": ("rita", "demo"), "member": ("mira", "demo")}
        self._people["admin"] = ("admin", "admin")
        self._callers: dict[str, Cloud] = {}
        self.demo, self.alt = cloud.projects["demo"].id, cloud.projects["alt"].id
        self.third = cloud.services.admin.add_project("third").id  # with whom objects are shared, so that alt sees none

    @property
    def paths(self) -> Iterator[tuple[str, str]]:
        """(dialect, call) for every row of every dialect's table."""
        for dialect in self._cloud.edge.dialects:
            for row in dialect.paths:
                host = f"{row.host}:" if row.host else ""
                for method in row.methods:
                    yield dialect.name, f"{method} {host}{row.path}"

    @property
    def token(self) -> str:
        """A fresh one of the member."""
        return str(self._cloud.as_("mira", "demo").token)

    def ask(self, call: str, column: str, *, mount: str = "") -> Reply:
        """The answer to somebody's call, about things made for it alone."""
        method, _, target = call.partition(" ")
        target, question, query = target.partition("?")
        host, colon, path = target.partition(":") if not target.startswith("/") else ("", "", target)
        url = mount + self._filled(method, path) + question + query
        wish = BODIES.get(call, {})
        document, body, headers = wish.get("json"), wish.get("body"), wish.get("headers", {})
        headers = headers(self) if callable(headers) else dict(headers)
        if callable(document):
            document = document(self)
        if "{token}" in headers.get("x-subject-token", ""):
            headers["x-subject-token"] = self.token
        if body is None and document is None and method in ("PUT", "POST"):
            body = b""
        hosts = {"host": f"{host}.example"} if colon else {}
        return self._caller(column).call(method, url, document, headers, body=body, **hosts)

    def _caller(self, column: str) -> Cloud:
        if column in ("none", "expired"):
            token = None if column == "none" else self._expired
            return Cloud(**{**vars(self._cloud), "token": token})
        known = self._callers.get(column)
        if known is None or known.get("/v3/auth/projects").status == 401:  # the last call may have ended the token
            known = self._callers[column] = self._cloud.as_(*self._people[column])
        return known

    def _filled(self, method: str, path: str) -> str:
        """The path with things of the project demo in it, or of nobody's where they are to go."""
        made: dict[str, str] = {}
        parts = []
        for part in path.split("/"):
            name = part[part.index("{") : part.index("}") + 1] if "{" in part else ""
            if name:
                key = f"{parts[-1]}/{name}" if f"{parts[-1]}/{name}" in THINGS else name
                made[name] = THINGS[key](self, method, path, made)
                part = part.replace(name, made[name])
            parts.append(part)
        return "/".join(parts)

    # -- things ----------------------------------------------------------------

    def new(self, word: str) -> str:
        return f"{word}-{next(self._numbers)}"

    def told(self, column: str, method: str, path: str, document: object = None, **options: Any) -> Reply:
        """What must succeed."""
        reply = self._caller(column).call(method, path, document, **options)
        assert reply.status < 300, (method, path, reply.status, reply.body)
        return reply

    def project(self, method: str, path: str, _: Mapping[str, str]) -> str:
        spare = path == "/v3/projects/{id}" and method in ("PATCH", "DELETE")
        return self._cloud.services.admin.add_project(self.new("project")).id if spare else self.demo

    def user(self, method: str, path: str, _: Mapping[str, str]) -> str:
        if path == "/v3/users/{id}" and method in ("PATCH", "DELETE"):
            return self._cloud.services.admin.add_user(self.new("user"), "pw").id
        return self._cloud.users["nobody" if "/roles" in path else "mira"]

    def domain(self, method: str, path: str, _: Mapping[str, str]) -> str:
        if path == "/v3/domains/{id}" and method in ("PATCH", "DELETE"):
            domain = self._cloud.services.admin.add_domain(self.new("domain"))
            self.told("admin", "PATCH", f"/v3/domains/{domain.id}", {"domain": {"enabled": False}})
            return domain.id
        return "default"

    def role(self, method: str, path: str, _: Mapping[str, str]) -> str:
        """Given there, unless the call is to give it."""
        admin = self._cloud.services.admin
        place = admin.project("demo") if "projects" in path else None
        if "domains" in path:
            place = self._cloud.projects["demo"].domain  # type: ignore[assignment]
        if method != "PUT" and "/users/" in path:
            admin.grant(admin.user("nobody"), place, Role.MEMBER)
        return "member"

    def credential(self, *_: object) -> str:
        path = f"/v3/users/{self._cloud.users['mira']}/application_credentials"
        document = {"application_credential": {"name": self.new("ac")}}
        return str(self.told("member", "POST", path, document).json["application_credential"]["id"])

    def rule(self, *_: object) -> str:
        """Of a credential that is gone: one in use is not deleted."""
        path = f"/v3/users/{self._cloud.users['mira']}/application_credentials"
        rule = {"service": "image", "method": "GET", "path": f"/v2/{self.new('rule')}"}
        document = {"application_credential": {"name": self.new("ac"), "access_rules": [rule]}}
        made = self.told("member", "POST", path, document).json["application_credential"]
        self.told("member", "DELETE", f"{path}/{made['id']}")
        return str(made["access_rules"][0]["id"])

    def of_catalog(self, kind: str) -> str:
        return str(self.told("admin", "GET", f"/v3/{kind}").json[kind][0]["id"])

    def container(self, method: str, path: str, _: Mapping[str, str]) -> str:
        name = self.new("c")
        if not (method == "PUT" and path.endswith(("{container}", "{container}/"))):
            self.told("member", "PUT", f"/v1/AUTH_{self.demo}/{name}", body=b"")
        return name

    def object(self, method: str, path: str, made: Mapping[str, str]) -> str:
        name = self.new("o")
        place = f"/v1/AUTH_{self.demo}/{made['{container}']}"
        if method != "PUT":
            self.told("member", "PUT", f"{place}/{name}", body=b"hello")
        if method in ("COPY", "MOVE"):
            self.told("member", "PUT", f"/v1/AUTH_{self.demo}/copies", body=b"")
        return name

    def public_token(self, *_: object) -> str:
        place = f"/object-store/v1/{self.demo}/{self.container('GET', '', {})}/o"
        headers = {"content-type": "text/plain", "x-object-public": "true"}
        self.told("member", "PUT", place, body=b"hello", headers=headers)
        return str(self.told("member", "HEAD", place).headers["x-object-public"].rpartition("/")[2])

    def image(self, method: str, path: str, _: Mapping[str, str]) -> str:
        """Private, with bytes, but for calls that bring some; one that is an object, for Plankton."""
        if path.startswith("/image/v1.0"):
            return self.registered(path)
        wish: dict[str, Any] = {"name": "x", "disk_format": "raw", "container_format": "bare", "tags": ["t"]}
        shared = "{member_id}" in path or path.endswith("/members")
        wish["visibility"] = "shared" if shared else "private"
        key = str(self.told("member", "POST", "/v2/images", wish).json["id"])
        if path.endswith(("/file", "/stage")) and method == "PUT":
            return key
        kind = "stage" if path.endswith("/import") else "file"
        self.told("member", "PUT", f"/v2/images/{key}/{kind}", body=_DISK, headers=_OCTETS)
        if path.endswith("reactivate"):
            self.told("member", "POST", f"/v2/images/{key}/actions/deactivate")
        if "{member_id}" in path:
            self.told("member", "POST", f"/v2/images/{key}/members", {"member": self.alt})
        return key

    def registered(self, path: str) -> str:
        """Shared where one of its members is spoken of."""
        made = self.told("member", "POST", "/image/v1.0/images", headers=self.wish_to_register(), body=b"")
        key = made.headers["x-image-meta-id"]
        if "{member_id}" in path:
            self.told("member", "PUT", f"/image/v1.0/images/{key}/members/{self.third}", body=b"")
        return key

    def wish_to_register(self) -> dict[str, str]:
        container = self.container("GET", "", {})
        name = self.object("GET", "", {"{container}": container})
        return {"x-image-meta-name": "x", "x-image-meta-location": f"pithos://{self.demo}/{container}/{name}"}

    def manifest(self) -> list[dict[str, str]]:
        container = self.container("GET", "", {})
        return [{"path": f"{container}/{self.object('GET', '', {'{container}': container})}"}]

    def wish_of_task(self) -> dict[str, Any]:
        self.told("member", "PUT", f"/v1/AUTH_{self.demo}/disks", body=b"")
        self.told("member", "PUT", f"/v1/AUTH_{self.demo}/disks/disk.vmdk", body=_DISK)
        properties = {"name": self.new("image")}
        wish = {"import_from": "disks/disk.vmdk", "import_from_format": "raw", "image_properties": properties}
        return {"type": "import", "input": wish}

    def task(self, *_: object) -> str:
        return str(self.told("member", "POST", "/v2/tasks", self.wish_of_task()).json["id"])

    def namespace(self, *_: object) -> str:
        """Of the project demo, and private."""
        name = self.new("space")
        self.told("admin", "POST", "/v2/metadefs/namespaces", {"namespace": name, "owner": self.demo})
        return name

    def part(self, method: str, path: str, made: Mapping[str, str]) -> str:
        kind = path.split("/")[5]
        space = f"/v2/metadefs/namespaces/{made['{namespace}']}"
        if (kind, method) != ("tags", "POST"):
            if kind == "tags":
                self.told("admin", "POST", f"{space}/tags/part", body=b"")
            else:
                document = {**_PROPERTY, "name": "part"} if kind == "properties" else {"name": "part"}
                self.told("admin", "POST", f"{space}/{kind}", document)
        return "part"

    def job(self, method: str, path: str, _: Mapping[str, str]) -> str:
        if "imageimport" in path:
            return str(self.told("member", "POST", "/v1/imageimport", self.wish_of_import()).json["import_id"])
        return str(self.told("member", "POST", "/v1/imageexport", self.wish_of_export()).json["export_id"])

    def wish_of_import(self) -> dict[str, Any]:
        self.wish_of_task()
        return {"name": self.new("image"), "location": f"/v1/AUTH_{self.demo}/disks/disk.vmdk", "os_type": "centos"}

    def wish_of_export(self) -> dict[str, Any]:
        name = self.new("out")
        self.told("member", "PUT", f"/v1/AUTH_{self.demo}/{name}", body=b"")
        image = self.image("GET", "/v2/images/{image_id}", {})
        return {"image_id": image, "storage_container": f"/v1/AUTH_{self.demo}/{name}"}


_Thing = Callable[[Stage, str, str, dict[str, str]], str]

THINGS: Mapping[str, _Thing] = {
    "projects/{id}": Stage.project,
    "users/{id}": Stage.user,
    "users/{user}": Stage.user,
    "domains/{id}": Stage.domain,
    "roles/{id}": Stage.role,
    "roles/{role}": Stage.role,
    "regions/{id}": lambda stage, *_: stage.of_catalog("regions"),
    "services/{id}": lambda stage, *_: stage.of_catalog("services"),
    "endpoints/{id}": lambda stage, *_: stage.of_catalog("endpoints"),
    "{credential}": Stage.credential,
    "{rule}": Stage.rule,
    "{project}": lambda stage, *_: stage.demo,
    "{container}": Stage.container,
    "{object:rest}": Stage.object,
    "{image_id}": Stage.image,
    "{member_id}": lambda stage, _, path, __: stage.third if path.startswith("/image/") else stage.alt,
    "{tag}": lambda *_: "t",
    "{action}": lambda *_: "deactivate",
    "{task_id}": Stage.task,
    "{store}": lambda *_: STORES[0],
    "{namespace}": Stage.namespace,
    "{part:rest}": Stage.part,
    "schemas/{name}": lambda *_: "image",
    "metadefs/{name}": lambda *_: "namespace",
    "{rest:rest}": lambda *_: "x",
    "public/{token:rest}": Stage.public_token,
    "{job}": Stage.job,
}
"""What stands for a name in a path, by what stands before it where that matters."""

_SPACE = "/v2/metadefs/namespaces/{namespace}"

_PITHOS = "/object-store/v1/{project}/{container}"
_THEIR_TOKEN = {"json": lambda stage: {"auth": {"token": {"id": stage.token}}}}
_THEIR_MEMBERS = {"json": lambda stage: {"memberships": [{"member_id": stage.third}]}}
_THEIR_NAMES = {"json": lambda stage: {"uuids": [stage.demo], "displaynames": ["demo"]}}

BODIES: Mapping[str, Mapping[str, Any]] = {
    "GET /v3/auth/tokens": {"headers": {"x-subject-token": "{token}"}},
    "HEAD /v3/auth/tokens": {"headers": {"x-subject-token": "{token}"}},
    "DELETE /v3/auth/tokens": {"headers": {"x-subject-token": "{token}"}},
    "POST /v3/auth/tokens": {
        "json": {
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {"user": {"name": "rita", "domain": {"id": "default"}, "password": "pw of rita"}},
                }
            }
        }
    },
    "POST /v3/projects": {"json": lambda stage: {"project": {"name": stage.new("project")}}},
    "PATCH /v3/projects/{id}": {"json": {"project": {"description": "changed"}}},
    "POST /v3/users": {"json": lambda stage: {"user": {"name": stage.new("user")}}},
    "PATCH /v3/users/{id}": {"json": {"user": {"enabled": False}}},
    "POST /v3/users/{id}/password": {"json": {"user": {"original_password": "pw of mira", "password": "pw of mira"}}},
    "POST /v3/users/{id}/application_credentials": {
        "json": lambda stage: {"application_credential": {"name": stage.new("ac")}}
    },
    "POST /v3/domains": {"json": lambda stage: {"domain": {"name": stage.new("domain")}}},
    "PATCH /v3/domains/{id}": {"json": {"domain": {"enabled": True}}},
    "PUT /v1/AUTH_{project}/{container}/{object:rest}": {"body": b"hello"},
    "POST /v1/AUTH_{project}?bulk-delete": {"body": b"none/such\n", "headers": {"content-type": "text/plain"}},
    "PUT /v1/AUTH_{project}/{container}?extract-archive=tar": {"body": bytes(1024)},
    "PUT /v1/AUTH_{project}/{container}/{object:rest}?multipart-manifest=put": {"json": Stage.manifest},
    "COPY /v1/AUTH_{project}/{container}/{object:rest}": {"headers": {"destination": "copies/o"}},
    "COPY /object-store/v1/{project}/{container}/{object:rest}": {"headers": {"destination": "/copies/o"}},
    "MOVE /object-store/v1/{project}/{container}/{object:rest}": {"headers": {"destination": "/copies/o"}},
    "POST /v2/images": {"json": {"name": "x"}},
    "PATCH /v2/images/{image_id}": {"body": b'[{"op": "replace", "path": "/name", "value": "y"}]', "headers": _PATCH},
    "PUT /v2/images/{image_id}/file": {"body": _DISK, "headers": _OCTETS},
    "PUT /v2/images/{image_id}/stage": {"body": _DISK, "headers": _OCTETS},
    "POST /v2/images/{image_id}/import": {"json": {"method": {"name": "glance-direct"}}},
    "POST /v2/images/{image_id}/members": {"json": lambda stage: {"member": stage.alt}},
    "PUT /v2/images/{image_id}/members/{member_id}": {"json": {"status": "accepted"}},
    "POST /v2/images/{image_id}/locations": {"json": {"url": "http://web/a"}},
    "POST /v2/tasks": {"json": Stage.wish_of_task},
    "POST /v2/metadefs/namespaces": {"json": lambda stage: {"namespace": stage.new("space")}},
    f"PUT {_SPACE}": {"json": lambda stage: {"namespace": stage.new("space")}},
    f"POST {_SPACE}/objects": {"json": {"name": "fresh"}},
    f"PUT {_SPACE}/objects/{{part:rest}}": {"json": {"name": "part"}},
    f"POST {_SPACE}/properties": {"json": _PROPERTY},
    f"PUT {_SPACE}/properties/{{part:rest}}": {"json": {**_PROPERTY, "name": "part"}},
    f"POST {_SPACE}/tags": {"json": {"tags": [{"name": "fresh"}]}},
    f"PUT {_SPACE}/tags/{{part:rest}}": {"json": {"name": "part"}},
    f"POST {_SPACE}/resource_types": {"json": {"name": "fresh"}},
    "POST /v1/imageimport": {"json": Stage.wish_of_import},
    "POST /v1/imageexport": {"json": Stage.wish_of_export},
    f"PUT {_PITHOS}/{{object:rest}}": {"body": b"hello", "headers": _OCTETS},
    f"PUT {_PITHOS}/{{object:rest}}?hashmap": {"json": {"bytes": 0, "hashes": []}},
    f"POST {_PITHOS}?update": {"body": b"hello", "headers": _OCTETS},  # blocks
    **{f"POST /image/v1.0/images{end}": {"headers": Stage.wish_to_register} for end in ("", "/")},
    **{f"PUT /image/v1.0/images/{{image_id}}{end}": {"headers": {"x-image-meta-name": "y"}} for end in ("", "/")},
    **{f"PUT /image/v1.0/images/{{image_id}}/members{end}": _THEIR_MEMBERS for end in ("", "/")},
    "POST /identity/v2.0/tokens": _THEIR_TOKEN,
    "POST /identity/v2.0/tokens/": _THEIR_TOKEN,
    "POST /identity/tokens": _THEIR_TOKEN,
    "POST /identity/tokens/": _THEIR_TOKEN,
    "POST /account/v1.0/user_catalogs": _THEIR_NAMES,
    "POST /account/v1.0/user_catalogs/": _THEIR_NAMES,
}
"""What goes with a call that is nothing without."""


@contextmanager
def a_stage(folder: Path) -> Iterator[Stage]:
    with running_cloud(folder) as cloud:
        yield Stage(cloud)
