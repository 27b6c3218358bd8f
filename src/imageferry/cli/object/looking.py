"""``object list``, ``show``, ``versions`` and ``delete``."""

from __future__ import annotations

import click

from imageferry.cli.clouds import with_cloud
from imageferry.cli.names import object_names
from imageferry.cli.object.rows import COLUMNS, SHORT, container_argument, name_argument, object_row, version_option
from imageferry.cli.output import Output, output_options
from imageferry.cli.shapes import Bytes
from imageferry.ports.cloud import Cloud

_VERSIONS = ("version", "updated_at", "size", "latest")


@click.command("list")
@container_argument
@click.option("--prefix", default="", help="Only names that begin so.")
@output_options(COLUMNS, SHORT)
@with_cloud
def object_list(container: str, prefix: str, cloud: Cloud, out: Output) -> None:
    """Objects in CONTAINER."""
    out.many(map(object_row, cloud.objects.search(container, prefix)))


@click.command("show")
@container_argument
@name_argument
@version_option
@output_options(COLUMNS)
@with_cloud
def object_show(container: str, name: str, version: str, cloud: Cloud, out: Output) -> None:
    """All that is known of an object."""
    out.one(object_row(cloud.objects.show(container, name, version=version)))


@click.command("versions")
@container_argument
@name_argument
@output_options(_VERSIONS)
@with_cloud
def object_versions(container: str, name: str, cloud: Cloud, out: Output) -> None:
    """States of an object that are kept, oldest first; of a deleted one too."""
    out.many(
        {
            "version": each.id,
            "updated_at": each.updated_at,
            "size": None if each.size is None else Bytes(each.size),
            "latest": each.latest,
        }
        for each in cloud.objects.versions.of(container, name)
    )


@click.command("delete")
@container_argument
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=object_names)
@with_cloud
def object_delete(container: str, names: tuple[str, ...], cloud: Cloud) -> None:
    """Remove objects, and the segments of large ones."""
    for name in names:
        cloud.objects.delete(container, name)


COMMANDS = (object_list, object_show, object_versions, object_delete)
