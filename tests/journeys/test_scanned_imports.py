"""A disk with something bad in it, on its way through a whole service: refused, also when the service dies over it."""

from __future__ import annotations

import http.client
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.file_systems import EICAR, ext4, needs
from tests.journeys.plain import Plain
from tests.running import RunningService
from tests.scanners import SmallClamd, signatures

DEADLINE_S = 60.0
OCTETS = {"Content-Type": "application/octet-stream"}
SAID = "found Ferry.Test{} in the file /srv/upload.php (ext4)"


def disk(folder: Path, content: bytes) -> bytes:
    target = folder / "disk.qcow2"
    source = ext4(folder, {"srv/upload.php": content, "etc/hostname": b"web\n"})
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", source, target], check=True)
    return target.read_bytes()


def queued(api: Plain, name: str) -> str:
    fields = {"name": name, "disk_format": "qcow2", "container_format": "bare"}
    key: str = api.call("POST", "/v2/images", fields).json()["id"]
    return key


def begun(api: Plain, name: str, content: bytes) -> str:
    """An import of staged bytes; the image's id."""
    key = queued(api, name)
    assert api.call("PUT", f"/v2/images/{key}/stage", content, OCTETS).status == 204
    assert api.call("POST", f"/v2/images/{key}/import", {"method": {"name": "glance-direct"}}).status == 202
    return key


def ended(api: Plain, key: str) -> dict[str, Any]:
    """Its task at its end."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        tasks = api.call("GET", f"/v2/images/{key}/tasks").json()["tasks"]
        task = tasks[0] if tasks else {"status": "none yet"}
        if task["status"] in ("success", "failure"):
            found: dict[str, Any] = task
            return found
        time.sleep(0.1)
    raise AssertionError(task)


def status(api: Plain, key: str) -> str:
    return str(api.call("GET", f"/v2/images/{key}").json()["status"])


def test_clamscan_finds_a_file_in_a_qcow2_and_the_administrator_has_its_bytes(
    new_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    needs("clamscan")
    env = {
        "IMAGEFERRY_SCAN_CLAMAV": "clamscan",
        "IMAGEFERRY_SCAN_CLAMAV_DATABASE": str(signatures(tmp_path / "signatures")),
    }
    service = new_service(env=env).start()
    service.add_user("mira", "demo")
    api = Plain(service).log_in("mira", "pw", "demo")
    bad = disk(tmp_path, EICAR)
    key = begun(api, "bad", bad)
    task = ended(api, key)
    assert task["status"] == "failure"
    assert SAID.format(".UNOFFICIAL") in task["message"]
    assert status(api, key) == "queued"
    clean = begun(api, "clean", disk(tmp_path, b"<?php\n"))
    assert (ended(api, clean)["status"], status(api, clean)) == ("success", "active")
    (line,) = service.admin("quarantine", "list").splitlines()
    assert "Ferry.Test.UNOFFICIAL" in line
    service.admin("quarantine", "save", line.split()[0], str(tmp_path / "saved"))
    assert (tmp_path / "saved").read_bytes() == bad


@pytest.mark.parametrize("road", ["staged", "uploaded"])
@pytest.mark.parametrize("content", [EICAR, b"<?php\n"])
def test_a_service_that_is_killed_over_a_scan_does_it_again(
    new_service: Callable[..., RunningService], tmp_path: Path, content: bytes, road: str
) -> None:
    with SmallClamd(tmp_path / "clamd", "hanging") as clamd:
        thread = threading.Thread(target=clamd.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            service = new_service(env={"IMAGEFERRY_SCAN_CLAMAV": str(tmp_path / "clamd")}).start()
            service.add_user("mira", "demo")
            api = Plain(service).log_in("mira", "pw", "demo")
            if road == "staged":
                key = begun(api, "web", disk(tmp_path, content))
            else:
                key = queued(api, "web")
                sending = threading.Thread(target=sent, args=(api, key, disk(tmp_path, content)))
                sending.start()
            assert clamd.asked.wait(DEADLINE_S)
            service.kill()
            clamd.mood = "sound"
            service.start()
            task = ended(api, key)
        finally:
            clamd.shutdown()
            thread.join()
    if content == EICAR:
        assert SAID.format("") in task["message"]
        assert status(api, key) == "queued"
    else:
        assert (task["status"], status(api, key)) == ("success", "active")


def sent(api: Plain, key: str, content: bytes) -> int:
    """The status of an upload; 0 where there is no answer."""
    try:
        return api.call("PUT", f"/v2/images/{key}/file", content, OCTETS, timeout=DEADLINE_S).status
    except (OSError, http.client.HTTPException):
        return 0


def test_clients_that_wait_for_a_scan_keep_nobody_else_waiting(
    new_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    """More of them than there are threads; some hang up, and their images are looked through all the same."""
    with SmallClamd(tmp_path / "clamd", "hanging") as clamd:
        thread = threading.Thread(target=clamd.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            service = new_service(env={"IMAGEFERRY_SCAN_CLAMAV": str(tmp_path / "clamd")}).start()
            service.add_user("mira", "demo")
            api = Plain(service).log_in("mira", "pw", "demo")
            content = disk(tmp_path, b"<?php\n")
            keys = [queued(api, f"web{number}") for number in range(50)]
            senders = [threading.Thread(target=sent, args=(api, key, content)) for key in keys[1:]]
            for sender in senders:
                sender.start()
            host, port = service.listen.split(":")
            with socket.create_connection((host, int(port))) as wire:
                head = f"PUT /v2/images/{keys[0]}/file HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {api.token}\r\n"
                head += f"Content-Type: application/octet-stream\r\nContent-Length: {len(content)}\r\n\r\n"
                wire.sendall(head.encode() + content)
                end = time.monotonic() + DEADLINE_S
                while any(status(api, key) != "importing" for key in keys[:1]) and time.monotonic() < end:
                    time.sleep(0.1)
            started = time.monotonic()
            assert api.call("GET", "/v2/images").status == 200
            other = queued(api, "other")
            assert api.call("PUT", f"/v2/images/{other}/stage", content, OCTETS).status == 204
            assert time.monotonic() - started < 5
            assert service.process is not None
            assert len(list(Path(f"/proc/{service.process.pid}/task").iterdir())) < 200
            clamd.mood = "sound"
            assert ended(api, keys[0])["status"] == "success"
            for sender in senders:
                sender.join()
            assert {status(api, key) for key in keys[2:]} <= {"active", "queued"}
            assert status(api, keys[0]) == "active"
        finally:
            clamd.shutdown()
            thread.join()
