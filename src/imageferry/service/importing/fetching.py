"""Bytes from a URL into a blob: stored once, hashed once, and judged while they come in."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass

from imageferry.domain.blob import Blob, BlobDraft
from imageferry.domain.block import BLOCK_SIZE, EMPTY, padded, zeros
from imageferry.domain.digest import Algorithm
from imageferry.domain.errors import BadSource, Damaged
from imageferry.domain.image import DiskFormat
from imageferry.domain.source_url import SourceUrl
from imageferry.formats.judge import ENOUGH_BYTES, Limits, refuse_early
from imageferry.formats.packed import packing
from imageferry.formats.sniff import sniff_head
from imageferry.ports.fetcher import START_OVER, Fetcher, Incoming, Mark
from imageferry.ports.records import Records
from imageferry.service.blob_writer import BlobWriter
from imageferry.service.blobs import Blobs
from imageferry.service.image_upload import IMAGE_DIGESTS
from imageferry.service.importing.received import Received
from imageferry.service.plans import StepContext

_ATTEMPTS = 3  # from the start, at a source that cannot go on after a break

Room = Callable[[int | None], Callable[[int], None]]
"""Is there room for so many bytes (None: nobody knows)? Gives what is asked with the size so far."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the bytes must be, as far as the first of them can tell. ``judged`` False: anything will do.

    ``unpack``: what is packed is judged when it is unpacked.
    """

    name: str
    judged: bool = True
    unpack: bool = False
    format: DiskFormat | None = None  # None: any safe disk


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetching:
    """The part of a fetch step that all imports share."""

    fetcher: Fetcher
    records: Records
    blobs: Blobs
    limits: Limits
    max_bytes: int

    def check(self, url: object, *, field: str) -> SourceUrl:
        """Raises BadInput (naming ``field``), BadSource: nothing can or may be fetched from there."""
        return self.fetcher.check(url, field=field)

    def fetch(
        self,
        context: StepContext,
        url: str,
        wanted: Wanted,
        *,
        room: Room,
        algorithms: Collection[Algorithm] = (),
    ) -> Blob:
        """The file as a blob that the task holds on to; its digests are known.

        Raises:
            BadDisk: the first bytes forbid it.
            BadSource, TooLarge, TimedOut, Unavailable: see ``ports.fetcher``.
        """
        draft = self._draft(context, url, wanted, room, IMAGE_DIGESTS.union(algorithms))
        return self.blobs.keep(draft, held_by=context.task.id)

    def _draft(
        self, context: StepContext, url: str, wanted: Wanted, room: Room, algorithms: frozenset[Algorithm]
    ) -> BlobDraft:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._once(context, url, wanted, room, algorithms)
            except BadSource as error:
                if error.reason not in START_OVER or attempt == _ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _once(
        self, context: StepContext, url: str, wanted: Wanted, room: Room, algorithms: frozenset[Algorithm]
    ) -> BlobDraft:
        writer = self.blobs.writer(algorithms)
        received = Received(context.work)

        def note() -> None:
            if received.count is not None:
                received.add(writer.stored(received.count))

        def watch() -> None:
            note()  # also while nothing comes in: blocks are stored later than they are taken
            context.check()

        try:
            mark = self._go_on(context, received, writer)
            with self.fetcher.open(
                url, max_bytes=self.max_bytes, watch=watch, after=writer.size, mark=mark
            ) as incoming:
                context.begin(incoming.size)
                if writer.size:
                    context.advance(writer.size)
                else:
                    received.begin(incoming.mark)
                self._receive(context, incoming, writer, wanted, room(incoming.size), note)
            return writer.finish()
        except BadSource:
            received.begin(None)
            writer.abandon()
            raise
        except BaseException:
            writer.abandon()
            raise

    def _go_on(self, context: StepContext, received: Received, writer: BlobWriter) -> Mark | None:
        """Take what an earlier try has stored before it was cut off; None where there is nothing."""
        mark, names = received.read()
        if mark is None or not names:
            return None
        if mark.size is not None:
            names = names[: (mark.size - 1) // BLOCK_SIZE]  # something must be left to ask for
        context.begin(mark.size)
        taken = 0
        with suppress(Damaged):  # the rest is fetched again
            for name in names:
                writer.write(zeros(BLOCK_SIZE) if name == EMPTY else padded(self.blobs.content(name), BLOCK_SIZE))
                context.advance(BLOCK_SIZE)
                taken += 1
        received.begin(mark, names[:taken])
        return mark if taken else None

    def _receive(
        self,
        context: StepContext,
        incoming: Incoming,
        writer: BlobWriter,
        wanted: Wanted,
        check_room: Callable[[int], None],
        note: Callable[[], None],
    ) -> None:
        looks = [BLOCK_SIZE, ENOUGH_BYTES] if wanted.judged else []  # at the first block: at its beginning, and whole
        ended = False
        while not ended:
            block = bytearray(BLOCK_SIZE)
            filled = 0
            with memoryview(block) as view:
                while filled < BLOCK_SIZE and not ended:
                    count = incoming.readinto(view[filled:])
                    filled += count
                    ended = not count
                    context.advance(count)
                    check_room(writer.size + filled)
                    if not writer.size and looks and filled >= looks[-1]:
                        looks.pop()
                        if wanted.unpack and packing(sniff_head(bytes(view[:ENOUGH_BYTES]))):
                            continue
                        refuse_early(
                            bytes(view[:filled]),
                            wanted.format,
                            size=incoming.size,
                            what=wanted.name,
                            limits=self.limits,
                        )
            del block[filled:]
            writer.write(block)
            note()
