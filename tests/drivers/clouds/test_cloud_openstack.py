"""The OpenStack driver keeps the contract of clouds, against our own service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from imageferry.ports.cloud import Cloud
from tests.contracts.cloud import CloudContract
from tests.drivers.clouds.services import OTHER_PASSWORD, PASSWORD, SECRETS, opened, start
from tests.running import RunningService

REGION = "RegionOne"
ENTRY = {"region_name": REGION}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    service = start(tmp_path_factory.mktemp("openstack"), REGION)
    yield service
    service.stop()


class TestOpenStackCloud(CloudContract):
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
