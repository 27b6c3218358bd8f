"""Hostile disks at every door: no byte of the host's files, nothing over the limits, a reason, never an image."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from imageferry.domain.region import Region
from imageferry.stores.memory import MemoryBlocks
from tests.dialects.import_doors import DOORS, Visit
from tests.dialects.k5_service import converted
from tests.dialects.openstack_service import Cloud, running_cloud
from tests.disks import mbr_disk, qcow2_with_backing, vmdk_stream
from tests.hostile_disks import PACKED, TABLE
from tests.hostile_server import Asked, Hostile, file_of, hostile_server
from tests.walking import Walker

MARK = b"the marker that no answer and no block may hold"
LIMIT = 32 << 20  # bytes: ``max_image_bytes`` of the service
_REASON = re.compile(r"expected .+, found .+\.|at most \d+ .+ are taken, found more\.", re.DOTALL)


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the host that a server might read, and nobody may see."""
    path = tmp_path_factory.mktemp("host") / "secret"
    path.write_bytes(MARK * 100_000)
    return path


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    regions = (Region(name="RegionOne"), Region(name="jp-east-3", profile="C"))
    more = {"fetch_networks": ("127.0.0.1",), "fetch_ports": (), "fetch_stall_s": 2.0, "max_image_bytes": LIMIT}
    with running_cloud(tmp_path_factory.mktemp("data"), regions, **more) as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[Hostile]:
    with hostile_server() as running:
        yield running


@pytest.fixture(scope="module")
def mine(cloud: Cloud) -> Cloud:
    return cloud.as_("mira", "demo")


@pytest.fixture
def visit(mine: Cloud, server: Hostile) -> Visit:
    walker = Walker(mine.services.tasks)
    mine.services.tasks.attach(walker)
    return Visit(mine, walker, server)


def blocks(cloud: Cloud) -> Iterator[bytes]:
    store = cloud.services.images._blobs._store
    assert isinstance(store, MemoryBlocks)
    return (store.get(block.name) for block in list(store.stored()))


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", TABLE)
def test_no_door_lets_it_in(visit: Visit, secret: Path, name: str, door: str) -> None:
    disk = TABLE[name]
    data = disk.make(secret)
    kept = sum(map(len, blocks(visit.cloud)))
    DOORS[door](visit, data, disk.claimed)
    assert visit.status in (None, "queued"), visit.message
    assert visit.code
    assert _REASON.search(visit.message), visit.message
    if door not in ("K5", "task of any format") and not (door == "upload" and name in PACKED):
        assert disk.words in visit.message
    assert all(MARK not in answer.body for answer in visit.answers)
    assert sum(map(len, blocks(visit.cloud))) - kept <= LIMIT + 2 * len(data) + (4 << 20)
    assert not visit.image or visit.cloud.get(f"/v2/images/{visit.image}/file").status in (204, 404)


def test_nothing_of_the_file_is_kept_anywhere(
    visit: Visit, cloud: Cloud, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After all of the above, where they ran in the same process; and no door has made an image."""
    assert all(MARK not in block for block in blocks(cloud))
    images = cloud.as_("admin", "admin").get("/v2/images?limit=1000").json["images"]
    assert [image["id"] for image in images if image["status"] != "queued"] == []
    for path in tmp_path_factory.getbasetemp().glob("data*/work/**/*"):
        assert not path.is_file() or MARK not in path.read_bytes()


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("disk_format", ["raw", "qcow2", "vmdk"])
def test_a_good_disk_passes_every_door(visit: Visit, door: str, disk_format: str) -> None:
    """So that what is refused above is not refused for being there at all."""
    raw = mbr_disk(1 << 20)
    data = {"raw": raw, "qcow2": converted(raw, "qcow2"), "vmdk": vmdk_stream()}[disk_format]
    DOORS[door](visit, data, disk_format)
    assert visit.status == "active", visit.message
    assert visit.cloud.call("DELETE", f"/v2/images/{visit.image}").status == 204


@pytest.mark.parametrize("door", ["stage", "web-download", "task from a URL", "task from an object", "K5"])
def test_what_changes_between_the_check_and_the_use_is_used_as_it_was_or_not_at_all(
    visit: Visit, secret: Path, door: str
) -> None:
    """The bytes are exchanged after the request, and again before every step: none is judged and another taken."""
    hostile, good = qcow2_with_backing(secret), converted(mbr_disk(1 << 20), "qcow2")
    asked_before = len(visit.server.asked)
    turns: list[str] = []

    def exchange(where: str) -> None:
        def before(step: str) -> None:
            turns.append(step)
            if where == "/web":
                if turns != ["fetch"]:
                    visit.server.serves("/web", file_of(hostile, etag=f'"{len(turns)}"'))
            elif where.endswith("/stage"):
                again = visit.ask("PUT", where, headers={"Content-Type": "application/octet-stream"}, body=hostile)
                assert again.status == 409
            elif step != "locate":
                assert visit.ask("PUT", where, body=hostile).status == 201

        visit.walker.before = before

    visit.before_walking = exchange
    DOORS[door](visit, good, "qcow2")
    assert visit.status == "active", visit.message
    assert len(turns) > 2
    assert len(visit.server.asked) - asked_before <= 1
    content = visit.cloud.get(f"/v2/images/{visit.image}/file").body
    assert content == (mbr_disk(1 << 20) if door == "K5" else good)
    assert visit.cloud.call("DELETE", f"/v2/images/{visit.image}").status == 204


def test_a_source_that_gives_another_file_after_a_break_is_judged_as_what_came(visit: Visit, secret: Path) -> None:
    """It claims that its file is still the same one."""
    good, hostile = converted(mbr_disk(1 << 20), "qcow2"), qcow2_with_backing(secret)
    first = file_of(good[:8] + bytes(len(hostile) - 8), break_at=[8])

    def switch(server: Hostile, wire: socket.socket, asked: Asked) -> None:
        first(server, wire, asked)
        server.serves("/web", file_of(hostile))

    visit.before_walking = lambda _: visit.server.plays.__setitem__("/web", switch)
    DOORS["web-download"](visit, good, "qcow2")
    assert (visit.status, visit.code) == ("queued", "backing-file")
    assert all(MARK not in answer.body for answer in visit.answers)
