"""Blobs made of parts of others: blocks that fit are referred to, only the others are read and written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from imageferry.domain.blob import Blob, BlobDraft
from imageferry.domain.block import BLOCK_SIZE, EMPTY, BlockName
from imageferry.domain.errors import Damaged
from imageferry.domain.splice import Made, Piece, Taken, length_of, woven
from imageferry.ports.records import Records
from imageferry.service.blob_writer import new_blob_id
from imageferry.service.blobs import Blobs

_PAGE = 10_000  # names read at a time

Source = Blob | BlobDraft | bytes


def piece_of(source: Source, start: int = 0, stop: int | None = None) -> Piece[Source]:
    if isinstance(source, bytes):
        return Piece(source, len(source), start, len(source) if stop is None else stop, in_blocks=False)
    return Piece(source, source.size, start, source.size if stop is None else stop)


class Weaver:
    """Makes drafts of blobs from pieces of blobs, of drafts that are not kept yet, and of bytes at hand."""

    def __init__(self, blobs: Blobs, records: Records) -> None:
        self._blobs = blobs
        self._records = records

    def weave(self, pieces: Iterable[Piece[Source]]) -> BlobDraft:
        """A draft of these bytes, one after the other; its digests are not known.

        Blocks that are only referred to are not touched for it: whoever keeps the draft makes sure, in that
        transaction, that the blobs they come from are still there.

        Raises:
            Damaged: a blob is gone, or a block is.
        """
        row = list(pieces)
        blocks: dict[int, BlockName] = {}
        made_at: list[int] = []
        writer = self._blobs.writer(())
        try:
            for block in woven(row):
                if isinstance(block, Taken):
                    blocks.update(self._taken(block))
                else:
                    writer.write(self._made(block))
                    made_at.append(block.at)
            made = writer.finish()
        except BaseException:
            writer.abandon()
            raise
        blocks.update({made_at[index]: name for index, name in made.blocks.items()})
        return BlobDraft(id=new_blob_id(), size=length_of(row), blocks=blocks, digests={}, upload=made.upload)

    def _taken(self, block: Taken[Source]) -> Iterator[tuple[int, BlockName]]:
        for index, name in enumerate(self._names(block.source, block.first, block.count)):
            if name != EMPTY:
                yield block.at + index, name

    def _names(self, source: Source, first: int, count: int) -> Iterator[BlockName]:
        if isinstance(source, BlobDraft):
            yield from (source.blocks.get(index, EMPTY) for index in range(first, first + count))
            return
        if not isinstance(source, Blob):
            raise TypeError("bytes at hand have no names")
        for page in range(first, first + count, _PAGE):
            wanted = min(_PAGE, first + count - page)
            with self._records.reading() as session:
                names = session.blobs.block_names(source.id, page, wanted)
            if len(names) != wanted:
                raise Damaged("blob", source.id, "its block list is gone")
            yield from names

    def _made(self, block: Made[Source]) -> bytes:
        pieces = block.pieces
        first, last = pieces[0], pieces[-1]
        around = len(pieces) == 3 and first.source is last.source and first.stop <= last.start
        if around and last.stop - first.start <= BLOCK_SIZE:
            # Something in the midst of a block: read it once, for both sides.
            old = self._bytes(first.part(first.start, last.stop))
            return old[: first.length] + self._bytes(pieces[1]) + old[len(old) - last.length :]
        return b"".join(self._bytes(piece) for piece in pieces)

    def _bytes(self, piece: Piece[Source]) -> bytes:
        source, length = piece.source, piece.length
        if isinstance(source, bytes):
            return source[piece.start : piece.stop]
        if isinstance(source, BlobDraft):
            return self._blobs.draft_at(source, piece.start, length)
        return self._blobs.read_at(source, piece.start, length)
