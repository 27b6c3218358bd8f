"""The whole service without a socket: requests go in at the edge, answers come out of it.

Wired as ``imageferry serve`` wires it, but for blocks in memory and a clock that tests move.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from imageferry import bootstrap
from imageferry.dialects.edge.asgi import Edge
from imageferry.domain.access import Role
from imageferry.domain.identity import Login, NamedIn, Project, ScopeWish, Wanted
from imageferry.domain.moment import SECOND, Moment
from imageferry.domain.region import Region
from imageferry.service.services import Services
from imageferry.settings import Secret, Settings

HOST = "cloud.example:8765"
BASE = f"http://{HOST}"
START = 1_795_159_682 * SECOND  # 2026-11-20T07:28:02Z


class Clock:
    """A microsecond goes by at every look, more when told."""

    def __init__(self) -> None:
        self._ticks = itertools.count(START)
        self._ahead = 0

    def __call__(self) -> Moment:
        return Moment(next(self._ticks) + self._ahead)

    def pass_time(self, seconds: float) -> None:
        self._ahead += int(seconds * SECOND)


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]  # lower-case names
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """The sentence of an error, of either dialect."""
        document = self.json
        text: str = document["error"]["message"] if "error" in document else document["message"]
        return text


@dataclass
class Cloud:
    """A caller of the service: who it is, is decided by its token."""

    edge: Edge
    services: Services
    clock: Clock
    loop: asyncio.AbstractEventLoop
    projects: Mapping[str, Project]
    users: Mapping[str, str] = field(default_factory=dict)  # name to id
    token: str | None = None

    def as_(self, user: str | None, project: str | None = None, scope: ScopeWish = Wanted.UNSCOPED) -> Cloud:
        """The same service, for a user with a fresh token; passwords are "pw of <name>"."""
        token = None
        if user is not None:
            if project is not None:
                scope = NamedIn(id=self.projects[project].id)
            login = Login(methods=("password",), user=NamedIn(id=self.users[user]), password=f"pw of {user}")
            token, _ = self.services.identity.log_in(login, scope)
        return Cloud(self.edge, self.services, self.clock, self.loop, self.projects, self.users, token)

    def call(
        self,
        method: str,
        target: str,
        document: object = None,
        headers: Mapping[str, str] | None = None,
        *,
        body: bytes | Sequence[bytes] | None = None,
        host: str = HOST,
        cut: bool = False,
        lines: Sequence[tuple[str, str]] = (),
    ) -> Reply:
        """One request. ``target`` goes out as it stands; ``document`` as JSON; ``cut``: hang up before the end;
        ``lines``: headers that may come several times, with their names as they are.
        """
        sent = {"accept": "application/json", "host": host}
        if self.token is not None:
            sent["x-auth-token"] = self.token
        if document is not None:
            body = json.dumps(document).encode()
            sent["content-type"] = "application/json"
        pieces = [body] if isinstance(body, bytes) else list(body or [b""])
        if isinstance(body, bytes):
            sent["content-length"] = str(len(body))
        elif body is not None:
            sent["transfer-encoding"] = "chunked"
        sent |= {name.lower(): value for name, value in (headers or {}).items()}
        all_lines = [*sent.items(), *lines]
        return self.loop.run_until_complete(_converse(self.edge, method, target, all_lines, pieces, cut=cut))

    def get(self, target: str, **options: Any) -> Reply:
        return self.call("GET", target, **options)


@contextlib.contextmanager
def running_cloud(
    folder: Path, regions: Sequence[Region] = (Region(name="RegionOne"),), database_url: str = "", **more: Any
) -> Iterator[Cloud]:
    """A service with the projects admin, demo, alt and the users admin, mira and rita (demo), alex (alt), nobody.

    ``more``: settings.
    """
    clock = Clock()
    settings = Settings(
        data=str(folder),
        store="memory",
        regions=tuple(regions),
        database_url=Secret(database_url),
        **{"max_image_bytes": 32 << 20, **more},
    )
    house = bootstrap.build(settings, clock=clock)
    admin = house.services.admin
    admin.first_start("pw of admin", lambda _: None)
    contract = admin.add_domain("Ab3dEfgh")
    projects = {"admin": admin.project("admin"), "demo": admin.add_project("demo"), "alt": admin.add_project("alt")}
    projects["contract"] = admin.add_project("Ab3dEfgh-prj", domain=contract.name)
    users = {"admin": admin.user("admin").id}
    for name, project, role in (
        ("mira", "demo", Role.MEMBER),
        ("rita", "demo", Role.READER),
        ("alex", "alt", Role.MEMBER),
        ("nobody", None, None),
    ):
        home = None if project is None else projects[project].id
        user = admin.add_user(name, f"pw of {name}", default_project=home)
        users[name] = user.id
        if project is not None and role is not None:
            admin.grant(user, projects[project], role)
    contractor = admin.add_user("kay", "pw of kay", domain=contract.name, default_project=projects["contract"].id)
    admin.grant(contractor, projects["contract"], Role.MEMBER)
    users["kay"] = contractor.id
    edge = bootstrap.edge(house)
    loop = asyncio.new_event_loop()
    try:
        yield Cloud(edge, house.services, clock, loop, projects, users)
    finally:
        edge.close()
        loop.close()
        house.close()


async def _converse(
    edge: Edge, method: str, target: str, headers: Sequence[tuple[str, str]], pieces: Sequence[bytes], *, cut: bool
) -> Reply:
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": unquote(path, errors="replace"),
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }
    waiting = iter(pieces)
    left = len(pieces)
    started: dict[str, Any] = {}
    received = bytearray()

    async def receive() -> dict[str, Any]:
        nonlocal left
        if left == 0:
            await asyncio.Event().wait()
        left -= 1
        if left == 0 and cut:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": next(waiting), "more_body": left > 0}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
        else:
            received.extend(message.get("body", b""))

    await edge(scope, receive, send)
    names = {name.decode(): value.decode() for name, value in started["headers"]}
    return Reply(started["status"], names, bytes(received))
