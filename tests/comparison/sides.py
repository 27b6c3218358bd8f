"""The two sides: each a cloud with the same fresh projects and users, made over its own identity service."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.comparison.script import NOT_SENT, At

PASSWORD = "pw-of-the-comparison"
USERS = {  # name: project, role
    "owner": ("project", "member"),
    "reader": ("project", "reader"),
    "boss": ("staff", "admin"),
    "foreign": ("other", "member"),
}
TIMEOUT_S = 60
NO_ANSWER = 0  # for a status: the connection was closed instead


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]  # lower-case names; several of one name are joined
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Side:
    """One of the two clouds, with an owner, a reader of the same project, a foreign member and an administrator."""

    identity: str  # http://host:port
    images: str = ""
    storage: str = ""
    names: dict[str, str] = field(default_factory=dict)  # of what is known: ids, tokens
    _open: dict[str, http.client.HTTPConnection] = field(default_factory=dict)

    def url(self, at: At) -> str:
        places = {At.IDENTITY: self.identity, At.IMAGES: self.images, At.STORAGE: self.storage}
        return places[at] if at in places else f"{self.storage}/v1/AUTH_{self.names['project']}"

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | list[bytes] | None) -> Reply:
        """One request; paths go out as they stand, also those that no client would send."""
        host = urlsplit(url).netloc
        for _ in range(2):
            connection = self._open.get(host) or http.client.HTTPConnection(host, timeout=TIMEOUT_S)
            self._open[host] = connection
            try:
                return _ask(connection, method, url.removeprefix(f"http://{host}"), headers, body)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                connection.close()  # kept open for too long, or the service broke down over the request
        return Reply(NO_ANSWER, {}, b"")

    def call(self, method: str, path: str, document: object = None, token: str = "") -> Reply:
        """A request to the identity service that must succeed."""
        headers = {"Content-Type": "application/json", "X-Auth-Token": token}
        body = None if document is None else json.dumps(document).encode()
        reply = self.send(method, self.identity + path, headers, body)
        assert reply.status < 300, (method, path, reply)
        return reply

    def log_in(self, user: Mapping[str, object], project: Mapping[str, object]) -> Reply:
        identity = {"methods": ["password"], "password": {"user": user}}
        return self.call("POST", "/v3/auth/tokens", {"auth": {"identity": identity, "scope": {"project": project}}})

    def beside(self) -> Side:
        """The same side for another thread, with connections of its own."""
        return Side(self.identity, self.images, self.storage, dict(self.names))

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()


@contextlib.contextmanager
def furnished(auth: Mapping[str, str]) -> Iterator[Side]:
    """A side with projects and users of its own, from an administrator's entry in clouds.yaml."""
    side = Side(auth["auth_url"].removesuffix("/v3"))
    user = {"name": auth["username"], "password": auth["password"], "domain": {"id": "default"}}
    admin = side.log_in(user, {"name": auth["project_name"], "domain": {"id": "default"}})
    token = admin.headers["x-subject-token"]
    for service in admin.json["token"]["catalog"]:
        url = next(row["url"] for row in service["endpoints"] if row["interface"] == "public")
        if service["type"] == "image":
            side.images = url.rstrip("/")
        if service["type"] == "object-store":
            side.storage = url.partition("/v1/")[0]
    info = side.send("GET", f"{side.storage}/info", {}, None).json
    side.names["policy"] = info["swift"]["policies"][0]["name"]
    stores = side.send("GET", f"{side.images}/v2/info/stores", {"X-Auth-Token": token}, None).json["stores"]
    side.names["store"] = next(row["id"] for row in stores if "default" in row)
    made: list[str] = []
    try:
        _make_people(side, token, made)
        yield side
    finally:
        for path in reversed(made):
            side.call("DELETE", path, token=token)
        side.close()


