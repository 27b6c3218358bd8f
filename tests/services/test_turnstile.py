"""What takes long keeps no more threads than it is given."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from imageferry.domain.errors import Unavailable
from imageferry.service.turnstile import Turnstile


def test_one_works_one_waits_and_all_others_are_told_to_come_again() -> None:
    turnstile = Turnstile("the work", at_once=1, waiting=1, wait_s=20)
    working, done = threading.Event(), threading.Event()

    def work() -> None:
        with turnstile.turn():
            working.set()
            assert done.wait(20)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(work)
        assert working.wait(20)
        second = pool.submit(work)
        while turnstile._door._value:  # until the second is in; to try would be to take its place
            time.sleep(0.001)
        for _ in range(3):
            with pytest.raises(Unavailable, match="the work"), turnstile.turn():
                pass
        done.set()
        first.result(20)
        second.result(20)
    with turnstile.turn():
        pass


def test_who_waits_too_long_is_told_so_and_leaves_the_place_to_others() -> None:
    turnstile = Turnstile("the work", at_once=1, waiting=1, wait_s=0.01)
    with turnstile.turn():
        for _ in range(3):
            with pytest.raises(Unavailable), turnstile.turn():
                pass


def test_work_that_fails_keeps_no_place() -> None:
    turnstile = Turnstile("the work", at_once=1, waiting=0, wait_s=0.01)
    for _ in range(3):
        with pytest.raises(ValueError, match="bad"), turnstile.turn():
            raise ValueError("bad")
