"""Whole folders: into a container, and out of it again.

What one file meets keeps no other from travelling: each has an ``Outcome``. Names in a cloud are a
stranger's: none of them leads out of the folder that was asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imageferry.client.pull import pull_object
from imageferry.domain.errors import AlreadyExists, BadInput, FerryError, NotFound, Unavailable
from imageferry.ports.cloud import SEGMENT_SIZE, Cloud, ObjectInfo, Watch


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one file or folder. ``trouble``: None when it went well."""

    path: Path
    container: str
    name: str
    size: int = 0  # bytes
    is_folder: bool = False
    sent: int = 0
    already_there: int = 0
    trouble: FerryError | None = None


def put_tree(
    cloud: Cloud,
    folder: Path,
    container: str,
    name: str,
    *,
    segment_size: int = SEGMENT_SIZE,
    only_new: bool = False,
    watch: Watch = lambda _: None,
) -> Iterator[Outcome]:
    """Upload a folder as the directory ``name``, with a directory object for it and for each folder below.

    Links are not followed; what is neither a file nor a folder is told of as refused.

    Raises:
        NotFound, BadInput: there is no such folder.
    """
    if not folder.exists():
        raise NotFound("folder", str(folder))
    if not folder.is_dir():
        raise BadInput("folder", str(folder), "a folder")
    cloud.objects.make_container(container)
    for path, is_folder in _below(folder):
        rest = path.relative_to(folder).as_posix()
        target = name if rest == "." else f"{name}/{rest}"
        try:
            _check_text(target)
            if is_folder:
                cloud.objects.make_directory(container, target)
                yield Outcome(path=path, container=container, name=target, is_folder=True)
                continue
            if path.is_symlink():
                raise BadInput("file", str(path), "a file or folder itself, no link to one")
            done = cloud.objects.put(path, container, target, watch=watch, segment_size=segment_size, only_new=only_new)
            yield Outcome(
                path=path,
                container=container,
                name=target,
                size=done.info.size,
                sent=done.sent,
                already_there=done.already_there,
            )
        except FerryError as error:
            yield Outcome(path=path, container=container, name=target, is_folder=is_folder, trouble=error)


def get_tree(
    cloud: Cloud, container: str, name: str, folder: Path, *, watch: Watch = lambda _: None
) -> Iterator[Outcome]:
    """Download all that lies below the directory ``name`` (all of the container when that is empty) to ``folder``.

    Files that are there are overwritten, folders are made.

    Raises:
        NotFound: there is nothing below it.
    """
    prefix = f"{name.rstrip('/')}/" if name else ""
    found = False
    for info in cloud.objects.search(container, prefix):
        found = True
        rest = info.name.removeprefix(prefix).rstrip("/") if info.is_directory else info.name.removeprefix(prefix)
        if rest:
            yield _fetched(cloud, info, folder, rest, watch)
    if not found:
        raise NotFound("object below", f"{container}/{prefix}")


def _fetched(cloud: Cloud, info: ObjectInfo, folder: Path, rest: str, watch: Watch) -> Outcome:
    target = folder
    try:
        target = _inside(folder, rest)
        if info.is_directory:
            _make(target)
        else:
            _make(target.parent)
            pull_object(cloud, info.container, info.name, target, watch=watch)
    except FerryError as error:
        return Outcome(path=target, container=info.container, name=info.name, trouble=error)
    size = 0 if info.is_directory else target.stat().st_size
    return Outcome(path=target, container=info.container, name=info.name, size=size, is_folder=info.is_directory)


def _inside(folder: Path, rest: str) -> Path:
    """Where a name leads below a folder.

    Raises:
        BadInput: somewhere else, or nowhere: ``..``, an absolute name, NUL, over a link.
    """
    parts = rest.split("/")
    if "\0" in rest or any(part in ("", ".", "..") for part in parts):
        raise BadInput("name", rest, "a name that is one below a folder, without empty parts and dots between slashes")
    place = folder
    for part in parts[:-1]:
        place = place / part
        if place.is_symlink():
            raise BadInput("name", rest, f"no link on its way ({place})")
    return place / parts[-1]


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise AlreadyExists("file", str(folder)) from error
    except OSError as error:
        raise Unavailable(str(folder), reason=error.strerror or str(error)) from error


def _below(folder: Path) -> Iterator[tuple[Path, bool]]:
    """The folder and all below it, sorted; True for folders. Links to folders are not entered."""
    yield folder, True
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise Unavailable(str(folder), reason=error.strerror or str(error)) from error
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _below(Path(entry.path))
        else:
            yield Path(entry.path), False


def _check_text(name: str) -> None:
    """Raises BadInput for a name of this machine that is no text."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise BadInput("file name", name, "a name in UTF-8") from error
