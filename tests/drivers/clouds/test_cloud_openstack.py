"""The OpenStack driver keeps the contract of clouds, against our own service."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from imageferry import client
from imageferry.ports.cloud import Cloud, Objects, Registration
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

    def test_an_object_becomes_an_image_and_stays_when_that_goes(self, cloud: Cloud) -> None:
        cloud.objects.put_bytes(bytes(MIB), "c", "disk.raw")
        image = cloud.images.registry.register(Registration(name="disk", container="c", object_name="disk.raw"))
        assert cloud.images.show(image.id).name == "disk"
        assert cloud.images.registry.place_of(image.id) == (cloud.project_id, "c", "disk.raw")
        cloud.images.registry.unregister(image.id)
        assert cloud.objects.show("c", "disk.raw").size == MIB

    def test_old_states_are_kept_listed_and_read(self, cloud: Cloud) -> None:
        cloud.objects.make_container("old")
        assert not cloud.objects.versions.kept("old")
        cloud.objects.versions.keep("old", on=True)
        for data in (b"one", b"two"):
            cloud.objects.put_bytes(data, "old", "o")
        first, second = cloud.objects.versions.of("old", "o")
        assert (first.latest, second.latest) == (False, True)
        assert cloud.objects.show("old", "o", version=first.id).size == 3
        assert client_bytes(cloud.objects, "old", "o", version=first.id) == b"one"
        cloud.objects.versions.keep("old", on=False)
        assert not cloud.objects.versions.kept("old")


def client_bytes(objects: Objects, container: str, name: str, version: str = "") -> bytes:
    with objects.read(container, name, version=version) as download:
        return b"".join(download.chunks)
