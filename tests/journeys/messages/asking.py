"""Brings each case by each door to a real service, and keeps what its users read."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from gzip import compress
from html import unescape
from pathlib import Path

import yaml

from tests import own_steps
from tests.disks import mbr_disk, vmdk_stream
from tests.hostile_server import Hostile, hostile_server
from tests.journeys.clients.people import Programs
from tests.journeys.messages.cases import (
    CASES,
    MIB,
    MOST_BYTES,
    MOST_VIRTUAL,
    SOURCES,
    SUFFIXES,
    Case,
    Source,
    infected,
)
from tests.journeys.plain import Plain
from tests.peers import Peer
from tests.running import RunningService
from tests.scanners import yara_rules
from tests.small_disk import small_disk

_ORDER = '["locate", "verify", "unpack", "inspect", "scan", "policy", "convert", "check", "publish"]'
_POLICY = """\
import json, sys, time
name = json.load(sys.stdin)["image"]["name"]
if name == "orphan":
    no = {"ok": False, "expected": "a name that says whose it is", "found": name}
    print(json.dumps(no | {"hint": "Choose another."}))
    sys.exit(1)
if name == "broken":
    sys.exit("no licence server")
time.sleep({"endless": 60, "waits": 6}.get(name, 0))
print('{"ok": true}')
"""
_BADLY = ("failed", "failure", "canceled")
_ENDED = (*_BADLY, "succeeded", "success")


@dataclass(frozen=True)
class Line:
    """One row of the page. An empty text: by that door it cannot happen."""

    what: str
    openstack: str
    k5: str
    ours: str


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Somebody with a project at a service, with the clients at hand."""

    service: RunningService
    api: Plain
    peer: Peer
    programs: Programs
    folder: Path

    @classmethod
    def of(cls, service: RunningService, programs: Programs, folder: Path, user: str, project: str) -> Desk:
        place = folder / user
        place.mkdir()
        (place / "disk.raw").write_bytes(mbr_disk(MIB))
        entry = json.loads(json.dumps(service.cloud))
        entry["auth"] |= {"username": user, "password": "pw", "project_name": project}
        (place / "clouds.yaml").write_text(yaml.safe_dump({"clouds": {"imageferry": entry}}))
        return cls(
            service=service,
            api=Plain(service).log_in(user, "pw", project),
            peer=Peer.of(service, place, user, project, "pw"),
            programs=programs,
            folder=place,
        )

    def openstack(self, *words: str) -> str:
        """What it prints at the end: of a refusal its own words."""
        said = self.programs.run("openstack", list(words), self.peer.env, self.folder)
        return self.plain((said.err or said.out).strip().splitlines()[-1])

    def ours(self, *words: str) -> str:
        env = {"OS_CLIENT_CONFIG_FILE": str(self.folder / "clouds.yaml")}
        done = self.service.run(*words, check=False, env=env, cwd=self.folder)
        assert done.returncode, (words, done.stdout)
        return self.plain(done.stderr.strip().splitlines()[-1])

    def put(self, name: str, data: bytes) -> None:
        self.api.call("PUT", self.api.objects("c"), b"")
        assert self.api.call("PUT", self.api.objects(f"c/{name}"), data).status == 201

    def task(self, source: str, form: str, title: str, **more: object) -> str:
        """The id of a task that imports, or what is said instead."""
        asked = {"import_from": source, "import_from_format": form, "image_properties": {"name": title}, **more}
        reply = self.api.call("POST", "/v2/tasks", {"type": "import", "input": asked})
        return str(reply.json()["id"]) if reply.status == 201 else self.plain(_refusal(reply.body))

    def job(self, name: str, title: str, **more: object) -> str:
        asked = {"name": title, "location": self.api.objects(f"c/{name}"), "os_type": "centos", **more}
        reply = self.api.call("POST", "/v1/imageimport", asked)
        said = reply.json()
        return str(said["import_id"]) if reply.status == 201 else self.plain(_coded(said))

    def told_of_task(self, task: str) -> str:
        self._until_over(f"/v2/tasks/{task}", "status")
        return self.openstack("image", "task", "show", task, "-c", "message", "-f", "value")

    def told_of_job(self, job: str) -> tuple[str, str]:
        said = self._until_over(f"/v1/imageimport/{job}/status", "import_status")
        return self.plain(_coded(said)), self.ours("task", "wait", job)

    def plain(self, text: str) -> str:
        """Without what is another one each time."""
        text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID", text)
        text = text.replace(self.api.project_id, "PROJECT")
        text = re.sub(r"127\.0\.0\.1(:[0-9]+)?", "images.example.com", text)
        return re.sub(r"(at byte|came for) [0-9.]+", r"\1 N", text)

    def told_of_export(self, job: str) -> tuple[str, str]:
        said = self._until_over(f"/v1/imageexport/{job}/status", "export_status")
        return self.plain(_coded(said)), self.ours("task", "wait", job)

    def upload(self, data: bytes) -> str:
        """An image of its own, active; its id."""
        fields = {"name": "mine", "disk_format": "raw", "container_format": "bare"}
        key: str = self.api.call("POST", "/v2/images", fields).json()["id"]
        kind = {"Content-Type": "application/octet-stream"}
        assert self.api.call("PUT", f"/v2/images/{key}/file", data, kind).status == 204
        return key

    def _until_over(self, path: str, name: str) -> dict[str, object]:
        deadline = time.monotonic() + 120
        while True:
            said: dict[str, object] = self.api.call("GET", path).json()
            if said[name] in _ENDED:
                assert said[name] in _BADLY, said
                return said
            assert time.monotonic() < deadline, said
            time.sleep(0.1)


