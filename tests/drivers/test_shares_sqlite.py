"""What questions about shares cost, in steps of SQLite's machine: no more where others share ten times as much."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from imageferry.db.engine import Mode, begin, open_engine
from imageferry.db.migrate import upgrade
from imageferry.db.records import SqlSession
from imageferry.domain.object import Container, ListingQuery
from imageferry.domain.sharing import Only, just, sharing_of
from tests.contracts.records_things import OURS, START, a_blob, a_container, a_domain, a_project, an_object

_FEW, _MANY = 200, 2000
_QUESTIONS: Mapping[str, Callable[[SqlSession, Container, str], object]] = {
    "who shares": lambda session, _, me: session.shares.sharers(me, limit=10),  # type: ignore[arg-type]
    "whether": lambda session, container, me: session.shares.any_with(container.project_id, me, container.id),  # type: ignore[arg-type]
    "containers": lambda session, container, me: session.objects.containers(
        container.project_id,
        ListingQuery(),
        Only(opened_to=me),  # type: ignore[arg-type]
    ),
    "one": lambda session, container, _: session.shares.over(container.id, "000050/a/b", START),
    "a page": lambda session, container, _: session.shares.over_all(container.id, ["000050", "000050/a"], START),
    "names": lambda session, container, _: session.objects.objects(
        container.id, ListingQuery(), within=[just("000050")]
    ),
    "links": lambda session, container, _: session.links.of_all(container.id, ["000050", "000051"]),
    "behind": lambda session, *_: session.links.behind("token 000050"),
}


def _steps(folder: Path, count: int) -> dict[str, int]:
    """The steps of each question where one account shares so many objects with us, and as many with everybody."""
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
        session = SqlSession(connection)
        home = a_domain(session)
        me, owner = (a_project(session, home, name).id for name in ("me", "owner"))
        container, blob_id = a_container(session, project_id=owner), a_blob(session, 1)
        other = a_container(session, project_id=OURS)
        for number in range(count):
            for place in (container, other):
                name = f"{number:06}"
                session.objects.put_object(an_object(place, name, blob_id, content_type="application/directory"))
                session.shares.set(place, name, sharing_of([me, "*"], ["else"]))
            session.links.add(container.id, name, f"token {name}")
        for name, ask in _QUESTIONS.items():
            ask(session, container, me)  # statements are prepared at the first time
            driver: Any = connection.connection.driver_connection
            steps = 0
            driver.set_progress_handler(count_one, 1)
            found = ask(session, container, me)
            driver.set_progress_handler(None, 1)
            assert found, name
            taken[name] = steps
    engine.dispose()
    return taken


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, int]]:
    folder = tmp_path_factory.mktemp("shares")
    return {count: _steps(folder, count) for count in (_FEW, _MANY)}


@pytest.mark.parametrize("name", _QUESTIONS)
def test_a_question_costs_no_more_where_more_is_shared(steps: dict[int, dict[str, int]], name: str) -> None:
    assert steps[_MANY][name] < 1.5 * steps[_FEW][name]
