"""``imageferry push``: bring a disk into a cloud."""

from __future__ import annotations

from pathlib import Path

import click

from imageferry import client
from imageferry.cli.clouds import with_cloud
from imageferry.cli.options import (
    disk_format_option,
    min_disk_option,
    min_ram_option,
    no_wait_option,
    property_option,
    segment_size_option,
    timeout_option,
    visibility_option,
)
from imageferry.cli.output import Output, Row, output_options
from imageferry.cli.progress import with_progress
from imageferry.cli.shapes import Bytes
from imageferry.cli.units import Checksum
from imageferry.client import PushResult
from imageferry.domain.digest import Digest
from imageferry.domain.image import DiskFormat, Visibility
from imageferry.ports.cloud import Cloud, Watch

COLUMNS = (
    "cloud",
    "image_id",
    "name",
    "format",
    "converted_to",
    "virtual_size",
    "sent",
    "already_there",
    "digests",
    "location",
    "task_id",
    "task_status",
    "members",
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", default="", help="Of the image; by default the file's own, without its ending.")
@click.option("--id", "image_id", default="", metavar="UUID", help="Of the image; by default a fresh one.")
@click.option("--container", default="images", show_default=True, help="For clouds that import from objects.")
@click.option("--object-name", default="", help="In that container; by default the image's name.")
@segment_size_option
@click.option("--keep-parts", is_flag=True, help="When the upload fails, leave what is up, for the next push.")
@disk_format_option
@click.option("--os-type", default="", help="What the guest is, in the cloud's words; K5 insists on it.")
@min_disk_option
@min_ram_option
@property_option
@visibility_option
@click.option("--checksum", type=Checksum(), help="What FILE must hash to; compared before anything travels.")
@click.option("--share", multiple=True, metavar="PROJECT", help="Offer the image to it; repeatable.")
@click.option(
    "--scratch",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the disk when it has to be converted; by default the system's.",
)
@no_wait_option
@timeout_option
@output_options(COLUMNS)
@with_progress
@with_cloud
def push(
    file: Path,
    name: str,
    image_id: str,
    container: str,
    object_name: str,
    segment_size: int,
    keep_parts: bool,
    disk_format: DiskFormat | None,
    os_type: str,
    min_disk: int | None,
    min_ram: int | None,
    properties: tuple[tuple[str, str], ...],
    visibility: Visibility | None,
    checksum: Digest | None,
    share: tuple[str, ...],
    scratch: Path | None,
    no_wait: bool,
    timeout: float | None,
    cloud: Cloud,
    watch: Watch,
    out: Output,
) -> None:
    """Bring the disk FILE into a cloud and wait until it can be booted.

    FILE is checked before anything travels, and converted when the cloud takes no such format.
    """
    from imageferry.clients import disk_tools

    result = client.push(
        file,
        cloud,
        tools=disk_tools(),
        name=name,
        image_id=image_id,
        container=container,
        object_name=object_name,
        segment_size=segment_size,
        keep_parts=keep_parts,
        disk_format=disk_format,
        os_type=os_type,
        min_disk=min_disk,
        min_ram=min_ram or 0,
        properties=dict(properties),
        visibility=visibility,
        checksum=checksum,
        share=share,
        scratch=scratch,
        wait=not no_wait,
        timeout_s=timeout,
        watch=watch,
    )
    out.one(_row(result))


def _row(result: PushResult) -> Row:
    return {
        "cloud": result.cloud,
        "image_id": result.image_id,
        "name": result.name,
        "format": result.facts.format.value,
        "converted_to": result.converted_to and result.converted_to.value,
        "virtual_size": Bytes(result.facts.virtual_size),
        "sent": Bytes(result.sent),
        "already_there": Bytes(result.already_there),
        "digests": {algorithm.value: value for algorithm, value in result.digests.items()},
        "location": result.location,
        "task_id": result.task_id,
        "task_status": result.task and result.task.status.value,
        "members": [member.project_id for member in result.members],
    }
