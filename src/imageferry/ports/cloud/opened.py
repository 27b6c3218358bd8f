"""A cloud, opened for one project, and the way of a disk into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from imageferry.domain.digest import Digests
from imageferry.domain.disk import DiskFacts
from imageferry.domain.image import DiskFormat, Visibility
from imageferry.ports.cloud.images import Images
from imageferry.ports.cloud.jobs import Exports, TaskList
from imageferry.ports.cloud.moved import Watch
from imageferry.ports.cloud.objects import SEGMENT_SIZE, Objects


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

    def objects_of(self, project: str) -> Objects:
        """The objects of another project, as far as it lets this one in. Raises Unsupported."""

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
