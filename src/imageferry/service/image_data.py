"""The bytes of images: uploaded, staged, judged, and read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from imageferry.domain.access import Act, Caller, allow
from imageferry.domain.blob import Blob, BlobDraft
from imageferry.domain.digest import Algorithm
from imageferry.domain.errors import BadInput, Forbidden, NotFound, StatusConflict, TooLarge
from imageferry.domain.image import ContainerFormat, DiskFormat, Image, ImageId, Status
from imageferry.domain.image_quota import Resource
from imageferry.formats.judge import ENOUGH_BYTES, Limits, judge, refuse_early
from imageferry.formats.packed import packing
from imageferry.formats.sniff import sniff_head
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records, Session
from imageferry.service.blobs import Blobs, Section
from imageferry.service.image_quotas import ImageQuotas
from imageferry.service.image_upload import ImageUpload
from imageferry.service.importing.uploaded import UploadedImports
from imageferry.service.sharing import ProjectLookup, Sharing, owned, seen
from imageferry.service.windows import Windowed


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenImage:
    """An image ready to be read."""

    image: Image
    blob: Blob


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What is taken of an upload, or of what is staged."""

    max_bytes: int = 1 << 40
    limits: Limits = field(default_factory=Limits)


class ImageData(Sharing):
    """The use-cases of the bytes of images."""

    def __init__(
        self,
        records: Records,
        blobs: Blobs,
        clock: Clock,
        projects: ProjectLookup,
        quotas: ImageQuotas,
        *,
        uploads: Bounds = Bounds(),
        staging: Bounds = Bounds(),
        imports: UploadedImports | None = None,
    ) -> None:
        """``imports``: what looks at uploads before they are active; None: nothing but the judge of disks."""
        super().__init__(records, clock, projects)
        self._blobs = blobs
        self._quotas = quotas
        self._uploads = uploads
        self._staging = staging
        self._imports = imports if imports is not None and imports.wanted else None

    def upload(
        self,
        caller: Caller | None,
        image_id: ImageId,
        *,
        size: int | None = None,
        source: str = "",
        echo: Mapping[str, Any] = MappingProxyType({}),
    ) -> ImageUpload:
        """Begin to fill a queued image. The record stays queued until all bytes are in and judged,
        so that nothing is stuck when the service dies meanwhile.

        Args:
            size: bytes that were announced.
            source: the dialect that asks.
            echo: JSON that it wants to find again with the task, where one looks at the bytes.

        Returns:
            An upload whose ``commit`` gives the active image, or one that is importing until its task has ended.
        """
        caller = allow(caller, Act.WRITE_IMAGES)
        with self._records.reading() as session:
            image = owned(session, caller, image_id)
        if image.status is not Status.QUEUED:
            raise StatusConflict("image", image.id, found=image.status, wanted="an upload")
        if image.disk_format is None or image.container_format is None:
            raise BadInput("disk_format and container_format", None, "both to be set before data is uploaded")
        imports = self._imports
        if imports is None:
            return self._begun(image, Resource.BYTES, size, lambda draft: self._filled(image, draft))
        imports.check_room(caller)
        return self._begun(
            image, Resource.BYTES, size, lambda draft: self._handed_on(imports, caller, source, echo, image, draft)
        )

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
        return self._begun(image, Resource.STAGED, size, lambda draft: self._staged(image.id, draft))

    def _begun(
        self, image: Image, resource: Resource, size: int | None, keep: Callable[[BlobDraft], Image]
    ) -> ImageUpload:
        """Raises TooLarge, OverLimit: what is announced is too much."""
        bounds = self._staging if resource is Resource.STAGED else self._uploads

        def check(found: int) -> None:
            if found > bounds.max_bytes:
                raise TooLarge(f"image {image.id}", bounds.max_bytes, size)
            bound(found)

        def refuse(head: bytes) -> None:
            if not is_judged(image) or (resource is Resource.STAGED and packing(sniff_head(head[:ENOUGH_BYTES]))):
                return  # what is staged may be packed: it is judged when it is unpacked
            refuse_early(head, image.disk_format, size=size, what=image.name or image.id, limits=bounds.limits)

        with self._records.reading() as session:
            bound = self._quotas.bound(session, image.owner, resource, size)
            check(size or 0)
            upload = ImageUpload(
                self._blobs, image.id, size, check=check, refuse=refuse, keep=keep, end=self._quotas.end
            )
            self._quotas.begin(session, image.owner, upload)
        return upload

    def _staged(self, image_id: ImageId, draft: BlobDraft) -> Image:
        with self._records.writing() as session:
            there = session.images.get(image_id)
            if there is None:
                raise NotFound("image", image_id)
            self._quotas.check(session, there.owner, staged=draft.size)
            self._blobs.keep_in(session, draft)
            staged = replace(there.moved_to(Status.UPLOADING), blob_id=draft.id, updated_at=self._clock())
            session.images.update(staged, was=Status.QUEUED)
            return staged

    def _filled(self, image: Image, draft: BlobDraft) -> Image:
        """The end of an upload: judged, and then active with all its bytes at once."""
        virtual_size = self._judged(image, draft)
        with self._records.writing() as session:
            there, _ = self._kept(session, image, draft)
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

    def _handed_on(
        self,
        imports: UploadedImports,
        caller: Caller,
        source: str,
        echo: Mapping[str, Any],
        image: Image,
        draft: BlobDraft,
    ) -> Image:
        """The end of an upload that a task is to look through: judged, so that a refusal costs no task."""
        self._judged(image, draft)
        return imports.start(caller, source, echo, image, lambda session: self._kept(session, image, draft))

    def _judged(self, image: Image, draft: BlobDraft) -> int | None:
        """The size that a guest sees; None where nobody looks into the bytes. Raises BadDisk."""
        if not is_judged(image):
            return None
        disk = Windowed(draft.size, lambda offset, length: self._blobs.draft_at(draft, offset, length))
        facts = judge(disk, image.disk_format, what=image.name or image.id, limits=self._uploads.limits)
        return facts.virtual_size

    def _kept(self, session: Session, image: Image, draft: BlobDraft) -> tuple[Image, Blob]:
        """The image as it is now, and its bytes, if it may be filled with them.

        Args:
            image: as it was when the bytes were judged.
        """
        there = session.images.get(image.id)
        if there is None:
            raise NotFound("image", image.id)
        if there.status is not Status.QUEUED:
            raise StatusConflict("image", image.id, found=there.status, wanted="an upload")
        if (there.disk_format, there.container_format) != (image.disk_format, image.container_format):
            # What was judged is not what the record says now: nothing may become active unjudged.
            raise StatusConflict("image", image.id, found="of another format by now", wanted="this upload")
        self._quotas.check(session, there.owner, bytes=draft.size)
        return there, self._blobs.keep_in(session, draft)

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


def is_judged(image: Image) -> bool:
    """Whether the bytes must be a disk of the image's format; what is in a container is not looked at."""
    return image.container_format is ContainerFormat.BARE and image.disk_format in _JUDGED


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
