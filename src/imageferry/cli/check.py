"""``imageferry check``: what a disk is, and whether it may be opened."""

from __future__ import annotations

from pathlib import Path

import click

from imageferry import client
from imageferry.cli.options import disk_format_option
from imageferry.cli.output import Output, Row, output_options
from imageferry.cli.run import debug_option
from imageferry.cli.shapes import Bytes
from imageferry.domain.errors import BadDisk
from imageferry.domain.image import DiskFormat

COLUMNS = (
    "file",
    "verdict",
    "format",
    "sub_format",
    "virtual_size",
    "file_size",
    "allocated_size",
    "reason",
    "problem",
)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@disk_format_option
@output_options(COLUMNS)
@debug_option
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...], disk_format: DiskFormat | None, out: Output) -> None:
    """Say of each FILE what it is, how large, and what is unsafe about it.

    Nothing leaves this machine. Ends with 0 when every FILE is a disk that may be opened, with 3
    when one is not.
    """
    rows = [_row(file, disk_format) for file in files]
    out.each(rows)
    if any(row["verdict"] != "good" for row in rows):
        ctx.exit(BadDisk.exit_code)


def _row(file: Path, disk_format: DiskFormat | None) -> Row:
    try:
        facts = client.check(file, disk_format=disk_format).facts
    except BadDisk as error:
        return {"file": str(file), "verdict": "bad", "reason": str(error.reason), "problem": str(error)}
    return {
        "file": str(file),
        "verdict": "good",
        "format": facts.format.value,
        "sub_format": facts.sub_format,
        "virtual_size": Bytes(facts.virtual_size),
        "file_size": Bytes(facts.file_size),
        "allocated_size": None if facts.allocated_size is None else Bytes(facts.allocated_size),
    }
