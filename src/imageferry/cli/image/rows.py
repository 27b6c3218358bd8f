"""How an image is told, and how one is named."""

from __future__ import annotations

import click

from imageferry.cli.names import image_names
from imageferry.cli.output import Row
from imageferry.cli.shapes import Bytes
from imageferry.ports.cloud import ImageInfo, MemberInfo

COLUMNS = (
    "id",
    "name",
    "status",
    "visibility",
    "owner",
    "disk_format",
    "container_format",
    "size",
    "virtual_size",
    "min_disk",
    "min_ram",
    "protected",
    "hidden",
    "tags",
    "digests",
    "properties",
    "created_at",
    "updated_at",
    "location",
    "checksum",
)
SHORT = ("id", "name", "status", "visibility", "disk_format", "size")
MEMBERS = ("image_id", "project_id", "status", "created_at", "updated_at")
MEMBERS_SHORT = ("image_id", "project_id", "status")

image_argument = click.argument("image", metavar="IMAGE", shell_complete=image_names)


def image_row(found: ImageInfo) -> Row:
    row: dict[str, object] = {name: getattr(found, name) for name in COLUMNS}
    sizes = {name: None if row[name] is None else Bytes(int(str(row[name]))) for name in ("size", "virtual_size")}
    digests = {algorithm.value: value for algorithm, value in found.digests.items()}
    return row | sizes | {"tags": list(found.tags), "digests": digests, "properties": dict(found.properties)}


def member_row(member: MemberInfo) -> Row:
    return {name: getattr(member, name) for name in MEMBERS}
