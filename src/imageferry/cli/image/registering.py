"""``image register``: make an image of an object that lies in a cloud."""

from __future__ import annotations

from pathlib import Path

import click

from imageferry import client
from imageferry.cli.clouds import with_cloud
from imageferry.cli.image.rows import COLUMNS, image_row
from imageferry.cli.names import container_names
from imageferry.cli.options import metafile_option, no_metafile_option, property_option
from imageferry.cli.output import Output, output_options
from imageferry.cli.progress import with_progress
from imageferry.cli.run import warn
from imageferry.client import Registered, Wishes
from imageferry.ports.cloud import Cloud, Watch


@click.command("register")
@click.argument("name")
@click.argument("location")
@property_option
@metafile_option
@no_metafile_option
@click.option("--upload", type=click.Path(path_type=Path), metavar="FILE", help="Store this at LOCATION first.")
@click.option("--public", is_flag=True, default=None, help="Let everybody have it.")
@click.option("--disk-format", help="In the cloud's words; by default its own, or found out.")
@click.option("--container-format", help="In the cloud's words; by default bare.")
@click.option("--status", help="Any text, where the cloud has such.")
@click.option("--force", is_flag=True, help="Overwrite the metafile that is there, and with --upload the object.")
@click.option(
    "--container",
    default="",
    shell_complete=container_names,
    help="Of a LOCATION that names none; by default pithos on Synnefo, images elsewhere.",
)
@click.option(
    "--scratch",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the disk where a cloud needs a copy of it; by default the system's.",
)
@output_options(COLUMNS)
@with_progress
@with_cloud
def image_register(
    name: str,
    location: str,
    properties: tuple[tuple[str, str], ...],
    metafile: Path | None,
    no_metafile_upload: bool,
    public: bool | None,
    disk_format: str | None,
    container_format: str | None,
    status: str | None,
    upload: Path | None,
    force: bool,
    container: str,
    scratch: Path | None,
    cloud: Cloud,
    watch: Watch,
    out: Output,
) -> None:
    """Make the image NAME of the object at LOCATION.

    LOCATION is /CONTAINER/PATH, CONTAINER:PATH, CONTAINER/PATH or pithos://ACCOUNT/CONTAINER/PATH. What is said here
    wins over the metafile, and that over what the cloud does by default. Registering again says everything
    anew: what is not said is as by default.
    """
    from imageferry.clients import disk_tools

    wishes = Wishes(
        disk_format=disk_format,
        container_format=container_format,
        status=status,
        public=public,
        properties=dict(properties),
    )
    done = client.register(
        cloud,
        name,
        location,
        tools=disk_tools(),
        wishes=wishes,
        metafile=client.NO_METAFILE if metafile is None else client.load_metafile(metafile),
        write_metafile=not no_metafile_upload,
        force=force,
        upload=upload,
        container=container,
        scratch=scratch,
        watch=watch,
    )
    out.one(image_row(done.image))
    tell(done)


def tell(done: Registered) -> None:
    """Say on stderr what became of the metafile, and what to beware of. Raises what kept it from being written."""
    for warning in done.warnings:
        warn(f"{done.place}: {warning}")
    if done.trouble is not None:
        warn(f"the image {done.image.id} is registered, but its metafile {done.metafile_place} was not written")
        raise done.trouble
    if done.metafile is not None:
        version = f" (version {done.metafile.version})" if done.metafile.version else ""
        warn(f"Metadata file uploaded as {done.metafile_place}{version}")


COMMANDS = (image_register,)
