"""The K5 driver keeps the contract of clouds, against our own service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from imageferry.ports.cloud import Cloud
from tests.contracts.cloud import CloudContract
from tests.drivers.clouds.services import OTHER_PASSWORD, PASSWORD, SECRETS, opened, start
from tests.running import RunningService

OPTIONS: dict[str, object] = {"os_type": "centos"}


REGIONS = {"fi-1": "A", "uk-1": "B"}  # C has no segments; its requests are tested against the fake


@pytest.fixture(scope="module", params=list(REGIONS))
def region(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def service(region: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    service = start(tmp_path_factory.mktemp(region), region, REGIONS[region], strict=True)
    yield service
    service.stop()


@pytest.fixture
def entry(region: str) -> dict[str, object]:
    return {"type": "k5", "region_name": region, "contract": "Default"}


class TestK5Cloud(CloudContract):
    abilities = frozenset()

    @pytest.fixture
    def cloud(self, service: RunningService, tmp_path: Path, entry: dict[str, object]) -> Iterator[Cloud]:
        cloud = opened(service, tmp_path, "mira", PASSWORD, entry)
        yield cloud
        cloud.close()

    @pytest.fixture
    def other(self, service: RunningService, tmp_path: Path, entry: dict[str, object]) -> Iterator[Cloud]:
        cloud = opened(service, tmp_path, "noor", OTHER_PASSWORD, entry)
        yield cloud
        cloud.close()

    @pytest.fixture
    def wrong(self, service: RunningService, tmp_path: Path, entry: dict[str, object]) -> Iterator[Cloud]:
        cloud = opened(service, tmp_path, "mira", "wrong-pw", entry)
        yield cloud
        cloud.close()

    @pytest.fixture
    def secrets(self) -> list[str]:
        return SECRETS

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return OPTIONS
