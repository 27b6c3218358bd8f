"""``imageferry push``: bring a disk into a cloud."""

from __future__ import annotations

from dataclasses import replace
from glob import has_magic
from pathlib import Path
from typing import Any

import click

from imageferry import client
from imageferry.cli.clouds import with_cloud
from imageferry.cli.options import (
    metafile_option,
    min_disk_option,
    min_ram_option,
    no_metafile_option,
    no_wait_option,
    property_option,
    segment_size_option,
    timeout_option,
    visibility_option,
)
from imageferry.cli.output import Output, Row, output_options
from imageferry.cli.progress import with_progress
from imageferry.cli.run import exit_with_first, warn
from imageferry.cli.shapes import Bytes
from imageferry.cli.units import Checksum
from imageferry.client import BatchRow, PushResult, Wishes
from imageferry.domain.image import DiskFormat, Visibility
from imageferry.domain.registration import DISK_FORMATS
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


_BATCH = ("file", "name", "image_id", "sent", "already_there", "metafile", "problem")
_OF_ONE = ("name", "image_id", "object_name", "checksum")
"""Options that say something of one disk only."""


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--name", default="", help="Of the image; by default the file's own, without its ending.")
@click.option("--id", "image_id", default="", metavar="UUID", help="Of the image; by default a fresh one.")
@click.option("--container", default="", help="Where objects of images go, in clouds that have such. [images]")
@click.option("--object-name", default="", help="In that container; by default the image's name.")
@segment_size_option
@click.option("--keep-parts", is_flag=True, help="When the upload fails, leave what is up, for the next push.")
@click.option(
    "--disk-format",
    help="What the file must be; by default found out. Raw disks without a partition table need it.",
    type=click.Choice(tuple(dict.fromkeys((*(word.value for word in DiskFormat), *DISK_FORMATS)))),
)
@click.option("--os-type", default="", help="What the guest is, in the cloud's words; K5 insists on it.")
@min_disk_option
@min_ram_option
@property_option
@metafile_option
@no_metafile_option
@click.option("--force", is_flag=True, help="Overwrite the metafile that is there.")
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
@output_options((*COLUMNS, *(name for name in _BATCH if name not in COLUMNS)), COLUMNS)
@with_progress
@with_cloud
def push(
    files: tuple[str, ...],
    container: str,
    disk_format: str | None,
    min_ram: int | None,
    properties: tuple[tuple[str, str], ...],
    metafile: Path | None,
    no_metafile_upload: bool,
    force: bool,
    visibility: Visibility | None,
    no_wait: bool,
    timeout: float | None,
    cloud: Cloud,
    watch: Watch,
    out: Output,
    **options: Any,
) -> None:
    """Bring the disk FILE into a cloud and wait until it can be booted.

    FILE is checked before anything travels, and converted when the cloud takes no such format.

    Several files, or a pattern such as 'images/*.diskdump', are brought one after the other. What one of them
    meets keeps no other from being brought; the exit code is that of the first that failed.
    """
    from imageferry.clients import disk_tools

    said = Wishes(disk_format=disk_format, properties=dict(properties))
    wanted = said if metafile is None else said.over(client.load_metafile(metafile))
    for sentence in client.left_out(cloud, wanted):
        warn(sentence)
    wanted = replace(wanted, public=None) if visibility else wanted

    def bring(path: Path) -> PushResult:
        return client.push_wished(
            path,
            cloud,
            wanted,
            tools=disk_tools(),
            container=container or client.default_container(cloud),
            min_ram=min_ram or 0,
            visibility=visibility,
            wait=not no_wait,
            timeout_s=timeout,
            watch=watch,
            **options,
        )

    writes = metafile is not None and not no_metafile_upload
    if len(files) == 1 and (Path(files[0]).exists() or not has_magic(files[0])):
        result = bring(Path(files[0]))
        row = client.described(Path(files[0]), cloud, result, force=force) if writes else None
        out.one({**_row(result), **_tried(row)})
        if row and row.trouble:
            raise row.trouble
        return
    if given := [name for name in _OF_ONE if options[name]]:
        raise click.UsageError(f"--{given[0].replace('_', '-')} is for one disk alone: leave it out, or push one file.")
    rows: list[Row] = []
    codes: list[int] = []
    try:
        for each in client.bring_all(client.matching(files), cloud, bring, write_metafile=writes, force=force):
            rows.append({**(_row(each.result) if each.result else {}), **_tried(each)})
            codes.append(each.trouble.exit_code if each.trouble else 0)
    finally:  # who cuts it off wants to know what is there already
        replace(out, columns=_BATCH if tuple(out.columns) == COLUMNS else out.columns).many(rows)
    exit_with_first(codes)


def _tried(row: BatchRow | None) -> Row:
    if row is None:
        return {}
    return {
        "file": str(row.path),
        "metafile": row.metafile or None,
        "problem": None if row.trouble is None else str(row.trouble),
    }


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
