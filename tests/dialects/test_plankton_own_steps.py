"""Plankton at a provider with a step of its own: what kamaki's users are told, and what they get."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from imageferry.settings import DoorSettings, ImportSettings, StepSettings
from tests.dialects.openstack_service import Cloud, running_cloud
from tests.dialects.plankton_service import Plankton, fault, meta_of
from tests.dialects.test_glance_examined_uploads import OWNED
from tests.disks import mbr_disk
from tests.own_steps import program

DISK, OTHER = mbr_disk(1 << 20), mbr_disk(2 << 20)
SAID = "an image: expected the property os_owner, found an image without it (the provider's step owned). Set it."


@pytest.fixture
def step(tmp_path: Path) -> Path:
    return program(tmp_path / "owned", OWNED)


@pytest.fixture
def cloud(tmp_path: Path, step: Path) -> Iterator[Cloud]:
    more: dict[str, Any] = {
        "steps": {"owned": StepSettings(command=(str(step),), disk=False)},
        "imports": ImportSettings(plankton=DoorSettings(steps=("locate", "inspect", "owned", "publish"))),
    }
    with running_cloud(tmp_path / "data", **more) as running:
        yield running


@pytest.fixture
def mira(cloud: Cloud) -> Plankton:
    return Plankton.of(cloud, "mira", "demo")


def settled(mira: Plankton, image_id: str) -> dict[str, str]:
    for _ in range(600):
        if mira.listed("?status=saving") == []:
            break
        threading.Event().wait(0.05)
    return mira.head(image_id)


def test_an_image_without_an_owner_is_refused_in_the_steps_words_and_not_registered(mira: Plankton) -> None:
    location = mira.put(DISK)
    assert fault(mira.post(location), 400, "badRequest") == SAID
    assert mira.listed() == []
    assert mira.cloud.get("/v2/images").json["images"] == []
    reply = mira.post(location, property_os_owner="web team")
    assert reply.status == 200
    said = meta_of(reply)
    assert [unquote(said[f"property-{name}"]) for name in ("os-owner", "seen-by")] == ["web team", "the provider"]
    image = mira.cloud.get(f"/v2/images/{said['id']}").json
    assert (image["status"], image["seen_by"]) == ("active", "the provider")


def test_so_is_what_overwrites_a_registered_object(mira: Plankton) -> None:
    image_id = mira.registered(DISK, property_os_owner="web team")
    name = mira.head(image_id)["location"].rpartition("/")[2]
    assert mira.change(image_id, property_os_owner="").status == 200
    mira.put(OTHER, name=name)
    said = settled(mira, image_id)
    assert (said["status"], unquote(said["description"])) == ("error", SAID)
    reply = mira.cloud.get(f"/v2/images/{image_id}/file")
    assert OTHER not in reply.body
    assert reply.status in (204, 403)
    reply = mira.change(image_id, property_os_owner="web team")
    assert (reply.status, meta_of(reply)["status"]) == (200, "available")
    assert mira.cloud.get(f"/v2/images/{image_id}/file").body == OTHER


def test_a_step_that_crashes_is_a_clear_error_and_nothing_is_registered(mira: Plankton, step: Path) -> None:
    location = mira.put(DISK)
    program(step, "#!/bin/sh\nkill -SEGV $$\n")
    said = fault(mira.post(location, property_os_owner="web team"), 503, "serviceUnavailable")
    assert said.startswith("the provider's step owned cannot be used now: it ended by signal 11")
    assert mira.listed() == []
    program(step, OWNED)
    assert mira.post(location, property_os_owner="web team").status == 200
