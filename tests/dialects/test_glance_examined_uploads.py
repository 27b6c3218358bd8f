"""What is sent straight into an image passes scanners and the provider's own steps before anybody can have it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imageferry.domain.access import ProjectId, Role
from imageferry.domain.image_quota import Resource
from imageferry.domain.task import TaskId
from imageferry.ports.tasks import Interrupted
from imageferry.settings import DoorSettings, ImportSettings, StepSettings
from tests.dialects.openstack_service import Cloud, Reply, running_cloud
from tests.dialects.test_glance_data import put
from tests.dialects.test_glance_images import made
from tests.dialects.test_glance_scanned_imports import SAID, disk
from tests.disks import jpeg, mbr_disk
from tests.file_systems import EICAR
from tests.hostile_disks import TABLE
from tests.own_steps import program
from tests.scanners import yara_rules
from tests.walking import Walker

QCOW2 = {"name": "web", "disk_format": "qcow2", "container_format": "bare"}
RAW = {"name": "web", "disk_format": "raw", "container_format": "bare"}
OWNED = """#!/bin/sh
if grep -q '"os_owner"'; then
    echo '{"ok": true, "properties": {"seen_by": "the provider"}}'
else
    echo '{"ok": false, "expected": "the property os_owner", "found": "an image without it", "hint": "Set it."}'
    exit 1
fi
"""
_numbers = itertools.count(1)


class ThreadWalker(Walker):
    """Walks every task at once, on a thread of its own: whoever sends bytes waits for that."""

    def start(self, task_id: TaskId) -> None:
        super().start(task_id)
        threading.Thread(target=self.walk).start()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Scans; and takes at most 8 MiB of an upload."""
    rules = yara_rules(tmp_path_factory.mktemp("rules"))
    uploads = ImportSettings(upload=DoorSettings(max_bytes=8 << 20))
    with running_cloud(tmp_path_factory.mktemp("data"), scan_yara=str(rules), imports=uploads) as running:
        yield running


@pytest.fixture(autouse=True)
def walker(cloud: Cloud) -> ThreadWalker:
    walker = ThreadWalker(cloud.services.tasks)
    cloud.services.tasks.attach(walker)
    return walker


@pytest.fixture(scope="module")
def mine(cloud: Cloud) -> Cloud:
    return cloud.as_("mira", "demo")


@pytest.fixture(scope="module")
def stepping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """With a step of the provider's own, and no scanner."""
    step = program(tmp_path_factory.mktemp("steps") / "owned", OWNED)
    more: dict[str, Any] = {
        "steps": {"owned": StepSettings(command=(str(step),), disk=False)},
        "imports": ImportSettings(upload=DoorSettings(steps=("locate", "inspect", "owned", "publish"))),
    }
    with running_cloud(tmp_path_factory.mktemp("data"), **more) as running:
        running.services.tasks.attach(ThreadWalker(running.services.tasks))
        yield running.as_("mira", "demo")


def shown(cloud: Cloud, key: str) -> Any:
    return cloud.get(f"/v2/images/{key}").json


def tasks_of(cloud: Cloud, key: str) -> Any:
    return cloud.get(f"/v2/images/{key}/tasks").json["tasks"]


def assert_nothing_can_be_read(cloud: Cloud, key: str) -> None:
    image = shown(cloud, key)
    assert (image["status"], image["size"], image["checksum"]) == ("queued", None, None)
    reply = cloud.get(f"/v2/images/{key}/file")
    assert (reply.status, reply.body) == (204, b"")


def test_a_finding_is_refused_and_a_clean_disk_may_be_sent_instead(mine: Cloud, tmp_path: Path) -> None:
    key = made(mine, **QCOW2)["id"]
    reply = put(mine, key, disk(tmp_path, EICAR))
    assert reply.status == 400
    assert reply.json["message"].startswith(f"web: {SAID}")
    assert_nothing_can_be_read(mine, key)
    (task,) = tasks_of(mine, key)
    assert (task["status"], task["error"]["code"], task["message"]) == ("failure", "infected", reply.json["message"])
    assert [step["name"] for step in task["steps"]] == ["locate", "inspect", "scan"]
    with mine.services.images._records.reading() as session:
        assert session.quarantine.get(TaskId(task["id"])) is not None
    clean = disk(tmp_path, b"welcome\n")
    assert put(mine, key, clean).status == 204
    image = shown(mine, key)
    assert (image["status"], image["size"], image["virtual_size"]) == ("active", len(clean), 16 << 20)
    assert image["checksum"] == hashlib.md5(clean).hexdigest()
    assert image["os_hash_value"] == hashlib.sha512(clean).hexdigest()
    assert mine.get(f"/v2/images/{key}/file").body == clean
    assert [task["status"] for task in tasks_of(mine, key)] == ["success", "failure"]


def test_a_raw_disk_and_what_nobody_opens_are_scanned_too(mine: Cloud) -> None:
    for fields in (RAW, {**RAW, "container_format": "ova"}):
        key = made(mine, **fields)["id"]
        reply = put(mine, key, [mbr_disk(1 << 20), EICAR])
        assert reply.status == 400, fields
        assert "found FerryTest in the bytes from" in reply.json["message"]
        assert_nothing_can_be_read(mine, key)


