"""Objects made by hash maps on PostgreSQL: many writers beside a sweeper without any grace."""

from __future__ import annotations

import random
import threading

from imageferry.db.engine import open_engine
from imageferry.db.migrate import upgrade
from imageferry.db.records import SqlRecords
from imageferry.domain.access import IMPLIED, Caller, ProjectId, Role, UserId
from imageferry.domain.block import name_of
from imageferry.domain.hash_map import HashMap
from imageferry.ports.clock import system_clock
from imageferry.service.blobs import Blobs
from imageferry.service.objects import Missing, Objects, Traits
from imageferry.service.sweeping import Sweeper, Verifier
from imageferry.stores.memory import MemoryBlocks
from tests.contracts.records_things import run_at_once

PLAIN = Traits(metadata={}, headers={})


def test_nothing_is_lost_and_nobody_is_given_anothers_bytes(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    upgrade(engine)
    records, store = SqlRecords(engine), MemoryBlocks()
    blobs = Blobs(store, records, system_clock)
    objects = Objects(records, blobs, system_clock)
    callers = [
        Caller(user_id=UserId("u"), project_id=ProjectId(project), roles=IMPLIED[Role.MEMBER]) for project in "pq"
    ]
    data = [random.Random(seed).randbytes(2000) for seed in range(4)]
    for caller in callers:
        objects.create_container(caller, caller.project, "c", {})
    never_sent = name_of(b"only q has this")
    with objects.upload(callers[1], callers[1].project, "c", "own", traits=PLAIN) as upload:
        upload.write(b"only q has this")
        upload.commit()

    def work(worker: int) -> None:
        caller = callers[worker % 2]
        project, name = caller.project, f"{worker}"
        for turn in range(12):
            content = data[(worker + turn) % len(data)]
            wanted = HashMap(size=len(content), names=(name_of(content),))
            while isinstance(objects.put_by_hashes(caller, project, "c", name, wanted, PLAIN), Missing):
                with objects.send_blocks(caller, project, "c") as sending:
                    sending.write(content)
                    sending.commit()
            assert b"".join(objects.read(objects.open(caller, project, "c", name))) == content
            objects.delete(caller, project, "c", name)
            foreign = HashMap(size=15, names=(never_sent,))
            found = objects.put_by_hashes(callers[0], callers[0].project, "c", "stolen", foreign, PLAIN)
            assert found == Missing((never_sent,))

    over = threading.Event()
    sweeper = Sweeper(records, store, system_clock)

    def sweep() -> None:
        while not over.is_set():
            sweeper.sweep(older_than_s=0)

    sweeping = threading.Thread(target=sweep)
    sweeping.start()
    try:
        run_at_once(work, 4)
        assert list(Verifier(records, store).verify()) == []
    finally:
        over.set()
        sweeping.join()
        blobs.close()
        records.close()
