"""Every command of the real clients does what docs/clients.md says; the page is made of the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.clients.page import GROUPS, PAGE, page
from tests.journeys.clients.people import Programs, trip
from tests.journeys.clients.table import Group
from tests.running import RunningService


@pytest.fixture(scope="session")
def programs() -> Iterator[Programs]:
    made = Programs()
    yield made
    made.close()


@pytest.fixture(scope="session")
def open_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """One that may fetch from this machine, so that clients can have it fetch what it keeps itself."""
    env = {"IMAGEFERRY_FETCH_NETWORKS": "127.0.0.1", "IMAGEFERRY_FETCH_PORTS": ""}
    running = RunningService(data=tmp_path_factory.mktemp("matrix") / "data", env=env).start()
    yield running
    running.stop()


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: f"{group.client}: {group.title}")
def test_every_row_turns_out_as_the_page_says(
    group: Group, programs: Programs, open_service: RunningService, tmp_path: Path
) -> None:
    for client in {group.client, *(row.client for row in group.rows if row.client)}:
        programs.need(client)
    troubles = list(trip(open_service, programs, tmp_path).troubles(group))
    assert not troubles, "\n".join(troubles)


@pytest.mark.parametrize("client", ["openstack", "glance", "swift"])
def test_every_command_of_the_client_has_a_row(client: str, programs: Programs, tmp_path: Path) -> None:
    programs.need(client)
    commands = programs.run("commands", [client], {}, tmp_path).out.splitlines()
    assert len(commands) > 10
    rows = [row for group in GROUPS if group.client == client for row in group.rows]
    known = {f"{row.words.removeprefix('--debug ')} " for row in rows}
    families = tuple(row.family for row in rows if row.family)
    assert [c for c in commands if not c.startswith(families) and not any(k.startswith(f"{c} ") for k in known)] == []


def test_the_page_is_made_of_these_rows() -> None:
    assert PAGE.read_text() == page(), "run python -m tests.journeys.clients.page"
