"""Bring a disk into the format that a cloud takes, in a scratch folder that goes away again."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from imageferry.client.check import check, opened, stamp_of
from imageferry.domain.disk import DiskFacts
from imageferry.domain.errors import NoRoom, Rejected
from imageferry.ports.cloud import DiskFile, Layout, Moved, Watch
from imageferry.ports.disk_tools import DiskTools


@contextmanager
def in_layout(
    disk: DiskFile, layout: Layout, tools: DiskTools, scratch: Path | None, watch: Watch
) -> Iterator[DiskFile]:
    """The disk itself if it is laid out so already, else a converted one for the time of the block.

    The converted disk keeps the stamp of the one it was made of.
    """
    if _is(disk.facts, layout):
        yield disk
        return
    with tempfile.TemporaryDirectory(prefix="imageferry-", dir=scratch) as folder:
        _check_room(disk, Path(folder))
        target = Path(folder) / f"disk.{layout.disk_format.value}"
        tools.convert(
            disk.path,
            disk.facts.format,
            target,
            layout.disk_format,
            sub_format=layout.sub_format,
            progress=lambda done, total: watch(Moved(stage="convert", done=done, total=total)),
        )
        _check_unchanged(disk)
        made = check(target, disk_format=layout.disk_format)
        if made.facts.virtual_size < disk.facts.virtual_size:
            found = f"{made.facts.virtual_size} bytes where {disk.facts.virtual_size} were wanted"
            raise Rejected(f"{disk.path.name}: converting it lost a part of the disk: {found}.")
        yield replace(disk, path=target, facts=made.facts)


def _is(facts: DiskFacts, layout: Layout) -> bool:
    return facts.format is layout.disk_format and layout.sub_format in ("", facts.sub_format)


def _check_room(disk: DiskFile, folder: Path) -> None:
    """A converted disk is about as large as what is allocated of the first, seldom more."""
    free = shutil.disk_usage(folder).free
    needed = disk.facts.allocated_size or disk.facts.file_size
    if free < needed // 2:
        raise NoRoom(str(folder), reason=f"converting {disk.path.name} may take {needed} bytes, {free} are free")


def _check_unchanged(disk: DiskFile) -> None:
    with opened(disk.path) as fd:
        if stamp_of(os.fstat(fd)) != disk.stamp:
            raise Rejected(f"{disk.path.name} changed while it was converted; nothing was sent. Push it again.")
