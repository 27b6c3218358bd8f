"""A bare HTTP client for journeys that must see every byte: no retries, no help."""

from __future__ import annotations

import http.client
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.running import RunningService


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Plain:
    """Calls to one service with one token."""

    service: RunningService
    token: str = ""
    project_id: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def log_in(self, user: str, password: str, project: str) -> Plain:
        identity = {"name": user, "domain": {"id": "default"}, "password": password}
        auth = {
            "identity": {"methods": ["password"], "password": {"user": identity}},
            "scope": {"project": {"name": project, "domain": {"id": "default"}}},
        }
        reply = self.call("POST", "/v3/auth/tokens", {"auth": auth})
        assert reply.status == 201, reply
        self.token = reply.headers["x-subject-token"]
        self.project_id = reply.json()["token"]["project"]["id"]
        return self

    def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None, timeout: float = 30
    ) -> Reply:
        """One request on a connection of its own; a body that is not bytes goes as JSON."""
        connection = http.client.HTTPConnection(self.service.listen, timeout=timeout)
        sent = {**self.headers, **({"X-Auth-Token": self.token} if self.token else {}), **(headers or {})}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def objects(self, path: str) -> str:
        return f"/v1/AUTH_{self.project_id}/{path}"


def stream_optimized(raw: bytes, folder: Path) -> bytes:
    """A disk as a streamOptimized VMDK, made by qemu-img."""
    source, target = folder / "disk.raw", folder / "disk.vmdk"
    source.write_bytes(raw)
    options = ["-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized"]
    subprocess.run(["qemu-img", "convert", *options, source, target], check=True)
    return target.read_bytes()
