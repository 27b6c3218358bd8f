"""What a page of images costs, in steps of SQLite's machine: no more where there are ten times as many images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from imageferry.db.engine import Mode, begin, open_engine
from imageferry.db.images import SqlImages
from imageferry.db.migrate import upgrade
from imageferry.domain.image import ImageId, Visibility
from imageferry.domain.moment import Moment
from imageferry.ports.records import ImageQuery
from tests.contracts.records_things import OURS, START, THEIRS, an_image

_FEW, _MANY = 300, 3000


def _steps(folder: Path, count: int) -> dict[str, int]:
    """The steps that each query takes where there are ``count`` images, a third of them ours, a third public."""
    engine = open_engine(f"sqlite:///{folder / str(count)}")
    upgrade(engine)
    steps = 0

    def count_one() -> int:
        nonlocal steps
        steps += 1
        return 0

    taken = {}
    with engine.connect() as connection:
        begin(connection, Mode.WRITING)
        images = SqlImages(connection)
        for number in range(count):
            owner = OURS if number % 3 == 0 else THEIRS
            visibility = Visibility.PUBLIC if number % 3 == 1 else Visibility.SHARED
            moment = Moment(START + number)
            key = ImageId(f"{number:08}")
            images.add(an_image(id=key, owner=owner, visibility=visibility, name=f"n{number}", created_at=moment))
        for name, query in _QUERIES.items():
            wish = ImageQuery(viewer=OURS, **{"limit": 10, **query})
            images.page(wish)  # statements are prepared at the first time
            driver: Any = connection.connection.driver_connection
            steps = 0
            driver.set_progress_handler(count_one, 1)
            found = images.page(wish)
            driver.set_progress_handler(None, 1)
            assert found, name
            taken[name] = steps
    engine.dispose()
    return taken


_QUERIES: dict[str, dict[str, Any]] = {
    "plain": {},
    "behind a marker": {"marker": ImageId("00000150")},
    "public": {"visibility": Visibility.PUBLIC},
    "ours": {"owner": OURS},
    "by name": {"names": ["n150"]},
    "by id": {"ids": ["00000150"]},
    "oldest first": {"sort": (("created_at", "asc"),)},
}


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, int]]:
    folder = tmp_path_factory.mktemp("lists")
    return {count: _steps(folder, count) for count in (_FEW, _MANY)}


@pytest.mark.parametrize("name", _QUERIES)
def test_a_page_costs_no_more_among_many_images(steps: dict[int, dict[str, int]], name: str) -> None:
    assert steps[_MANY][name] < 1.5 * steps[_FEW][name]
