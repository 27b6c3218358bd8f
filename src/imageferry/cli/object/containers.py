"""``container list``, ``create``, ``show`` and ``set``."""

from __future__ import annotations

import click

from imageferry.cli.clouds import with_cloud
from imageferry.cli.object.rows import container_argument
from imageferry.cli.output import Output, Row, output_options
from imageferry.cli.shapes import Bytes
from imageferry.domain.errors import NotFound, Unsupported
from imageferry.ports.cloud import Cloud, ContainerInfo

_CONTAINERS = ("name", "count", "size")
_ONE = (*_CONTAINERS, "versioning")
_AUTO, _NONE = "auto", "none"

_versioning = click.option(
    "--versioning", type=click.Choice((_AUTO, _NONE)), help="Whether old states of objects are kept."
)


@click.command("list")
@output_options(_CONTAINERS)
@with_cloud
def container_list(cloud: Cloud, out: Output) -> None:
    """Containers of your project, with how many objects and bytes they keep."""
    out.many(map(_row, cloud.objects.containers()))


@click.command("create")
@container_argument
@_versioning
@output_options(_ONE)
@with_cloud
def container_create(container: str, versioning: str | None, cloud: Cloud, out: Output) -> None:
    """Make CONTAINER. One that is there stays as it is, but for --versioning."""
    cloud.objects.make_container(container)
    _keep(cloud, container, versioning)
    out.one(_told(cloud, container))


@click.command("show")
@container_argument
@output_options(_ONE)
@with_cloud
def container_show(container: str, cloud: Cloud, out: Output) -> None:
    """What CONTAINER keeps, and whether it keeps old states of objects."""
    out.one(_told(cloud, container))


@click.command("set")
@container_argument
@_versioning
@output_options(_ONE)
@with_cloud
def container_set(container: str, versioning: str | None, cloud: Cloud, out: Output) -> None:
    """Change CONTAINER: auto keeps the old state of an object whenever it is overwritten or deleted, none does not."""
    if versioning is None:
        raise click.UsageError("say what to change: --versioning auto, or none.")
    _keep(cloud, container, versioning)
    out.one(_told(cloud, container))


def _keep(cloud: Cloud, container: str, versioning: str | None) -> None:
    if versioning is not None:
        cloud.objects.versions.keep(container, versioning == _AUTO)


def _told(cloud: Cloud, container: str) -> Row:
    found = next((each for each in cloud.objects.containers() if each.name == container), None)
    if found is None:
        raise NotFound("container", container)
    try:
        versioning = _AUTO if cloud.objects.versions.kept(container) else _NONE
    except Unsupported:
        versioning = _NONE
    return {**_row(found), "versioning": versioning}


def _row(found: ContainerInfo) -> Row:
    return {"name": found.name, "count": found.count, "size": Bytes(found.size)}


COMMANDS = (container_list, container_create, container_show, container_set)
