"""The image guide as far as a real OpenStack has its concepts, and what is said where it has none."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import disks
from tests.journeys.person import Person
from tests.journeys.quick import Quick
from tests.running import RunningService

PEERS = os.environ.get("IMAGEFERRY_PEERS")

pytestmark = pytest.mark.skipif(
    not PEERS, reason="no real OpenStack here: IMAGEFERRY_PEERS names no folder (scripts/peers up)"
)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Person]:
    """Somebody with a project there, and a disk; there is one cloud for all test processes."""
    file = Path(PEERS or "") / "clouds.yaml"
    (tmp_path / "web.raw").write_bytes(disks.put(disks.gpt_disk(2 << 20), (1 << 20, os.urandom(4096))))
    env = {"OS_CLIENT_CONFIG_FILE": str(file), "OS_CLOUD": "peer-demo"}
    with (file.parent / "tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Quick(RunningService(data=tmp_path / "none"), tmp_path, "", env)


def test_the_guide_where_images_have_bytes_of_their_own(demo: Person) -> None:
    name = "imageferry-guide"  # of the container, too: it stays, and is empty again at the end
    place = ("image", "register", name, f"/{name}/web.raw")
    image = demo.json(*place, "--upload", "web.raw", "--disk-format", "diskdump", "-p", "OS=Linux", "-p", "gui=none")
    try:
        assert (image["name"], image["status"], image["disk_format"]) == (name, "active", "raw")
        assert image["properties"]["os"] == "Linux"
        assert '"OS": "Linux"' in demo("object", "cat", name, "web.raw.meta").stdout
        assert f"/{name}/web.raw.meta already exists" in demo(*place, ends_with=5).stderr
        assert demo.json("image", "set", name, "--publish")["visibility"] == "community"
        assert demo.json("image", "set", name, "--unpublish")["visibility"] in ("shared", "private")
        again = demo.json(*place, "--force", "-p", "os=BSD")
        assert (again["id"], again["properties"]["os"]) == (image["id"], "BSD")
        assert "gui" not in again["properties"]
        found = demo.json("image", "list", "--name-like", name.upper(), "-p", "OS=bsd", "--size-max", "3M", "--private")
        assert [row["id"] for row in found] == [image["id"]]
        assert "os" not in demo.json("image", "unset", name, "-p", "os")["properties"]
        done = demo("image", "set", name, "--status", "checked", ends_with=3)
        assert "cannot give images a status of your choice" in done.stderr
        for words in (("share", name, "web.raw"), ("publish", name, "web.raw")):
            assert "cloud peer-demo cannot" in demo("object", *words, ends_with=3).stderr
        (demo.folder / "web.raw").write_bytes(b"other")
        demo("object", "put", "web.raw", name)
        demo(*place, "--force", ends_with=5)  # the image has the bytes from before
    finally:
        demo("image", "unregister", image["id"])
        demo("object", "delete", name, "web.raw", "web.raw.meta")
