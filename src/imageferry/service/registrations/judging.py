"""Whether the bytes of an object are what is said of them: asked before they are an image, and when they change."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from imageferry.domain.blob import Blob
from imageferry.domain.errors import BadInput, NotFound, Rejected, TooLarge
from imageferry.domain.image import Image, ImageId
from imageferry.domain.object import StoredObject
from imageferry.domain.registration import DUMPS, Registration, Standing
from imageferry.formats.judge import Limits, judge
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records
from imageferry.service.blobs import Blobs
from imageferry.service.image_data import is_judged
from imageferry.service.windows import Windowed

_TRIES = 5  # of who judges an object that others overwrite meanwhile
_PAGE = 10_000

_log = logging.getLogger("imageferry.registrations")

Scan = Callable[[Image, Blob], None]
"""Shows bytes to scanners as the disk of an image that they are to be. Raises Infected, Unavailable."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judging:
    """Over what it works with."""

    records: Records
    blobs: Blobs
    clock: Clock
    limits: Limits
    max_size: int  # bytes
    scan: Scan | None = None

    def judged(self, item: StoredObject, image: Image, registration: Registration) -> int | None:
        """Whether the bytes of an object are the disk that they are said to be.

        Args:
            image: with the formats that are said.

        Returns:
            What a guest sees of it, in bytes; None where nobody looks, as inside of other containers than ``bare``.

        Raises:
            BadDisk, TooLarge, Infected: they are not, or not within bounds.
            BadInput: an object whose bytes are elsewhere.
            NotFound: it is gone.
        """
        if item.manifest is not None or item.whole is not None or item.link is not None:
            kind = "a link" if item.link is not None else "a large object, whose bytes lie in others"
            raise BadInput("location", kind, "an object with bytes of its own: copy it, and register the copy")
        if item.size > self.max_size:
            raise TooLarge(f"image {item.name}", self.max_size, item.size)
        with self.records.reading() as session:
            blob = session.blobs.get(item.blob_id)
        if blob is None:
            raise NotFound("object", item.name)
        virtual_size = self._virtual_size(item, blob, image, registration)
        if self.scan is not None:
            self.scan(image, blob)
        return virtual_size

    def _virtual_size(self, item: StoredObject, blob: Blob, image: Image, registration: Registration) -> int | None:
        if not is_judged(image):
            return None
        disk = Windowed(blob.size, lambda offset, length: self.blobs.read_at(blob, offset, length))
        any_text = registration.disk_format in DUMPS
        return judge(disk, image.disk_format, what=item.name, limits=self.limits, any_text=any_text).virtual_size

    def settle(self, image_id: ImageId) -> None:
        """Judge the bytes of an image whose object was overwritten; what is settled already stays as it is.

        Whoever overwrites the object meanwhile comes here next: nothing is settled by bytes that are not there now.
        """
        for _ in range(_TRIES):
            with self.records.reading() as session:
                registration, found = session.registrations.get(image_id), session.registrations.object(image_id)
                image = session.images.get(image_id)
            if registration is None or image is None or found is None or registration.standing is not Standing.UNJUDGED:
                return
            item, virtual_size, reason = found[1], None, ""
            try:
                virtual_size = self.judged(item, image, registration)
            except (Rejected, NotFound) as error:
                reason = str(error)
            if self._settled(item, registration, virtual_size, reason):
                return

    def settle_all(self) -> None:
        """Judge all that nobody has judged: a crash came in between, or nobody could. What fails is logged."""
        with self.records.reading() as session:
            page = session.registrations.unjudged(limit=_PAGE)
        for image_id in page:
            try_to_settle(self.settle, image_id)

    def _settled(self, item: StoredObject, registration: Registration, virtual_size: int | None, reason: str) -> bool:
        with self.records.writing() as session:
            session.objects.hold(item.container_id)
            found = session.registrations.object(registration.image_id)
            there = session.registrations.get(registration.image_id)
            image = session.images.get(registration.image_id)
            if image is None or found is None or there != registration or found[1].blob_id != item.blob_id:
                return False
            if reason:
                session.registrations.put(replace(there, standing=Standing.REFUSED, reason=reason))
                return True
            filled = replace(with_bytes(image, there, item, virtual_size), updated_at=self.clock())
            session.images.update(filled, was=image.status)
            session.registrations.put(replace(there, standing=Standing.GOOD))
            return True


def try_to_settle(settle: Callable[[ImageId], None], image_id: ImageId) -> None:
    """What goes wrong does not concern whoever has overwritten the object: the image waits for the next sweep."""
    try:
        settle(image_id)
    except Exception:
        _log.exception("the image %s could not be judged anew; it waits for the next sweep", image_id)


def with_bytes(image: Image, registration: Registration, item: StoredObject, virtual_size: int | None) -> Image:
    """The image with the bytes of its object, which were judged; its digests are known as far as the object's are."""
    withheld = registration.standing is not Standing.GOOD
    status = registration.resumes if withheld else image.status
    same = image.blob_id == item.blob_id
    return replace(
        image if status is image.status else image.moved_to(status),
        blob_id=item.blob_id,
        size=item.size,
        virtual_size=virtual_size,
        checksum=image.checksum if same else item.md5 or None,
        hash_value=image.hash_value if same else None,
    )
