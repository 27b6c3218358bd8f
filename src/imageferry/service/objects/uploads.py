"""Bytes from the first one until what they are for can be seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from imageferry.domain.blob import BlobDraft
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.digest import Digest
from imageferry.domain.errors import DigestMismatch, Incomplete, TooLarge
from imageferry.domain.object import StoredObject
from imageferry.service.blob_writer import BlobWriter

Kept = TypeVar("Kept")  # what is there afterwards: an object, or the names of blocks


class Intake(Generic[Kept]):
    """Bytes on their way in. Leaving its ``with`` without ``commit`` keeps nothing."""

    def __init__(
        self,
        what: str,
        writer: BlobWriter,
        *,
        limit: int,
        size: int | None,
        promised: Digest | None,
        keep: Callable[[BlobDraft], Kept],
        give_up: Callable[[BlobDraft], None],
        fits: Callable[[int], None] | None = None,
    ) -> None:
        """``fits`` raises when so many bytes do not go in; None where their number was judged before."""
        self._what = what
        self._writer = writer
        self._limit = limit  # bytes
        self._size = size
        self._promised = promised
        self._keep = keep
        self._give_up = give_up
        self._fits = fits
        self._judge_at = 1  # bytes taken, when it is asked next
        self._held = bytearray()  # until a block is full
        self._taken = 0  # bytes

    def write(self, part: bytes | bytearray) -> None:
        """The next bytes: pieces of any size, gathered to whole blocks.

        Raises:
            TooLarge: over the limit, or by now over a quota.
        """
        self._taken += len(part)
        if self._taken > self._limit:
            raise TooLarge(self._what, self._limit)
        if self._fits is not None and self._taken >= self._judge_at:
            self._fits(self._taken)
            self._judge_at = self._taken + BLOCK_SIZE
        if not self._held and len(part) == BLOCK_SIZE:
            self._writer.write(part)
            return
        self._held += part
        while len(self._held) >= BLOCK_SIZE:
            self._writer.write(bytes(self._held[:BLOCK_SIZE]))
            del self._held[:BLOCK_SIZE]

    def commit(self) -> Kept:
        """All bytes are in.

        Raises:
            Incomplete: fewer or more than promised.
            DigestMismatch: other bytes than promised.
        """
        if self._size is not None and self._taken != self._size:
            raise Incomplete(self._what, promised=self._size, found=self._taken)
        last, self._held = self._held, bytearray()
        self._writer.write(last)
        draft = self._writer.finish()
        try:
            if self._promised is not None:
                self._compare(self._promised, draft)
            return self._keep(draft)
        except BaseException:
            self._give_up(draft)
            raise

    def _compare(self, promised: Digest, draft: BlobDraft) -> None:
        found = Digest(promised.algorithm, draft.digests[promised.algorithm])
        if promised != found:
            raise DigestMismatch(self._what, promised=promised, found=found)

    def __enter__(self) -> Intake[Kept]:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.abandon()


class Upload(Intake[StoredObject]):
    """An upload of one object."""
