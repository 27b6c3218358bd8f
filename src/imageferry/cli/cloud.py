"""``imageferry cloud``: which clouds are configured, and old configurations taken over."""

from __future__ import annotations

import os
from pathlib import Path

import click

from imageferry.cli.output import Output, Row, output_options
from imageferry.cli.run import debug_option
from imageferry.clients import CloudEntry, clouds, import_cloud

COLUMNS = ("name", "kind", "auth_url", "region", "project", "user", "source")


@click.group()
def cloud() -> None:
    """Clouds that commands can work with."""


@cloud.command("list")
@output_options(COLUMNS)
@debug_option
def cloud_list(out: Output) -> None:
    """Clouds of clouds.yaml, of the environment, and the local service."""
    out.many(map(_row, clouds(os.environ)))


@cloud.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", default="", help="Of the new cloud; by default the one in FILE, or k5- and the region.")
@click.option("--region", default="", help="By default the one in FILE.")
@click.option("--target", type=click.Path(path_type=Path), help="The clouds.yaml to add it to.")
@output_options(COLUMNS)
@debug_option
def cloud_import(file: Path, name: str, region: str, target: Path | None, out: Output) -> None:
    """Take over a ~/.kamakirc, an old k5contractsettings.py or a script of OS_* exports.

    FILE is read as text and never run. All clouds in it go into clouds.yaml, for your eyes only (mode 0600).
    """
    out.many(map(_row, import_cloud(file, name=name, region=region, target=target, env=os.environ)))


def _row(entry: CloudEntry) -> Row:
    return {name: getattr(entry, name) for name in COLUMNS}
