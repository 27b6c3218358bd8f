"""The real services and ours answer alike, but for what was decided; and the page says just that."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.comparison import page
from tests.comparison.comparing import Difference, alone, both, compare_all, fits, judged
from tests.comparison.decisions import DECISIONS
from tests.comparison.decisions.decision import Seen
from tests.comparison.scenarios import SCENARIOS
from tests.running import RunningService

PEERS = os.environ.get("IMAGEFERRY_PEERS")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RunningService]:
    running = RunningService(data=tmp_path / "data").start()
    yield running
    running.stop()


@pytest.mark.skipif(not PEERS, reason="no real OpenStack here: IMAGEFERRY_PEERS names no folder (scripts/peers up)")
def test_every_difference_from_the_real_services_was_decided(service: RunningService) -> None:
    clouds = yaml.safe_load((Path(PEERS or "") / "clouds.yaml").read_text())["clouds"]
    with alone(Path(PEERS or "")), both(clouds["peer-admin"]["auth"], service.cloud["auth"]) as sides:
        wrong = judged(compare_all(SCENARIOS, sides), SCENARIOS)
    assert not wrong, "\n".join(wrong)


def test_the_page_is_made_of_what_was_decided() -> None:
    assert page.PAGE.read_text() == page.text(), "python -m tests.comparison.page writes it anew"


def test_every_step_has_a_name_of_its_own_and_every_decision_a_step() -> None:
    names = {scenario.name: Counter(step.name for step in scenario.steps) for scenario in SCENARIOS}
    assert len(names) == len(SCENARIOS)
    assert not [(name, step) for name, steps in names.items() for step, count in steps.items() if count > 1]
    for rows in DECISIONS.values():
        assert len({row.what for row in rows}) == len(rows)
        for seen in (seen for row in rows for seen in row.seen):
            assert any(fits(seen, _like(seen, step)) for step in names[seen.scenario]), seen


def _like(seen: Seen, step: str) -> Difference:
    """A difference that fits but for, perhaps, its step."""
    patterns = (seen.place, seen.there, seen.here)
    plain = [pattern.split("|")[0].replace("*", "x").replace("?", "x") for pattern in patterns]
    return Difference(seen.scenario, step, *plain)


def test_a_difference_nobody_decided_is_told_and_so_is_a_row_that_is_no_longer_true() -> None:
    scenario = next(one for one in SCENARIOS if one.name == "tokens")
    told = judged([Difference("tokens", "by names", "status", "201", "500")], [scenario])
    assert told[0] == "not decided: tokens: by names: status: there '201', here '500'"
    assert any("no longer so" in line and "<role_*>" in line for line in told[1:])
