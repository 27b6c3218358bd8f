"""Images: their records and their bytes. Who else may see them: ``service.sharing``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from imageferry.domain.access import Act, Caller, ProjectId, allow
from imageferry.domain.blob import Blob, BlobDraft
from imageferry.domain.digest import Algorithm
from imageferry.domain.disk import DiskFacts
from imageferry.domain.errors import (
    BadInput,
    Forbidden,
    Incomplete,
    NotFound,
    StatusConflict,
    TooLarge,
)
from imageferry.domain.image import (
    ContainerFormat,
    DiskFormat,
    Image,
    ImageId,
    Status,
    Visibility,
    checked_image,
)
from imageferry.domain.moment import Moment
from imageferry.ports.clock import Clock
from imageferry.ports.records import ImageQuery, Records
from imageferry.service.blobs import Blobs, Section
from imageferry.service.sharing import ProjectLookup, Sharing, owned, seen

IMAGE_DIGESTS = frozenset({Algorithm.MD5, Algorithm.SHA512})
"""What clients of images check downloads with."""

ReadAt = Callable[[int, int], bytes]
"""Bytes from an offset, fewer at the end."""

JudgeDisk = Callable[[str, int, ReadAt, DiskFormat | None], DiskFacts]
"""Is this a safe disk of that format? (name, size in bytes, reader, format); raises BadDisk."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenImage:
    """An image ready to be read."""

    image: Image
    blob: Blob


