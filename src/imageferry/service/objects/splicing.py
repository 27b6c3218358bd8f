"""Bytes on their way into an object that is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from imageferry.domain.blob import BlobDraft
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.errors import Incomplete, TooLarge
from imageferry.domain.object import StoredObject
from imageferry.domain.splice import Piece
from imageferry.service.blob_writer import BlobWriter
from imageferry.service.objects.weaving import Source, piece_of


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent: a piece, and the draft that it is part of if there was too much to keep it at hand."""

    piece: Piece[Source]
    draft: BlobDraft | None = None


class Splicing:
    """Takes the bytes. Leaving its ``with`` without ``commit`` changes nothing.

    As many as make a block are kept at hand. More are stored as they come, in blocks that begin
    where those of the object will, so that they need not be stored again.
    """

    def __init__(
        self,
        what: str,
        writer: Callable[[], BlobWriter],
        *,
        before: int,
        limit: int,
        size: int | None,
        fits: Callable[[int], None],
        keep: Callable[[Sent], StoredObject],
        give_up: Callable[[BlobDraft], None],
    ) -> None:
        """
        Args:
            before: bytes of the object that stand before these in their first block, as far as is known now.
            fits: raises when so many bytes do not go in.
            keep: puts what was sent into the object.
        """
        self._what = what
        self._new_writer = writer
        self._writer: BlobWriter | None = None
        self._before = before
        self._limit = limit
        self._size = size
        self._fits = fits
        self._keep = keep
        self._give_up = give_up
        self._taken = 0
        self._held = bytearray()

    def write(self, part: bytes | bytearray) -> None:
        """The next bytes. Raises TooLarge: over the limit, or by now over a quota."""
        self._taken += len(part)
        if self._taken > self._limit:
            raise TooLarge(self._what, self._limit)
        self._held += part
        if self._writer is None and len(self._held) > BLOCK_SIZE:
            self._writer = self._new_writer()
            self._held[:0] = bytes(self._before)
        while self._writer is not None and len(self._held) >= BLOCK_SIZE:
            if self._size is None:
                self._fits(self._taken)
            self._writer.write(bytes(self._held[:BLOCK_SIZE]))
            del self._held[:BLOCK_SIZE]

    def commit(self) -> StoredObject:
        """All bytes are in.

        Raises:
            Incomplete: fewer or more than promised.
        """
        if self._size is not None and self._taken != self._size:
            raise Incomplete(self._what, promised=self._size, found=self._taken)
        if self._writer is None:
            return self._keep(Sent(piece_of(bytes(self._held))))
        self._writer.write(self._held)
        draft = self._writer.finish()
        try:
            return self._keep(Sent(piece_of(draft, self._before), draft))
        except BaseException:
            self._give_up(draft)
            raise

    def __enter__(self) -> Splicing:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.abandon()
