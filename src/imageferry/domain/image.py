"""The life of an image: a disk, what is known of it, and what may happen to it next.

Pure rules. No clock, no network, no database, no HTTP: callers hand in what the rules
need and keep what comes back.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NewType, Self

from imageferry.domain.access import Caller, ProjectId
from imageferry.domain.blob import BlobId
from imageferry.domain.errors import BadInput, StatusConflict, TooLarge
from imageferry.domain.moment import Moment
from imageferry.domain.task import TaskId

ImageId = NewType("ImageId", str)

MAX_NAME = 255  # characters
MAX_TAGS = 128
MAX_PROPERTIES = 128
MAX_MEMBERS = 128


class Status(StrEnum):
    """Where an image stands. DELETED is never stored: the record is gone."""

    QUEUED = "queued"  # a record, no bytes yet
    SAVING = "saving"  # bytes are coming in
    UPLOADING = "uploading"  # all bytes came in, unjudged, and wait for their import
    IMPORTING = "importing"  # a task works on it
    ACTIVE = "active"
    DEACTIVATED = "deactivated"  # the record is there, the bytes are withheld
    DELETED = "deleted"


_NEXT: Mapping[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.SAVING, Status.UPLOADING, Status.IMPORTING, Status.ACTIVE, Status.DELETED}),
    Status.SAVING: frozenset({Status.ACTIVE, Status.QUEUED, Status.DELETED}),
    Status.UPLOADING: frozenset({Status.IMPORTING, Status.QUEUED, Status.DELETED}),
    Status.IMPORTING: frozenset({Status.ACTIVE, Status.QUEUED, Status.DELETED}),
    Status.ACTIVE: frozenset({Status.DEACTIVATED, Status.DELETED}),
    Status.DEACTIVATED: frozenset({Status.ACTIVE, Status.DELETED}),
    Status.DELETED: frozenset(),
}


class Visibility(StrEnum):
    PRIVATE = "private"  # the owner's project
    SHARED = "shared"  # the owner's project and members
    COMMUNITY = "community"  # everybody who knows the id
    PUBLIC = "public"  # everybody, in everybody's list


class DiskFormat(StrEnum):
    """How the bytes are laid out. Names as in Glance."""

    RAW = "raw"
    QCOW2 = "qcow2"
    VMDK = "vmdk"
    VHD = "vhd"
    VHDX = "vhdx"
    VDI = "vdi"
    ISO = "iso"
    PLOOP = "ploop"
    AMI = "ami"
    ARI = "ari"
    AKI = "aki"


class ContainerFormat(StrEnum):
    BARE = "bare"
    OVF = "ovf"
    OVA = "ova"
    DOCKER = "docker"
    COMPRESSED = "compressed"
    AMI = "ami"
    ARI = "ari"
    AKI = "aki"


class MemberStatus(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """A record that can be booted from once it is ACTIVE."""

    id: ImageId
    owner: ProjectId
    name: str | None = None
    status: Status = Status.QUEUED
    visibility: Visibility = Visibility.SHARED
    disk_format: DiskFormat | None = None
    container_format: ContainerFormat | None = None
    size: int | None = None  # bytes; None until the last byte is in
    virtual_size: int | None = None  # bytes that a guest sees
    checksum: str | None = None  # MD5, hex
    hash_value: str | None = None  # SHA-512, hex
    min_disk: int = 0  # GiB
    min_ram: int = 0  # MiB
    protected: bool = False
    hidden: bool = False
    tags: frozenset[str] = frozenset()
    properties: Mapping[str, str] = field(default_factory=dict)
    blob_id: BlobId | None = None  # the bytes; staged ones, which nobody may read, while UPLOADING and IMPORTING
    import_task: TaskId | None = None  # the last task that filled it, or tried to
    created_at: Moment
    updated_at: Moment

    def moved_to(self, status: Status) -> Self:
        """The same image, one step on in its life.

        Raises:
            StatusConflict: there is no such step.
        """
        if status not in _NEXT[self.status]:
            raise StatusConflict("image", self.id, found=self.status, wanted=f"'{status}'")
        return replace(self, status=status)


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A project that an image is shared with."""

    image_id: ImageId
    project_id: ProjectId
    status: MemberStatus = MemberStatus.PENDING
    created_at: Moment
    updated_at: Moment


def can_see(image: Image, caller: Caller, *, membership: Member | None) -> bool:
    """Whether the image exists as far as the caller is concerned.

    A member sees a shared image while still pending; only lists wait for acceptance.
    """
    if caller.is_admin or image.owner == caller.project_id:
        return True
    if image.visibility in (Visibility.PUBLIC, Visibility.COMMUNITY):
        return True
    return image.visibility is Visibility.SHARED and membership is not None


def new_image_id(text: str | None = None) -> ImageId:
    """The caller's id in its canonical form, or a fresh one.

    Raises:
        BadInput: not a UUID.
    """
    if text is None:
        return ImageId(str(uuid.uuid4()))
    try:
        return ImageId(str(uuid.UUID(text)))
    except (ValueError, AttributeError, TypeError) as error:
        raise BadInput("id", text, "a UUID") from error


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def checked_image(image: Image) -> Image:
    """The image, if its attributes are within bounds.

    Raises:
        BadInput, TooLarge: naming the attribute.
    """
    if image.name is not None:
        _check_text("name", image.name)
    _check_text("owner", image.owner)
    if not image.owner:
        raise BadInput("owner", image.owner, "the id of a project")
    for attribute in ("min_disk", "min_ram"):
        value = getattr(image, attribute)
        if not 0 <= value <= 2**31 - 1:
            raise BadInput(attribute, value, "a whole number from 0 to 2147483647")
    if len(image.tags) > MAX_TAGS:
        raise TooLarge("tags", MAX_TAGS, len(image.tags), unit="tags")
    if len(image.properties) > MAX_PROPERTIES:
        raise TooLarge("properties", MAX_PROPERTIES, len(image.properties), unit="properties")
    for tag in image.tags:
        _check_text("tag", tag)
    for name, value in image.properties.items():
        _check_text("property name", name)
        if not name:
            raise BadInput("property name", name, "at least one character")
        _check_text(name, value, limit=65_535)
    return image


def _check_text(field_name: str, text: str, limit: int = MAX_NAME) -> None:
    if len(text) > limit or _CONTROL.search(text):
        raise BadInput(field_name, text, f"at most {limit} characters, no control characters")
