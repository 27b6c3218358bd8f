"""Images of a cloud: what it tells of them, which of them are wanted, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, Protocol

from imageferry.domain.digest import Digests
from imageferry.domain.errors import NotFound
from imageferry.domain.image import MemberStatus
from imageferry.ports.cloud.bytes import BlockSource, Download


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageInfo:
    """An image as a cloud tells of it."""

    id: str
    name: str
    status: str  # "active", "queued", "available", ... in the cloud's words, lower case
    visibility: str
    owner: str
    disk_format: str
    container_format: str
    size: int | None
    virtual_size: int | None
    min_disk: int  # GiB
    min_ram: int  # MiB
    protected: bool
    hidden: bool
    tags: tuple[str, ...]
    digests: Digests
    properties: Mapping[str, str]  # everything else, as text
    created_at: str
    updated_at: str
    location: str = ""  # pithos://account/container/object, where the image is an object
    checksum: str = ""  # as the cloud writes it: MD5, or the hash over the block names where that is the checksum
    deleted_at: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberInfo:
    image_id: str
    project_id: str
    status: str  # "pending", "accepted", "rejected"; where nobody is asked "accepted" from the beginning
    created_at: str = ""
    updated_at: str = ""


SortKey = Literal["", "id", "name", "status", "size", "disk_format", "container_format", "created_at", "updated_at"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageFilter:
    """Which images a list is to have, and in what order. An empty field asks for nothing.

    Drivers ask the cloud for as much of it as it understands, and see to the rest themselves
    (``fits``, ``arranged``): some clouds take filters and ignore them.
    """

    name: str = ""
    name_like: str = ""  # a part of the name, without regard to case
    owner: str = ""  # project id
    status: str = ""  # without regard to case
    visibility: str = ""  # "public", "private", ...
    disk_format: str = ""
    container_format: str = ""
    size_min: int | None = None  # bytes, inclusive
    size_max: int | None = None
    properties: Mapping[str, str] = field(default_factory=dict)  # keys and values without regard to case
    sort_key: SortKey = ""  # "": as the cloud does
    descending: bool = False
    limit: int | None = None  # rows in all
    marker: str = ""  # id of the image after which the list begins

    def fits(self, image: ImageInfo) -> bool:
        """Whether an image is wanted; order, ``limit`` and ``marker`` aside."""
        size = image.size or 0
        found = {_plain(key): value.lower() for key, value in image.properties.items()}
        return (
            self.name in ("", image.name)
            and self.name_like.lower() in image.name.lower()
            and self.owner in ("", image.owner)
            and self.status.lower() in ("", image.status.lower())
            and self.visibility in ("", image.visibility)
            and self.disk_format.lower() in ("", image.disk_format.lower())
            and self.container_format.lower() in ("", image.container_format.lower())
            and (self.size_min is None or size >= self.size_min)
            and (self.size_max is None or size <= self.size_max)
            and all(found.get(_plain(key)) == value.lower() for key, value in self.properties.items())
        )

    def arranged(self, images: Iterable[ImageInfo], *, sort: bool = True, mark: bool = True) -> Iterator[ImageInfo]:
        """Those that fit, sorted, from behind the marker on, as many as wanted.

        Args:
            sort, mark: False where the cloud has done that.

        Raises:
            NotFound: no image has the marker's id.
        """
        wanted: Iterable[ImageInfo] = images
        if sort and self.sort_key:
            wanted = sorted(images, key=_SORT[self.sort_key], reverse=self.descending)
        if mark and self.marker:
            wanted = _behind(self.marker, wanted)
        return islice((image for image in wanted if self.fits(image)), self.limit)


EVERYTHING = ImageFilter()


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """A stored object that is to be an image. Empty texts: as the cloud does by default."""

    name: str
    container: str
    object_name: str
    account: str = ""  # project whose object it is; "": the one this cloud was opened for
    disk_format: str = ""  # "diskdump", "raw", ... in the cloud's words
    container_format: str = ""
    status: str = ""  # free text, where the cloud keeps it
    public: bool = False
    properties: Mapping[str, str] = field(default_factory=dict)


class Registry(Protocol):
    """Images that are stored objects: the object is the image, and stays when the image goes."""

    def register(self, wanted: Registration) -> ImageInfo:
        """Make an image of an object. One that is registered gets all of it anew and keeps its id.

        Raises:
            NotFound: no such object. Forbidden: not yours. Refused: a format the cloud does not take.
        """

    def unregister(self, image_id: str) -> None:
        """The image goes, the object stays. Raises NotFound, and Forbidden for another's."""

    def place_of(self, image_id: str) -> tuple[str, str, str]:
        """Account, container and name of the object that an image is. Raises NotFound where it is none."""


class Images(Protocol):
    """Images of one cloud, as one project sees them."""

    def search(self, wanted: ImageFilter = EVERYTHING) -> Iterator[ImageInfo]: ...

    def show(self, name_or_id: str) -> ImageInfo:
        """Raises NotFound; BadInput when several images have that name."""

    def change(self, image_id: str, values: Mapping[str, object], remove: tuple[str, ...] = ()) -> ImageInfo:
        """Set attributes and properties, remove properties; all or nothing.

        Attributes have their names in ``ImageInfo``; a name that is none of them is a property. An empty
        ``status`` clears it, where it is free text.

        Raises:
            Unsupported: an attribute that images of this cloud do not have; nothing was changed.
        """

    def delete(self, image_id: str) -> None:
        """Remove the image. Where it is a registered object, that stays."""

    def read(self, image_id: str) -> AbstractContextManager[Download]:
        """The image's bytes. A connection that breaks is taken up again where it was."""

    def blocks(self, image_id: str) -> BlockSource | None:
        """The image's bytes by blocks; None where the cloud does not tell their names."""

    def members(self, image_id: str) -> list[MemberInfo]: ...

    def share(self, image_id: str, project: str) -> MemberInfo:
        """Offer the image to a project. Offered already is no error."""

    def unshare(self, image_id: str, project: str) -> None: ...

    def answer(self, image_id: str, status: MemberStatus) -> MemberInfo:
        """Accept or reject, as the project this cloud was opened for. Raises Unsupported where nobody is asked."""

    @property
    def registry(self) -> Registry:
        """Raises Unsupported where images are no objects."""


def _behind(marker: str, images: Iterable[ImageInfo]) -> Iterator[ImageInfo]:
    rest = iter(images)
    if not any(image.id == marker for image in rest):
        raise NotFound("image", marker)
    yield from rest


def _plain(key: str) -> str:
    """A property's name as clouds compare them: some turn punctuation into underscores."""
    return "".join(sign if sign.isalnum() else "_" for sign in key.lower())


_SORT: Mapping[str, Callable[[ImageInfo], tuple[object, ...]]] = {
    "id": lambda image: (image.id,),
    "name": lambda image: (image.name.lower(), image.name, image.id),
    "status": lambda image: (image.status, image.id),
    "size": lambda image: (image.size or 0, image.id),
    "disk_format": lambda image: (image.disk_format, image.id),
    "container_format": lambda image: (image.container_format, image.id),
    "created_at": lambda image: (image.created_at, image.id),
    "updated_at": lambda image: (image.updated_at, image.id),
}
