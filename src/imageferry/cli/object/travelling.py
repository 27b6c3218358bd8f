"""``object put``, ``get`` and ``cat``: bytes into a cloud and out of it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import click

from imageferry import client
from imageferry.cli.clouds import with_cloud
from imageferry.cli.object.rows import container_argument, name_argument, object_row, version_option
from imageferry.cli.options import segment_size_option
from imageferry.cli.output import Output, Row, output_options
from imageferry.cli.progress import with_progress
from imageferry.cli.pulled import COLUMNS as PULLED
from imageferry.cli.pulled import pulled_row
from imageferry.cli.run import ReaderGone, exit_with_first
from imageferry.cli.shapes import Bytes
from imageferry.cli.text import escaped
from imageferry.client import Outcome
from imageferry.domain.errors import BadInput
from imageferry.ports.cloud import Cloud, Watch

_PUT = ("container", "name", "size", "etag", "segments", "digests", "sent", "already_there", "version")
_TREE = ("file", "name", "size", "sent", "already_there", "problem")

_recursive = click.option("-R", "--recursive", is_flag=True, help="A folder, with all that is below it.")


@click.command("put")
@click.argument("file", type=click.Path(path_type=Path))
@container_argument
@click.argument("name", required=False)
@_recursive
@click.option("--only-new", is_flag=True, help="Refuse where there is an object of that name.")
@segment_size_option
@output_options((*_PUT, "file", "problem"), _PUT)
@with_progress
@with_cloud
def object_put(
    file: Path,
    container: str,
    name: str | None,
    recursive: bool,
    only_new: bool,
    segment_size: int,
    cloud: Cloud,
    watch: Watch,
    out: Output,
) -> None:
    """Upload FILE into CONTAINER, which is made when missing; NAME is by default the file's own.

    With -R, FILE is a folder, and NAME the directory that it becomes. What one file meets keeps no other
    from travelling; the exit code is that of the first that failed.
    """
    target = name or file.resolve().name
    if recursive:
        found = client.put_tree(
            cloud, file, container, target, segment_size=segment_size, only_new=only_new, watch=watch
        )
        return _tell(found, out)
    stored = cloud.objects.put(file, container, target, watch=watch, segment_size=segment_size, only_new=only_new)
    digests = {algorithm.value: value for algorithm, value in stored.digests.items()}
    sent = {"sent": Bytes(stored.sent), "already_there": Bytes(stored.already_there)}
    out.one({**object_row(stored.info), "digests": digests, **sent, "file": str(file)})
    return None


@click.command("get")
@container_argument
@name_argument
@click.argument("file", type=click.Path(path_type=Path), required=False)
@_recursive
@version_option
@output_options((*PULLED, "name", "problem"), PULLED)
@with_progress
@with_cloud
def object_get(
    container: str,
    name: str,
    file: Path | None,
    recursive: bool,
    version: str,
    cloud: Cloud,
    watch: Watch,
    out: Output,
) -> None:
    """Download an object to FILE, by default the last part of NAME in this folder.

    With -R, all that is below the directory NAME goes below the folder FILE.
    """
    target = file or Path(Path(name).name)
    if target.name in ("", "..") and not (recursive and file):
        raise BadInput("FILE", str(target), "the name of a file to write")
    if recursive:
        if version:
            raise click.UsageError("--version is that of one object: not with -R.")
        return _tell(client.get_tree(cloud, container, name, target, watch=watch), out)
    pulled = client.pull_object(cloud, container, name, target, version=version, watch=watch)
    out.one({**pulled_row(pulled), "name": name})
    return None


@click.command("cat")
@container_argument
@name_argument
@version_option
@with_cloud
def object_cat(container: str, name: str, version: str, cloud: Cloud) -> None:
    """Write an object's bytes to stdout. On a terminal, what that would obey is written out."""
    for text in client.cat_object(cloud, container, name, version=version):
        try:
            if sys.stdout.isatty():
                sys.stdout.write(escaped(text.decode(errors="replace"), keep="\n\t"))
            else:
                sys.stdout.buffer.write(text)
        except BrokenPipeError as error:
            raise ReaderGone from error


def _tell(outcomes: Iterable[Outcome], out: Output) -> None:
    """A row for each file; ends with the code of the first that failed."""
    rows: list[Row] = []
    codes = [0]
    for each in outcomes:
        rows.append(_row(each))
        codes += [each.trouble.exit_code] if each.trouble else []
    plain = tuple(out.columns) in (_PUT, PULLED)  # nobody asked for columns
    replace(out, columns=_TREE if plain else out.columns).many(rows)
    exit_with_first(codes)


def _row(outcome: Outcome) -> Row:
    return {
        "file": str(outcome.path),
        "name": outcome.name,
        "size": Bytes(outcome.size),
        "sent": Bytes(outcome.sent),
        "already_there": Bytes(outcome.already_there),
        "problem": None if outcome.trouble is None else str(outcome.trouble),
    }


COMMANDS = (object_put, object_get, object_cat)
