"""The K5 calls without a socket, over the whole service; tasks are walked when a test says so."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imageferry import bootstrap
from imageferry.domain.access import Caller, Role
from imageferry.domain.object import ListingQuery
from imageferry.domain.region import Region
from imageferry.service.objects import Traits
from imageferry.settings import Settings
from tests.dialects.openstack_service import Clock, Cloud, Reply
from tests.disks import mbr_disk
from tests.walking import Walker

PART = 256 << 10  # bytes, of an exported disk
CONTAINER = "images"

REGIONS = (
    Region(name="uk-1", profile="B"),
    Region(name="uk-9", profile="B", strict=True),
    Region(name="fi-1", profile="A"),
    Region(name="fi-9", profile="A", strict=True),
    Region(name="jp-east-3", profile="C"),
    Region(name="jp-west-3", profile="C", strict=True),
    Region(name="old-1", profile="B", text_numbers=True),
)

_names = itertools.count(1)


@dataclass
class K5:
    """A caller in a project, and the region that it calls."""

    house: bootstrap.House
    walker: Walker
    cloud: Cloud
    region: str = "uk-1"
    service: str = "vmimport"

    def at(self, region: str, service: str = "vmimport") -> K5:
        return K5(self.house, self.walker, self.cloud, region, service)

    def as_(self, user: str | None, project: str | None = None) -> K5:
        return K5(self.house, self.walker, self.cloud.as_(user, project), self.region, self.service)

    def fresh(self) -> K5:
        """Mira, in a project that nobody has used."""
        admin = self.house.services.admin
        name = f"project {next(_names)}"
        project = admin.add_project(name)
        for user, role in (("mira", Role.MEMBER), ("rita", Role.READER)):
            admin.grant(admin.user(user), project, role)
        self.cloud.projects[name] = project  # type: ignore[index]
        return self.as_("mira", name)

    def reader(self) -> K5:
        """Rita, who may only look, in the same project."""
        name = next(name for name, project in self.cloud.projects.items() if project.id == self.project)
        return self.as_("rita", name)

    @property
    def caller(self) -> Caller:
        return self.house.services.identity.caller(self.cloud.token or "")

    @property
    def project(self) -> str:
        return self.caller.project

    def call(self, method: str, target: str, document: object = None, **options: Any) -> Reply:
        host = f"{self.service}.{self.region}.cloud.global.fujitsu.com"
        reply = self.cloud.call(method, target, document, host=host, **options)
        assert b"\n" not in reply.body  # old shell clients read one line
        return reply

    def place(self, name: str = "", *, container: str = CONTAINER, version: str = "v1") -> str:
        return f"/{version}/AUTH_{self.project}/{container}" + (f"/{name}" if name else "")

    def container(self, name: str) -> str:
        self.house.services.objects.create_container(self.caller, self.caller.project, name, {})
        return name

    def put(self, name: str, data: bytes, *, container: str = CONTAINER, manifest: str | None = None) -> str:
        """Store an object; returns its place."""
        objects = self.house.services.objects
        caller = self.caller
        self.container(container)
        traits = Traits(metadata={}, headers={}, manifest=manifest)
        with objects.upload(caller, caller.project, container, name, traits=traits) as upload:
            upload.write(data)
            upload.commit()
        return self.place(name, container=container)

    def read(self, name: str, *, container: str = CONTAINER) -> bytes:
        objects = self.house.services.objects
        caller = self.caller
        return b"".join(objects.read(objects.open(caller, caller.project, container, name)))

    def names(self, container: str) -> list[str]:
        caller = self.caller
        _, rows = self.house.services.objects.listing(caller, caller.project, container, ListingQuery())
        return [row.name for row in rows]

    def body(self, **changes: Any) -> dict[str, Any]:
        """What this region's profile wants, for an object that is there; None removes a field."""
        body: dict[str, Any] = {"name": "web base 3", "location": self.place("web.vmdk"), "os_type": "centos"}
        if self.region == "jp-west-3":
            body["location"] = self.place("web.vmdk", version="v2")
        if self.region == "fi-9":
            body |= {
                "id": f"9d0c7f7e-1d2b-4c3a-8b5e-{next(_names):012d}",
                "conversion": True,
                "disk_format": "raw",
                "user_name": "mira",
                "password": "cHcgb2YgbWlyYQ==",
                "domain_name": "Default",
            }
        return {name: value for name, value in (body | changes).items() if value is not None}

    def start(self, **changes: Any) -> Reply:
        return self.call("POST", "/v1/imageimport", self.body(**changes))

    def imported(self, **changes: Any) -> dict[str, Any]:
        """Ask for an import, walk it, and say what became of it."""
        reply = self.start(**changes)
        assert reply.status == 201, reply.body
        assert list(reply.json) == ["import_id"]
        self.walker.walk()
        return self.status(reply.json["import_id"])

    def status(self, import_id: str, *, kind: str = "imageimport") -> dict[str, Any]:
        reply = self.call("GET", f"/v1/{kind}/{import_id}/status")
        assert reply.status == 200, reply.body
        document: dict[str, Any] = reply.json
        return document

    def image(self, name: str = "web base 3") -> str:
        """The id of a fresh image of this project."""
        self.put("for-export.vmdk", small_vmdk())
        made = self.imported(location=self.place("for-export.vmdk"), name=name)
        assert made["import_status"] == "succeeded", made
        return str(made["id"])

    def export(self, image_id: str, container: str) -> Reply:
        body = {"image_id": image_id, "storage_container": self.place(container=container)}
        return self.call("POST", "/v1/imageexport", body)


