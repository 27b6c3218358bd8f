"""Bring a disk into a cloud: check, convert if needed, upload, register, wait, share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from imageferry.client.check import check, check_digest
from imageferry.client.convert import in_layout
from imageferry.client.share import share as offer
from imageferry.client.wait import wait_import
from imageferry.domain.digest import Digest, Digests
from imageferry.domain.disk import DiskFacts
from imageferry.domain.errors import BadInput
from imageferry.domain.image import DiskFormat, Visibility, new_image_id
from imageferry.ports.cloud import (
    GIB,
    SEGMENT_SIZE,
    Cloud,
    DiskFile,
    MemberInfo,
    Moved,
    NewImage,
    TaskInfo,
    Watch,
)
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
    if share and not wait and cloud.lands_later:
        raise BadInput("share", ", ".join(share), "to wait for the import: there is no image to share before its end")
    report = check(path, disk_format=disk_format)
    watch(Moved(stage="check", done=report.facts.file_size, total=report.facts.file_size))
    image = NewImage(
        id=new_image_id(image_id or None),
        name=name or path.stem,
        os_type=os_type,
        min_disk=-(-report.facts.virtual_size // GIB) if min_disk is None else min_disk,
        min_ram=min_ram,
        visibility=visibility,
        properties=dict(properties or {}),
        container=container,
        object_name=object_name,
        segment_size=segment_size,
        keep_parts=keep_parts,
    )
    disk = DiskFile(path=path, facts=report.facts, stamp=report.stamp)
    cloud.check_wanted(disk, image)
    if checksum is not None:
        check_digest(path, checksum, watch)
    with in_layout(disk, cloud.layout_for(disk.facts), tools, scratch, watch) as ready:
        cloud.check_wanted(ready, image)
        landed = cloud.land(ready, image, watch)
    task = None
    if landed.task_id and wait:
        watch(Moved(stage="import", total=100, unit="percent", task_id=landed.task_id, image_id=landed.image_id))
        task = wait_import(cloud, landed.task_id, timeout_s=timeout_s, watch=watch)
    final_id = task.image_id or landed.image_id if task else landed.image_id
    there = task is not None or not landed.task_id
    return PushResult(
        cloud=cloud.name,
        image_id=final_id,
        name=image.name,
        facts=report.facts,
        task_id=landed.task_id,
        task=task,
        converted_to=ready.facts.format if ready is not disk else None,
        location=landed.location,
        digests=landed.digests,
        sent=landed.sent,
        already_there=landed.already_there,
        members=tuple(offer(cloud, final_id, share)) if there and share else (),
    )
