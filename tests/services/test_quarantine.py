"""What scanners objected to: the administrator sees it, takes it away to look at it, and lets go of it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from imageferry.db.records import SqlRecords
from imageferry.domain.access import ProjectId, UserId
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.errors import AlreadyExists, NotFound
from imageferry.domain.moment import later
from imageferry.domain.quarantine import Quarantined
from imageferry.domain.task import TaskId
from imageferry.service.blobs import Blobs
from imageferry.service.quarantine import Quarantine
from imageferry.service.sweeping import Sweeper
from imageferry.stores.memory import MemoryBlocks
from tests.services.conftest import Clock

WEEK = 7 * 24 * 3600.0
CONTENT = random.Random(1).randbytes(BLOCK_SIZE + 1000) + bytes(BLOCK_SIZE)


@pytest.fixture
def quarantine(records: SqlRecords, blobs: Blobs, clock: Clock) -> Quarantine:
    return Quarantine(records, blobs, clock)


def kept_apart(records: SqlRecords, blobs: Blobs, clock: Clock, task: str = "t") -> Quarantined:
    writer = blobs.writer()
    for start in range(0, len(CONTENT), BLOCK_SIZE):
        writer.write(CONTENT[start : start + BLOCK_SIZE])
    blob = blobs.keep(writer.finish())
    now = clock()
    item = Quarantined(
        task_id=TaskId(task),
        project_id=ProjectId("p"),
        user_id=UserId("u"),
        what="web.img",
        rule="Rule",
        place="the file /a",
        parts=((blob.id, 5, 100), (blob.id, 100, len(CONTENT))),
        created_at=now,
        expires_at=later(now, seconds=WEEK),
    )
    with records.writing() as session:
        session.quarantine.add(item)
    return item


def test_the_bytes_are_saved_as_they_came_for_the_owner_only(
    quarantine: Quarantine, records: SqlRecords, blobs: Blobs, clock: Clock, tmp_path: Path
) -> None:
    item = kept_apart(records, blobs, clock)
    assert list(quarantine.items()) == [item]
    assert quarantine.save(item.task_id, tmp_path / "out") == item
    assert (tmp_path / "out").read_bytes() == CONTENT[5:]
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600


def test_no_file_is_written_over(
    quarantine: Quarantine, records: SqlRecords, blobs: Blobs, clock: Clock, tmp_path: Path
) -> None:
    item = kept_apart(records, blobs, clock)
    (tmp_path / "out").write_bytes(b"mine")
    (tmp_path / "link").symlink_to("out")
    for name in ("out", "link"):
        with pytest.raises(AlreadyExists):
            quarantine.save(item.task_id, tmp_path / name)
    assert (tmp_path / "out").read_bytes() == b"mine"


def test_they_are_swept_away_when_they_are_let_go_of_or_a_week_is_over(
    quarantine: Quarantine, records: SqlRecords, blobs: Blobs, clock: Clock, store: MemoryBlocks
) -> None:
    sweeper = Sweeper(records, store, clock)
    let_go = kept_apart(records, blobs, clock, "t1")
    kept_apart(records, blobs, clock, "t2")
    clock.pass_time(3 * 24 * 3600)
    assert sweeper.sweep().blobs == 0
    quarantine.delete(let_go.task_id)
    with pytest.raises(NotFound):
        quarantine.delete(let_go.task_id)
    assert sweeper.sweep().blobs == 0
    clock.pass_time(1.1 * 24 * 3600)
    assert sweeper.sweep().blobs == 1
    clock.pass_time(3 * 24 * 3600)
    sweeper.sweep()
    assert list(quarantine.items()) == []
    clock.pass_time(1.1 * 24 * 3600)
    assert sweeper.sweep().blobs == 1
    assert list(store.stored()) == []


def test_of_what_is_not_there_nothing_is_saved(quarantine: Quarantine, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        quarantine.save(TaskId("t"), tmp_path / "out")
    assert not (tmp_path / "out").exists()
