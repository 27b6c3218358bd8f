"""Object storage behind the real edge and a real socket, with tokens made of nothing."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from imageferry.db.engine import open_engine
from imageferry.db.migrate import upgrade
from imageferry.db.records import SqlRecords
from imageferry.dialects import swift
from imageferry.dialects.edge.asgi import Edge
from imageferry.domain.access import IMPLIED, ProjectId, Role, UserId
from imageferry.domain.errors import NotAuthenticated
from imageferry.domain.identity import DEFAULT_DOMAIN, Domain, Project, Token, User
from imageferry.domain.moment import Moment
from imageferry.ports.clock import system_clock
from imageferry.service.blobs import Blobs
from imageferry.service.objects import Objects
from imageferry.stores.memory import MemoryBlocks

# The library reads at most 100 header lines; 90 metadata items and our own are more.
http.client._MAXHEADERS = 1000  # type: ignore[attr-defined]

MAX_OBJECT = 20 << 20  # bytes
DOMAIN = Domain(id=DEFAULT_DOMAIN, name="Default")


def token_of(secret: str) -> Token:
    """``member@p1`` is a token of a member of project p1. Raises NotAuthenticated."""
    role, at, project = secret.partition("@")
    if not at or role not in list(Role):
        raise NotAuthenticated("unknown token")
    return Token(
        user=User(id=UserId(f"user of {project}"), name=role, domain=DOMAIN),
        project=Project(id=ProjectId(project), name=project, domain=DOMAIN),
        roles=IMPLIED[Role(role)],
        methods=("password",),
        issued_at=Moment(0),
        expires_at=Moment(1 << 60),
        audit_ids=("a",),
    )


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]  # lower-case names
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Swift:
    """A client of one project that says exactly what it is told to."""

    port: int
    objects: Objects
    store: MemoryBlocks
    project: str = "p1"
    role: str | None = "member"

    @property
    def account(self) -> str:
        return f"/v1/AUTH_{self.project}"

    def as_(self, role: str | None, project: str | None = None) -> Swift:
        return Swift(self.port, self.objects, self.store, project or self.project, role)

    def call(
        self,
        method: str,
        path: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterator[bytes] | None = None,
        *,
        account: str | None = None,
    ) -> Reply:
        """``path`` is below the account and goes out as it stands."""
        token = {} if self.role is None else {"X-Auth-Token": f"{self.role}@{self.project}"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            path = (self.account if account is None else account) + path
            chunked = not isinstance(body, bytes | None)
            connection.putrequest(method, path)
            sent = {**token, **(headers or {})}
            if chunked:
                sent["Transfer-Encoding"] = "chunked"
            elif "Content-Length" not in sent and (body is not None or method in ("PUT", "POST")):
                sent["Content-Length"] = str(len(body) if isinstance(body, bytes) else 0)
            for name, value in sent.items():
                connection.putheader(name, value.encode() if isinstance(value, str) else value)
            connection.endheaders(body, encode_chunked=chunked)
            response = connection.getresponse()
            return Reply(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )

    def put(self, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Reply:
        """PUT that must succeed."""
        reply = self.call("PUT", path, headers, body)
        assert reply.status in (201, 202), (reply.status, reply.body)
        return reply

    def names(self, path: str, /, **query: object) -> list[str]:
        """Names and subdirs of a listing."""
        question = urllib.parse.urlencode({"format": "json", **query})
        reply = self.call("GET", f"{path}?{question}")
        assert reply.status == 200, (reply.status, reply.body)
        return [row.get("name") or row["subdir"] for row in reply.json]

    def raw(self, request: bytes, *, close_early: bool = False) -> bytes:
        """Send bytes as they are; what comes back until the other side closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(request)
            if close_early:
                connection.shutdown(socket.SHUT_WR)
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                while part := connection.recv(65536):
                    answer += part
            return answer


@contextlib.contextmanager
def running_swift(folder: Path) -> Iterator[Swift]:
    """The edge on a free port, in a thread of this process."""
    engine = open_engine(f"sqlite:///{folder / 'records.db'}")
    upgrade(engine)
    records = SqlRecords(engine)
    store = MemoryBlocks()
    blobs = Blobs(store, records, system_clock)
    objects = Objects(records, blobs, system_clock, max_object_size=MAX_OBJECT)
    edge = Edge([swift.dialect()], SimpleNamespace(objects=objects), token_of, body_idle_s=5.0)
    port = _free_port()
    server = Server(
        edge,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(server.serve(),), daemon=True)
    thread.start()
    _wait_for(port)
    try:
        yield Swift(port, objects, store)
    finally:
        loop.call_soon_threadsafe(server.stop)
        thread.join(10)
        loop.close()
        edge.close()
        blobs.close()
        records.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        threading.Event().wait(0.05)
    raise AssertionError("the server does not answer")
