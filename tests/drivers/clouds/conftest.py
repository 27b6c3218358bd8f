"""A fake cloud, the drivers opened on it, and a disk to push."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from imageferry import client
from imageferry.clouds.config import open_configured
from imageferry.domain.image import DiskFormat
from imageferry.ports.cloud import Cloud
from imageferry.tools.qemu_img import QemuImg
from tests import disks
from tests.fake_cloud import PASSWORD, PROJECT, FakeCloud

MIB = 1 << 20


@pytest.fixture
def fake() -> Iterator[FakeCloud]:
    fake = FakeCloud()
    yield fake
    fake.close()


@pytest.fixture
def other_host() -> Iterator[FakeCloud]:
    other = FakeCloud()
    yield other
    other.close()


@pytest.fixture
def slept() -> list[float]:
    return []


Open = Callable[..., Cloud]


@pytest.fixture
def open_cloud(fake: FakeCloud, tmp_path: Path, slept: list[float]) -> Iterator[Open]:
    opened: list[Cloud] = []

    def open_cloud(**entry: object) -> Cloud:
        auth = {"auth_url": f"{fake.url}/v3", "username": "mira", "password": PASSWORD, "project_id": PROJECT}
        cloud = {"region_name": "uk-1", "auth": auth | {"user_domain_name": "Ab3dEfgh"}, "auth_type": "v3password"}
        file = tmp_path / "clouds.yaml"
        file.write_text(yaml.safe_dump({"clouds": {"fake": {**cloud, **entry}}}))
        opened.append(open_configured("fake", file=file, sleep=slept.append))
        return opened[-1]

    yield open_cloud
    for cloud in opened:
        cloud.close()


@pytest.fixture
def k5(open_cloud: Open) -> Cloud:
    return open_cloud(type="k5")


@pytest.fixture
def openstack(open_cloud: Open) -> Cloud:
    return open_cloud()


@pytest.fixture
def vmdk(tmp_path: Path) -> Path:
    """A VMDK as K5 wants it, of somewhat more than a MiB."""
    raw, made = tmp_path / "disk.raw", tmp_path / "disk.vmdk"
    raw.write_bytes(disks.put(disks.gpt_disk(2 * MIB), (MIB, os.urandom(MIB))))
    facts = client.check(raw).facts
    QemuImg().convert(raw, facts.format, made, DiskFormat.VMDK, sub_format="streamOptimized")
    return made
