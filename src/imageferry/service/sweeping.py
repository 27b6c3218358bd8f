"""Removing bytes that nobody refers to any more, while uploads and downloads go on.

Why this is safe with many writers is told at ``ports.records.BlobRecords``. A reader is
safe because a blob goes only when nothing has pointed to it for the whole time of grace.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from imageferry.domain.block import BlockName
from imageferry.domain.errors import Damaged, NotFound
from imageferry.domain.moment import SECOND, Moment, later
from imageferry.domain.object import ContainerId
from imageferry.ports.block_store import BlockStore, StoredBlock
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records
from imageferry.ports.records.presence import SENT_FOR_S
from imageferry.service.objects.keeping import take_away

GRACE_S = 24 * 3600.0
_PAGE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Swept:
    """What one sweep removed."""

    tasks: int
    tokens: int
    objects: int
    blobs: int
    blocks: int


class Sweeper:
    """``imageferry gc``."""

    def __init__(self, records: Records, store: BlockStore, clock: Clock) -> None:
        self._records = records
        self._store = store
        self._clock = clock

    def sweep(self, *, older_than_s: float = GRACE_S) -> Swept:
        """Remove what has been out of use for so long: expired objects, tasks and tokens, blobs, blocks, leftovers."""
        now = self._clock()
        before = later(now, seconds=-older_than_s)
        with self._records.writing() as session:
            tasks = session.tasks.delete_expired(now)
            tokens = session.identity.delete_tokens(expired_before=now)
            session.quarantine.delete_expired(now)
            session.presence.forget_sent(before=later(now, seconds=-SENT_FOR_S))
        objects = self._sweep_objects(now)
        blobs = self._sweep_blobs(before)
        self._adopt_leftovers(before)
        return Swept(tasks=tasks, tokens=tokens, objects=objects, blobs=blobs, blocks=self._sweep_blocks(before))

    def _sweep_objects(self, now: Moment) -> int:
        count = 0
        while True:
            with self._records.reading() as session:
                page = session.objects.expired(now, limit=_PAGE)
            for container_id, name in page:
                count += self._delete_expired(container_id, name, now)
            if len(page) < _PAGE:
                return count

    def _delete_expired(self, container_id: ContainerId, name: str, now: Moment) -> bool:
        """Delete one, if nobody has replaced it or was faster. Each by itself: uploads do not wait for all."""
        with suppress(NotFound), self._records.writing() as session:
            session.objects.hold(container_id)
            item = session.objects.object(container_id, name)
            if item is not None and item.is_expired(now):
                take_away(session, item, now, expired=True)
                return True
        return False

    def _sweep_blobs(self, before: Moment) -> int:
        count = 0
        while True:
            with self._records.reading() as session:  # it may look at many, and no writer shall wait for that
                unused = session.blobs.unused_blobs(before=before, limit=_PAGE)
            with self._records.writing() as session:
                session.blobs.delete_blobs(unused, before=before)
            count += len(unused)
            if len(unused) < _PAGE:
                return count

    def _sweep_blocks(self, before: Moment) -> int:
        self._settle_blocks(before)
        count = 0
        while True:
            with self._records.writing() as session:
                names = session.blobs.sweepable(before=before, limit=_PAGE)
                # Inside the transaction: a writer who wants one of these waits until both are gone.
                self._store.delete(names)
            count += len(names)
            if len(names) < _PAGE:
                return count

    def _settle_blocks(self, before: Moment) -> None:
        """Pass over blocks in use now, a few at a time, so that what follows has not to look at them."""
        while True:
            with self._records.writing(durable=False) as session:
                if session.blobs.settle(before=before, limit=_PAGE) < _PAGE:
                    return

    def _adopt_leftovers(self, before: Moment) -> None:
        """Give a row to blocks that a crash left in the store without one, so that they are swept like any."""
        stored = self._store.stored()
        while page := list(islice(stored, _PAGE)):
            old = [block for block in page if block.stored_at * SECOND < before]
            with self._records.reading() as session:
                known = session.blobs.known_blocks([block.name for block in old])
            strangers = [block for block in old if block.name not in known]
            if strangers:
                self._adopt(strangers)

    def _adopt(self, strangers: list[StoredBlock]) -> None:
        upload = f"leftovers-{uuid.uuid4().hex}"
        oldest = Moment(int(min(block.stored_at for block in strangers) * SECOND))
        with self._records.writing() as session:
            session.blobs.touch(upload, [block.name for block in strangers], oldest)
            session.blobs.end_upload(upload)


@dataclass(frozen=True, kw_only=True, slots=True)
class BadBlock:
    """A block that is damaged or gone, and what it belongs to, in words."""

    name: BlockName
    trouble: str
    belongs_to: tuple[str, ...]


class Verifier:
    """``imageferry verify``: re-reads every block that is referred to, and proves it by its SHA-256."""

    def __init__(self, records: Records, store: BlockStore) -> None:
        self._records = records
        self._store = store
        self.checked = 0  # blocks so far

    def verify(self) -> Iterator[BadBlock]:
        """Every bad block, as it is found. Memory does not grow with the number of blocks."""
        after: BlockName | None = None
        while True:
            with self._records.reading() as session:
                page = session.blobs.all_blocks(after=after, limit=_PAGE)
            for name in page:
                trouble = self._trouble_of(name)
                self.checked += 1
                users = self._users_of(name) if trouble else ()
                # A block that no blob refers to may be missing: an upload was cut off after saying it would come.
                if trouble and users:
                    yield BadBlock(name=name, trouble=trouble, belongs_to=users)
            if len(page) < _PAGE:
                return
            after = page[-1]

    def _trouble_of(self, name: BlockName) -> str:
        try:
            self._store.check(name)
        except NotFound:
            return "missing"
        except Damaged as error:
            return f"damaged ({error.detail})"
        return ""

    def _users_of(self, name: BlockName) -> tuple[str, ...]:
        words: list[str] = []
        with self._records.reading() as session:
            for blob_id in session.blobs.blobs_with(name):
                users = session.blobs.users_of(blob_id)
                words += [f"{user.kind} {user.id} ({user.name}) of project {user.project_id}" for user in users]
                words += [] if users else [f"blob {blob_id}, which nothing points to"]
        return tuple(words)
