"""Objects moved and changed on PostgreSQL by several at once, who must not wait for each other for ever."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from imageferry.db.engine import open_engine
from imageferry.db.migrate import upgrade
from imageferry.db.records import SqlRecords
from imageferry.domain.access import IMPLIED, Caller, Role, UserId
from imageferry.domain.errors import NotFound
from imageferry.domain.splice import Splice
from imageferry.domain.versioning import VersioningChange
from imageferry.ports.clock import system_clock
from imageferry.service.blobs import Blobs
from imageferry.service.objects import Objects
from imageferry.stores.memory import MemoryBlocks
from tests.contracts.records_things import run_at_once
from tests.services.shelves import Account, P, as_it_is

MEMBER = Caller(user_id=UserId("u"), project_id=P, roles=IMPLIED[Role.MEMBER])


@pytest.fixture
def account(postgres_url: str) -> Iterator[Account]:
    engine = open_engine(postgres_url)
    upgrade(engine)
    records = SqlRecords(engine)
    blobs = Blobs(MemoryBlocks(), records, system_clock)
    yield Account(Objects(records, blobs, system_clock), MEMBER)
    blobs.close()
    records.close()


@pytest.mark.parametrize("quota", [{}, {"quota-bytes": "1000000"}])
def test_those_who_move_in_opposite_directions_pass_each_other(account: Account, quota: dict[str, str]) -> None:
    objects = account.objects
    objects.create_container(MEMBER, P, "archived", quota, versioning=VersioningChange(archive="plain"))
    containers = ["kept", "plain", "archived"]
    ids = {account.put(container, f"{number}", b"1").id for container in containers for number in range(6)}

    def work(mover: int) -> None:
        source, target = (P, containers[mover % 3]), (P, containers[(mover + 1 + mover // 3) % 3])
        for turn in range(4):
            for number in range(6):
                try:
                    objects.move(MEMBER, (*source, f"{number}"), (*target, f"{mover}-{number}-{turn}"), as_it_is)
                except NotFound:  # another was faster
                    continue
                account.put(source[1], f"{number}", b"22")

    run_at_once(work, 6)
    rows = [objects.show(MEMBER, P, container, name) for container in containers for name in account.names(container)]
    found = [row.id for row in rows]
    assert len(found) == len(set(found))
    assert ids <= set(found)


def test_of_what_several_append_at_once_nothing_is_lost(account: Account) -> None:
    account.put("kept", "f", b"")

    def work(writer: int) -> None:
        for number in range(10):
            with account.objects.splice(MEMBER, P, "kept", "f", Splice(), as_it_is) as taking:
                taking.write(f"{writer}:{number}\n".encode())
                taking.commit()

    run_at_once(work, 3)
    found = account.read("kept", "f").decode().splitlines()
    assert sorted(found) == sorted(f"{writer}:{number}" for writer in range(3) for number in range(10))
    assert len(account.numbers("kept", "f")) == 31
