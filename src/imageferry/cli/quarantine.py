"""``imageferry admin quarantine``: what scanners objected to, on the machine of the service and with no token."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imageferry.cli.text import escaped
from imageferry.domain.task import TaskId
from imageferry.settings import read_settings

if TYPE_CHECKING:
    from imageferry.service.quarantine import Quarantine


@click.group()
def quarantine() -> None:
    """Bytes of imports that a scanner objected to."""


@contextmanager
def _opened(ctx: click.Context) -> Iterator[Quarantine]:
    from imageferry.bootstrap import build
    from imageferry.service.quarantine import Quarantine

    data, config = ctx.obj["data"], ctx.obj["config"]
    overrides = {"data": None if data is None else str(data.resolve())}
    house = build(read_settings(os.environ, config=config, overrides=overrides))
    try:
        yield Quarantine(house.records, house.blobs, house.clock)
    finally:
        house.close()


@quarantine.command("list")
@click.pass_context
def quarantine_list(ctx: click.Context) -> None:
    """What is kept: task, time, project, user, bytes, disk, rule and place."""
    from imageferry.wire.dates import iso_seconds

    with _opened(ctx) as house:
        for item in house.items():
            who = f"{item.project_id}  {item.user_id}"
            found = escaped(f"{item.what}  {item.rule}  {item.place}")
            click.echo(f"{item.task_id}  {iso_seconds(item.created_at)}  {who}  {item.size}  {found}")


@quarantine.command("save")
@click.argument("task")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def quarantine_save(ctx: click.Context, task: str, file: Path) -> None:
    """Write the bytes that TASK was about to FILE, which must not be there. Mind what you open it with."""
    with _opened(ctx) as house:
        house.save(TaskId(task), file)


@quarantine.command("delete")
@click.argument("task")
@click.pass_context
def quarantine_delete(ctx: click.Context, task: str) -> None:
    """Let go of the bytes that TASK was about."""
    with _opened(ctx) as house:
        house.delete(TaskId(task))
