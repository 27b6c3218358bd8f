"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

from imageferry.cli.units import Duration, Pair, Size, Word
from imageferry.domain.image import DiskFormat, Visibility
from imageferry.ports.cloud import SEGMENT_SIZE

disk_format_option = click.option(
    "--disk-format",
    type=Word(DiskFormat),
    help="What the file must be; by default found out. Raw disks without a partition table need it.",
)
no_wait_option = click.option("--no-wait", is_flag=True, help="Return as soon as the cloud has taken the job.")
timeout_option = click.option(
    "--timeout", type=Duration(), metavar="TIME", help="Wait at most so long (90s, 10m, 2h); the job goes on."
)
segment_size_option = click.option(
    "--segment-size",
    type=Size(),
    default=SEGMENT_SIZE,
    metavar="SIZE",
    help="Larger files go up in parts of it, side by side. [1GiB]",
)
visibility_option = click.option("--visibility", type=Word(Visibility), help="Who may find the image.")
metafile_option = click.option(
    "--metafile",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What the image shall be, as JSON; the command line wins over it.",
)
no_metafile_option = click.option("--no-metafile-upload", is_flag=True, help="Write no metafile beside the object.")
property_option = click.option(
    "-p", "--property", "properties", type=Pair(), multiple=True, metavar="KEY=VALUE", help="Repeatable."
)
min_disk_option = click.option("--min-disk", type=click.IntRange(min=0), metavar="GIB", help="What a guest needs.")
min_ram_option = click.option("--min-ram", type=click.IntRange(min=0), metavar="MIB", help="What a guest needs.")
