"""``image set``, ``unset`` and ``unregister``."""

from __future__ import annotations

import click

from imageferry import client
from imageferry.cli.clouds import with_cloud
from imageferry.cli.image.rows import COLUMNS, image_argument, image_row
from imageferry.cli.names import image_names
from imageferry.cli.options import min_disk_option, min_ram_option, property_option, visibility_option
from imageferry.cli.output import Output, output_options
from imageferry.cli.run import warn
from imageferry.domain.image import Visibility
from imageferry.ports.cloud import Cloud


@click.command("set")
@image_argument
@click.option("--name", help="A new name.")
@visibility_option
@click.option("--publish/--unpublish", "public", default=None, help="Whether everybody may have it.")
@click.option("--disk-format", help="In the cloud's words.")
@click.option("--container-format", help="In the cloud's words.")
@click.option("--status", help="Any text, where the cloud has such.")
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
    public: bool | None,
    cloud: Cloud,
    out: Output,
    **attributes: object,
) -> None:
    """Change IMAGE: all changes or none, and last who may see it."""
    if visibility is not None and public is not None:
        raise click.UsageError("--visibility and --publish/--unpublish say the same in two ways: use one.")
    values: dict[str, object] = {name: value for name, value in attributes.items() if value is not None}
    values |= {"visibility": visibility.value} if visibility else {}
    values |= {"tags": list(tags)} if tags else {}
    changed = client.change_image(cloud, image, values | dict(properties), remove=unset, public=public)
    if public and changed.visibility != Visibility.PUBLIC:
        warn(
            f"the image is {changed.visibility} now: anybody may use it, but only administrators can put it into "
            "everybody's list"
        )
    out.one(image_row(changed))


@click.command("unset")
@image_argument
@click.option("-p", "--property", "properties", multiple=True, metavar="KEY", help="Repeatable.")
@click.option("--status", is_flag=True, help="Clear the status, where it is a text of your choice.")
@output_options(COLUMNS)
@with_cloud
def image_unset(image: str, properties: tuple[str, ...], status: bool, cloud: Cloud, out: Output) -> None:
    """Take properties, or the status, away from IMAGE."""
    if not properties and not status:
        raise click.UsageError("say what to take away: --property KEY, or --status.")
    values = {"status": ""} if status else {}
    out.one(image_row(client.change_image(cloud, image, values, remove=properties)))


@click.command("unregister")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...", shell_complete=image_names)
@with_cloud
def image_unregister(images: tuple[str, ...], cloud: Cloud) -> None:
    """Remove images. Objects that they were made from, or are, stay."""
    for image_id in [cloud.images.show(image).id for image in images]:
        for hint in client.unregister(cloud, image_id):
            warn(hint)


COMMANDS = (image_set, image_unset, image_unregister)
