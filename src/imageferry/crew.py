"""Many equal pieces of work, done by a few threads; the first failure ends the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

_Item = TypeVar("_Item")


def each(items: Iterable[_Item], work: Callable[[_Item], object], *, workers: int) -> None:
    """Do ``work`` for each item, ``workers`` at a time. Items are asked for when there is somebody to work on them.

    What the first failing piece raises comes out, when those at work have come to their end; no other is begun.
    """
    from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait  # loads logging; --help is to be quick

    rest = iter(items)
    lock = threading.Lock()
    stop = threading.Event()

    def run() -> None:
        try:
            while not stop.is_set():
                with lock:
                    try:
                        item = next(rest)
                    except StopIteration:
                        return
                work(item)
        except BaseException:
            stop.set()
            raise

    with ThreadPoolExecutor(workers, thread_name_prefix="crew") as pool:
        futures = [pool.submit(run) for _ in range(workers)]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            stop.set()
        failures = [failure for future in done if (failure := future.exception()) is not None]
    if failures:
        raise failures[0]
