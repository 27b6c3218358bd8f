"""Housekeeping of a running service: what is out of use goes without anybody asking."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from imageferry.bootstrap import House
from imageferry.db.tasks import DurableTasks
from imageferry.domain.task import KEEP_SECONDS
from imageferry.service.sweeping import Sweeper

_log = logging.getLogger("imageferry.keeper")


class Keeper:
    """On a thread of its own: judges at once what was overwritten before the service ended and not judged, and then
    sweeps every ``settings.sweep_every_s`` seconds; 0: never.
    """

    def __init__(self, house: House, tasks: DurableTasks) -> None:
        self._house = house
        self._tasks = tasks
        self._over = threading.Event()
        threading.Thread(target=self._run, name="keeper", daemon=True).start()

    def stop(self) -> None:
        """No new sweep; one at work may be cut off by the end of the process, which does no harm."""
        self._over.set()

    def _run(self) -> None:
        pause_s = self._house.settings.sweep_every_s
        self._try(self._house.services.judging.settle_all)
        while pause_s and not self._over.wait(pause_s):
            self._try(self._house.services.judging.settle_all)
            self._try(self._sweep)

    def _sweep(self) -> None:
        swept = Sweeper(self._house.records, self._house.store, self._house.clock).sweep()
        walks = self._tasks.forget_ended(older_than_s=KEEP_SECONDS)
        _log.info("swept", extra={"blobs": swept.blobs, "blocks": swept.blocks, "walks": walks})

    def _try(self, deed: Callable[[], None]) -> None:
        try:
            deed()
        except Exception:
            _log.exception("housekeeping failed; it is tried again later")
