"""Objects, the containers that keep them, and the rules for their names and listings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NewType

from imageferry.domain.access import ProjectId
from imageferry.domain.blob import BlobId
from imageferry.domain.errors import BadInput
from imageferry.domain.link import Link
from imageferry.domain.moment import Moment
from imageferry.domain.versioning import NO_VERSION, UNVERSIONED, VersionId, Versioning, version_at

ContainerId = NewType("ContainerId", str)
ObjectId = NewType("ObjectId", str)

MAX_CONTAINER_NAME = 256  # bytes in UTF-8
MAX_OBJECT_NAME = 1024  # bytes in UTF-8
MAX_LISTING = 10_000  # rows
MAX_OBJECT_SIZE = 5 * (1 << 30) + 2  # bytes: Swift's own default
MAX_SEGMENTS = 1000  # of a static large object
MAX_METADATA_NAME = 128  # bytes
MAX_METADATA_VALUE = 256  # bytes
MAX_METADATA_COUNT = 90
MAX_METADATA_OVERALL = 4096  # bytes, names and values

_NEVER = Moment(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The object storage of one project."""

    project_id: ProjectId
    container_count: int = 0
    object_count: int = 0
    bytes_used: int = 0
    metadata: Mapping[str, str] = field(default_factory=dict)
    created_at: Moment
    changed_at: Moment = _NEVER  # when one of its containers, or what is in it, last changed; 0: there is none


@dataclass(frozen=True, kw_only=True, slots=True)
class Container:
    id: ContainerId
    project_id: ProjectId
    name: str
    object_count: int = 0
    bytes_used: int = 0
    metadata: Mapping[str, str] = field(default_factory=dict)  # lower-case names without prefix
    readers: str = ""  # access lists, see domain.acl
    writers: str = ""
    versioning: Versioning = UNVERSIONED
    created_at: Moment
    updated_at: Moment
    filled_at: Moment = _NEVER  # when what is in it last changed

    @property
    def changed_at(self) -> Moment:
        """When it, or what is in it, last changed."""
        return max(self.updated_at, self.filled_at)


@dataclass(frozen=True, slots=True)
class Held:
    """How much a container held at some moment."""

    objects: int
    bytes: int
    changed_at: Moment  # when the latest of these came to be


@dataclass(frozen=True, kw_only=True, slots=True)
class Whole:
    """What the segments of a static large object add up to."""

    size: int  # bytes
    etag: str  # MD5 over the segments' MD5s, hex


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """One part of a static large object: an object as it was when the list was made, or bytes of the list's own."""

    container: str = ""
    name: str = ""
    size: int  # bytes of the whole object
    md5: str  # of a large object its tag
    content_type: str = ""
    updated_at: Moment
    span: tuple[int, int] | None = None  # first byte and the one after the last; None: all of them
    nested: bool = False  # a static large object itself
    inline: bool = False  # bytes that stand behind the list

    @property
    def length(self) -> int:
        """Bytes that it adds to the whole."""
        return self.size if self.span is None else self.span[1] - self.span[0]

    @property
    def range(self) -> str:
        """``0-4``, with the last byte as HTTP counts."""
        return "" if self.span is None else f"{self.span[0]}-{self.span[1] - 1}"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredObject:
    """An object: a name in a container and the blob behind it.

    ``headers`` are the ones a dialect keeps as they came (content-encoding, ...), lower case.
    ``manifest`` is ``container/prefix`` of a dynamic large object, whose own blob is then
    usually empty. ``whole`` is there for a static large object, whose own blob is the list of
    its segments, ``link`` for one that stands for another object. ``id`` survives overwriting,
    ``version`` does not.
    """

    id: ObjectId
    container_id: ContainerId
    name: str
    blob_id: BlobId
    size: int  # bytes of the blob
    md5: str  # of the blob, hex; "": nobody has asked for it yet
    content_type: str = "application/octet-stream"
    metadata: Mapping[str, str] = field(default_factory=dict)  # lower-case names without prefix
    headers: Mapping[str, str] = field(default_factory=dict)
    manifest: str | None = None
    whole: Whole | None = None
    link: Link | None = None
    version: VersionId = NO_VERSION
    delete_at: Moment | None = None  # from then on it is as if it were gone
    created_at: Moment
    updated_at: Moment

    @property
    def number(self) -> VersionId:
        """What it is called where every state has a number: its version, or the one it would get."""
        return self.version or version_at(self.updated_at, behind=None)

    def is_expired(self, now: Moment) -> bool:
        return self.delete_at is not None and self.delete_at <= now


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectVersion:
    """One version of an object, or the mark that it was deleted then."""

    name: str
    id: VersionId
    item: StoredObject | None  # None: a mark
    at: Moment
    is_latest: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ListingQuery:
    """What part of a listing is wanted. Order is by the bytes of the names in UTF-8."""

    limit: int = MAX_LISTING
    marker: str = ""  # names after it
    end_marker: str = ""  # names before it
    prefix: str = ""
    delimiter: str = ""
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Subdir:
    """Names rolled up: all that begin with ``name``, which ends in the delimiter."""

    name: str


