"""``imageferry serve``: run the image service."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

import click

from imageferry.settings import read_settings


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="Folder of everything the service keeps.")
@click.option("--listen", metavar="HOST:PORT", help="Address to listen on [127.0.0.1:8765]; port 0: a free one.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="TOML file, see docs/settings.md.")
def serve(data: Path | None, listen: str | None, config: Path | None) -> None:
    """Run the image service until it is told to stop (Ctrl-C, SIGTERM).

    The first start makes the administrator with a generated password and writes it, as the
    cloud "imageferry", into clouds.yaml in the data folder.
    """
    from imageferry.cli.welcome import keep_password, welcome
    from imageferry.server import serve as run

    overrides = {"data": None if data is None else str(data.resolve()), "listen": listen}
    settings = read_settings(os.environ, config=config, overrides=overrides)
    sys.exit(run(settings, first=partial(keep_password, settings), ready=partial(welcome, settings)))