def lines(folder: Path, programs: Programs) -> Iterator[Line]:
    """Every row of the page, asked anew."""
    with _service(folder, folder / "data") as (service, server):
        people = {"mira": "web", "rex": "web", "otto": "full", "ursa": "sent"}
        for user, project in people.items():
            service.add_user(user, project, role="reader" if user == "rex" else "member")
        mira, rex, otto, ursa = (Desk.of(service, programs, folder, user, project) for user, project in people.items())
        for number, case in enumerate(CASES):
            yield _of_case(mira, case, f"web{number}" if number else "web")
        for source in SOURCES:
            yield _of_source(mira, server, source)
        yield _of_nothing(mira)
        yield _of_what_went(mira)
        yield _of_what_is_sent(ursa)
        yield _of_what_was_called_off(ursa)
        yield _of_one_too_many(otto)
        yield _of_no_right(mira, rex)
    with small_disk(folder / "small", 64) as tight, _service(folder, tight / "data") as (service, _):
        service.add_user("tina", "tight")
        yield _of_no_room(Desk.of(service, programs, folder, "tina", "tight"), folder)


@contextmanager
def _service(folder: Path, data: Path) -> Iterator[tuple[RunningService, Hostile]]:
    policy = own_steps.program(folder / "policy", f"#!{sys.executable}\n{_POLICY}")
    config = folder / "service.toml"
    doors = "".join(
        f"[imports.{door}]\nmax_bytes = {MOST_BYTES}\nmax_virtual_bytes = {MOST_VIRTUAL}\nsteps = {_ORDER}\n"
        for door in ("k5", "tasks")
    )
    config.write_text(
        'task_concurrency = 1\nproject_images = 3\nfetch_networks = ["127.0.0.1"]\n'
        "fetch_ports = []\nfetch_stall_s = 1\n"
        f'scan_yara = "{yara_rules(folder / "rules")}"\n[[regions]]\nname = "RegionOne"\nprofile = "C"\n{doors}'
        f'[steps.policy]\ncommand = ["{policy}"]\ndisk = false\nlimit_s = 10\n'
    )
    with ExitStack() as stack:
        server = stack.enter_context(hostile_server())
        service = RunningService(data=data, config=config).start()
        stack.callback(service.stop)
        yield service, server


def _of_case(desk: Desk, case: Case, name: str) -> Line:
    data = case.data()
    kept = name + SUFFIXES[case.form] if case.by_k5 else f"{name}.ova"
    packs = case.by_k5 and case.form != "vmdk" and not case.packed
    desk.put(kept, compress(data, mtime=0) if packs else data)
    openstack = desk.told_of_task(
        desk.task(f"c/{kept}", case.form, case.title, **_some(verify=dict(case.verify), convert_to=case.to))
    )
    if not case.by_k5:
        return Line(case.what, openstack, "", "")
    return Line(case.what, openstack, *desk.told_of_job(desk.job(kept, case.title, **_some(checksum=case.checksum))))


