"""``imageferry object`` and ``imageferry container``: named bytes, and what keeps them."""

from __future__ import annotations

from pathlib import Path

import click

from imageferry import client
from imageferry.cli.clouds import with_cloud
from imageferry.cli.names import container_names, object_names
from imageferry.cli.options import segment_size_option
from imageferry.cli.output import Output, Row, output_options
from imageferry.cli.progress import with_progress
from imageferry.cli.pulled import COLUMNS as PULLED
from imageferry.cli.pulled import pulled_row
from imageferry.cli.shapes import Bytes
from imageferry.domain.errors import BadInput
from imageferry.ports.cloud import Cloud, ObjectInfo, Watch

COLUMNS = ("container", "name", "size", "etag", "content_type", "updated_at", "segments")
_SHORT = ("name", "size", "content_type", "updated_at")
_PUT = ("container", "name", "size", "etag", "segments", "digests", "sent", "already_there")
_CONTAINERS = ("name", "count", "size")

container_argument = click.argument("container", shell_complete=container_names)
name_argument = click.argument("name", shell_complete=object_names)


@click.group("object")
def object_group() -> None:
    """Objects in the containers of a cloud."""


@click.group("container")
def container_group() -> None:
    """Containers of a cloud."""


@container_group.command("list")
@output_options(_CONTAINERS)
@with_cloud
def container_list(cloud: Cloud, out: Output) -> None:
    """Containers of your project, with how many objects and bytes they keep."""
    out.many({"name": each.name, "count": each.count, "size": Bytes(each.size)} for each in cloud.objects.containers())


@object_group.command("list")
@container_argument
@click.option("--prefix", default="", help="Only names that begin so.")
@output_options(COLUMNS, _SHORT)
@with_cloud
def object_list(container: str, prefix: str, cloud: Cloud, out: Output) -> None:
    """Objects in CONTAINER."""
    out.many(map(_row, cloud.objects.search(container, prefix)))


@object_group.command("show")
@container_argument
@name_argument
@output_options(COLUMNS)
@with_cloud
def object_show(container: str, name: str, cloud: Cloud, out: Output) -> None:
    """All that is known of an object."""
    out.one(_row(cloud.objects.show(container, name)))


@object_group.command("put")
@click.argument("file", type=click.Path(path_type=Path))
@container_argument
@click.argument("name", required=False)
@segment_size_option
@output_options(_PUT)
@with_progress
@with_cloud
def object_put(
    file: Path, container: str, name: str | None, segment_size: int, cloud: Cloud, watch: Watch, out: Output
) -> None:
    """Upload FILE into CONTAINER, which is made when missing; NAME is by default the file's own."""
    stored = cloud.objects.put(file, container, name or file.name, watch=watch, segment_size=segment_size)
    digests = {algorithm.value: value for algorithm, value in stored.digests.items()}
    sent = {"sent": Bytes(stored.sent), "already_there": Bytes(stored.already_there)}
    out.one({**_row(stored.info), "digests": digests, **sent})


@object_group.command("get")
@container_argument
@name_argument
@click.argument("file", type=click.Path(path_type=Path), required=False)
@output_options(PULLED)
@with_progress
@with_cloud
def object_get(container: str, name: str, file: Path | None, cloud: Cloud, watch: Watch, out: Output) -> None:
    """Download an object to FILE, by default the last part of NAME in this folder."""
    target = file or Path(Path(name).name)
    if target.name in ("", ".", ".."):
        raise BadInput("FILE", str(target), "the name of a file to write")
    out.one(pulled_row(client.pull_object(cloud, container, name, target, watch=watch)))


@object_group.command("delete")
@container_argument
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@with_cloud
def object_delete(container: str, names: tuple[str, ...], cloud: Cloud) -> None:
    """Remove objects, and the segments of large ones."""
    for name in names:
        cloud.objects.delete(container, name)


def _row(found: ObjectInfo) -> Row:
    return {name: getattr(found, name) for name in COLUMNS} | {"size": Bytes(found.size)}
