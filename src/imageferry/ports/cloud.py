"""What the client needs from a cloud: images, objects, and the jobs that some clouds have.

Sizes are bytes, times are text as the cloud wrote it. What a cloud says is a stranger's word:
drivers read it leniently (numbers as text, keys that are missing) and check what matters (digests,
sizes, listings that go on for ever).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from imageferry.domain.digest import Digests
from imageferry.domain.disk import DiskFacts
from imageferry.domain.image import DiskFormat, MemberStatus, Visibility
from imageferry.domain.task import TaskKind, TaskStatus

GIB = 1 << 30
SEGMENT_SIZE = GIB
MAX_SEGMENT_SIZE = 5_000_000_000  # bytes; K5 documents 5 GB, Swift itself takes 5 GiB


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """How far a long act has come.

    ``done`` counts up to ``total`` (None: unknown) in ``unit``. Of the bytes done, ``sent``
    travelled, ``skipped`` were holes and ``already_there`` were at the other side before.
    """

    stage: str  # "check", "convert", "upload", "register", "import", "export", "download", "share"
    done: int = 0
    total: int | None = None
    unit: str = "bytes"  # or "percent"
    sent: int = 0
    skipped: int = 0
    already_there: int = 0
    task_id: str = ""  # known from the moment a job was accepted, so that the wait can be taken up again
    image_id: str = ""
    message: str = ""


Watch = Callable[[Moved], None]
"""Called often, from any thread, one call at a time. May raise Cancelled to stop the work."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageInfo:
    """An image as a cloud tells of it."""

    id: str
    name: str
    status: str  # "active", "queued", ... in the cloud's words
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


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberInfo:
    image_id: str
    project_id: str
    status: str  # "pending", "accepted", "rejected"
    created_at: str = ""
    updated_at: str = ""


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """An object that was put: what the cloud has, and the digests of what was read here."""

    info: ObjectInfo
    digests: Digests
    sent: int = 0
    already_there: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskInfo:
    """A job in the cloud, import or export. ``percent`` is 0 to 100."""

    id: str
    kind: TaskKind
    status: TaskStatus
    percent: int = 0
    name: str = ""
    image_id: str = ""
    location: str = ""  # where the object is, or shall be
    error_code: str = ""
    message: str = ""
    created_at: str = ""
    progress: Mapping[str, Any] = field(default_factory=dict)  # of the step at work, as wire.standing has it
    steps: Sequence[Mapping[str, Any]] = ()  # so far, likewise; both only where the cloud tells


@dataclass(frozen=True, kw_only=True, slots=True)
class DiskFile:
    """A checked disk that is ready to travel.

    ``stamp`` is the same for the same file, whenever it is pushed: parts that an interrupted run
    left behind are found by it.
    """

    path: Path
    facts: DiskFacts
    stamp: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NewImage:
    """What an image shall be. ``id`` is a UUID: chosen here, so that a repeated run can use it again."""

    id: str
    name: str
    os_type: str = ""
    min_disk: int = 0  # GiB
    min_ram: int = 0  # MiB
    visibility: Visibility | None = None  # None: as the cloud does by default
    properties: Mapping[str, str] = field(default_factory=dict)
    container: str = "images"  # where the object goes, in clouds that import from objects
    object_name: str = ""  # by default the image's name
    segment_size: int = SEGMENT_SIZE
    keep_parts: bool = False  # leave what was uploaded when the upload fails, for the next run


@dataclass(frozen=True, kw_only=True, slots=True)
class Landed:
    """A disk that has arrived. ``task_id`` names the job that still works on it; empty: it is an image already."""

    image_id: str
    task_id: str = ""
    digests: Digests = field(default_factory=dict)
    location: str = ""
    sent: int = 0
    already_there: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """A format that a cloud takes."""

    disk_format: DiskFormat
    sub_format: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """Bytes on their way here. ``promised``: the digests that the cloud told before the first byte."""

    size: int | None
    promised: Digests
    chunks: Iterator[bytes]


class Images(Protocol):
    """Images of one cloud, as one project sees them."""

    def search(self, *, name: str = "", status: str = "", visibility: str = "") -> Iterator[ImageInfo]: ...

    def show(self, name_or_id: str) -> ImageInfo:
        """Raises NotFound; BadInput when several images have that name."""

    def change(self, image_id: str, values: Mapping[str, object], remove: tuple[str, ...] = ()) -> ImageInfo:
        """Set attributes and properties, remove properties; all or nothing."""

    def delete(self, image_id: str) -> None: ...

    def read(self, image_id: str) -> AbstractContextManager[Download]:
        """The image's bytes. A connection that breaks is taken up again where it was."""

    def members(self, image_id: str) -> list[MemberInfo]: ...

    def share(self, image_id: str, project: str) -> MemberInfo:
        """Offer the image to a project. Offered already is no error."""

    def unshare(self, image_id: str, project: str) -> None: ...

    def answer(self, image_id: str, status: MemberStatus) -> MemberInfo:
        """Accept or reject, as the project this cloud was opened for."""


class Objects(Protocol):
    """Object storage of one project. Containers and objects that are missing: NotFound."""

    def containers(self) -> Iterator[ContainerInfo]: ...

    def search(self, container: str, prefix: str = "") -> Iterator[ObjectInfo]: ...

    def show(self, container: str, name: str) -> ObjectInfo: ...

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
    ) -> Stored:
        """Upload a file; in segments when it is larger than one. The container is made when missing.

        Every digest the cloud reports is compared, and the size of the whole; a file that
        changes meanwhile is refused. On failure nothing of it is left (but see ``keep_parts``);
        after an interruption whole segments stay, and the next put of the same file skips them.
        """

    def read(self, container: str, name: str) -> AbstractContextManager[Download]: ...

    def delete(self, container: str, name: str) -> None:
        """Remove an object, and the segments of a large one."""


class TaskList(Protocol):
    """Jobs of one kind."""

    def search(self) -> Iterator[TaskInfo]:
        """Newest first; not every cloud tells more than id and status here."""

    def show(self, task_id: str) -> TaskInfo: ...


class Exports(TaskList, Protocol):
    def start(self, image_id: str, container: str) -> TaskInfo:
        """Write the image as an object into a container; returns at once."""

    def cancel(self, task_id: str) -> None: ...


class Cloud(Protocol):
    """One cloud, opened for one project.

    Every driver promises: nothing is asked of the network before the first call that needs it;
    calls that may be repeated are, with growing pauses; of its own troubles only the errors of
    ``domain.errors`` come out; no secret stands in them or in a log.
    """

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str:
        """ "openstack", "k5", ..."""

    @property
    def lands_later(self) -> bool:
        """Whether ``land`` only starts a job, at whose end the image is there."""

    @property
    def project_id(self) -> str: ...

    @property
    def images(self) -> Images: ...

    @property
    def objects(self) -> Objects: ...

    @property
    def tasks(self) -> TaskList | None:
        """Imports; None where the cloud has no such jobs."""

    @property
    def exports(self) -> Exports | None: ...

    def layout_for(self, facts: DiskFacts) -> Layout:
        """The format that such a disk must be in to be taken; its own if that will do."""

    def check_wanted(self, disk: DiskFile, image: NewImage) -> None:
        """Refuse what this cloud will not take, before anything travels. Asks nothing of the network."""

    def land(self, disk: DiskFile, image: NewImage, watch: Watch) -> Landed:
        """Upload the disk and make it an image, or start the job that does.

        A failed upload is never registered, and no half-made record stays behind.
        """

    def close(self) -> None: ...
