"""Object storage of a cloud: named bytes, and what only some clouds know of them.

What only some clouds have is a property that raises Unsupported elsewhere, with a sentence that says
what will do instead; to touch it asks nothing that costs more than a look at what the cloud offers.
So a command can find out before it begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from imageferry.domain.digest import Digests
from imageferry.ports.cloud.bytes import BlockSource, Download
from imageferry.ports.cloud.moved import Watch

GIB = 1 << 30
SEGMENT_SIZE = GIB
MAX_SEGMENT_SIZE = 5_000_000_000  # bytes; K5 documents 5 GB, Swift itself takes 5 GiB

DIRECTORY = "application/directory"
_DIRECTORIES = frozenset({DIRECTORY, "application/folder"})
_OCTETS = "application/octet-stream"


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerInfo:
    name: str
    count: int
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectInfo:
    container: str
    name: str
    size: int
    etag: str  # MD5 in hex for a plain object, something else for a large one
    content_type: str
    updated_at: str
    segments: str = ""  # container/prefix of the parts of a large object
    id: str = ""  # stays through overwrites, where the cloud has such
    version: str = ""  # of this state, where the cloud keeps versions
    top: str = ""  # the hash over the names of its blocks, where the cloud has it
    public_url: str = ""  # where anybody may read it, where that is told
    metadata: Mapping[str, str] = field(default_factory=dict)  # keys in lower case; not in listings

    @property
    def is_directory(self) -> bool:
        return self.content_type.partition(";")[0].strip().lower() in _DIRECTORIES


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """An object that was put: what the cloud has, and the digests of what was read here."""

    info: ObjectInfo
    digests: Digests
    sent: int = 0
    already_there: int = 0
    skipped: int = 0  # zeros, which no block was sent for


@dataclass(frozen=True, kw_only=True, slots=True)
class Dress:
    """What an object has besides its bytes."""

    content_type: str = _OCTETS
    metadata: Mapping[str, str] = field(default_factory=dict)


PLAIN = Dress()


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionInfo:
    """One state of an object. ``id`` is what ``show`` and ``read`` take as a version."""

    id: str
    updated_at: str
    size: int | None = None  # None: not told in lists
    latest: bool = False


class Versions(Protocol):
    """Old states of objects."""

    def of(self, container: str, name: str) -> list[VersionInfo]:
        """All that are kept, oldest first; of a deleted object too. NotFound: there never was one."""

    def kept(self, container: str) -> bool:
        """Whether the container keeps old states."""

    def keep(self, container: str, on: bool) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """Who besides its owner may read or write one object: project ids, ``project:group``, or ``*`` for everybody."""

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()  # they may read as well
    inherited_from: str = ""  # container/directory whose access this is


class Sharing(Protocol):
    """Access to single objects; what is set on a directory counts for all below it."""

    def show(self, container: str, name: str) -> Access: ...

    def change(self, container: str, name: str, access: Access) -> Access:
        """Set both lists, instead of those there were. Raises Refused for projects that are none."""


class Publishing(Protocol):
    """Addresses by which anybody may read one object, without a token."""

    def publish(self, container: str, name: str) -> str:
        """The address. Published already is no error."""

    def unpublish(self, container: str, name: str) -> None:
        """Not published is no error."""


class Objects(Protocol):
    """Object storage of one project. Containers and objects that are missing: NotFound."""

    def containers(self) -> Iterator[ContainerInfo]: ...

    def search(self, container: str, prefix: str = "") -> Iterator[ObjectInfo]: ...

    def show(self, container: str, name: str, *, version: str = "") -> ObjectInfo:
        """Raises Unsupported for a version where the cloud keeps none."""

    def make_container(self, name: str) -> None:
        """What is there already is no error."""

    def put(
        self,
        path: Path,
        container: str,
        name: str,
        *,
        watch: Watch,
        segment_size: int = SEGMENT_SIZE,
        stamp: str = "",
        keep_parts: bool = False,
        dress: Dress = PLAIN,
        only_new: bool = False,
    ) -> Stored:
        """Upload a file: by its blocks where the cloud knows them, else in segments when it is larger than one.

        The container is made when missing. Every digest the cloud reports is compared, and the size of the
        whole; a file that changes meanwhile is refused. On failure nothing of it is left (but see
        ``keep_parts``); after an interruption what arrived stays for a while, and the next put of the same
        file skips it.

        Raises:
            AlreadyExists: there is such an object, and ``only_new`` was asked for.
        """

    def put_bytes(
        self, data: bytes, container: str, name: str, *, dress: Dress = PLAIN, only_new: bool = False
    ) -> ObjectInfo:
        """A small object. The container is made when missing. Raises AlreadyExists as ``put`` does."""

    def make_directory(self, container: str, name: str) -> None:
        """An empty object of the type ``application/directory``; an object of that name is left as it is."""

    def read(self, container: str, name: str, *, version: str = "") -> AbstractContextManager[Download]: ...

    def blocks(self, container: str, name: str, *, version: str = "") -> BlockSource | None:
        """The object's bytes by blocks; None where the cloud does not tell their names."""

    def delete(self, container: str, name: str) -> None:
        """Remove an object, and the segments of a large one."""

    @property
    def versions(self) -> Versions:
        """Raises Unsupported."""

    @property
    def sharing(self) -> Sharing:
        """Raises Unsupported where only whole containers can be shared."""

    @property
    def publishing(self) -> Publishing:
        """Raises Unsupported."""