def test_what_is_no_disk_is_refused_without_a_task(mine: Cloud) -> None:
    key = made(mine, **QCOW2)["id"]
    assert put(mine, key, jpeg()).status == 415
    assert tasks_of(mine, key) == []


def test_hostile_disks_are_refused_before_a_scanner_or_a_tool_sees_them(mine: Cloud, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"of the host")
    for name, hostile in TABLE.items():
        key = made(mine, name="web", disk_format=hostile.claimed, container_format="bare")["id"]
        reply = put(mine, key, hostile.make(secret))
        assert reply.status in (413, 415), name
        assert tasks_of(mine, key) == []
        assert_nothing_can_be_read(mine, key)


def test_nobody_reads_or_changes_the_bytes_while_they_are_looked_through(
    cloud: Cloud, mine: Cloud, walker: ThreadWalker, tmp_path: Path
) -> None:
    key = made(mine, **QCOW2)["id"]
    seen: list[Reply | str] = []
    admin = cloud.as_("admin", "admin")

    def look(step: str) -> None:
        if step == "scan":
            with aside(mine) as member, aside(admin) as boss:
                seen.append(shown(member, key)["status"])
                seen.extend(who.get(f"/v2/images/{key}/file") for who in (member, boss))
                seen.append(put(member, key, b"something else"))

    walker.before = look
    assert put(mine, key, disk(tmp_path, b"welcome\n")).status == 204
    status, mines, admins, again = seen
    assert status == "importing"
    assert [reply.body for reply in (mines, admins) if isinstance(reply, Reply)] == [b"", b""]
    assert isinstance(again, Reply)
    assert again.status == 409


@contextlib.contextmanager
def aside(cloud: Cloud) -> Iterator[Cloud]:
    """The same caller, from a thread of its own."""
    loop = asyncio.new_event_loop()
    try:
        yield replace(cloud, loop=loop)
    finally:
        loop.close()


def test_an_image_that_is_deleted_meanwhile_is_not_there_at_the_end(
    mine: Cloud, walker: ThreadWalker, tmp_path: Path
) -> None:
    key = made(mine, **QCOW2)["id"]

    def delete(step: str) -> None:
        if step == "scan":
            with aside(mine) as member:
                member.call("DELETE", f"/v2/images/{key}")

    walker.before = delete
    assert put(mine, key, disk(tmp_path, b"welcome\n")).status == 404
    assert mine.get(f"/v2/images/{key}").status == 404


def test_a_limit_of_uploads_alone(mine: Cloud) -> None:
    key = made(mine, **RAW)["id"]
    assert put(mine, key, mbr_disk(9 << 20)).status == 413
    assert put(mine, key, [mbr_disk(9 << 20)]).status == 413
    octets = {"content-type": "application/octet-stream"}
    assert mine.call("PUT", f"/v2/images/{key}/stage", body=mbr_disk(9 << 20), headers=octets).status == 204


def test_where_a_project_may_have_no_further_task_no_byte_is_taken(cloud: Cloud) -> None:
    admin = cloud.services.admin
    project = admin.add_project(f"crowded{next(_numbers)}")
    admin.grant(admin.user("mira"), project, Role.MEMBER)
    cloud.projects[project.name] = project  # type: ignore[index]
    mira = cloud.as_("mira", project.name)
    cloud.services.image_quotas.set_limit(ProjectId(project.id), Resource.TASKS, 0)
    key = made(mira, **RAW)["id"]
    reply = put(mira, key, mbr_disk(1 << 20), {"Expect": "100-continue"})
    assert reply.status == 413
    assert "tasks" in reply.json["message"]
    assert shown(mira, key)["status"] == "queued"


def test_a_step_of_the_providers_own_refuses_or_adds_what_it_knows(stepping: Cloud) -> None:
    key = made(stepping, **RAW)["id"]
    reply = put(stepping, key, mbr_disk(1 << 20))
    assert reply.status == 400
    assert "expected the property os_owner, found an image without it" in reply.json["message"]
    assert reply.json["message"].endswith("Set it.")
    assert_nothing_can_be_read(stepping, key)
    key = made(stepping, **RAW, os_owner="web team")["id"]
    assert put(stepping, key, mbr_disk(1 << 20)).status == 204
    assert (shown(stepping, key)["status"], shown(stepping, key)["seen_by"]) == ("active", "the provider")


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", ["locate", "inspect", "scan", "publish"])
def test_cut_off_anywhere_it_comes_out_the_same(
    mine: Cloud, walker: ThreadWalker, tmp_path: Path, step: str, moment: str
) -> None:
    cut: list[str] = []

    def cut_off(name: str) -> None:
        if name == step and not cut:
            cut.append(name)
            threading.Timer(0.05, walker.walk).start()
            raise Interrupted

    setattr(walker, moment, cut_off)
    for motd, status in ((b"welcome\n", 204), (EICAR, 400)):
        cut.clear()
        key = made(mine, **QCOW2)["id"]
        assert put(mine, key, disk(tmp_path, motd)).status == status
        assert shown(mine, key)["status"] == ("active" if status == 204 else "queued")
