"""The request sequences of two old K5 tools, replayed byte by byte against a running service.

One is k5-image-import, whose storage library sends token and password at once; the other is a
shell script that uploads in segments. They speak to hosts of their region, which here are one
process, and choose addresses by the names of endpoints in the catalog.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import socket
import subprocess
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from imageferry.bootstrap import open_records
from imageferry.db.passwords import Argon2
from imageferry.domain.access import Role
from imageferry.service.identity_admin import IdentityAdmin
from imageferry.settings import Settings
from tests.disks import mbr_disk
from tests.journeys.plain import stream_optimized
from tests.running import RunningService

CONTRACT = "Ab3dEfgh"
DOMAIN = "cloud.global.fujitsu.com"
URL = f"https://{{service}}.{{region}}.{DOMAIN}"
PART = 300_000  # bytes, of an upload in segments


@dataclass(frozen=True)
class Reply:
    """What came back, as a shell script has it: the head as text, the body as bytes."""

    head: str
    body: bytes

    @property
    def status(self) -> int:
        return int(self.head.split(" ", 2)[1])

    @property
    def json(self) -> Any:
        assert b"\n" not in self.body  # scripts parse one line
        return json.loads(self.body)

    def header(self, name: str) -> str:
        lines = [line.partition(": ") for line in self.head.split("\r\n")[1:]]
        return next(value for found, _, value in lines if found.lower() == name.lower())


@dataclass
class Wire:
    """Requests to the hosts of a region, which all lead to one socket."""

    listen: str
    region: str

    def send(self, method: str, service: str, path: str, *headers: str, body: bytes | None = None) -> Reply:
        """Exactly these bytes. ``path`` is not encoded."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {service}.{self.region}.{DOMAIN}", *headers]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        lines.append("Connection: close")
        host, _, port = self.listen.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + (body or b""))
            answer = b""
            while part := connection.recv(1 << 16):
                answer += part
        head, _, rest = answer.partition(b"\r\n\r\n")
        return Reply(head.decode("latin-1"), rest)

    def log_in(self, user: str, project: str, *methods: str, token: str = "") -> tuple[str, dict[str, Any]]:
        identity: dict[str, Any] = {"methods": list(methods)}
        if "password" in methods:
            identity["password"] = {"user": {"domain": {"name": CONTRACT}, "name": user, "password": "pw"}}
        if "token" in methods:
            identity["token"] = {"id": token}
        body = json.dumps({"auth": {"identity": identity, "scope": {"project": {"id": project}}}}).encode()
        headers = ["Content-Type: application/json"] + ([f"X-Auth-Token: {token}"] if token else [])
        reply = self.send("POST", "identity", "/v3/auth/tokens", *headers, body=body)
        assert reply.status == 201, reply
        return reply.header("X-Subject-Token"), reply.json["token"]


@dataclass(frozen=True)
class Place:
    """The running service, two projects of one contract, and a disk."""

    service: RunningService
    ours: str
    theirs: str
    raw: bytes
    vmdk: bytes


