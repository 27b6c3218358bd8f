"""``imageferry image``: look at images, change, share, withdraw and download them."""

from __future__ import annotations

from pathlib import Path

import click

from imageferry import client
from imageferry.cli.clouds import with_cloud
from imageferry.cli.options import min_disk_option, min_ram_option, property_option, visibility_option
from imageferry.cli.output import Output, Row, output_options
from imageferry.cli.progress import with_progress
from imageferry.cli.pulled import COLUMNS as PULLED
from imageferry.cli.pulled import pulled_row
from imageferry.cli.shapes import Bytes
from imageferry.domain.image import MemberStatus, Visibility
from imageferry.ports.cloud import Cloud, ImageFilter, ImageInfo, MemberInfo, Watch

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
)
_SHORT = ("id", "name", "status", "visibility", "disk_format", "size")
_MEMBERS = ("image_id", "project_id", "status", "created_at", "updated_at")
_MEMBERS_SHORT = ("image_id", "project_id", "status")


@click.group()
def image() -> None:
    """Images of a cloud."""


@image.command("list")
@click.option("--name", default="", help="Only of this name.")
@click.option("--status", default="", help="Only in this state, as in active.")
@click.option("--visibility", default="", help="Only private, shared, community or public ones.")
@output_options(COLUMNS, _SHORT)
@with_cloud
def image_list(name: str, status: str, visibility: str, cloud: Cloud, out: Output) -> None:
    """Images that you may see."""
    out.many(map(_row, cloud.images.search(ImageFilter(name=name, status=status, visibility=visibility))))


@image.command("show")
@click.argument("image", metavar="IMAGE")
@output_options(COLUMNS)
@with_cloud
def image_show(image: str, cloud: Cloud, out: Output) -> None:
    """All that is known of IMAGE (name or id)."""
    out.one(_row(cloud.images.show(image)))


@image.command("set")
@click.argument("image", metavar="IMAGE")
@click.option("--name", help="A new name.")
@visibility_option
@min_disk_option
@min_ram_option
@click.option("--protected/--unprotected", default=None, help="Whether it can be unregistered.")
@click.option("--hidden/--visible", default=None, help="Whether lists leave it out.")
@click.option("--tag", "tags", multiple=True, help="Repeatable; takes the place of all tags.")
@property_option
@click.option("--unset", multiple=True, metavar="KEY", help="Remove a property; repeatable.")
@output_options(COLUMNS)
@with_cloud
def image_set(
    image: str,
    properties: tuple[tuple[str, str], ...],
    unset: tuple[str, ...],
    tags: tuple[str, ...],
    visibility: Visibility | None,
    cloud: Cloud,
    out: Output,
    **attributes: object,
) -> None:
    """Change IMAGE; all changes or none."""
    values: dict[str, object] = {name: value for name, value in attributes.items() if value is not None}
    values |= {"visibility": visibility.value} if visibility else {}
    values |= {"tags": list(tags)} if tags else {}
    out.one(_row(cloud.images.change(cloud.images.show(image).id, values | dict(properties), unset)))


@image.command("unregister")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@with_cloud
def image_unregister(images: tuple[str, ...], cloud: Cloud) -> None:
    """Remove images. Objects that they were made from stay."""
    for image_id in [cloud.images.show(image).id for image in images]:
        cloud.images.delete(image_id)


@image.command("share")
@click.argument("image", metavar="IMAGE")
@click.argument("projects", nargs=-1, required=True, metavar="PROJECT...")
@output_options(_MEMBERS, _MEMBERS_SHORT)
@with_cloud
def image_share(image: str, projects: tuple[str, ...], cloud: Cloud, out: Output) -> None:
    """Offer IMAGE to projects (ids). They see it in lists once they accept."""
    out.many(map(_member_row, client.share(cloud, image, projects)))


@image.command("unshare")
@click.argument("image", metavar="IMAGE")
@click.argument("projects", nargs=-1, required=True, metavar="PROJECT...")
@with_cloud
def image_unshare(image: str, projects: tuple[str, ...], cloud: Cloud) -> None:
    """Take the offer of IMAGE back from projects."""
    client.unshare(cloud, image, projects)


@image.command("accept")
@click.argument("image_id", metavar="IMAGE_ID")
@output_options(_MEMBERS, _MEMBERS_SHORT)
@with_cloud
def image_accept(image_id: str, cloud: Cloud, out: Output) -> None:
    """Take an image that another project offers to yours."""
    out.one(_member_row(client.answer(cloud, image_id, MemberStatus.ACCEPTED)))


@image.command("reject")
@click.argument("image_id", metavar="IMAGE_ID")
@output_options(_MEMBERS, _MEMBERS_SHORT)
@with_cloud
def image_reject(image_id: str, cloud: Cloud, out: Output) -> None:
    """Keep an image that another project offers out of your lists."""
    out.one(_member_row(client.answer(cloud, image_id, MemberStatus.REJECTED)))


@image.command("members")
@click.argument("image", metavar="IMAGE")
@output_options(_MEMBERS, _MEMBERS_SHORT)
@with_cloud
def image_members(image: str, cloud: Cloud, out: Output) -> None:
    """Projects that IMAGE is offered to, and what they answered."""
    out.many(map(_member_row, cloud.images.members(cloud.images.show(image).id)))


@image.command("pull")
@click.argument("image", metavar="IMAGE")
@click.argument("file", type=click.Path(path_type=Path))
@output_options(PULLED)
@with_progress
@with_cloud
def image_pull(image: str, file: Path, cloud: Cloud, watch: Watch, out: Output) -> None:
    """Download IMAGE to FILE and compare what came with the cloud's digests. Zeros become holes."""
    out.one(pulled_row(client.pull_image(cloud, image, file, watch=watch)))


def _row(found: ImageInfo) -> Row:
    row: dict[str, object] = {name: getattr(found, name) for name in COLUMNS}
    sizes = {name: None if row[name] is None else Bytes(int(str(row[name]))) for name in ("size", "virtual_size")}
    digests = {algorithm.value: value for algorithm, value in found.digests.items()}
    return row | sizes | {"tags": list(found.tags), "digests": digests, "properties": dict(found.properties)}


def _member_row(member: MemberInfo) -> Row:
    return {name: getattr(member, name) for name in _MEMBERS}