def code_of(reply: Reply) -> str:
    """The code of a refusal, whose form is looked at on the way."""
    document: Mapping[str, str] = reply.json
    assert set(document) == {"error_code", "error_message", "message"}
    assert document["error_message"] == document["message"] != ""
    assert document["error_code"][:3] == str(reply.status)
    return document["error_code"]


@contextlib.contextmanager
def running_k5(folder: Path, regions: tuple[Region, ...] = REGIONS) -> Iterator[K5]:
    """The service with the users mira (demo), rita (demo, reader), alex (alt) and nobody, who has no project."""
    clock = Clock()
    settings = Settings(data=str(folder), store="memory", regions=regions, export_part_bytes=PART)
    house = bootstrap.build(settings, clock=clock)
    admin = house.services.admin
    admin.first_start("pw of admin", lambda _: None)
    projects = {"admin": admin.project("admin"), "demo": admin.add_project("demo"), "alt": admin.add_project("alt")}
    users = {"admin": admin.user("admin").id}
    rows = (("mira", "demo", Role.MEMBER), ("rita", "demo", Role.READER), ("alex", "alt", Role.MEMBER))
    for name, project, role in rows:
        user = admin.add_user(name, f"pw of {name}", default_project=projects[project].id)
        admin.grant(user, projects[project], role)
        users[name] = user.id
    users["nobody"] = admin.add_user("nobody", "pw of nobody").id
    walker = Walker(house.services.tasks)
    house.services.tasks.attach(walker)
    edge = bootstrap.edge(house)
    loop = asyncio.new_event_loop()
    cloud = Cloud(edge, house.services, clock, loop, projects, users)
    try:
        yield K5(house, walker, cloud)
    finally:
        edge.close()
        loop.close()
        house.close()


# -- exports ---------------------------------------------------------------


def started(k5: K5, image_id: str, container: str = "out") -> str:
    reply = k5.export(image_id, container)
    assert reply.status == 201, reply.body
    assert list(reply.json) == ["export_id"]
    return str(reply.json["export_id"])


def exported(k5: K5, image_id: str, container: str = "out") -> dict[str, Any]:
    export_id = started(k5, image_id, container)
    k5.walker.walk()
    return k5.status(export_id, kind="imageexport")


def as_raw(vmdk: bytes, folder: Path) -> bytes:
    (folder / "x.vmdk").write_bytes(vmdk)
    command = ["qemu-img", "convert", "-f", "vmdk", "-O", "raw", str(folder / "x.vmdk"), str(folder / "x.raw")]
    subprocess.run(command, check=True, capture_output=True)
    return (folder / "x.raw").read_bytes()


def no_parts(k5: K5) -> bool:
    reply = k5.call("GET", f"/v1/AUTH_{k5.project}/out_segments")
    return reply.status == 404 or not reply.body


def cancel(k5: K5, export_id: str) -> Reply:
    return k5.call("POST", f"/v1/imageexport/{export_id}/cancel")


# -- real disks --------------------------------------------------------------


def small_raw() -> bytes:
    """A disk of 3 MiB with a partition table, some bytes that cannot be packed, and a hole."""
    return mbr_disk(1 << 20) + random.Random(7).randbytes(700 * 1024) + bytes((3 << 20) - (1 << 20) - 700 * 1024)


_made: dict[str, bytes] = {}


def converted(raw: bytes, driver: str, options: str = "") -> bytes:
    """The disk in another format, as qemu-img writes it."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "raw", Path(folder) / "target"
        source.write_bytes(raw)
        command = ["qemu-img", "convert", "-f", "raw", "-O", driver, *(("-o", options) if options else ())]
        subprocess.run([*command, str(source), str(target)], check=True, capture_output=True)
        return target.read_bytes()


def small_vmdk() -> bytes:
    """The same disk, streamOptimized."""
    if "vmdk" not in _made:
        _made["vmdk"] = converted(small_raw(), "vmdk", "subformat=streamOptimized")
    return _made["vmdk"]
