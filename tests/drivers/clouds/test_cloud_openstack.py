"""The OpenStack driver keeps the contract of clouds, against our own service."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from imageferry import client
from imageferry.ports.cloud import Cloud
from tests.contracts.cloud import CloudContract
from tests.drivers.clouds.services import OTHER_PASSWORD, PASSWORD, SECRETS, opened, start
from tests.running import RunningService

MIB = 1 << 20
REGION = "RegionOne"
ENTRY = {"region_name": REGION}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    service = start(tmp_path_factory.mktemp("openstack"), REGION)
    yield service
    service.stop()


class TestOpenStackCloud(CloudContract):
    has_parts = False  # what is larger than a block goes by its blocks here

    @pytest.fixture
    def cloud(self, service: RunningService, tmp_path: Path) -> Iterator[Cloud]:
        cloud = opened(service, tmp_path, "mira", PASSWORD, ENTRY)
        yield cloud
        cloud.close()

    @pytest.fixture
    def other(self, service: RunningService, tmp_path: Path) -> Iterator[Cloud]:
        cloud = opened(service, tmp_path, "noor", OTHER_PASSWORD, ENTRY)
        yield cloud
        cloud.close()

    @pytest.fixture
    def wrong(self, service: RunningService, tmp_path: Path) -> Iterator[Cloud]:
        cloud = opened(service, tmp_path, "mira", "wrong-pw", ENTRY)
        yield cloud
        cloud.close()

    @pytest.fixture
    def secrets(self) -> list[str]:
        return SECRETS

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {}

    def test_what_is_there_already_need_not_travel(self, cloud: Cloud, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_bytes(os.urandom(20 * MIB))
        assert cloud.objects.put(path, "blocks", "one", watch=lambda _: None).sent == 20 * MIB
        with path.open("r+b") as file:
            file.write(b"another")
        stored = cloud.objects.put(path, "blocks", "two", watch=lambda _: None)
        assert (stored.sent, stored.already_there) == (4 * MIB, 16 * MIB)
        pulled = client.pull_object(cloud, "blocks", "two", tmp_path / "back")
        assert pulled.path.read_bytes() == path.read_bytes()
        assert cloud.objects.show("blocks", "two").etag == hashlib.md5(path.read_bytes()).hexdigest()
