"""A service whose disk is full refuses with the reason, loses nothing, and recovers."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.disks import mbr_disk
from tests.journeys.plain import Plain, Reply, stream_optimized
from tests.running import RunningService
from tests.small_disk import small_disk

MIB = 1 << 20


@pytest.fixture
def tight(tmp_path: Path, new_service: Callable[..., RunningService]) -> Iterator[tuple[RunningService, Plain]]:
    with small_disk(tmp_path / "small", 48) as folder:
        service = new_service()
        service.data = folder / "data"
        service.start()
        service.add_user("mira", "travel")
        api = Plain(service).log_in("mira", "pw", "travel")
        api.call("PUT", api.objects("c"), b"")
        yield service, api
        if service.process is not None:
            service.stop()


def _fill(api: Plain, size: int = 8 * MIB) -> tuple[dict[str, bytes], Reply]:
    """Upload until one is refused."""
    kept: dict[str, bytes] = {}
    for number in range(50):
        data = random.Random(number).randbytes(size)
        reply = api.call("PUT", api.objects(f"c/{number}"), data)
        if reply.status != 201:
            return kept, reply
        kept[str(number)] = data
    raise AssertionError("it never got full")


def test_an_upload_too_many_is_a_507_and_all_before_it_are_sound(tight: tuple[RunningService, Plain]) -> None:
    service, api = tight
    kept, refused = _fill(api)
    assert refused.status == 507
    assert len(kept) >= 2
    names = [row["name"] for row in api.call("GET", api.objects("c?format=json")).json()]
    assert sorted(names) == sorted(kept)
    for name, data in kept.items():
        assert api.call("GET", api.objects(f"c/{name}")).body == data
    assert service.run("verify", "--data", str(service.data)).returncode == 0


def test_after_deleting_and_sweeping_it_takes_uploads_again(tight: tuple[RunningService, Plain]) -> None:
    service, api = tight
    kept, _ = _fill(api)
    first = next(iter(kept))
    assert api.call("DELETE", api.objects(f"c/{first}")).status == 204
    service.run("gc", "--data", str(service.data), "--older-than", "0")
    assert api.call("PUT", api.objects("c/again"), b"x" * (2 * MIB)).status == 201
    assert api.call("GET", api.objects("c/again")).body == b"x" * (2 * MIB)


def test_an_import_without_room_fails_with_the_reason_and_makes_no_image(
    tight: tuple[RunningService, Plain], tmp_path: Path
) -> None:
    _, api = tight
    raw = mbr_disk(MIB) + random.Random(7).randbytes(24 * MIB)
    disk = stream_optimized(raw, tmp_path)
    assert api.call("PUT", api.objects("c/d.vmdk"), disk).status == 201
    asked = {"name": "tight", "location": api.objects("c/d.vmdk"), "os_type": "centos"}
    import_id = api.call("POST", "/v1/imageimport", asked).json()["import_id"]
    deadline = time.monotonic() + 60
    status: dict[str, str] = {"import_status": ""}
    while status["import_status"] not in ("failed", "succeeded") and time.monotonic() < deadline:
        status = api.call("GET", f"/v1/imageimport/{import_id}/status").json()
        time.sleep(0.1)
    assert status["import_status"] == "failed"
    assert "room" in status["error_message"]
    assert api.call("GET", "/v2/images").json()["images"] == []
