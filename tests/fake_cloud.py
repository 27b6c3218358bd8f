"""A small cloud in memory that behaves, until a test tells it to lie, to break or to cut the line.

It keeps tokens, objects, images and import jobs as the drivers need them, no more; the service
itself is what the drivers' contract runs against.
"""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PROJECT = "5e1c0a7d94b04c2fa7d2c4b1f0a93e6d"
PASSWORD = "pw-of-mira"


@dataclass
class Asked:
    """A request. ``number`` counts those of the same method and path."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    number: int
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    status: int = 200
    body: bytes | object = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut_at: int | None = None  # bytes of the body after which the line is cut; 0: not even a head


@dataclass
class CutBody:
    """Cut the line after so many bytes of the request's body."""

    after: int


Fault = Callable[[Asked], "Answer | CutBody | None"]


class FakeCloud:
    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.before: Fault = lambda _: None  # asked when the head is in; None: go on
        self.instead: Callable[[Asked, Answer], Answer] = lambda _, answer: answer
        self.objects: dict[str, bytes] = {}  # "container/name"
        self.manifests: dict[str, str] = {}
        self.containers: set[str] = set()
        self.images: dict[str, dict[str, Any]] = {}
        self.data: dict[str, bytes] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.statuses: list[dict[str, Any]] = [{"import_status": "succeeded", "progress": 100}]
        self.services = {"object-store": f"/v1/AUTH_{PROJECT}", "image": "/image", "vmimport": ""}
        self.tokens = 0
        self.revoked: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def made(self, method: str, part: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.method == method and part in asked.path]

    @property
    def token(self) -> str:
        return f"token-{self.tokens}"

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/v3/auth/tokens":
            return self._log_in(asked)
        if asked.headers.get("x-auth-token") != self.token or self.token in self.revoked:
            return Answer(401, {"error": {"code": 401, "message": "no", "title": "Unauthorized"}})
        for start, handle in (
            (f"/v1/AUTH_{PROJECT}", self._swift),
            ("/image/v2/images", self._glance),
            ("/v1/imageimport", self._import),
        ):
            if asked.path.startswith(start):
                return handle(asked, asked.path.removeprefix(start).strip("/"))
        return Answer(404, b"<html><h1>Not Found</h1></html>")

    def _log_in(self, asked: Asked) -> Answer:
        user = asked.json["auth"]["identity"]["password"]["user"]
        if user["password"] != PASSWORD:
            return Answer(
                401, {"error": {"code": 401, "message": "The request you have made requires authentication."}}
            )
        self.tokens += 1
        catalog = [
            {
                "type": kind,
                "name": kind,
                "endpoints": [{"interface": "public", "region": "uk-1", "url": self.url + path}],
            }
            for kind, path in self.services.items()
        ]
        token = {
            "methods": ["password"],
            "expires_at": "2999-01-01T00:00:00.000000Z",
            "issued_at": "2017-07-05T08:00:00.000000Z",
            "user": {"id": "u", "name": "mira", "domain": {"id": "d", "name": "Ab3dEfgh"}},
            "project": {"id": PROJECT, "name": "p", "domain": {"id": "d", "name": "Ab3dEfgh"}},
            "roles": [],
            "catalog": catalog,
        }
        return Answer(201, {"token": token}, {"X-Subject-Token": self.token})

    def _swift(self, asked: Asked, rest: str) -> Answer:
        container, _, name = rest.partition("/")
        key = f"{container}/{name}"
        if not name:
            return self._container(asked, container)
        if asked.method == "PUT":
            self.objects[key] = asked.body
            self.manifests.pop(key, None)
            if manifest := asked.headers.get("x-object-manifest"):
                self.manifests[key] = unquote(manifest)
            return Answer(201, b"", {"Etag": hashlib.md5(asked.body).hexdigest()})
        if key not in self.objects:
            return Answer(404)
        if asked.method == "DELETE":
            del self.objects[key]
            return Answer(204)
        parts = self.manifests.get(key)
        data = self.objects[key]
        headers = {"Etag": hashlib.md5(data).hexdigest()}
        if parts is not None:
            data = b"".join(self.objects[part] for part in sorted(self.objects) if part.startswith(parts))
            headers = {"Etag": '"large"', "X-Object-Manifest": parts}
        return _ranged(asked, data, headers)

    def _container(self, asked: Asked, container: str) -> Answer:
        if asked.method == "PUT":
            self.containers.add(container)
            return Answer(201)
        if container not in self.containers:
            return Answer(404)
        prefix, marker = asked.query.get("prefix", ""), asked.query.get("marker", "")
        names = sorted(key.partition("/")[2] for key in self.objects if key.startswith(f"{container}/"))
        rows = [
            {"name": name, "bytes": len(data), "hash": hashlib.md5(data).hexdigest()}
            for name in names
            if name.startswith(prefix) and name > marker
            for data in [self.objects[f"{container}/{name}"]]
        ]
        return Answer(200, rows)

    def _glance(self, asked: Asked, rest: str) -> Answer:
        image_id, _, what = rest.partition("/")
        if asked.method == "POST" and not rest:
            image = {"status": "queued", "visibility": "shared", **asked.json}
            self.images[image["id"]] = image
            return Answer(201, image)
        if not rest:
            return Answer(200, {"images": list(self.images.values())})
        if image_id not in self.images:
            return Answer(404)
        image = self.images[image_id]
        if what == "file" and asked.method == "PUT":
            self.data[image_id] = asked.body
            sums = {"checksum": hashlib.md5(asked.body).hexdigest(), "os_hash_algo": "sha512"}
            image |= {"status": "active", "size": len(asked.body), **sums}
            image["os_hash_value"] = hashlib.sha512(asked.body).hexdigest()
            return Answer(204)
        if what == "file":
            return _ranged(asked, self.data[image_id], {})
        if asked.method == "DELETE":
            del self.images[image_id]
            return Answer(204)
        return Answer(200, image)

    def _import(self, asked: Asked, rest: str) -> Answer:
        if asked.method == "POST":
            job = f"job-{len(self.jobs) + 1}"
            self.jobs[job] = asked.json
            return Answer(201, {"import_id": job})
        if not rest:
            rows = [{"import_id": job, "import_status": "processing"} for job in reversed(self.jobs)]
            start = int(asked.query.get("start", 0))
            return Answer(200, {"imports": rows[start : start + int(asked.query.get("limit", 100))]})
        job = rest.split("/")[0]
        status = self.statuses[min(asked.number, len(self.statuses)) - 1]
        return Answer(200, {"id": self.jobs[job]["id"], **status})


