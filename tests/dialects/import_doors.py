"""Every door by which a disk may become an image, as a function: bytes in, everything that is answered out."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.dialects.openstack_service import Cloud, Reply
from tests.hostile_server import Hostile, file_of
from tests.walking import Walker

K5_HOST = "vmimport.jp-east-3.cloud.global.fujitsu.com"
_OCTETS = {"Content-Type": "application/octet-stream"}
_numbers = itertools.count(1)


@dataclass
class Visit:
    """One disk at one door, and all that came back."""

    cloud: Cloud
    walker: Walker
    server: Hostile
    answers: list[Reply] = field(default_factory=list)
    before_walking: Callable[[str], None] = lambda _: None  # told where the bytes are, as the door names it
    status: str | None = None  # of the image; None: there is none
    image: str = ""
    message: str = ""
    code: str = ""

    def ask(self, method: str, target: str, document: object = None, **options: Any) -> Reply:
        reply = self.cloud.call(method, target, document, **options)
        self.answers.append(reply)
        return reply

    @property
    def account(self) -> str:
        return f"/v1/AUTH_{self.cloud.projects['demo'].id}"

    def queued(self, disk_format: str) -> str:
        kinds = {"disk_format": disk_format, "container_format": "bare"}
        self.image = self.ask("POST", "/v2/images", {"name": "web", **kinds}).json["id"]
        return f"/v2/images/{self.image}"

    def stored(self, name: str, data: bytes) -> str:
        """As an object: these are bytes like any others, and come back as they are."""
        self.ask("PUT", f"{self.account}/c")
        assert self.ask("PUT", f"{self.account}/c/{name}", body=data).status == 201
        assert self.cloud.get(f"{self.account}/c/{name}").body == data
        return f"{self.account}/c/{name}"

    def walk(self, where: str) -> None:
        self.before_walking(where)
        self.walker.walk()

    def end_of_image(self) -> None:
        """What is told of an image and of its tasks, and what can be read of it."""
        key = f"/v2/images/{self.image}"
        shown = self.ask("GET", key)
        self.status = shown.json["status"] if shown.status == 200 else None
        self.ask("GET", f"{key}/file")
        tasks = self.ask("GET", f"{key}/tasks")
        if tasks.status == 200 and tasks.json["tasks"]:
            self._told(tasks.json["tasks"][0])

    def end_of_task(self, target: str) -> None:
        task = self.ask("GET", target).json
        self._told(task)
        if task["result"]:
            self.image = task["result"]["image_id"]
            self.end_of_image()

    def _told(self, task: Mapping[str, Any]) -> None:
        self.message = task["message"]
        self.code = (task["error"] or {}).get("code", "")


def upload(visit: Visit, data: bytes, disk_format: str) -> None:
    key = visit.queued(disk_format)
    reply = visit.ask("PUT", f"{key}/file", headers=_OCTETS, body=data)
    visit.end_of_image()
    if reply.status >= 300:
        visit.message, visit.code = reply.body.decode(), str(reply.status)


def stage(visit: Visit, data: bytes, disk_format: str) -> None:
    key = visit.queued(disk_format)
    reply = visit.ask("PUT", f"{key}/stage", headers=_OCTETS, body=data)
    if reply.status != 204:  # the first bytes forbade it
        visit.end_of_image()
        visit.message, visit.code = reply.body.decode(), str(reply.status)
        return
    assert visit.ask("POST", f"{key}/import", {"method": {"name": "glance-direct"}}).status == 202
    visit.walk(f"{key}/stage")
    visit.end_of_image()


def web_download(visit: Visit, data: bytes, disk_format: str) -> None:
    key = visit.queued(disk_format)
    uri = visit.server.serves("/web", file_of(data))
    assert visit.ask("POST", f"{key}/import", {"method": {"name": "web-download", "uri": uri}}).status == 202
    visit.walk("/web")
    visit.end_of_image()


def task_from_url(visit: Visit, data: bytes, disk_format: str) -> None:
    _task(visit, visit.server.serves("/web", file_of(data)), disk_format, "/web")


def task_from_object(visit: Visit, data: bytes, disk_format: str) -> None:
    name = f"disk-{next(_numbers)}"
    _task(visit, f"c/{name}", disk_format, visit.stored(name, data))


def task_of_any_format(visit: Visit, data: bytes, disk_format: str) -> None:
    """Nobody says what it is."""
    name = f"disk-{next(_numbers)}"
    _task(visit, f"c/{name}", "", visit.stored(name, data))


def _task(visit: Visit, source: str, disk_format: str, where: str) -> None:
    asked = {"import_from": source, "import_from_format": disk_format, "image_properties": {"name": "web"}}
    reply = visit.ask("POST", "/v2/tasks", {"type": "import", "input": asked})
    assert reply.status == 201, reply.body
    visit.walk(where)
    visit.end_of_task(f"/v2/tasks/{reply.json['id']}")


def k5(visit: Visit, data: bytes, disk_format: str) -> None:
    """Formats go by names there, and all but VMDK come packed."""
    ends = {"raw": ".img.gz", "qcow2": ".qcow2.gz"}
    name = f"disk-{next(_numbers)}{ends.get(disk_format, '.vmdk')}"
    is_packed = data.startswith((b"\x1f\x8b", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"PK\3\4")) and b"EFI PART" not in data
    place = visit.stored(name, gzip.compress(data, 1) if disk_format in ends and not is_packed else data)
    body = {"name": "web", "location": place, "os_type": "centos"}
    reply = visit.ask("POST", "/v1/imageimport", body, host=K5_HOST)
    assert reply.status == 201, reply.body
    visit.walk(place)
    status = visit.ask("GET", f"/v1/imageimport/{reply.json['import_id']}/status", host=K5_HOST).json
    visit.image = status["id"]
    visit.end_of_image()
    visit.message, visit.code = status.get("error_message") or "", status.get("error_code", "")


DOORS: dict[str, Callable[[Visit, bytes, str], None]] = {
    "upload": upload,
    "stage": stage,
    "web-download": web_download,
    "task from a URL": task_from_url,
    "task from an object": task_from_object,
    "task of any format": task_of_any_format,
    "K5": k5,
}
