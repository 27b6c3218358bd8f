"""``image share``, ``unshare``, ``members``, ``accept`` and ``reject``."""

from __future__ import annotations

import click

from imageferry import client
from imageferry.cli.clouds import with_cloud
from imageferry.cli.image.rows import MEMBERS, MEMBERS_SHORT, image_argument, member_row
from imageferry.cli.output import Output, output_options
from imageferry.domain.image import MemberStatus
from imageferry.ports.cloud import Cloud


@click.command("share")
@image_argument
@click.argument("projects", nargs=-1, required=True, metavar="PROJECT...")
@output_options(MEMBERS, MEMBERS_SHORT)
@with_cloud
def image_share(image: str, projects: tuple[str, ...], cloud: Cloud, out: Output) -> None:
    """Offer IMAGE to projects (ids). They see it in lists once they accept."""
    out.many(map(member_row, client.share(cloud, image, projects)))


@click.command("unshare")
@image_argument
@click.argument("projects", nargs=-1, required=True, metavar="PROJECT...")
@with_cloud
def image_unshare(image: str, projects: tuple[str, ...], cloud: Cloud) -> None:
    """Take the offer of IMAGE back from projects."""
    client.unshare(cloud, image, projects)


@click.command("accept")
@click.argument("image_id", metavar="IMAGE_ID")
@output_options(MEMBERS, MEMBERS_SHORT)
@with_cloud
def image_accept(image_id: str, cloud: Cloud, out: Output) -> None:
    """Take an image that another project offers to yours."""
    out.one(member_row(client.answer(cloud, image_id, MemberStatus.ACCEPTED)))


@click.command("reject")
@click.argument("image_id", metavar="IMAGE_ID")
@output_options(MEMBERS, MEMBERS_SHORT)
@with_cloud
def image_reject(image_id: str, cloud: Cloud, out: Output) -> None:
    """Keep an image that another project offers out of your lists."""
    out.one(member_row(client.answer(cloud, image_id, MemberStatus.REJECTED)))


@click.command("members")
@image_argument
@output_options(MEMBERS, MEMBERS_SHORT)
@with_cloud
def image_members(image: str, cloud: Cloud, out: Output) -> None:
    """Projects that IMAGE is offered to, and what they answered."""
    out.many(map(member_row, cloud.images.members(cloud.images.show(image).id)))


COMMANDS = (image_share, image_unshare, image_accept, image_reject, image_members)
