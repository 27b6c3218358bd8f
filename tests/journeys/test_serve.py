"""The service starts, says what a person needs, and stops."""

from __future__ import annotations

import http.client
import json
import re
import sqlite3
import stat
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.journeys.plain import Plain
from tests.running import RunningService


def _healthz(service: RunningService) -> int:
    connection = http.client.HTTPConnection(service.listen, timeout=5)
    connection.request("GET", "/healthz")
    status = connection.getresponse().status
    connection.close()
    return status


def test_the_first_start_makes_an_admin_and_a_cloud_that_only_its_owner_reads(
    new_service: Callable[..., RunningService],
) -> None:
    service = new_service().start()
    assert _healthz(service) == 200
    clouds = service.data / "clouds.yaml"
    assert stat.S_IMODE(clouds.stat().st_mode) == 0o600
    assert service.cloud["auth"]["auth_url"] == f"{service.url}/v3"
    assert "foreign programs run" in service.log(), "within which walls"
    password = service.cloud["auth"]["password"]
    assert len(password) >= 20
    assert password not in service.log()
    assert service.stop() == 0
    assert password not in service.log()


def test_a_second_start_keeps_the_password_and_follows_the_port(new_service: Callable[..., RunningService]) -> None:
    service = new_service().start()
    before = service.cloud
    service.stop()
    service.listen = "127.0.0.1:0"
    service.start()
    assert service.cloud["auth"]["password"] == before["auth"]["password"]
    assert service.cloud["auth"]["auth_url"] == f"{service.url}/v3"


def test_a_second_service_on_the_same_data_is_refused_with_the_reason(
    new_service: Callable[..., RunningService],
) -> None:
    service = new_service().start()
    done = service.run("serve", "--data", str(service.data), "--listen", "127.0.0.1:0", check=False)
    assert done.returncode == 7
    assert "another process" in done.stderr
    assert _healthz(service) == 200


def test_a_taken_port_is_told(new_service: Callable[..., RunningService]) -> None:
    service = new_service().start()
    done = service.run("serve", "--data", str(service.data) + "-2", "--listen", service.listen, check=False)
    assert done.returncode == 7
    assert "--listen" in done.stderr


def test_it_is_ready_soon_and_small_when_idle(new_service: Callable[..., RunningService]) -> None:
    """Goals: 1.5 s and 150 MiB. The time is bounded loosely: machines that test are busy."""
    service = new_service()
    service.start()
    service.stop()
    started = time.monotonic()
    service.start()
    assert time.monotonic() - started < 6
    assert service.process is not None
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    resident = int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])  # type: ignore[index]
    assert resident < 150 * 1024


def test_the_log_is_one_json_object_a_line(new_service: Callable[..., RunningService]) -> None:
    service = new_service().start()
    _healthz(service)
    service.stop()
    lines = [json.loads(line) for line in service.log().splitlines()]
    request = next(line for line in lines if line["message"] == "GET /healthz")
    assert request["status"] == 200
    assert len(request["request_id"]) == 32


def test_what_expired_goes_by_itself(new_service: Callable[..., RunningService]) -> None:
    service = new_service(env={"IMAGEFERRY_SWEEP_EVERY_S": "0.3", "IMAGEFERRY_TOKEN_S": "0.2"}).start()
    service.add_user("mira", "travel")
    Plain(service).log_in("mira", "pw", "travel")
    deadline = time.monotonic() + 20
    with closing(sqlite3.connect(service.data / "records.sqlite")) as connection:
        while connection.execute("SELECT count(*) FROM tokens").fetchone() != (0,):
            assert time.monotonic() < deadline
            time.sleep(0.1)
