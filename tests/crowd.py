"""Two projects that queue many small imports at one service, which is killed again and again meanwhile."""

from __future__ import annotations

import bisect
import hashlib
import os
import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.disks import mbr_disk
from tests.journeys.plain import Plain
from tests.running import RunningService

MIB = 1 << 20
SENDERS = 4


def tiny_disk() -> bytes:
    """1 MiB, of which the most is a hole."""
    return mbr_disk(64 << 10) + os.urandom(4096) + bytes(MIB - (64 << 10) - 4096)


@dataclass
class Crowd:
    """A project whose members do nothing but import the one disk they have, under many names."""

    name: str
    service: RunningService
    disk: bytes = field(default_factory=tiny_disk)
    asked: dict[str, str] = field(default_factory=dict)  # task: name of its image
    asked_at: float = 0.0  # seconds since 1970, of the last one
    api: Plain = field(init=False)

    def __post_init__(self) -> None:
        self.service.add_user(self.name, self.name)
        self.api = Plain(self.service).log_in(self.name, "pw", self.name)
        assert self.api.call("PUT", self.api.objects("c"), b"").status == 201
        assert self.api.call("PUT", self.api.objects("c/disk"), self.disk).status == 201

    def queue(self, count: int) -> None:
        with ThreadPoolExecutor(SENDERS) as pool:
            list(pool.map(self._ask, range(len(self.asked), len(self.asked) + count)))
        self.asked_at = time.time()

    def _ask(self, number: int) -> None:
        name = f"{self.name} {number:04}"
        wish = {"import_from": "c/disk", "import_from_format": "raw", "image_properties": {"name": name}}
        reply = self.api.call("POST", "/v2/tasks", {"type": "import", "input": wish})
        assert reply.status == 201, reply
        self.asked[reply.json()["id"]] = name

    def ends(self) -> list[float]:
        """When its tasks ended, in seconds since 1970, the first of them first."""
        return ends_of(self.service.data, self.api.project_id)

    def ended_while(self, other: Crowd) -> int:
        """How many of its tasks ended between the last request of the other and the other's last end."""
        ends = self.ends()
        return bisect.bisect(ends, other.ends()[-1]) - bisect.bisect(ends, other.asked_at)


def ends_of(data: Path, project_id: str) -> list[float]:
    """Read past the service, which may be down just now."""
    query = (
        "SELECT updated_at FROM tasks WHERE project_id = ? AND status NOT IN ('queued', 'running') ORDER BY updated_at"
    )
    with closing(sqlite3.connect(data / "records.sqlite", timeout=30)) as connection:
        return [row[0] / 1e6 for row in connection.execute(query, (project_id,))]


def killed_at_work(
    service: RunningService, crowds: Sequence[Crowd], kills: int, chance: random.Random, *, apart: int
) -> list[float]:
    """kill -9 so many times, ``apart`` imports of these crowds after each other; when, in seconds since 1970."""
    moments = []
    for _ in range(kills):
        wanted = sum(len(crowd.ends()) for crowd in crowds) + apart
        wait_until(lambda wanted=wanted: sum(len(crowd.ends()) for crowd in crowds) >= wanted)  # type: ignore[misc]
        time.sleep(chance.uniform(0.0, 0.05))
        service.kill()
        moments.append(time.time())
        service.start()
    return moments


def wait_until(condition: Callable[[], bool], *, limit_s: float = 600) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def check_that_each_was_done_once(crowd: Crowd) -> None:
    with closing(sqlite3.connect(crowd.service.data / "records.sqlite")) as connection:
        query = "SELECT status, message, count(*) FROM tasks WHERE project_id = ? GROUP BY 1, 2"
        found = connection.execute(query, (crowd.api.project_id,)).fetchall()
    assert found == [("succeeded", "", len(crowd.asked))]
    images = _listed(crowd, "/v2/images?limit=500&owner=" + crowd.api.project_id, "images")
    assert sorted(image["name"] for image in images) == sorted(crowd.asked.values())
    digest = hashlib.md5(crowd.disk).hexdigest()
    assert {(image["status"], image["checksum"], image["size"]) for image in images} == {
        ("active", digest, len(crowd.disk))
    }
    task = crowd.api.call("GET", f"/v2/tasks/{next(iter(crowd.asked))}").json()
    assert task["result"]["image_id"] in {image["id"] for image in images}
    done = [step["name"] for step in task["steps"] if step["outcome"] == "done"]
    assert (len(done), done[-1]) == (task["progress"]["steps"], "publish")


def check_that_nothing_is_left_over(service: RunningService) -> None:
    service.run("gc", "--data", str(service.data), "--older-than", "0", timeout=300)
    unused = """
        SELECT count(*) FROM blobs WHERE id NOT IN (SELECT blob_id FROM images WHERE blob_id IS NOT NULL)
        AND id NOT IN (SELECT blob_id FROM objects WHERE blob_id IS NOT NULL)
    """
    with closing(sqlite3.connect(service.data / "records.sqlite")) as connection:
        assert connection.execute(unused).fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM pins").fetchone() == (0,)
    assert not any((service.data / "work").iterdir())
    assert service.run("verify", "--data", str(service.data)).returncode == 0


def _listed(crowd: Crowd, path: str, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while path:
        page = crowd.api.call("GET", path).json()
        found += page[key]
        path = page.get("next", "")
    return found
