"""An upload to an image, from the first byte until the record has them all."""

from __future__ import annotations

from collections.abc import Callable

from imageferry.domain.blob import BlobDraft
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.digest import Algorithm
from imageferry.domain.errors import BadInput, Incomplete
from imageferry.domain.image import Image, ImageId
from imageferry.formats.judge import ENOUGH_BYTES
from imageferry.service.blobs import Blobs

IMAGE_DIGESTS = frozenset({Algorithm.MD5, Algorithm.SHA512})
"""What clients of images check downloads with."""

FIRST_BYTES = ENOUGH_BYTES
"""So many are worth a look before there is a whole block."""


class ImageUpload:
    """An upload under way. Leaving its ``with`` without ``commit`` keeps nothing."""

    def __init__(
        self,
        blobs: Blobs,
        image_id: ImageId,
        size: int | None,
        *,
        check: Callable[[int], None],
        refuse: Callable[[bytes], None],
        keep: Callable[[BlobDraft], Image],
        end: Callable[[ImageUpload], None],
    ) -> None:
        """
        Args:
            size: bytes that were announced.
            check: raises when the size so far is too much.
            refuse: raises when the first bytes, and be it one block of them, forbid what would come.
            keep: keeps the finished blob, together with the record that points to it.
            end: called once, however it ends.
        """
        self._blobs = blobs
        self._image_id = image_id
        self._size = size
        self._check = check
        self._refuse = refuse
        self._keep = keep
        self._end = end
        self._writer = blobs.writer(IMAGE_DIGESTS)

    def look(self, head: bytes) -> None:
        """The first ``FIRST_BYTES``, before they are written. Raises BadDisk: whatever comes, it is no such disk."""
        self._refuse(head)

    def write(self, part: bytes | bytearray) -> None:
        """The next block: whole ones but for the last. Raises BadDisk as soon as the first one forbids the rest."""
        if self._size is not None and self._writer.size + len(part) > self._size:
            raise BadInput(f"image {self._image_id}", "more bytes", f"{self._size} bytes, as was announced")
        self._check(self._writer.size + len(part))
        if not self._writer.size and len(part) == BLOCK_SIZE:
            self._refuse(bytes(part))
        self._writer.write(part)

    def commit(self) -> Image:
        """All bytes are in. Raises Incomplete, BadDisk, and nothing of it is kept then."""
        if self._size is not None and self._writer.size != self._size:
            raise Incomplete(f"image {self._image_id}", promised=self._size, found=self._writer.size)
        draft = self._writer.finish()
        try:
            return self._keep(draft)
        except BaseException:
            self._blobs.give_up(draft)
            raise

    def __enter__(self) -> ImageUpload:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.abandon()
        self._end(self)