@pytest.fixture(scope="module", params=["lenient", "strict"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("old-tools")
    strict = request.param == "strict"
    regions = [
        {"name": "uk-1", "profile": "B", "strict": strict, "url": URL},
        {"name": "fi-1", "profile": "A", "strict": strict, "url": URL},
    ]
    service = RunningService(data=folder / "data", env={"IMAGEFERRY_REGIONS": json.dumps(regions)}).start()
    records = open_records(Settings(data=str(service.data)))
    admin = IdentityAdmin(records, Argon2())
    admin.add_domain(CONTRACT)
    ours = admin.add_project(f"{CONTRACT}-prj", domain=CONTRACT)
    theirs = admin.add_project("second", domain=CONTRACT)
    for name, project in (("mira", ours), ("sam", theirs)):
        user = admin.add_user(name, "pw", domain=CONTRACT, default_project=project.id)
        admin.grant(user, project, Role.MEMBER)
    records.close()
    raw = mbr_disk(1 << 20) + random.Random(3).randbytes(700_000) + bytes((3 << 20) - (1 << 20) - 700_000)
    yield Place(service, ours.id, theirs.id, raw, stream_optimized(raw, folder))
    service.stop()


def service_of(catalog: list[dict[str, Any]], name: str, region: str) -> tuple[str, str]:
    """Host label and path of the first endpoint that bears the name: how those clients looked it up."""
    endpoint = next(entry["endpoints"][0] for entry in catalog if entry["endpoints"][0]["name"] == name)
    assert (endpoint["interface"], endpoint["region"], endpoint["region_id"]) == ("public", region, region)
    parts = urlsplit(endpoint["url"])
    assert (parts.hostname or "").endswith(f".{region}.{DOMAIN}")
    return (parts.hostname or "").partition(".")[0], parts.path


def polled(wire: Wire, host: str, token: str, import_id: str) -> dict[str, Any]:
    """Ask until it ends; every answer on the way has what those clients read."""
    end = time.monotonic() + 60
    while True:
        reply = wire.send("GET", host, f"/v1/imageimport/{import_id}/status", f"X-Auth-Token: {token}")
        assert reply.status == 200
        status: dict[str, Any] = reply.json
        assert {"import_status", "progress", "id", "name", "min_ram", "min_disk"} <= set(status)
        if status["import_status"] in ("succeeded", "failed"):
            return status
        assert status["import_status"] in ("queued", "processing")
        assert time.monotonic() < end, status
        time.sleep(0.2)


@pytest.mark.parametrize("region", ["uk-1", "fi-1"])
def test_k5_image_import(place: Place, region: str) -> None:
    wire = Wire(place.service.listen, region)
    token, said = wire.log_in("mira", place.ours, "password")
    token, said = wire.log_in("mira", place.ours, "token", "password", token=token)
    assert said["project"]["id"] == place.ours
    auth = f"X-Auth-Token: {token}"
    storage, account = service_of(said["catalog"], "objectstorage", region)
    assert account == f"/v1/AUTH_{place.ours}"

    assert wire.send("PUT", storage, f"{account}/images", auth, body=b"").status in (201, 202)
    assert wire.send("PUT", storage, f"{account}/images", auth, body=b"").status == 202
    name = f"web-{region}.vmdk"
    assert wire.send("HEAD", storage, f"{account}/images/{name}", auth).status == 404
    stored = wire.send(
        "PUT", storage, f"{account}/images/{name}", auth, "Content-Type: application/octet-stream", body=place.vmdk
    )
    assert stored.status == 201
    assert stored.header("Etag").strip('"') == hashlib.md5(place.vmdk).hexdigest()

    host, path = service_of(said["catalog"], "vmimport", region)
    body: dict[str, Any] = {
        "name": "web base 3",
        "location": f"{account}/images/{name}",
        "os_type": "centos",
        "min_ram": "512",
        "min_disk": "1",
        "checksum": hashlib.sha1(place.vmdk).hexdigest(),
    }
    image_id = str(uuid.uuid4())
    if region == "fi-1":
        body = {
            "id": image_id,
            **body,
            "conversion": True,
            "disk_format": "raw",
            "container_format": "bare",
            "user_name": "mira",
            "password": base64.b64encode(b"pw").decode(),
            "domain_name": CONTRACT,
        }
    else:
        body |= {"ovf_location": "", "kms": {"activate": True}, "server_info": "x"}
    asked = wire.send(
        "POST", host, f"{path}/v1/imageimport", auth, "Content-Type: application/json", body=json.dumps(body).encode()
    )
    assert (asked.status, list(asked.json)) == (201, ["import_id"])
    done = polled(wire, host, token, asked.json["import_id"])
    assert done["import_status"] == "succeeded", done
    assert (done["size"], done["owner"], done["status"]) == (len(place.raw), place.ours, "active")
    assert (done["min_ram"], done["min_disk"]) == (512, 1)
    if region == "fi-1":
        assert (done["id"], done["password"], done["user_name"]) == (image_id, "*", "mira")

    glance, _ = service_of(said["catalog"], "image", region)
    member = json.dumps({"member": place.theirs}).encode()
    offered = wire.send("POST", glance, f"/v2/images/{done['id']}/members", auth, body=member)
    assert (offered.status, offered.json["status"]) == (200, "pending")
    assert wire.send("POST", glance, f"/v2/images/{done['id']}/members", auth, body=member).status == 409
    second, _ = wire.log_in("sam", place.theirs, "password")
    accepted = wire.send(
        "PUT",
        glance,
        f"/v2/images/{done['id']}/members/{place.theirs}",
        f"X-Auth-Token: {second}",
        body=b'{"status":"accepted"}',
    )
    assert (accepted.status, accepted.json["status"]) == (200, "accepted")
    seen = wire.send("GET", glance, f"/v2/images/{done['id']}/file", f"X-Auth-Token: {second}")
    assert seen.body == place.raw


@pytest.mark.parametrize("region", ["uk-1", "fi-1"])
def test_the_segment_script(place: Place, region: str) -> None:
    wire = Wire(place.service.listen, region)
    token, said = wire.log_in("mira", place.ours, "password")
    auth = f"X-Auth-Token: {token}"
    storage, account = service_of(said["catalog"], "objectstorage", region)

    container = f"segmented-{region}"
    assert wire.send("GET", storage, f"{account}/{container}?format=json", auth).status == 404
    assert wire.send("PUT", storage, f"{account}/{container}", auth, body=b"").status == 201
    assert wire.send("GET", storage, f"{account}/{container}?format=json", auth).json == []
    pieces = [place.vmdk[start : start + PART] for start in range(0, len(place.vmdk), PART)]
    assert len(pieces) > 2
    for number, piece in enumerate(pieces):
        stored = wire.send("PUT", storage, f"{account}/{container}/ubuntu/part{number:04d}", auth, body=piece)
        assert stored.status == 201
    listed = wire.send("GET", storage, f"{account}/{container}?format=json&prefix=ubuntu/", auth).json
    assert [row["bytes"] for row in listed] == [len(piece) for piece in pieces]
    manifest = wire.send(
        "PUT", storage, f"{account}/{container}/web.vmdk", auth, f"X-Object-Manifest: {container}/ubuntu/", body=b""
    )
    assert manifest.status == 201
    head = wire.send("HEAD", storage, f"{account}/{container}/web.vmdk", auth)
    assert (head.status, head.header("Content-Length")) == (200, str(len(place.vmdk)))

    host, _ = service_of(said["catalog"], "import-export", region)
    image_id = str(uuid.uuid4())
    body = (
        f'{{"name":"ubuntu {region}","location":"{account}/{container}/web.vmdk","id":"{image_id}",'
        '"os_type":"ubuntu","min_ram":"0","min_disk":"0","conversion":"true","disk_format":"raw",'
        f'"user_name":"mira","password":"cHc=","domain_name":"{CONTRACT}"}}'
    ).encode()
    asked = wire.send("POST", host, "/v1/imageimport", auth, "Content-Type: application/json", body=body)
    assert (asked.status, list(asked.json)) == (201, ["import_id"])
    done = polled(wire, host, token, asked.json["import_id"])
    assert (done["import_status"], done["id"], done["size"]) == ("succeeded", image_id, len(place.raw)), done
    listed = wire.send("GET", host, "/v1/imageimport?start=0&limit=1", auth).json["imports"]
    assert [row["import_id"] for row in listed] == [asked.json["import_id"]]


def test_neither_token_nor_password_is_in_the_log(place: Place) -> None:
    wire = Wire(place.service.listen, "fi-1")
    token, _ = wire.log_in("mira", place.ours, "password")
    body = json.dumps({"password": "c2VjcmV0", "name": 5}).encode()
    refused = wire.send("POST", "vmimport", "/v1/imageimport", f"X-Auth-Token: {token}", body=body)
    assert refused.json["error_code"] == "40002"
    assert token not in place.service.log()
    assert "c2VjcmV0" not in place.service.log()


def test_an_export_outlives_kill_9(new_service: Callable[..., RunningService], tmp_path: Path) -> None:
    service = new_service(env={"IMAGEFERRY_EXPORT_PART_BYTES": str(5 << 20)}).start()
    project = service.add_user("mira", "exports")
    wire = Wire(service.listen, "RegionOne")
    raw = mbr_disk(1 << 20) + random.Random(5).randbytes(23 << 20)
    auth = f"X-Auth-Token: {_default_token(wire, project)}"
    asked = b'{"name":"big","disk_format":"raw","container_format":"bare"}'
    image = wire.send("POST", "x", "/image/v2/images", auth, body=asked).json["id"]
    sent = wire.send(
        "PUT", "x", f"/image/v2/images/{image}/file", auth, "Content-Type: application/octet-stream", body=raw
    )
    assert sent.status == 204
    assert wire.send("PUT", "x", f"/v1/AUTH_{project}/out", auth, body=b"").status == 201
    body = json.dumps({"image_id": image, "storage_container": f"/v1/AUTH_{project}/out"}).encode()
    export = wire.send("POST", "x", "/v1/imageexport", auth, body=body).json["export_id"]
    for pause_s in (0.05, 0.6, 1.1):
        time.sleep(pause_s)
        service.kill()
        service.start()
        names = wire.send("GET", "x", f"/v1/AUTH_{project}/out", auth).body
        assert names in (b"", b"big.mf\nbig.ovf\nbig.vmdk\n")
    end = time.monotonic() + 90
    while True:
        status = wire.send("GET", "x", f"/v1/imageexport/{export}/status", auth).json
        if status["export_status"] not in ("queued", "processing"):
            break
        assert time.monotonic() < end, status
        time.sleep(0.3)
    assert status["export_status"] == "succeeded", status
    vmdk = wire.send("GET", "x", f"/v1/AUTH_{project}/out/big.vmdk", auth).body
    (tmp_path / "big.vmdk").write_bytes(vmdk)
    command = ["qemu-img", "convert", "-f", "vmdk", "-O", "raw", str(tmp_path / "big.vmdk"), str(tmp_path / "big.raw")]
    subprocess.run(command, check=True)
    assert (tmp_path / "big.raw").read_bytes() == raw


def _default_token(wire: Wire, project: str) -> str:
    user = {"name": "mira", "domain": {"id": "default"}, "password": "pw"}
    identity = {"methods": ["password"], "password": {"user": user}}
    body = json.dumps({"auth": {"identity": identity, "scope": {"project": {"id": project}}}}).encode()
    return wire.send("POST", "identity", "/v3/auth/tokens", body=body).header("x-subject-token")
