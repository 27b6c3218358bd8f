"""A fake Synnefo cloud and the driver opened on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from imageferry.clouds.config import open_configured
from imageferry.ports.cloud import Cloud
from tests.fake_synnefo import TOKEN, FakeSynnefo

Open = Callable[..., Cloud]


@pytest.fixture
def fake() -> Iterator[FakeSynnefo]:
    fake = FakeSynnefo()
    yield fake
    fake.close()


@pytest.fixture
def opened(fake: FakeSynnefo, tmp_path: Path, slept: list[float]) -> Iterator[Open]:
    clouds: list[Cloud] = []

    def opened(**entry: object) -> Cloud:
        file = tmp_path / "clouds.yaml"
        found = {"type": "synnefo", "url": f"{fake.url}/identity", "token": TOKEN, **entry}
        file.write_text(yaml.safe_dump({"clouds": {"old": found}}))
        clouds.append(open_configured("old", file=file, sleep=slept.append))
        return clouds[-1]

    yield opened
    for cloud in clouds:
        cloud.close()


@pytest.fixture
def cloud(opened: Open) -> Cloud:
    return opened()
