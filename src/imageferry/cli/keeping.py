"""``imageferry gc`` and ``imageferry verify``: looking after the bytes of the local service."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from imageferry.cli.text import escaped
from imageferry.domain.errors import Damaged
from imageferry.settings import read_settings


def _on_the_machine(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of commands that work on the service's own data."""
    command = click.option("--data", type=click.Path(path_type=Path), help="The service's data folder.")(command)
    config = click.option(
        "--config", type=click.Path(path_type=Path, dir_okay=False), help="TOML file, see docs/settings.md."
    )
    return config(command)


def _house(data: Path | None, config: Path | None) -> Any:
    from imageferry.bootstrap import build

    overrides = {"data": None if data is None else str(data.resolve())}
    return build(read_settings(os.environ, config=config, overrides=overrides))


@click.command()
@_on_the_machine
@click.option("--older-than", "hours", type=float, default=24.0, show_default=True, help="Hours out of use.")
def gc(data: Path | None, config: Path | None, hours: float) -> None:
    """Remove bytes that nothing refers to, expired tasks and tokens. The service may be running."""
    from imageferry.service.sweeping import Sweeper

    house = _house(data, config)
    swept = Sweeper(house.records, house.store, house.clock).sweep(older_than_s=hours * 3600)
    house.close()
    click.echo(f"removed {swept.blobs} blobs, {swept.blocks} blocks, {swept.tasks} tasks, {swept.tokens} tokens")


@click.command()
@_on_the_machine
def verify(data: Path | None, config: Path | None) -> None:
    """Re-read every block and prove it; name what a bad one belongs to. The service may be running."""
    from imageferry.service.sweeping import Verifier

    house = _house(data, config)
    verifier = Verifier(house.records, house.store)
    bad = 0
    for block in verifier.verify():
        bad += 1
        click.echo(escaped(f"{block.name} {block.trouble}: " + "; ".join(block.belongs_to)))
    house.close()
    click.echo(f"{verifier.checked} blocks checked, {bad} bad", err=True)
    sys.exit(Damaged.exit_code if bad else 0)
