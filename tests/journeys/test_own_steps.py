"""The examples of docs/pipeline.md at work in a service, as a provider sets it up and as its users see it."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests import own_steps
from tests.disks import mbr_disk
from tests.journeys.plain import Plain, stream_optimized
from tests.peers import Peer
from tests.running import RunningService

MIB = 1 << 20
Service = Callable[..., RunningService]


def set_up(new_service: Service, tmp_path: Path) -> RunningService:
    """As the page says: a program, a Python package, and the settings that name both."""
    script = own_steps.program(tmp_path / "partitioned", own_steps.example("/usr/local/lib/imageferry/partitioned"))
    named = own_steps.service_settings("partitioned").replace("/usr/local/lib/imageferry/partitioned", str(script))
    config = tmp_path / "service.toml"
    config.write_text(named + own_steps.service_settings("owner"))
    service = new_service(config=config, python=own_steps.python_of_the_page(tmp_path / "venv")).start()
    service.add_user("mira", "web")
    return service


def disk() -> bytes:
    return mbr_disk(MIB) + random.Random(1).randbytes(MIB)


def imported(api: Plain, name: str) -> dict[str, Any]:
    """What the K5 service says of the import of that object at its end."""
    asked = {"name": "web", "location": api.objects(f"c/{name}"), "os_type": "centos"}
    key = api.call("POST", "/v1/imageimport", asked).json()["import_id"]
    deadline = time.monotonic() + 60
    while True:
        said: dict[str, Any] = api.call("GET", f"/v1/imageimport/{key}/status").json()
        if said["import_status"] in ("failed", "succeeded"):
            return said
        assert time.monotonic() < deadline, said
        time.sleep(0.2)


def test_the_program_of_the_page_decides_on_imports_by_k5(new_service: Service, tmp_path: Path) -> None:
    service = set_up(new_service, tmp_path)
    api = Plain(service).log_in("mira", "pw", "web")
    api.call("PUT", api.objects("c"), b"")
    api.call("PUT", api.objects("c/good.vmdk"), stream_optimized(disk(), tmp_path))
    api.call("PUT", api.objects("c/bad.vmdk"), stream_optimized(b"\0" * 8192 + random.randbytes(MIB), tmp_path))
    refused = imported(api, "bad.vmdk")
    assert refused["import_status"] == "failed"
    assert "bad.vmdk: expected a disk with a table of partitions, found none" in json.dumps(refused)
    assert imported(api, "good.vmdk")["import_status"] == "succeeded"
    (image,) = api.call("GET", "/v2/images").json()["images"]
    assert image["partition_table"] == "dos"


def test_the_python_step_of_the_page_decides_on_staged_bytes(new_service: Service, tmp_path: Path) -> None:
    service = set_up(new_service, tmp_path)
    peer = Peer.of(service, tmp_path, "mira", "web", "pw")
    api = Plain(service).log_in("mira", "pw", "web")
    (tmp_path / "disk.raw").write_bytes(disk())
    kinds = ("--disk-format", "raw", "--container-format", "bare")
    for name, properties in (("without", ()), ("with", ("--property", "os_owner=web team"))):
        create = ("image", "create", "--import", "--file", "disk.raw", *kinds, *properties, name, "-f", "json")
        peer.run("openstack", *create)
    images = {image["name"]: image for image in api.call("GET", "/v2/images").json()["images"]}
    deadline = time.monotonic() + 60
    while images["with"]["status"] != "active" or images["without"]["status"] != "queued":
        assert time.monotonic() < deadline, images
        images = {image["name"]: image for image in api.call("GET", "/v2/images").json()["images"]}
    tasks = peer.run("openstack", "image", "task", "list", "-f", "json")
    assert len(json.loads(tasks)) == 2
    shown = api.call("GET", f"/v2/images/{images['without']['id']}/tasks").json()["tasks"]
    assert (
        "expected the property os_owner, found an image without it (the provider's step owner). "
        "Set os_owner to the team that answers for the image, and import it again."
    ) in shown[0]["message"]


def test_settings_that_make_no_sense_are_told_at_the_start(new_service: Service, tmp_path: Path) -> None:
    config = tmp_path / "service.toml"
    config.write_text('[imports.k5]\nsteps = ["locate", "convert", "check", "publish"]\n')
    service = new_service(config=config)
    service.data.mkdir(parents=True)
    done = service.run("serve", "--data", str(service.data), "--config", str(config), check=False)
    assert done.returncode == 3
    assert "imports.k5.steps: expected verify among the steps" in done.stderr


def test_an_import_that_was_killed_goes_on_by_its_steps_though_others_are_set(
    new_service: Service, tmp_path: Path
) -> None:
    slow = own_steps.program(tmp_path / "slow", "#!/bin/sh\nsleep 30\n")
    config = tmp_path / "service.toml"
    order = '["locate", "verify", "unpack", "inspect", "slow", "convert", "check", "publish"]'
    config.write_text(f'[imports.k5]\nsteps = {order}\n[steps.slow]\ncommand = ["{slow}"]\n')
    service = new_service(config=config).start()
    service.add_user("mira", "web")
    api = Plain(service).log_in("mira", "pw", "web")
    api.call("PUT", api.objects("c"), b"")
    api.call("PUT", api.objects("c/d.vmdk"), stream_optimized(disk(), tmp_path))
    asked = {"name": "web", "location": api.objects("c/d.vmdk"), "os_type": "centos"}
    key = api.call("POST", "/v1/imageimport", asked).json()["import_id"]
    deadline = time.monotonic() + 30
    with closing(sqlite3.connect(service.data / "records.sqlite")) as records:
        while records.execute("SELECT step FROM tasks").fetchone() != ("slow",):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    service.kill()
    own_steps.program(slow, '#!/bin/sh\necho \'{"ok": true, "properties": {"slow": "no"}}\'\n')
    config.write_text(f'[steps.slow]\ncommand = ["{slow}"]\n')
    service.start()
    while api.call("GET", f"/v1/imageimport/{key}/status").json()["import_status"] != "succeeded":
        assert time.monotonic() < deadline + 30
        time.sleep(0.2)
    (image,) = api.call("GET", "/v2/images").json()["images"]
    assert image["slow"] == "no"
