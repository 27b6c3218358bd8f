"""The Synnefo driver keeps the contract of clouds, against our own service."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from imageferry.clouds.config import open_configured
from imageferry.domain.block_names import OURS
from imageferry.ports.cloud import Cloud, ImageFilter, Moved
from tests.contracts.cloud import CloudContract, Push, disk_with_data
from tests.drivers.clouds.services import start
from tests.running import RunningService

MIB = 1 << 20


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    service = start(tmp_path_factory.mktemp("synnefo"), "RegionOne")
    yield service
    service.stop()


@pytest.fixture(scope="module")
def tokens(service: RunningService) -> dict[str, str]:
    return {name: service.admin("token", name) for name in ("mira", "noor")}


def opened(service: RunningService, folder: Path, token: str) -> Cloud:
    file = folder / f"{hashlib.md5(token.encode()).hexdigest()}.yaml"
    entry = {"type": "synnefo", "url": f"{service.url}/identity/v2.0", "token": token}
    file.write_text(yaml.safe_dump({"clouds": {"here": entry}}))
    return open_configured("here", file=file)


class TestSynnefoCloud(CloudContract):
    ready = "available"
    offers = False
    has_parts = False

    def tag_of(self, data: bytes) -> str:
        return OURS.name_of(data)  # of one block

    def key(self, name: str) -> str:
        return name.replace("/", "_").replace("~", "_")

    @pytest.fixture
    def cloud(self, service: RunningService, tokens: dict[str, str], tmp_path: Path) -> Iterator[Cloud]:
        cloud = opened(service, tmp_path, tokens["mira"])
        yield cloud
        cloud.close()

    @pytest.fixture
    def other(self, service: RunningService, tokens: dict[str, str], tmp_path: Path) -> Iterator[Cloud]:
        cloud = opened(service, tmp_path, tokens["noor"])
        yield cloud
        cloud.close()

    @pytest.fixture
    def wrong(self, service: RunningService, tmp_path: Path) -> Iterator[Cloud]:
        cloud = opened(service, tmp_path, "wrong-pw")
        yield cloud
        cloud.close()

    @pytest.fixture
    def secrets(self, tokens: dict[str, str]) -> list[str]:
        return list(tokens.values())

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {}

    def test_an_upload_that_was_stopped_is_taken_up_by_the_next(self, cloud: Cloud, tmp_path: Path) -> None:
        path = tmp_path / "file"
        before: list[Moved] = []
        path.write_bytes(os.urandom(40 * MIB))

        def stop(moved: Moved) -> None:
            before.append(moved)
            if moved.sent > 16 * MIB:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            cloud.objects.put(path, "resume", "o", watch=stop)
        sent = before[-1].sent
        stored = cloud.objects.put(path, "resume", "o", watch=lambda _: None)
        assert stored.already_there >= sent
        assert stored.sent + stored.already_there == 40 * MIB

    def test_the_next_image_of_the_same_name_takes_nobodys_place(
        self, cloud: Cloud, push: Push, tmp_path: Path
    ) -> None:
        disk = disk_with_data(tmp_path / "disk.raw")
        first, second = push(disk, name="twin"), push(disk, name="twin")
        assert (first.location, first.image_id) != (second.location, second.image_id)
        assert second.sent == 0
        assert {image.id for image in cloud.images.search(ImageFilter(name="twin"))} == {
            first.image_id,
            second.image_id,
        }

    def test_an_object_that_is_overwritten_stays_the_same_image(self, cloud: Cloud, push: Push, tmp_path: Path) -> None:
        disk = disk_with_data(tmp_path / "disk.raw")
        first = push(disk, name="one", object_name="one.diskdump")
        disk_with_data(disk, 7 * MIB)
        second = push(disk, name="two", object_name="one.diskdump")
        found = cloud.images.show(second.image_id)
        assert (first.image_id, found.name, found.size) == (second.image_id, "two", 7 * MIB)
