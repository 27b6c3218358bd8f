"""What an image shall be, from the command line and from a metafile, and a disk pushed with all of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imageferry.client.publish import publish
from imageferry.client.push import PushResult, push
from imageferry.domain.errors import BadInput, Unsupported
from imageferry.domain.image import DiskFormat
from imageferry.domain.registration import AVAILABLE, DISK_FORMATS
from imageferry.ports.cloud import Cloud
from imageferry.ports.disk_tools import DiskTools
from imageferry.wire.metafile import Metafile, property_key

SYNNEFO = "synnefo"
NO_METAFILE = Metafile()

_FORMATS: Mapping[str, DiskFormat] = {**{word.value: word for word in DiskFormat}, **DISK_FORMATS}
"""Our words and Plankton's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What an image shall be; None: nothing is said of it. Property keys in any spelling."""

    disk_format: str | None = None
    container_format: str | None = None
    status: str | None = None
    public: bool | None = None
    properties: Mapping[str, str] = field(default_factory=dict)

    def over(self, file: Metafile) -> Wishes:
        """These wishes, and those of a metafile where these say nothing. An empty value of a property takes it away."""
        properties = {**file.properties, **{property_key(key): value for key, value in self.properties.items()}}
        return Wishes(
            disk_format=file.disk_format if self.disk_format is None else self.disk_format,
            container_format=file.container_format if self.container_format is None else self.container_format,
            status=file.status if self.status is None else self.status,
            public=file.public if self.public is None else self.public,
            properties={key: value for key, value in properties.items() if value},
        )


NOTHING_SAID = Wishes()


def check_wishes(cloud: Cloud, wanted: Wishes) -> None:
    """Raises BadInput or Unsupported for what images with bytes of their own cannot be told."""
    if wanted.disk_format and wanted.disk_format.lower() not in _FORMATS:
        raise BadInput("disk format", wanted.disk_format, f"one of {', '.join(_FORMATS)}")
    if cloud.kind != SYNNEFO and (wanted.container_format or "bare").lower() != "bare":
        raise Unsupported(cloud.name, "keep disks in another container format than bare", "Leave it out.")


def format_of(wanted: Wishes) -> DiskFormat | None:
    """The format of the file; None: find out."""
    return _FORMATS[wanted.disk_format.lower()] if wanted.disk_format else None


def left_out(cloud: Cloud, wanted: Wishes) -> list[str]:
    """What a cloud cannot be told, as sentences."""
    if cloud.kind == SYNNEFO or (wanted.status or AVAILABLE).lower() in (AVAILABLE, "active"):
        return []
    return [f"the status {wanted.status!r} is left out: cloud {cloud.name} sets it itself"]


def push_wished(
    path: Path, cloud: Cloud, wanted: Wishes, *, tools: DiskTools, os_type: str = "", **options: Any
) -> PushResult:
    """Push a disk as an image that is all that is wished for.

    Args:
        options: as for ``push``.

    Raises:
        BadInput, Unsupported: before anything travelled. And as ``push`` does.
    """
    check_wishes(cloud, wanted)
    properties = dict(wanted.properties)
    if cloud.lands_later:  # an import wants to be told what the guest is
        os_type = os_type or properties.pop("os_type", "")
    later = dict(properties) if cloud.lands_later else {}
    result = push(
        path,
        cloud,
        tools=tools,
        disk_format=format_of(wanted),
        os_type=os_type,
        properties={} if later else properties,
        **options,
    )
    if result.task_id and result.task is None:
        return result  # nobody waits for it, so that there is no image yet
    if cloud.kind == SYNNEFO:
        words = {"status": wanted.status, "container_format": wanted.container_format}
        words |= {"disk_format": wanted.disk_format if wanted.disk_format in _DUMPS else None}
        later = {name: word for name, word in words.items() if word is not None}
    if later:
        cloud.images.change(result.image_id, later)
    if wanted.public:
        publish(cloud, result.image_id)
    return result


_DUMPS = ("extdump", "ntfsdump")  # bytes that travel as they are, under another name than diskdump


def default_container(cloud: Cloud) -> str:
    """Where objects of images are, where nobody says."""
    return "pithos" if cloud.kind == SYNNEFO else "images"
