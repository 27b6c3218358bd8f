"""``imageferry export``: turn an image back into an object."""

from __future__ import annotations

import click

from imageferry import client
from imageferry.cli.clouds import with_cloud
from imageferry.cli.options import no_wait_option, timeout_option
from imageferry.cli.output import Output, output_options
from imageferry.cli.progress import with_progress
from imageferry.cli.task import COLUMNS, task_row
from imageferry.ports.cloud import Cloud, Watch


@click.command()
@click.argument("image")
@click.argument("container")
@no_wait_option
@timeout_option
@output_options(COLUMNS)
@with_progress
@with_cloud
def export(
    image: str, container: str, no_wait: bool, timeout: float | None, cloud: Cloud, watch: Watch, out: Output
) -> None:
    """Write IMAGE (name or id) as a VMDK into CONTAINER, and wait for its end."""
    out.one(task_row(client.export(cloud, image, container, wait=not no_wait, timeout_s=timeout, watch=watch)))