class Images(Sharing):
    """The use-cases of images. A caller who may not see an image is told that there is none."""

    def __init__(
        self,
        records: Records,
        blobs: Blobs,
        clock: Clock,
        judge: JudgeDisk,
        projects: ProjectLookup,
        *,
        max_size: int = 1 << 40,
    ) -> None:
        super().__init__(records, clock, projects)
        self._blobs = blobs
        self._judge = judge
        self.max_size = max_size  # bytes

    # -- records -------------------------------------------------------------

    def create(self, caller: Caller | None, draft: Callable[[ProjectId, Moment], Image]) -> Image:
        """A record without bytes. ``draft`` makes it for the caller's project and the time of now.

        Raises:
            Forbidden: public, or for another project, without being an admin.
            AlreadyExists: the id was used before, even if that image is gone.
        """
        caller = allow(caller, Act.WRITE_IMAGES)
        image = checked_image(draft(caller.project, self._clock()))
        allow(caller, Act.WRITE_IMAGES, owner=image.owner)
        self._check_owner(image, was=caller.project)
        if image.visibility is Visibility.PUBLIC:
            allow(caller, Act.PUBLISH_IMAGES)
        with self._records.writing() as session:
            session.images.add(image)
        return image

    def show(self, caller: Caller | None, image_id: ImageId) -> Image:
        caller = allow(caller, Act.READ_IMAGES)
        with self._records.reading() as session:
            return seen(session, caller, image_id)

    def page(self, caller: Caller | None, query: ImageQuery) -> list[Image]:
        """One page of what the caller may find; an admin who names an owner sees that project's."""
        caller = allow(caller, Act.READ_IMAGES)
        viewer = None if caller.is_admin and query.owner is not None else caller.project
        with self._records.reading() as session:
            return session.images.page(replace(query, viewer=viewer))

    def change(self, caller: Caller | None, image_id: ImageId, change: Callable[[Image], Image]) -> Image:
        """Replace attributes by what ``change`` makes of them: all or nothing.

        Formats can be changed only while there are no bytes; what only the service knows
        (status, size, digests) cannot be changed here at all.
        """
        caller = allow(caller, Act.WRITE_IMAGES)
        with self._records.writing() as session:
            image = owned(session, caller, image_id)
            changed = checked_image(replace(change(image), updated_at=self._clock()))
            if changed.visibility is Visibility.PUBLIC and image.visibility is not Visibility.PUBLIC:
                allow(caller, Act.PUBLISH_IMAGES)
            if changed.owner != image.owner and not caller.is_admin:
                raise Forbidden("give an image to another project")
            self._check_owner(changed, was=image.owner)
            formats = (image.disk_format, image.container_format)
            if (changed.disk_format, changed.container_format) != formats and image.status not in _UNJUDGED:
                raise Forbidden("change the formats of an image that has data")
            session.images.update(changed, was=image.status)
            return changed

    def _check_owner(self, image: Image, *, was: ProjectId) -> None:
        if image.owner != was and not self._projects.project_exists(image.owner):
            raise BadInput("owner", image.owner, "the id of a project")

    def delete(self, caller: Caller | None, image_id: ImageId) -> None:
        """Remove the record; its bytes go with the next sweep unless something else points to them."""
        caller = allow(caller, Act.WRITE_IMAGES)
        with self._records.writing() as session:
            image = owned(session, caller, image_id)
            if image.protected:
                raise Forbidden("delete a protected image", "Set protected to false first.")
            session.images.delete(image.id, self._clock())

    def move(self, caller: Caller | None, image_id: ImageId, status: Status) -> Image:
        """Deactivate or reactivate. What is there already is no error."""
        caller = allow(caller, Act.WRITE_IMAGES)
        with self._records.writing() as session:
            image = owned(session, caller, image_id)
            if image.status is status:
                return image
            if image.status not in (Status.ACTIVE, Status.DEACTIVATED):
                raise Forbidden(f"move an image that is {image.status} to {status}")
            moved = replace(image.moved_to(status), updated_at=self._clock())
            session.images.update(moved, was=image.status)
            return moved

    # -- bytes ---------------------------------------------------------------

    def upload(self, caller: Caller | None, image_id: ImageId, *, size: int | None = None) -> ImageUpload:
        """Begin to fill a queued image. The record stays queued until all bytes are in and judged,
        so that nothing is stuck when the service dies meanwhile.
        """
        caller = allow(caller, Act.WRITE_IMAGES)
        with self._records.reading() as session:
            image = owned(session, caller, image_id)
        if image.status is not Status.QUEUED:
            raise StatusConflict("image", image.id, found=image.status, wanted="an upload")
        if image.disk_format is None or image.container_format is None:
            raise BadInput("disk_format and container_format", None, "both to be set before data is uploaded")
        if size is not None and size > self.max_size:
            raise TooLarge(f"image {image.id}", self.max_size, size)
        return ImageUpload(self._blobs, image.id, lambda draft: self.fill(image, draft), size, self.max_size)

    def stage(self, caller: Caller | None, image_id: ImageId, *, size: int | None = None) -> ImageUpload:
        """Begin to bring the bytes of a queued image in, to be judged by an import afterwards.

        As with an upload the record stays queued until all bytes are in. The status it then has,
        uploading, is none that waits for a process: like queued it waits for the caller.
        """
        caller = allow(caller, Act.WRITE_IMAGES)
        with self._records.reading() as session:
            image = owned(session, caller, image_id)
        if image.status is not Status.QUEUED:
            raise StatusConflict("image", image.id, found=image.status, wanted="staging")
        if size is not None and size > self.max_size:
            raise TooLarge(f"image {image.id}", self.max_size, size)
        return ImageUpload(self._blobs, image.id, lambda draft: self._staged(image.id, draft), size, self.max_size)

    def _staged(self, image_id: ImageId, draft: BlobDraft) -> Image:
        with self._records.writing() as session:
            there = session.images.get(image_id)
            if there is None:
                raise NotFound("image", image_id)
            self._blobs.keep_in(session, draft)
            staged = replace(there.moved_to(Status.UPLOADING), blob_id=draft.id, updated_at=self._clock())
            session.images.update(staged, was=Status.QUEUED)
            return staged

    def fill(self, image: Image, draft: BlobDraft) -> Image:
        """The end of an upload: judged, and then active with all its bytes at once."""
        virtual_size = None
        if is_judged(image):

            def read_at(offset: int, length: int) -> bytes:
                return self._blobs.draft_at(draft, offset, length)

            facts = self._judge(image.name or image.id, draft.size, read_at, image.disk_format)
            virtual_size = facts.virtual_size
        with self._records.writing() as session:
            there = session.images.get(image.id)
            if there is None:
                raise NotFound("image", image.id)
            if there.status is not Status.QUEUED:
                raise StatusConflict("image", image.id, found=there.status, wanted="an upload")
            if (there.disk_format, there.container_format) != (image.disk_format, image.container_format):
                # What was judged is not what the record says now: nothing may become active unjudged.
                raise StatusConflict("image", image.id, found="of another format by now", wanted="this upload")
            self._blobs.keep_in(session, draft)
            filled = replace(
                there.moved_to(Status.ACTIVE),
                blob_id=draft.id,
                size=draft.size,
                virtual_size=virtual_size,
                checksum=draft.digests[Algorithm.MD5],
                hash_value=draft.digests[Algorithm.SHA512],
                updated_at=self._clock(),
            )
            session.images.update(filled, was=Status.QUEUED)
            return filled

    def open(self, caller: Caller | None, image_id: ImageId) -> OpenImage | None:
        """An image to read, None when it has no bytes yet: staged ones are none, nobody has judged them.

        Raises:
            Forbidden: it is deactivated and the caller is no admin.
        """
        caller = allow(caller, Act.READ_IMAGES)
        with self._records.reading() as session:
            image = seen(session, caller, image_id)
            if image.status is Status.DEACTIVATED and not caller.is_admin:
                raise Forbidden("download a deactivated image")
            if image.blob_id is None or image.status not in (Status.ACTIVE, Status.DEACTIVATED):
                return None
            blob = session.blobs.get(image.blob_id)
        return None if blob is None else OpenImage(image=image, blob=blob)

    def read(self, opened: OpenImage, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        stop = opened.blob.size if stop is None else stop
        return self._blobs.read([Section(opened.blob, start, stop)])


class ImageUpload:
    """An upload under way. Leaving its ``with`` without ``commit`` keeps nothing."""

    def __init__(
        self, blobs: Blobs, image_id: ImageId, end: Callable[[BlobDraft], Image], size: int | None, max_size: int
    ) -> None:
        self._blobs = blobs
        self._image_id = image_id
        self._end = end  # keeps the finished blob, together with the record that points to it
        self._writer = blobs.writer(IMAGE_DIGESTS)
        self._size = size
        self._max_size = max_size

    def write(self, part: bytes | bytearray) -> None:
        """The next block: whole ones but for the last."""
        if self._size is not None and self._writer.size + len(part) > self._size:
            raise BadInput(f"image {self._image_id}", "more bytes", f"{self._size} bytes, as was announced")
        if self._writer.size + len(part) > self._max_size:
            raise TooLarge(f"image {self._image_id}", self._max_size)
        self._writer.write(part)

    def commit(self) -> Image:
        """All bytes are in. Raises Incomplete, BadDisk, and nothing of it is kept then."""
        if self._size is not None and self._writer.size != self._size:
            raise Incomplete(f"image {self._image_id}", promised=self._size, found=self._writer.size)
        draft = self._writer.finish()
        try:
            return self._end(draft)
        except BaseException:
            self._blobs.give_up(draft)
            raise

    def __enter__(self) -> ImageUpload:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.abandon()


def is_judged(image: Image) -> bool:
    """Whether the bytes must be a disk of the image's format; what is in a container is not looked at."""
    return image.container_format is ContainerFormat.BARE and image.disk_format in _JUDGED


_UNJUDGED = frozenset({Status.QUEUED, Status.UPLOADING})

_JUDGED = frozenset(
    {
        DiskFormat.RAW,
        DiskFormat.QCOW2,
        DiskFormat.VMDK,
        DiskFormat.VHD,
        DiskFormat.VHDX,
        DiskFormat.VDI,
        DiskFormat.ISO,
    }
)
