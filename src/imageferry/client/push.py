"""Bring a disk into a cloud: check, convert if needed, upload, register, wait, share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from imageferry.domain.digest import Digest, Digests
from imageferry.domain.disk import DiskFacts
from imageferry.domain.image import DiskFormat, Visibility
from imageferry.ports.cloud import SEGMENT_SIZE, Cloud, MemberInfo, TaskInfo, Watch
from imageferry.ports.disk_tools import DiskTools


@dataclass(frozen=True, kw_only=True, slots=True)
class PushResult:
    """What came of a push. Without waiting, ``task_id`` says what to wait for."""

    cloud: str
    image_id: str
    name: str
    facts: DiskFacts
    task_id: str = ""
    task: TaskInfo | None = None  # how it ended; None: not waited for, or there was none
    converted_to: DiskFormat | None = None
    location: str = ""
    digests: Digests = field(default_factory=dict)  # of what was uploaded
    sent: int = 0
    already_there: int = 0
    members: tuple[MemberInfo, ...] = ()


def push(
    path: Path,
    cloud: Cloud,
    *,
    tools: DiskTools,
    name: str = "",
    disk_format: DiskFormat | None = None,
    container: str = "images",
    object_name: str = "",
    segment_size: int = SEGMENT_SIZE,
    os_type: str = "",
    min_disk: int | None = None,
    min_ram: int = 0,
    checksum: Digest | None = None,
    visibility: Visibility | None = None,
    properties: Mapping[str, str] | None = None,
    image_id: str = "",
    share: Sequence[str] = (),
    wait: bool = True,
    timeout_s: float | None = None,
    keep_parts: bool = False,
    scratch: Path | None = None,
    watch: Watch = lambda _: None,
) -> PushResult:
    """Bring a disk into a cloud and, unless told otherwise, wait until it can be booted.

    Args:
        tools: converts disks that the cloud does not take as they are.
        name: by default the file's own, without its ending.
        disk_format: what the file must be; None: find out.
        container, object_name: where the object goes, in clouds that import from objects.
        segment_size: bytes; larger files go up in parts of it. At most 5 GB.
        os_type: what the guest is; K5 insists on it.
        min_disk: GiB; None: the disk's virtual size, rounded up, where the cloud wants one.
        checksum: what the file must hash to; compared before anything travels.
        image_id: a UUID; by default a fresh one. A repeated run may hand in that of the first.
        share: projects to offer the image to, once it is there.
        timeout_s: for the wait only; None: no limit.
        keep_parts: leave uploaded segments when the upload fails, so that the next run goes on there.
        scratch: folder for the converted disk; None: the system's place.

    Raises:
        BadDisk, DigestMismatch, BadInput: before anything travelled.
        Refused, Unavailable, ...: during upload; nothing was registered.
        TaskFailed, Cancelled, TimedOut: the job in the cloud.
    """
    raise NotImplementedError
