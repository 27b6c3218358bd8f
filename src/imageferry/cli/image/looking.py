"""``image list``, ``show`` and ``pull``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import get_args

import click

from imageferry import client
from imageferry.cli.clouds import with_cloud
from imageferry.cli.image.rows import COLUMNS, MEMBERS, MEMBERS_SHORT, SHORT, image_argument, image_row, member_row
from imageferry.cli.names import image_names
from imageferry.cli.options import property_option
from imageferry.cli.output import Output, output_options
from imageferry.cli.progress import with_progress
from imageferry.cli.pulled import COLUMNS as PULLED
from imageferry.cli.pulled import pulled_row
from imageferry.cli.units import Size, SortBy
from imageferry.domain.image import Visibility
from imageferry.ports.cloud import Cloud, ImageFilter, ImageInfo, SortKey, Watch

_NOT_PUBLIC = (Visibility.PRIVATE, Visibility.SHARED)
_SORT_KEYS = tuple(key for key in get_args(SortKey) if key)


@click.command("list")
@click.option("--name", default="", help="Only of this name.")
@click.option("--name-like", default="", metavar="PART", help="Only with this in the name, whatever the case.")
@click.option("--owner", default="", metavar="PROJECT", help="Only of this project (id).")
@click.option("--status", default="", help="Only in this state, as in active; whatever the case.")
@click.option("--visibility", default="", help="Only private, shared, community or public ones.")
@click.option("--public/--private", default=None, help="Only those in everybody's list, or only those that are not.")
@click.option("--disk-format", default="", help="Only of this format, in the cloud's words.")
@click.option("--container-format", default="", help="Only in this container format.")
@click.option("--size-min", type=Size(), metavar="SIZE", help="Only of this size or larger.")
@click.option("--size-max", type=Size(), metavar="SIZE", help="Only of this size or smaller.")
@property_option
@click.option("--sort", type=SortBy(_SORT_KEYS), metavar="KEY[:desc]", help=f"KEY is one of {', '.join(_SORT_KEYS)}.")
@click.option("--limit", type=click.IntRange(min=0), help="So many at most.")
@click.option("--marker", default="", metavar="ID", help="Only what comes after this image: the next page.")
@click.option("--members-of", metavar="IMAGE", shell_complete=image_names, help="Not images: this one's members.")
@output_options((*COLUMNS, *(name for name in MEMBERS if name not in COLUMNS)), SHORT)
@with_cloud
def image_list(
    public: bool | None,
    properties: tuple[tuple[str, str], ...],
    sort: tuple[SortKey, bool] | None,
    members_of: str | None,
    limit: int | None,
    visibility: str,
    cloud: Cloud,
    out: Output,
    **asked: str | int | None,
) -> None:
    """Images that you may see."""
    if members_of is not None:
        members = cloud.images.members(cloud.images.show(members_of).id)
        replace(out, columns=_of_members(out.columns)).many(map(member_row, members))
        return
    key, descending = sort or ("", False)
    wanted = ImageFilter(
        **asked,  # type: ignore[arg-type]
        properties=dict(properties),
        visibility=Visibility.PUBLIC.value if public else visibility,
        sort_key=key,
        descending=descending,
        limit=None if public is False else limit,
    )
    found: Iterable[ImageInfo] = cloud.images.search(wanted)
    if public is False:
        found = islice((image for image in found if image.visibility in _NOT_PUBLIC), limit)
    out.many(map(image_row, found))


def _of_members(columns: Iterable[str]) -> tuple[str, ...]:
    """Those that members have, of the ones that were asked for."""
    return MEMBERS_SHORT if tuple(columns) == SHORT else tuple(name for name in columns if name in MEMBERS)


@click.command("show")
@image_argument
@output_options(COLUMNS)
@with_cloud
def image_show(image: str, cloud: Cloud, out: Output) -> None:
    """All that is known of IMAGE (name or id)."""
    out.one(image_row(cloud.images.show(image)))


@click.command("pull")
@image_argument
@click.argument("file", type=click.Path(path_type=Path))
@output_options(PULLED)
@with_progress
@with_cloud
def image_pull(image: str, file: Path, cloud: Cloud, watch: Watch, out: Output) -> None:
    """Download IMAGE to FILE and compare what came with the cloud's digests. Zeros become holes."""
    out.one(pulled_row(client.pull_image(cloud, image, file, watch=watch)))


COMMANDS = (image_list, image_show, image_pull)
