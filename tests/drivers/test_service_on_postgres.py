"""The whole service on PostgreSQL: upload, import, kill -9, restart."""

from __future__ import annotations

import hashlib
import random
import time
from pathlib import Path

from imageferry.db.engine import open_engine
from imageferry.db.migrate import upgrade
from imageferry.db.records import SqlRecords
from imageferry.domain.access import IMPLIED, Caller, ProjectId, Role, UserId
from imageferry.domain.object import ListingQuery, ObjectVersion
from imageferry.domain.versioning import Archiving, VersioningChange
from imageferry.ports.clock import system_clock
from imageferry.service.blobs import Blobs
from imageferry.service.objects import Objects, Traits
from imageferry.service.objects.containers import Containers
from imageferry.stores.memory import MemoryBlocks
from tests.contracts.records_things import run_at_once
from tests.dialects.openstack_service import running_cloud
from tests.disks import mbr_disk
from tests.journeys.plain import Plain, stream_optimized
from tests.running import RunningService

MIB = 1 << 20


def test_uploads_and_imports_survive_a_kill_on_postgresql_too(postgres_url: str, tmp_path: Path) -> None:
    urls = {"IMAGEFERRY_DATABASE_URL": postgres_url, "IMAGEFERRY_TASKS_URL": f"{postgres_url}_tasks"}
    service = RunningService(data=tmp_path / "data", env=urls).start()
    try:
        raw = mbr_disk(3 * MIB) + random.Random(1).randbytes(2 * MIB)
        disk = stream_optimized(raw, tmp_path)
        service.admin("project", "add", "travel")
        service.admin("user", "add", "mira", "--password", "pw", "--project", "travel", "--role", "member")
        api = Plain(service).log_in("mira", "pw", "travel")
        assert api.call("PUT", api.objects("c"), b"").status == 201
        assert api.call("PUT", api.objects("c/é d.vmdk".replace(" ", "%20").replace("é", "%C3%A9")), disk).status == 201
        location = f"/v1/AUTH_{api.project_id}/c/é d.vmdk"
        asked = {"name": "web", "location": location, "os_type": "centos", "min_disk": 1}
        imports = [api.call("POST", "/v1/imageimport", asked).json()["import_id"] for _ in range(3)]
        service.kill()
        service.start()
        assert {_end_of(api, import_id) for import_id in imports} == {"succeeded"}
        images = api.call("GET", "/v2/images").json()["images"]
        assert [image["checksum"] for image in images] == [hashlib.md5(raw).hexdigest()] * 3
        assert api.call("GET", f"/v2/images/{images[0]['id']}/file").body == raw
        assert service.run("verify", "--data", str(service.data)).returncode == 0
        assert service.stop() == 0
        assert postgres_url not in service.log()
    finally:
        if service.process is not None:
            service.kill()


def test_names_that_postgresql_cannot_be_asked_for_are_nobodys_accounts(postgres_url: str, tmp_path: Path) -> None:
    with running_cloud(tmp_path, database_url=postgres_url) as cloud:
        mira, demo = cloud.as_("mira", "demo"), cloud.projects["demo"].id
        wish = {"uuids": ["a\0b", demo], "displaynames": ["\0", "demo"]}
        reply = mira.call("POST", "/account/v1.0/user_catalogs", wish)
    assert reply.json == {"uuid_catalog": {demo: "demo"}, "displayname_catalog": {"demo": demo}}


def test_changes_of_one_account_at_the_same_time_lose_nothing(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    upgrade(engine)
    records = SqlRecords(engine)
    containers = Containers(records, system_clock)
    member = Caller(user_id=UserId("mira"), project_id=ProjectId("p"), roles=IMPLIED[Role.MEMBER])

    def work(writer: int) -> None:
        for number in range(10):
            containers.change_account(member, member.project, {f"{writer}-{number}": "x"})

    try:
        run_at_once(work, 4)
        assert len(containers.account(member, member.project).metadata) == 40
    finally:
        records.close()


def test_writers_of_one_name_at_the_same_time_make_a_version_each(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    upgrade(engine)
    records = SqlRecords(engine)
    blobs = Blobs(MemoryBlocks(), records, system_clock)
    objects = Objects(records, blobs, system_clock)
    member = Caller(user_id=UserId("mira"), project_id=ProjectId("p"), roles=IMPLIED[Role.MEMBER])
    traits = Traits(metadata={}, headers={})
    objects.create_container(member, member.project, "c", {}, versioning=VersioningChange(enabled=True))

    def work(writer: int) -> None:
        for number in range(10):
            with objects.upload(member, member.project, "c", "f", traits=traits) as upload:
                upload.write(f"{writer}-{number}".encode())
                upload.commit()
            if number % 4 == writer:
                objects.delete(member, member.project, "c", "f")

    try:
        run_at_once(work, 4)
        container, rows = objects.versions(member, member.project, "c", ListingQuery())
        kept = [row for row in rows if isinstance(row, ObjectVersion)]
        assert len({row.id for row in kept}) == len(kept)
        assert sum(row.item is not None for row in kept) == 40
        assert sum(row.is_latest for row in kept) == 1
        assert container.bytes_used == 40 * 3
    finally:
        blobs.close()
        records.close()


def test_containers_that_archive_into_each_other_do_not_wait_for_each_other(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    upgrade(engine)
    records = SqlRecords(engine)
    blobs = Blobs(MemoryBlocks(), records, system_clock)
    objects = Objects(records, blobs, system_clock)
    member = Caller(user_id=UserId("mira"), project_id=ProjectId("p"), roles=IMPLIED[Role.MEMBER])
    traits = Traits(metadata={}, headers={})
    names = ["a", "b"]
    for name, archive in zip(names, reversed(names), strict=True):
        change = VersioningChange(archive=archive, archiving=Archiving.HISTORY)
        objects.create_container(member, member.project, name, {}, versioning=change)

    def work(writer: int) -> None:
        place = (member.project, names[writer % 2], f"f{writer}")
        for number in range(12):
            with objects.upload(member, *place, traits=traits) as upload:
                upload.write(b"x")
                upload.commit()
            if number % 3 == 2:
                objects.delete(member, *place)

    try:
        run_at_once(work, 4)
        shown = [objects.listing(member, member.project, name, ListingQuery())[0] for name in names]
        # Of each writer: 12 states that went, and 4 marks that say so.
        assert [container.object_count for container in shown] == [2 * (12 + 4)] * 2
    finally:
        blobs.close()
        records.close()


def _end_of(api: Plain, import_id: str) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        status = str(api.call("GET", f"/v1/imageimport/{import_id}/status").json()["import_status"])
        if status in ("succeeded", "failed"):
            return status
        time.sleep(0.1)
    raise AssertionError(f"import {import_id} is stuck")