def _make_people(side: Side, token: str, made: list[str]) -> None:
    mark = os.urandom(4).hex()
    side.names["mark"] = mark
    for name in ("project", "staff", "other"):
        document = {"project": {"name": f"{name}-{mark}", "domain_id": "default"}}
        side.names[name] = side.call("POST", "/v3/projects", document, token).json["project"]["id"]
        made.append(f"/v3/projects/{side.names[name]}")
    roles = {row["name"]: row["id"] for row in side.call("GET", "/v3/roles", token=token).json["roles"]}
    for name, (project, role) in USERS.items():
        user = {"name": f"{name}-{mark}", "domain_id": "default", "password": PASSWORD}
        side.names[name] = side.call("POST", "/v3/users", {"user": user}, token).json["user"]["id"]
        made.append(f"/v3/users/{side.names[name]}")
        path = f"/v3/projects/{side.names[project]}/users/{side.names[name]}/roles/{roles[role]}"
        side.call("PUT", path, token=token)
        login = side.log_in({"id": side.names[name], "password": PASSWORD}, {"id": side.names[project]})
        side.names[f"{name}_token"] = login.headers["x-subject-token"]
    side.names |= {f"role_{name}": key for name, key in roles.items()}


def empty(side: Side) -> None:
    """Take away what the scenarios left: credentials, images and objects of both projects."""
    for name in ("owner", "foreign"):
        project = side.names[USERS[name][0]]
        login = side.log_in({"id": side.names[name], "password": PASSWORD}, {"id": project})
        headers = {"X-Auth-Token": login.headers["x-subject-token"]}
        credentials = f"/v3/users/{side.names[name]}/application_credentials"  # what Keystone forgets with SQLite
        for row in side.call("GET", credentials, token=headers["X-Auth-Token"]).json["application_credentials"]:
            side.call("DELETE", f"{credentials}/{row['id']}", token=headers["X-Auth-Token"])
        listed = side.send("GET", f"{side.images}/v2/images?owner={project}&limit=1000", headers, None)
        hidden = side.send("GET", f"{side.images}/v2/images?owner={project}&os_hidden=true", headers, None)
        patch = {**headers, "Content-Type": "application/openstack-images-v2.1-json-patch"}
        for image in listed.json["images"] + hidden.json["images"]:
            url = f"{side.images}/v2/images/{image['id']}"
            if image["protected"]:
                change = [{"op": "replace", "path": "/protected", "value": False}]
                side.send("PATCH", url, patch, json.dumps(change).encode())
            side.send("DELETE", url, headers, None)
        account = f"{side.storage}/v1/AUTH_{project}"
        containers = side.send("GET", account, headers, None).body.decode().splitlines()
        for container in containers:
            side.send("POST", f"{account}/{container}", {**headers, "X-Versions-Enabled": "false"}, b"")
            rows = side.send("GET", f"{account}/{container}?format=json&versions", headers, None)
            for row in rows.json if rows.status == 200 else []:
                version = f"?version-id={row['version_id']}" if row.get("version_id", "null") != "null" else ""
                side.send("DELETE", f"{account}/{container}/{_quoted(row['name'])}{version}", headers, None)
            side.send("DELETE", f"{account}/{container}", headers, None)


def _quoted(name: str) -> str:
    return "".join(f"%{byte:02X}" for byte in name.encode())


def _ask(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes | list[bytes] | None,
) -> Reply:
    connection.putrequest(method, target, skip_accept_encoding=True)
    chunked = isinstance(body, list)
    lower = {name.lower() for name in headers}
    if chunked:
        connection.putheader("Transfer-Encoding", "chunked")
    elif "content-length" not in lower and (body is not None or method in ("PUT", "POST", "PATCH")):
        connection.putheader("Content-Length", str(len(body or b"")))
    for name, value in headers.items():
        if value != NOT_SENT:
            connection.putheader(name, value.encode())
    connection.endheaders(iter(body) if isinstance(body, list) else body, encode_chunked=chunked)
    response = connection.getresponse()
    found: dict[str, str] = {}
    for name, value in response.getheaders():
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return Reply(response.status, found, response.read())
