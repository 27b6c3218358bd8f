"""Both sides side by side, and what of their differences nobody has decided."""

from __future__ import annotations

import contextlib
import fcntl
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.comparison.answers import Plain, differences
from tests.comparison.decisions import DECISIONS
from tests.comparison.decisions.decision import Seen
from tests.comparison.runner import walk
from tests.comparison.script import At, Scenario
from tests.comparison.sides import Side, empty, furnished


@dataclass(frozen=True, slots=True)
class Difference:
    scenario: str
    step: str
    place: str  # "status", "header etag", "body.name"
    there: str
    here: str

    def __str__(self) -> str:
        return f"{self.scenario}: {self.step}: {self.place}: there {self.there!r}, here {self.here!r}"


@contextlib.contextmanager
def alone(peers: Path) -> Iterator[None]:
    """One set of real services for all test processes: one at a time is kinder to them."""
    with (peers / "tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def both(there: Mapping[str, str], here: Mapping[str, str]) -> Iterator[tuple[Side, Side]]:
    """The two sides with fresh people in them; what was made is taken away again."""
    with furnished(there) as real, furnished(here) as ours:
        try:
            yield real, ours
        finally:
            empty(real)


def compare_all(scenarios: Sequence[Scenario], sides: tuple[Side, Side]) -> list[Difference]:
    """One service beside the other, the scripts of each in their order."""
    groups: dict[At, list[Scenario]] = {}
    for scenario in scenarios:
        groups.setdefault(scenario.at, []).append(scenario)

    def walked(group: list[Scenario]) -> list[Difference]:
        mine = (sides[0].beside(), sides[1].beside())
        try:
            return [difference for scenario in group for difference in compare(scenario, mine)]
        finally:
            for side in mine:
                side.close()

    with ThreadPoolExecutor(len(groups) or 1) as pool:
        return [difference for found in pool.map(walked, groups.values()) for difference in found]


def compare(scenario: Scenario, sides: tuple[Side, Side]) -> list[Difference]:
    """All that is unlike, decided or not."""
    with ThreadPoolExecutor(2) as pool:
        walks = [pool.submit(walk, scenario, side) for side in sides]
        (real, known_there), (ours, known_here) = (done.result() for done in walks)
    there, here = Plain(sides[0], known_there), Plain(sides[1], known_here)
    found = []
    for step in scenario.steps:
        at = step.at or scenario.at
        tables = there.table(at, step.method, real[step.name]), here.table(at, step.method, ours[step.name])
        for place, pair in differences(*tables).items():
            found.append(Difference(scenario.name, step.name, place, *pair))
    return found


def judged(found: Sequence[Difference], scenarios: Sequence[Scenario]) -> list[str]:
    """What is wrong: differences that no row decides, or two; rows that say what is not so any more."""
    names = {scenario.name for scenario in scenarios}
    wrong = []
    used: set[Seen] = set()
    rows = [row for rows in DECISIONS.values() for row in rows]
    for difference in found:
        fitting = [row for row in rows if any(fits(seen, difference) for seen in row.seen)]
        used.update(seen for row in fitting for seen in row.seen if fits(seen, difference))
        if not fitting:
            wrong.append(f"not decided: {difference}")
        if len(fitting) > 1:
            wrong.append(f"decided {len(fitting)} times: {difference}: {[row.what for row in fitting]}")
    all_seen = [seen for row in rows for seen in row.seen if seen.scenario in names]
    return wrong + [f"no longer so: {seen}" for seen in all_seen if seen not in used]


def fits(seen: Seen, difference: Difference) -> bool:
    return (
        seen.scenario == difference.scenario
        and _like(seen.step, difference.step)
        and _like(seen.place, difference.place)
        and _like(seen.there, difference.there)
        and _like(seen.here, difference.here)
    )


def _like(pattern: str, text: str) -> bool:
    """``*`` is anything, ``?`` one character, ``a|b`` either."""
    return re.fullmatch(_expression(pattern), text, re.DOTALL) is not None


@cache
def _expression(pattern: str) -> str:
    wild = {"*": ".*", "?": "."}
    return "|".join("".join(wild.get(letter) or re.escape(letter) for letter in one) for one in pattern.split("|"))
