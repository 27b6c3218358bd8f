"""Many disks in one go: what one of them meets keeps no other from being brought."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from imageferry.client import metafiles
from imageferry.client.places import shown_place
from imageferry.client.publish import place_of
from imageferry.client.push import PushResult
from imageferry.domain.errors import Cancelled, FerryError, NotFound
from imageferry.domain.registration import Place
from imageferry.ports.cloud import Cloud
from imageferry.wire.metafile import SUFFIX


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchRow:
    """What became of one file. ``trouble``: None when it went well; with a ``result`` it is the metafile's."""

    path: Path
    result: PushResult | None = None
    metafile: str = ""  # where it was written
    trouble: FerryError | None = None


def matching(patterns: Iterable[str]) -> list[Path]:
    """The files that are meant, each once: a file's name means that file, also when it looks like a pattern.

    What matches nothing is kept as it is, so that its absence is told of like that of any file.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        if Path(pattern).exists() or not glob.has_magic(pattern):
            found[Path(pattern)] = None
            continue
        there = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 -- Path.glob takes no absolute patterns
        found |= dict.fromkeys(Path(each) for each in there if not each.endswith(SUFFIX))
        if not there:
            found[Path(pattern)] = None
    return list(found)


def bring_all(
    paths: Sequence[Path], cloud: Cloud, bring: Callable[[Path], PushResult], *, write_metafile: bool, force: bool
) -> Iterator[BatchRow]:
    """Bring disks one after the other; where an image is an object, a metafile is written beside it.

    Args:
        bring: pushes one disk.
        force: overwrite metafiles that are there.
    """
    for path in paths:
        try:
            if not path.exists():
                raise NotFound("file", str(path))
            result = bring(path)
        except Cancelled:
            raise
        except FerryError as error:
            yield BatchRow(path=path, trouble=error)
        else:
            yield described(path, cloud, result, force=force) if write_metafile else BatchRow(path=path, result=result)


def described(path: Path, cloud: Cloud, result: PushResult, *, force: bool) -> BatchRow:
    """Write the metafile of an image that was pushed, where it is an object."""
    place = None if result.task_id and result.task is None else place_of(cloud, result.image_id)
    if place is None:
        return BatchRow(path=path, result=result)
    try:
        _write(cloud, place, result, force=force)
    except FerryError as error:
        return BatchRow(path=path, result=result, trouble=error)
    return BatchRow(path=path, result=result, metafile=shown_place(metafiles.beside(place)))


def _write(cloud: Cloud, place: Place, result: PushResult, *, force: bool) -> None:
    image = cloud.images.show(result.image_id)
    metafiles.write(metafiles.objects_at(cloud, place), place, image, shown_place(place), only_new=not force)
