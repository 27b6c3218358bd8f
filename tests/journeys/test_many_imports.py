"""Two projects queue many small imports while the service is killed: each is done once, and the few wait for few.

IMAGEFERRY_MANY_IMPORTS says how many there are; 200 unless it is set.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest

from tests.crowd import (
    Crowd,
    check_that_each_was_done_once,
    check_that_nothing_is_left_over,
    killed_at_work,
    wait_until,
)
from tests.running import RunningService

ALL = int(os.environ.get("IMAGEFERRY_MANY_IMPORTS", "200"))
FEW = 10
KILLS = 10


@pytest.mark.slow
def test_many_imports_of_two_projects_all_end_once_and_the_few_do_not_wait_for_the_many(
    new_service: Callable[..., RunningService],
) -> None:
    chance = random.Random(20_261_120)
    service = new_service().start()
    many, few = Crowd("many", service), Crowd("few", service)
    many.queue(ALL - FEW)
    apart = ALL // (KILLS + 2)
    killed_at_work(service, [many], 2, chance, apart=apart)
    few.queue(FEW)
    killed_at_work(service, [few], 2, chance, apart=FEW // 4)
    killed_at_work(service, [many, few], KILLS - 4, chance, apart=apart)
    wait_until(lambda: len(many.ends()) + len(few.ends()) == ALL)

    for crowd in (many, few):
        check_that_each_was_done_once(crowd)
    assert many.ended_while(few) <= 2 * FEW
    check_that_nothing_is_left_over(service)
