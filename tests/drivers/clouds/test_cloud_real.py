"""The contract against a real OpenStack, where there is one.

``IMAGEFERRY_PEERS`` is a folder with a clouds.yaml that has the clouds peer-demo and peer-alt, two
users of one cloud with a project each; ``scripts/peers up`` makes one where it can.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from imageferry.clouds.config import open_configured
from imageferry.ports.cloud import Cloud
from tests.contracts.cloud import CloudContract

PEERS = os.environ.get("IMAGEFERRY_PEERS")


@pytest.mark.skipif(not PEERS, reason="no real OpenStack here: IMAGEFERRY_PEERS names no folder (scripts/peers up)")
class TestRealOpenStack(CloudContract):
    knows_projects = False
    abilities = frozenset({"versions"})

    @pytest.fixture
    def file(self) -> Path:
        return Path(PEERS or "") / "clouds.yaml"

    @pytest.fixture
    def alone(self, file: Path) -> Iterator[None]:
        """These tests look at all that is in the cloud, and there is one cloud for all test processes."""
        with (file.parent / "tests.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @pytest.fixture
    def cloud(self, alone: None, file: Path) -> Iterator[Cloud]:
        cloud = open_configured("peer-demo", file=file)
        for image in list(cloud.images.search()):
            if image.owner == cloud.project_id:
                cloud.images.delete(image.id)
        yield cloud
        cloud.close()

    @pytest.fixture
    def other(self, file: Path) -> Iterator[Cloud]:
        cloud = open_configured("peer-alt", file=file)
        yield cloud
        cloud.close()

    @pytest.fixture
    def wrong(self, file: Path, tmp_path: Path) -> Iterator[Cloud]:
        entry = yaml.safe_load(file.read_text())["clouds"]["peer-demo"]
        entry["auth"]["password"] = "wrong-pw"
        (tmp_path / "wrong.yaml").write_text(yaml.safe_dump({"clouds": {"wrong": entry}}))
        cloud = open_configured("wrong", file=tmp_path / "wrong.yaml")
        yield cloud
        cloud.close()

    @pytest.fixture
    def secrets(self, file: Path) -> list[str]:
        return [yaml.safe_load(file.read_text())["clouds"]["peer-demo"]["auth"]["password"]]

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {}
