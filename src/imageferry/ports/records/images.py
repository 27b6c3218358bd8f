"""What is remembered of images and their members."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from imageferry.domain.access import ProjectId
from imageferry.domain.image import (
    ContainerFormat,
    DiskFormat,
    Image,
    ImageId,
    Member,
    MemberStatus,
    Status,
    Visibility,
)
from imageferry.domain.moment import Moment


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageQuery:
    """Which images, in which order. All that is None does not restrict.

    ``viewer`` decides what a list may show: the own, the public, the shared whose
    membership has ``member_status``; None shows everything (an admin).
    ``visibility`` "all" adds community images. Sort keys: see ``IMAGE_SORT_KEYS``.
    """

    viewer: ProjectId | None = None
    owner: ProjectId | None = None
    ids: Collection[ImageId] | None = None
    names: Collection[str] | None = None
    statuses: Collection[Status] | None = None
    disk_formats: Collection[DiskFormat] | None = None
    container_formats: Collection[ContainerFormat] | None = None
    visibility: Visibility | None = None
    with_community: bool = False
    member_status: MemberStatus | None = MemberStatus.ACCEPTED  # None: any
    hidden: bool | None = False
    protected: bool | None = None
    checksum: str | None = None
    hash_value: str | None = None
    size_min: int | None = None
    size_max: int | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)  # size, virtual_size, min_disk, min_ram: equal
    tags: Collection[str] = ()  # all must be there
    properties: Mapping[str, str] = field(default_factory=dict)  # all must match
    created: Sequence[tuple[str, Moment]] = ()  # (gt|gte|lt|lte|eq|neq, moment)
    updated: Sequence[tuple[str, Moment]] = ()
    sort: Sequence[tuple[str, str]] = (("created_at", "desc"), ("id", "desc"))
    marker: ImageId | None = None
    limit: int = 25


IMAGE_SORT_KEYS = (
    "name",
    "status",
    "container_format",
    "disk_format",
    "size",
    "id",
    "created_at",
    "updated_at",
)


class ImageRecords(Protocol):
    def add(self, image: Image, *, again: bool = False) -> None:
        """Keep a new image. Ids are never used twice, not even that of an image that was deleted.

        Args:
            again: the id may be one that was used before, if no image has it now: an object has its id as long as
                it lives, and may be registered as an image as often as its owner likes.

        Raises:
            AlreadyExists, NotFound: the blob is gone.
        """

    def was_used(self, image_id: ImageId) -> bool:
        """Whether there is or ever was an image of that id."""

    def get(self, image_id: ImageId) -> Image | None: ...
    def update(self, image: Image, *, was: Status) -> None:
        """Keep the changed image, provided its stored status still is ``was``.

        Raises:
            NotFound: gone meanwhile, or the blob is.
            StatusConflict: another writer moved it meanwhile.
        """

    def delete(self, image_id: ImageId, now: Moment) -> None:
        """Raises NotFound."""

    def page(self, query: ImageQuery) -> list[Image]:
        """One page, by key; NULL counts as the lowest value, the id decides between equals.

        Raises:
            BadInput: a marker that is not there, an unknown sort key or comparison.
        """

    def add_member(self, member: Member) -> None:
        """Raises AlreadyExists, NotFound (image)."""

    def member(self, image_id: ImageId, project_id: ProjectId) -> Member | None: ...
    def update_member(self, member: Member) -> None:
        """Raises NotFound."""

    def delete_member(self, image_id: ImageId, project_id: ProjectId) -> None:
        """Raises NotFound."""

    def members(self, image_id: ImageId) -> list[Member]:
        """By project id."""
