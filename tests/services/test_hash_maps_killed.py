"""kill -9 while blocks are sent and used: what was acknowledged is there, and nothing that is kept lacks a block."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

from imageferry.db.engine import open_engine
from imageferry.db.migrate import upgrade
from imageferry.db.records import SqlRecords
from imageferry.domain.access import IMPLIED, Caller, ProjectId, Role, UserId
from imageferry.domain.block import BlockName
from imageferry.domain.hash_map import HashMap
from imageferry.domain.object import StoredObject
from imageferry.ports.clock import system_clock
from imageferry.service.blobs import Blobs
from imageferry.service.objects import Objects, Traits
from imageferry.service.sweeping import Sweeper, Verifier
from imageferry.stores.files import FileBlocks

MEMBER = Caller(user_id=UserId("u"), project_id=ProjectId("p"), roles=IMPLIED[Role.MEMBER])
PLACE = (MEMBER, MEMBER.project, "c")
PLAIN = Traits(metadata={}, headers={})
ROUNDS = 3


class Service:
    def __init__(self, folder: Path) -> None:
        engine = open_engine(f"sqlite:///{folder / 'records.db'}")
        upgrade(engine)
        self.records, self.store = SqlRecords(engine), FileBlocks(folder / "blocks")
        self.blobs = Blobs(self.store, self.records, system_clock)
        self.objects = Objects(self.records, self.blobs, system_clock)

    def send(self, content: bytes) -> list[BlockName]:
        with self.objects.send_blocks(*PLACE) as sending:
            sending.write(content)
            return sending.commit()

    def make(self, number: int, name: BlockName, size: int) -> StoredObject:
        made = self.objects.put_by_hashes(*PLACE, f"{number}", HashMap(size=size, names=(name,)), PLAIN)
        assert isinstance(made, StoredObject)
        return made


def content_of(number: int) -> bytes:
    return f"{number} ".encode() * 20_000


def tell(*what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def sender(folder: Path) -> None:
    """Sends and uses blocks, and says so, until it is killed."""
    service = Service(folder)
    service.objects.create_container(*PLACE, {})
    for number in itertools.count():
        content = content_of(number)
        [name] = service.send(content)
        tell(number, name, len(content), "sent")
        if number % 2:
            service.make(number, name, len(content))
            tell(number, name, len(content), "made")


def test_what_was_acknowledged_survives_and_nothing_is_half_made(tmp_path: Path) -> None:
    for turn in range(ROUNDS):
        folder = tmp_path / f"{turn}"
        folder.mkdir()
        command = [sys.executable, "-c", f"from {__name__} import *; sender(Path({str(folder)!r}))"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lines = list(itertools.islice(process.stdout, 8 + turn))
            process.kill()
            lines += [line for line in process.stdout if line.endswith("\n")]
        told = [json.loads(line) for line in lines]
        service = Service(folder)
        assert list(Verifier(service.records, service.store).verify()) == []
        Sweeper(service.records, service.store, system_clock).sweep(older_than_s=0)
        for number, name, size, what in told:
            if what == "made":
                service.objects.show(*PLACE, f"{number}")
            assert service.make(number, name, size).size == size
            opened = service.objects.open(*PLACE, f"{number}")
            assert b"".join(service.objects.read(opened)) == content_of(number)
        assert list(Verifier(service.records, service.store).verify()) == []
        service.blobs.close()
        service.records.close()
