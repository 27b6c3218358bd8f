"""``object share``, ``publish`` and ``unpublish``: who else may read or write an object."""

from __future__ import annotations

import click

from imageferry.cli.clouds import with_cloud
from imageferry.cli.object.rows import container_argument, name_argument
from imageferry.cli.output import Output, output_options
from imageferry.ports.cloud import Access, Cloud

_ACCESS = ("container", "name", "read", "write", "inherited_from")
_PUBLISHED = ("container", "name", "public_url")


@click.command("share")
@container_argument
@name_argument
@click.option("--read", multiple=True, metavar="WHO", help="May read; repeatable. A project, PROJECT:GROUP, or *.")
@click.option("--write", multiple=True, metavar="WHO", help="May write and read; repeatable.")
@click.option("--nobody", is_flag=True, help="Take all of it back.")
@output_options(_ACCESS)
@with_cloud
def object_share(
    container: str, name: str, read: tuple[str, ...], write: tuple[str, ...], nobody: bool, cloud: Cloud, out: Output
) -> None:
    """Say who else may read or write an object; what is set on a directory counts for all below it.

    Each of the two lists that is given takes the place of the one before; without any, both are shown.
    """
    if nobody and (read or write):
        raise click.UsageError("--nobody leaves neither readers nor writers: give it alone.")
    sharing = cloud.objects.sharing
    access = sharing.show(container, name)
    if read or write or nobody:
        wanted = Access() if nobody else Access(read=read or access.read, write=write or access.write)
        access = sharing.change(container, name, wanted)
    row = {"read": list(access.read), "write": list(access.write), "inherited_from": access.inherited_from}
    out.one({"container": container, "name": name, **row})


@click.command("publish")
@container_argument
@name_argument
@output_options(_PUBLISHED)
@with_cloud
def object_publish(container: str, name: str, cloud: Cloud, out: Output) -> None:
    """Give an object an address by which anybody may read it, without a token."""
    url = cloud.objects.publishing.publish(container, name)
    out.one({"container": container, "name": name, "public_url": url})


@click.command("unpublish")
@container_argument
@name_argument
@with_cloud
def object_unpublish(container: str, name: str, cloud: Cloud) -> None:
    """Take the public address of an object away."""
    cloud.objects.publishing.unpublish(container, name)


COMMANDS = (object_share, object_publish, object_unpublish)
