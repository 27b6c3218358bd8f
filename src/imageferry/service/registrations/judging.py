"""Whether the bytes of an object are what is said of them: asked before they are an image, and when they change."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from imageferry.domain.blob import Blob
from imageferry.domain.disk import DiskFacts
from imageferry.domain.errors import BadInput, NotFound, Rejected, TooLarge
from imageferry.domain.image import Image, ImageId, checked_image
from imageferry.domain.object import StoredObject
from imageferry.domain.pipeline import Door
from imageferry.domain.registration import DUMPS, Place, Registration, Standing, with_last_word
from imageferry.formats.judge import Limits, judge
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records
from imageferry.service.blobs import Blobs, whole
from imageferry.service.image_data import is_judged
from imageferry.service.importing.own import Candidate, known_of
from imageferry.service.windows import Windowed

_TRIES = 5  # of who judges an object that others overwrite meanwhile
_PAGE = 10_000

_log = logging.getLogger("imageferry.registrations")

Examine = Callable[[Candidate], Mapping[str, str]]
"""Shows what shall be an image to scanners and the provider's own steps. Returns the properties that these add.
Raises Infected, StepRefused, Unavailable."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What is known of bytes that may be an image's."""

    virtual_size: int | None  # bytes that a guest sees; None where nobody looks, as in other containers than ``bare``
    properties: Mapping[str, str] = field(default_factory=dict)  # that the provider's steps add to the image


@dataclass(frozen=True, kw_only=True, slots=True)
class Judging:
    """Over what it works with."""

    records: Records
    blobs: Blobs
    clock: Clock
    limits: Limits
    max_size: int  # bytes
    examine: Examine | None = None

    def judged(self, place: Place, item: StoredObject, image: Image, registration: Registration) -> Judged:
        """Whether the bytes of an object are the disk that they are said to be.

        Args:
            place: of the object.
            image: as it shall be, with the formats that are said.

        Raises:
            BadDisk, TooLarge, Infected, StepRefused: they are not, or not within bounds.
            BadInput: an object whose bytes are elsewhere; a step adds what no image can have.
            Unavailable, TimedOut: somebody who must be asked cannot say.
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
        facts = self._facts(item, blob, image, registration)
        virtual_size = None if facts is None else facts.virtual_size
        if self.examine is None:
            return Judged(virtual_size=virtual_size)
        candidate = Candidate(
            door=Door.PLANKTON,
            image=known_of(image),
            name=image.name or image.id,
            format=None if facts is None else facts.format,
            sub_format="" if facts is None else facts.sub_format,
            virtual_size=virtual_size,
            sections=(whole(blob),),
            source={"account": place.project_id, "container": place.container, "object": place.name},
        )
        judged = Judged(virtual_size=virtual_size, properties=self.examine(candidate))
        checked_image(_with_properties(image, judged))
        return judged

    def _facts(self, item: StoredObject, blob: Blob, image: Image, registration: Registration) -> DiskFacts | None:
        if not is_judged(image):
            return None
        disk = Windowed(blob.size, lambda offset, length: self.blobs.read_at(blob, offset, length))
        any_text = registration.disk_format in DUMPS
        return judge(disk, image.disk_format, what=item.name, limits=self.limits, any_text=any_text)

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
            (place, item), judged, reason = found, Judged(virtual_size=None), ""
            try:
                judged = self.judged(place, item, image, registration)
            except (Rejected, NotFound) as error:
                reason = str(error)
            if self._settled(item, registration, judged, reason):
                return

    def settle_all(self) -> None:
        """Judge all that nobody has judged: a crash came in between, or nobody could. What fails is logged."""
        with self.records.reading() as session:
            page = session.registrations.unjudged(limit=_PAGE)
        for image_id in page:
            try_to_settle(self.settle, image_id)

    def _settled(self, item: StoredObject, registration: Registration, judged: Judged, reason: str) -> bool:
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
            filled = replace(with_bytes(image, there, item, judged), updated_at=self.clock())
            session.images.update(checked_image(filled), was=image.status)
            session.registrations.put(replace(there, standing=Standing.GOOD))
            return True


def try_to_settle(settle: Callable[[ImageId], None], image_id: ImageId) -> None:
    """What goes wrong does not concern whoever has overwritten the object: the image waits for the next sweep."""
    try:
        settle(image_id)
    except Exception:
        _log.exception("the image %s could not be judged anew; it waits for the next sweep", image_id)


def with_bytes(image: Image, registration: Registration, item: StoredObject, judged: Judged) -> Image:
    """The image with the bytes of its object, which were judged; its digests are known as far as the object's are."""
    withheld = registration.standing is not Standing.GOOD
    status = registration.resumes if withheld else image.status
    same = image.blob_id == item.blob_id
    return replace(
        _with_properties(image if status is image.status else image.moved_to(status), judged),
        blob_id=item.blob_id,
        size=item.size,
        virtual_size=judged.virtual_size,
        checksum=image.checksum if same else item.md5 or None,
        hash_value=image.hash_value if same else None,
    )


def _with_properties(image: Image, judged: Judged) -> Image:
    return replace(image, properties=with_last_word(image.properties, judged.properties))
