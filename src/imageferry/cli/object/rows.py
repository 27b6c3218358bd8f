"""How an object is told, and how one is named."""

from __future__ import annotations

import click

from imageferry.cli.names import container_names, object_names
from imageferry.cli.output import Row
from imageferry.cli.shapes import Bytes
from imageferry.ports.cloud import ObjectInfo

COLUMNS = (
    *("container", "name", "size", "etag", "content_type", "updated_at", "segments"),
    *("id", "version", "top", "public_url", "metadata"),
)
SHORT = ("name", "size", "content_type", "updated_at")

container_argument = click.argument("container", shell_complete=container_names)
name_argument = click.argument("name", shell_complete=object_names)
version_option = click.option("--version", default="", metavar="ID", help="An old state; see object versions.")


def object_row(found: ObjectInfo) -> Row:
    row: dict[str, object] = {name: getattr(found, name) for name in COLUMNS}
    return row | {"size": Bytes(found.size), "metadata": dict(found.metadata)}