def checked_container_name(name: str) -> str:
    """Raises BadInput unless 1 to 256 bytes of UTF-8 without slash or control characters that break headers."""
    if "/" in name:
        raise BadInput("container name", name, "no slash")
    return _checked("container name", name, MAX_CONTAINER_NAME)


def checked_object_name(name: str) -> str:
    """Raises BadInput unless 1 to 1,024 bytes of UTF-8 without NUL."""
    return _checked("object name", name, MAX_OBJECT_NAME)


def _checked(kind: str, name: str, limit: int) -> str:
    try:
        length = len(name.encode())
    except UnicodeEncodeError as error:
        raise BadInput(kind, name, "valid UTF-8") from error
    if not 0 < length <= limit or "\0" in name:
        raise BadInput(kind, name, f"1 to {limit} bytes without NUL")
    return name


def checked_metadata(metadata: Mapping[str, str]) -> Mapping[str, str]:
    """The metadata of one account, container or object, if within Swift's limits.

    Raises:
        BadInput: naming the limit that was passed.
    """
    if len(metadata) > MAX_METADATA_COUNT:
        raise BadInput("metadata", f"{len(metadata)} items", f"at most {MAX_METADATA_COUNT} items")
    overall = 0
    for name, value in metadata.items():
        if not 0 < len(name.encode()) <= MAX_METADATA_NAME:
            raise BadInput("metadata name", name, f"1 to {MAX_METADATA_NAME} bytes")
        if len(value.encode()) > MAX_METADATA_VALUE:
            raise BadInput(f"metadata {name}", value, f"at most {MAX_METADATA_VALUE} bytes")
        if any(ord(c) < 32 or ord(c) == 127 for c in name + value):
            raise BadInput(f"metadata {name}", value, "no control characters")
        overall += len(name.encode()) + len(value.encode())
    if overall > MAX_METADATA_OVERALL:
        raise BadInput("metadata", f"{overall} bytes", f"at most {MAX_METADATA_OVERALL} bytes in all")
    return metadata


def after_prefix(prefix: str) -> str | None:
    """The smallest text greater than every text that begins with ``prefix``, None if there is none.

    By the order of UTF-8 bytes, which is the order of code points.
    """
    while prefix:
        last = ord(prefix[-1]) + 1
        if last == 0xD800:
            last = 0xE000  # surrogates are not characters
        if last <= 0x10FFFF:
            return prefix[:-1] + chr(last)
        prefix = prefix[:-1]
    return None


def subdir_of(name: str, *, prefix: str, delimiter: str) -> Subdir | None:
    """The roll-up that ``name`` falls into, or None when it is listed itself."""
    cut = name.find(delimiter, len(prefix))
    return None if cut < 0 else Subdir(name[: cut + len(delimiter)])
