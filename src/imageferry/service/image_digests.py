"""Digests of images whose bytes came by their block names: computed when somebody asks for them, then kept."""

from __future__ import annotations

from dataclasses import replace

from imageferry.domain.access import Act, Caller, allow
from imageferry.domain.digest import Algorithm
from imageferry.domain.errors import Damaged
from imageferry.domain.image import Image, ImageId, Status
from imageferry.domain.object import MAX_OBJECT_SIZE
from imageferry.service.blobs import whole
from imageferry.service.image_data import ImageData
from imageferry.service.sharing import seen
from imageferry.service.turnstile import Turnstile

_DIGESTING = Turnstile("the digests of an image", at_once=1, waiting=6, wait_s=20)


class ImageDigests(ImageData):
    """The use-case of who looks at one image: in lists stands what is known."""

    def show(self, caller: Caller | None, image_id: ImageId) -> Image:
        """One image, with its digests.

        Of one larger than an upload of an object may be they are never computed: reading it all would be more than one
        request may cause. One at a time in this process, so that nobody keeps all processors busy by asking.

        Raises:
            Unavailable: too many have asked for those of other images.
        """
        caller = allow(caller, Act.READ_IMAGES)
        with self._records.reading() as session:
            image = seen(session, caller, image_id)
        known = image.checksum is not None and image.hash_value is not None
        if known or image.status is not Status.ACTIVE or image.blob_id is None or (image.size or 0) > MAX_OBJECT_SIZE:
            return image
        with _DIGESTING.turn():
            with self._records.reading() as session:
                blob = session.blobs.get(image.blob_id)
            if blob is None:
                return image
            try:
                found = self._blobs.digests([whole(blob)], [Algorithm.MD5, Algorithm.SHA512])
            except Damaged:  # which is told to whoever reads it; the image can be looked at, and deleted
                return image
        with self._records.writing() as session:
            there = session.images.get(image_id)
            if there is None or there.blob_id != blob.id:
                return image  # it has other bytes by now
            told = replace(there, checksum=found[Algorithm.MD5], hash_value=found[Algorithm.SHA512])
            session.images.update(told, was=there.status)
        return told
