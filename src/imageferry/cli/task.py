"""``imageferry task``: jobs in a cloud, imports and exports."""

from __future__ import annotations

import click

from imageferry import client
from imageferry.cli.clouds import with_cloud
from imageferry.cli.options import timeout_option
from imageferry.cli.output import Output, Row, output_options
from imageferry.cli.progress import with_progress
from imageferry.cli.shapes import Bytes
from imageferry.cli.units import Word
from imageferry.domain.errors import NotFound
from imageferry.domain.task import TaskKind
from imageferry.ports.cloud import Cloud, TaskInfo, TaskList, Watch

COLUMNS = (
    "id",
    "kind",
    "status",
    "percent",
    "name",
    "image_id",
    "location",
    "error_code",
    "message",
    "created_at",
    "step",
    "done",
    "total",
    "rate",
    "step_started_at",
    "progressed_at",
    "steps",
)
_OF_STEPS = ("name", "outcome", "started_at", "seconds", "done", "rate")
_SHORT = ("id", "kind", "status", "percent", "name", "message")

_kind_option = click.option("--kind", type=Word(TaskKind), help="By default both.")


@click.group()
def task() -> None:
    """Imports and exports that a cloud works on."""


@task.command("list")
@_kind_option
@output_options(COLUMNS, _SHORT)
@with_cloud
def task_list(kind: TaskKind | None, cloud: Cloud, out: Output) -> None:
    """Jobs of your project, newest first. Not every cloud remembers all."""
    out.many(task_row(found) for listing in _lists(cloud, kind).values() for found in listing.search())


@task.command("show")
@click.argument("task_id", metavar="TASK")
@_kind_option
@output_options(COLUMNS)
@with_cloud
def task_show(task_id: str, kind: TaskKind | None, cloud: Cloud, out: Output) -> None:
    """Where a job stands, why it failed, and how long each step took."""
    out.one(task_row(_found(cloud, task_id, kind)))


@task.command("wait")
@click.argument("task_ids", nargs=-1, required=True, metavar="TASK...")
@_kind_option
@timeout_option
@output_options(COLUMNS, _SHORT)
@with_progress
@with_cloud
def task_wait(
    task_ids: tuple[str, ...],
    kind: TaskKind | None,
    timeout: float | None,
    cloud: Cloud,
    watch: Watch,
    out: Output,
) -> None:
    """Wait until jobs have ended; ends with 9 when one failed, 10 when the time is over."""
    waits = {TaskKind.IMPORT: client.wait_import, TaskKind.EXPORT: client.wait_export}
    found = [_found(cloud, task_id, kind) for task_id in task_ids]
    out.many([task_row(waits[each.kind](cloud, each.id, timeout_s=timeout, watch=watch)) for each in found])


@task.command("cancel")
@click.argument("task_id", metavar="TASK")
@with_cloud
def task_cancel(task_id: str, cloud: Cloud) -> None:
    """Stop an export. Imports cannot be stopped from outside."""
    if cloud.exports is None:
        raise NotFound("export", task_id)
    cloud.exports.cancel(task_id)


def task_row(found: TaskInfo) -> Row:
    at = found.progress
    return {
        "id": found.id,
        "kind": found.kind.value,
        "status": found.status.value,
        "percent": found.percent,
        "name": found.name,
        "image_id": found.image_id,
        "location": found.location,
        "error_code": found.error_code,
        "message": found.message,
        "created_at": found.created_at,
        "step": f"{at['step_number']} of {at['steps']}: {at['step']}" if at.get("step") else "",
        "done": _amount(at.get("done"), at.get("unit")),
        "total": _amount(at.get("total"), at.get("unit")),
        "rate": _amount(at.get("rate"), at.get("unit")),
        "step_started_at": at.get("step_started_at"),
        "progressed_at": at.get("progressed_at"),
        "steps": [{name: step[name] for name in _OF_STEPS} for step in found.steps],
    }


def _amount(value: int | None, unit: str | None) -> int | None:
    return Bytes(value) if value is not None and unit == "bytes" else value


def _lists(cloud: Cloud, kind: TaskKind | None) -> dict[TaskKind, TaskList]:
    both = {TaskKind.IMPORT: cloud.tasks, TaskKind.EXPORT: cloud.exports}
    return {each: listing for each, listing in both.items() if listing is not None and kind in (None, each)}


def _found(cloud: Cloud, task_id: str, kind: TaskKind | None) -> TaskInfo:
    """The job, whichever of the two it is: people hold an id, and clouds keep two lists."""
    for listing in _lists(cloud, kind).values():
        try:
            return listing.show(task_id)
        except NotFound:
            continue
    raise NotFound("task", task_id)
