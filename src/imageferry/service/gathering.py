"""Bytes that come with gaps, from low offsets to high ones, become the blocks of a blob."""

from __future__ import annotations

from imageferry.domain.block import BLOCK_SIZE
from imageferry.service.blob_writer import BlobWriter


class Gathering:
    """Fills blocks and hands them on. What nobody wrote is zeros. One thread at a time may call it."""

    def __init__(self, writer: BlobWriter) -> None:
        self._writer = writer
        self._at = 0  # where the next byte goes
        self._block = bytearray()  # begun at the last block border, if it is not empty

    def write(self, offset: int, data: memoryview) -> None:
        """Raises ValueError: it goes back; and what storing raises."""
        if offset < self._at:
            raise ValueError(f"bytes at {offset} come behind those before {self._at}")
        self._pass_to(offset)
        while data:
            part = data[: BLOCK_SIZE - len(self._block)]
            self._block += part
            self._at += len(part)
            data = data[len(part) :]
            self._hand_on_full()

    def end(self, size: int) -> None:
        """All of so many bytes are there."""
        self._pass_to(size)
        if self._block:
            self._writer.write(self._block)
            self._block = bytearray()

    def _pass_to(self, offset: int) -> None:
        if self._block:
            self._zeros(min(offset - self._at, BLOCK_SIZE - len(self._block)))
            self._hand_on_full()
        if holes := (offset - self._at) // BLOCK_SIZE * BLOCK_SIZE:
            self._writer.write_zeros(holes)
            self._at += holes
        self._zeros(offset - self._at)

    def _zeros(self, count: int) -> None:
        self._block += bytes(count)
        self._at += count

    def _hand_on_full(self) -> None:
        if len(self._block) == BLOCK_SIZE:
            self._writer.write(self._block)
            self._block = bytearray()
