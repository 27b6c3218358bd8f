"""Services for journeys: one for all that do not mind each other, fresh ones for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys.person import NewPerson, Person, new_person_of, small_disk
from tests.running import RunningService


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A running service shared by all journeys of this test process: use projects of your own in it."""
    running = RunningService(data=tmp_path_factory.mktemp("service") / "data").start()
    yield running
    if running.process is not None:
        running.stop()


@pytest.fixture
def new_service(tmp_path: Path) -> Iterator[Callable[..., RunningService]]:
    """Makes (does not start) services with data of their own; stops what is left running."""
    made: list[RunningService] = []

    def make(**options: object) -> RunningService:
        made.append(RunningService(data=tmp_path / f"data{len(made)}", **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for running in made:
        if running.process is not None:
            running.kill()


@pytest.fixture
def new_person(service: RunningService, tmp_path: Path) -> NewPerson:
    return lambda: new_person_of(service, tmp_path)


@pytest.fixture
def person(new_person: NewPerson) -> Person:
    return new_person()


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    return small_disk(tmp_path)
