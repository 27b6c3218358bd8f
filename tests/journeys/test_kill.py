"""kill -9 at any moment of uploads and imports: nothing acknowledged is lost, nothing half-made is seen.

After the last kill: every object that was answered 201 is there byte for byte; one that was
not is there whole or not at all; every import that was answered 201 comes to its end, once,
with an image that has all its bytes or a reason; and when everything is deleted, no block
is left behind for good.
"""

from __future__ import annotations

import hashlib
import http.client
import itertools
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.disks import mbr_disk
from tests.journeys.plain import Plain, stream_optimized
from tests.running import RunningService

ROUNDS = 50
MIB = 1 << 20
CUT_OFF = (OSError, http.client.HTTPException)


class Worker(threading.Thread):
    """Uploads and imports without pause; notes what it tried and what was answered."""

    numbers = itertools.count(1)

    def __init__(self, api: Plain, disk: bytes, chance: random.Random) -> None:
        super().__init__(daemon=True)
        self.api = api
        self.disk = disk
        self.chance = chance
        self.over = threading.Event()
        self.tried: dict[str, bytes] = {}  # object: its bytes
        self.kept: set[str] = set()  # answered 201
        self.imports: dict[str, str] = {}  # import id: name
        self.wrong: list[str] = []

    def run(self) -> None:
        while not self.over.is_set():
            try:
                self._upload()
                if self.chance.random() < 0.5:
                    self._import()
            except CUT_OFF:
                time.sleep(0.01)  # killed: the next start is a moment away

    def _upload(self) -> None:
        name = f"o{next(self.numbers)}"
        size = self.chance.choice([17, 5000, MIB, 5 * MIB, 9 * MIB + 1])
        self.tried[name] = random.Random(name).randbytes(size)
        reply = self.api.call("PUT", self.api.objects(f"c/{name}"), self.tried[name])
        if reply.status == 201:
            self.kept.add(name)
        else:
            self.wrong.append(f"PUT {name}: {reply.status} {reply.body[:200]!r}")

    def _import(self) -> None:
        number = next(self.numbers)
        name = f"d{number}.vmdk"
        self.tried[name] = self.disk
        if self.api.call("PUT", self.api.objects(f"c/{name}"), self.disk).status == 201:
            self.kept.add(name)
        location = self.api.objects(f"c/{name}")
        asked = {"name": f"image {number}", "location": location, "os_type": "centos", "min_disk": 1, "min_ram": 0}
        reply = self.api.call("POST", "/v1/imageimport", asked)
        if reply.status == 201:
            self.imports[reply.json()["import_id"]] = f"image {number}"
        else:
            self.wrong.append(f"import {number}: {reply.status} {reply.body[:200]!r}")


@pytest.mark.slow
def test_fifty_kills_at_random_moments_of_uploads_and_imports(
    new_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    chance = random.Random(20_261_120)
    raw = mbr_disk(3 * MIB) + random.Random(1).randbytes(2 * MIB) + bytes(7 * MIB)
    disk = stream_optimized(raw, tmp_path)
    service = new_service().start()
    service.add_user("mira", "travel")
    api = Plain(service).log_in("mira", "pw", "travel")
    assert api.call("PUT", api.objects("c"), b"").status == 201
    worker = Worker(api, disk, chance)
    worker.start()
    for _ in range(ROUNDS):
        time.sleep(chance.uniform(0.0, 0.9))
        service.kill()
        service.start()
    worker.over.set()
    worker.join(timeout=60)
    assert worker.wrong == []
    assert len(worker.kept) > ROUNDS
    assert len(worker.imports) > ROUNDS // 5

    _check_objects(api, worker)
    _check_imports(api, worker, raw)
    assert service.run("verify", "--data", str(service.data)).returncode == 0
    _check_that_nothing_is_left_behind(service, api)


def _check_objects(api: Plain, worker: Worker) -> None:
    listed = {row["name"]: row for row in api.call("GET", api.objects("c?format=json")).json()}
    assert worker.kept <= set(listed)
    for name in listed:
        assert api.call("GET", api.objects(f"c/{name}")).body == worker.tried[name], name
        assert listed[name]["hash"] == hashlib.md5(worker.tried[name]).hexdigest()
    head = api.call("HEAD", api.objects("c"))
    assert int(head.headers["x-container-object-count"]) == len(listed)
    assert int(head.headers["x-container-bytes-used"]) == sum(len(worker.tried[name]) for name in listed)


def _check_imports(api: Plain, worker: Worker, raw: bytes) -> None:
    ends = {import_id: _end_of(api, import_id) for import_id in worker.imports}
    succeeded = {i: end for i, end in ends.items() if end["import_status"] == "succeeded"}
    failed = {i: end for i, end in ends.items() if end["import_status"] == "failed"}
    assert len(succeeded) + len(failed) == len(worker.imports)
    assert all(end["error_message"] for end in failed.values())
    assert len(succeeded) > len(worker.imports) * 0.8, failed
    images = _images(api)
    names = [image["name"] for image in images]
    assert len(names) == len(set(names)), "an import was done twice"
    assert {end["id"] for end in succeeded.values()} <= {image["id"] for image in images}
    listed = api.call("GET", "/v1/imageimport").json()["imports"]
    assert {row["import_id"] for row in listed} <= set(ends) | {row["import_id"] for row in listed}
    for image in images:
        assert image["status"] == "active"
        assert image["checksum"] == hashlib.md5(raw).hexdigest()
    assert api.call("GET", f"/v2/images/{images[0]['id']}/file").body == raw


def _check_that_nothing_is_left_behind(service: RunningService, api: Plain) -> None:
    for row in api.call("GET", api.objects("c?format=json")).json():
        assert api.call("DELETE", api.objects(f"c/{row['name']}")).status == 204
    for image in _images(api):
        assert api.call("DELETE", f"/v2/images/{image['id']}").status == 204
    with sqlite3.connect(service.data / "records.sqlite") as connection:
        connection.execute("UPDATE uploads SET seen_at = 0, started_at = 0")  # as if hours had gone by
    connection.close()
    service.run("gc", "--data", str(service.data), "--older-than", "0")
    assert [
        path for path in (service.data / "blocks").rglob("*") if path.is_file() and "incoming" not in path.parts
    ] == []
    assert not any((service.data / "work").iterdir())


def _end_of(api: Plain, import_id: str) -> dict[str, str]:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        status: dict[str, str] = api.call("GET", f"/v1/imageimport/{import_id}/status").json()
        if status["import_status"] in ("succeeded", "failed"):
            return status
        time.sleep(0.1)
    raise AssertionError(f"import {import_id} is stuck: {status}")


def _images(api: Plain) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    path = "/v2/images?limit=100"
    while path:
        page = api.call("GET", path).json()
        found += page["images"]
        path = page.get("next", "")
    return found
