"""Housekeeping of a running service: what is out of use goes without anybody asking."""

from __future__ import annotations

import logging
import threading

from imageferry.bootstrap import House
from imageferry.db.tasks import DurableTasks
from imageferry.domain.task import KEEP_SECONDS
from imageferry.service.sweeping import Sweeper

_log = logging.getLogger("imageferry.keeper")


class Keeper:
    """Sweeps every ``settings.sweep_every_s`` seconds on a thread of its own; 0: never."""

    def __init__(self, house: House, tasks: DurableTasks) -> None:
        self._house = house
        self._tasks = tasks
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        if house.settings.sweep_every_s:
            self._thread.start()

    def stop(self) -> None:
        """No new sweep; one at work may be cut off by the end of the process, which does no harm."""
        self._over.set()

    def _run(self) -> None:
        while not self._over.wait(self._house.settings.sweep_every_s):
            try:
                swept = Sweeper(self._house.records, self._house.store, self._house.clock).sweep()
                walks = self._tasks.forget_ended(older_than_s=KEEP_SECONDS)
                _log.info("swept", extra={"blobs": swept.blobs, "blocks": swept.blocks, "walks": walks})
            except Exception:
                _log.exception("sweeping failed; it is tried again later")
