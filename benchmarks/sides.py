"""The two sides of a comparison: our service, and a real Keystone, Glance and Swift that run already."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.running import RunningService

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Side:
    """A member of a project at one of the sides, and the processes that serve them."""

    name: str
    address: str  # host:port of the object storage
    account: str  # path of the account there
    image_address: str
    image_path: str  # what stands before /v2 there
    token: str
    project: str
    roots: Sequence[int]  # the processes that were started; their children count, too

    def cpu_s(self) -> float:
        """What all processes of the server have used so far, in seconds, ended children included."""
        return sum(_used(pid) for root in self.roots for pid in _tree(root))

    def ask(self, method: str, path: str, body: object = None, *, images: bool = False) -> bytes:
        """One request that must succeed; ``path`` below the account, or below /v2 of the image service."""
        at = f"{self.image_address}{self.image_path}/v2" if images else f"{self.address}{self.account}"
        return _ask(f"http://{at}{path}", self.token, method, body)


def ours(service: RunningService) -> Side:
    assert service.process is not None
    return log_in("ours", service.cloud["auth"], [service.process.pid])


def peers(folder: Path, cloud: str = "peer-demo") -> Side:
    """Real services that run already, by the clouds.yaml and run/*.pid in ``folder``."""
    return log_in(
        "real",
        cloud_auth(folder, cloud),
        [int(path.read_text().split()[0]) for path in (folder / "run").glob("*.pid")],
    )


def cloud_auth(folder: Path, cloud: str) -> dict[str, str]:
    """What is needed to log in, of an entry in the clouds.yaml in ``folder``."""
    auth: dict[str, str] = yaml.safe_load((folder / "clouds.yaml").read_text())["clouds"][cloud]["auth"]
    return auth


def identity(auth: dict[str, str], admin: Side, method: str, path: str, body: object = None) -> Any:
    """One call of Identity v3 as an administrator."""
    said = _ask(f"{_v3(auth)}{path}", admin.token, method, body)
    return json.loads(said) if said else None


def log_in(name: str, auth: dict[str, str], roots: Sequence[int]) -> Side:
    """A token for a user with a password; ``auth`` as in clouds.yaml, ``roots`` the server's processes."""

    def domain(of: str) -> dict[str, str]:
        return {"id": auth[f"{of}_domain_id"]} if f"{of}_domain_id" in auth else {"name": auth[f"{of}_domain_name"]}

    user = {"name": auth["username"], "domain": domain("user"), "password": auth["password"]}
    project = {"name": auth["project_name"], "domain": domain("project")}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": {"project": project}}}
    request = urllib.request.Request(
        f"{_v3(auth)}/auth/tokens", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        said = json.load(answer)["token"]
        token = answer.headers["X-Subject-Token"]
    (address, account), (image_address, image_path) = (_place(said, kind) for kind in ("object-store", "image"))
    return Side(
        name=name,
        address=address,
        account=account,
        image_address=image_address,
        image_path=image_path,
        token=token,
        project=said["project"]["id"],
        roots=roots,
    )


def _v3(auth: dict[str, str]) -> str:
    return f"{auth['auth_url'].removesuffix('/v3')}/v3"


def _ask(url: str, token: str, method: str, body: object) -> bytes:
    plain = isinstance(body, bytes)
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"X-Auth-Token": token, "Content-Type": "text/plain" if plain else "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)) as said:
        content: bytes = said.read()
    return content


def _place(said: dict[str, list[dict[str, object]]], kind: str) -> tuple[str, str]:
    """Address and path of a service."""
    entry = next(entry for entry in said["catalog"] if entry["type"] == kind)
    endpoints: list[dict[str, str]] = entry["endpoints"]  # type: ignore[assignment]
    url = next(e["url"] for e in endpoints if e["interface"] == "public").rstrip("/")
    address, slash, path = url.removeprefix("http://").partition("/")
    return address, slash + path


def _tree(root: int) -> Iterator[int]:
    yield root
    for task in Path(f"/proc/{root}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _tree(int(child))


def _used(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0  # ended meanwhile; its parent has the sum
    return sum(int(ticks) for ticks in fields[11:15]) / _TICKS  # own and children's, user's and system's