def _of_source(desk: Desk, server: Hostile, source: Source) -> Line:
    url = source.path if source.play is None else server.serves(source.path, source.play)
    told = desk.task(url, "raw", "web")
    openstack = desk.told_of_task(told) if re.fullmatch(r"[0-9a-f-]{36}", told) else told
    return Line(source.what, openstack, "", "")


def _of_nothing(desk: Desk) -> Line:
    openstack, k5 = desk.task("c/nothing.vmdk", "vmdk", "web"), desk.job("nothing.vmdk", "web")
    return Line("no such object", openstack, k5, desk.ours("object", "get", "c", "nothing.vmdk"))


def _of_what_went(desk: Desk) -> Line:
    """The object goes while the import waits for its turn."""
    desk.put("short.vmdk", vmdk_stream())
    first = desk.job("short.vmdk", "waits")
    while desk.api.call("GET", f"/v1/imageimport/{first}/status").json()["import_status"] == "queued":
        time.sleep(0.1)
    task, job = desk.task("c/short.vmdk", "vmdk", "web"), desk.job("short.vmdk", "web")
    assert desk.api.call("DELETE", desk.api.objects("c/short.vmdk")).status == 204
    return Line("an object that is deleted meanwhile", desk.told_of_task(task), *desk.told_of_job(job))


def _of_what_is_sent(desk: Desk) -> Line:
    """Straight into an image, by clients of that API."""
    (desk.folder / "bad.raw").write_bytes(infected())
    openstack = desk.openstack("image", "create", "--disk-format", "raw", "--file", "bad.raw", "bad")
    return Line("something that a scanner objects to, in an upload", openstack, "", desk.ours("push", "bad.raw"))


def _of_what_was_called_off(desk: Desk) -> Line:
    """An export that waits for its turn: of what is imported nothing can be called off."""
    image = desk.upload(mbr_disk(MIB))
    desk.put("short.vmdk", vmdk_stream())
    first = desk.job("short.vmdk", "waits")
    while desk.api.call("GET", f"/v1/imageimport/{first}/status").json()["import_status"] == "queued":
        time.sleep(0.1)
    asked = {"image_id": image, "storage_container": desk.api.objects("c")}
    job = str(desk.api.call("POST", "/v1/imageexport", asked).json()["export_id"])
    assert desk.api.call("POST", f"/v1/imageexport/{job}/cancel").status == 200
    return Line("an export that is called off", desk.told_of_task(job), *desk.told_of_export(job))


def _of_one_too_many(desk: Desk) -> Line:
    for name in ("one", "two", "three"):
        assert desk.api.call("POST", "/v2/images", {"name": name}).status == 201
    desk.put("web.vmdk", vmdk_stream())
    openstack = desk.openstack("image", "create", "four")
    return Line(
        "more images than a project may keep", openstack, desk.job("web.vmdk", "four"), desk.ours("push", "disk.raw")
    )


def _of_no_right(owner: Desk, reader: Desk) -> Line:
    owner.put("web.vmdk", vmdk_stream())
    openstack = reader.openstack("image", "create", "mine")
    return Line("no right to make images", openstack, reader.job("web.vmdk", "web"), reader.ours("push", "disk.raw"))


def _of_no_room(desk: Desk, folder: Path) -> Line:
    """The packed disk is small, and the other one does not fit."""
    made = folder / "full.vmdk"
    content = folder / "full.raw"
    content.write_bytes(mbr_disk(MIB) + bytes(range(256)) * (120 * 4096))
    options = ["-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized"]
    subprocess.run(["qemu-img", "convert", *options, content, made], check=True)
    desk.put("full.vmdk", made.read_bytes())
    task = desk.task("c/full.vmdk", "vmdk", "full", convert_to="raw")
    openstack = desk.told_of_task(task)
    return Line("no room on the service's disk", openstack, *desk.told_of_job(desk.job("full.vmdk", "full")))


def _refusal(body: bytes) -> str:
    """What stands on the page that Glance refuses with."""
    text = re.sub(r"<title>.*?</title>|<h1>.*?</h1>|</?(html|head|body|br)[^>]*>", " ", body.decode(), flags=re.DOTALL)
    return " ".join(unescape(text).split())


def _coded(said: Mapping[str, object]) -> str:
    return f"{said['error_code']}: {said['error_message']}"


def _some(**more: object) -> dict[str, object]:
    return {name: value for name, value in more.items() if value}