def _ranged(asked: Asked, data: bytes, headers: dict[str, str]) -> Answer:
    wanted = asked.headers.get("range")
    if wanted is None:
        return Answer(200, data, headers)
    start = int(wanted.removeprefix("bytes=").partition("-")[0])
    span = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
    return Answer(206, data[start:], {**headers, **span})


def _handler(cloud: FakeCloud) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_any(self) -> None:
            split = urlsplit(self.path)
            path = unquote(split.path)
            query = {key: values[0] for key, values in parse_qs(split.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            number = 1 + sum(1 for seen in cloud.asked if (seen.method, seen.path) == (self.command, path))
            asked = Asked(self.command, path, query, headers, number)
            cloud.asked.append(asked)
            said = cloud.before(asked)
            length = int(headers.get("content-length", 0))
            if isinstance(said, CutBody):
                self.rfile.read(min(said.after, length))
                self._cut()
            else:
                asked.body = self.rfile.read(length)
                self._say(cloud.instead(asked, cloud.answer(asked)) if said is None else said)

        def _say(self, answer: Answer) -> None:
            if answer.cut_at == 0:
                self._cut()
                return
            body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if "Content-Length" not in answer.headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body[: answer.cut_at])
            if answer.cut_at is not None:
                self._cut()

        def _cut(self) -> None:
            self.close_connection = True
            with suppress(OSError):  # the other side was faster
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = do_any  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Tests look at what was asked, not at a log."""

    return Handler
