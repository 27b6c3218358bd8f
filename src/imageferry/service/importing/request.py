"""What an import is asked to do, as dialects ask it and as the task keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from imageferry.domain.access import ProjectId
from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.image import DiskFormat, ImageId, Visibility
from imageferry.domain.task import State


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportRequest:
    """Make an image of an object, or of what lies behind a URL.

    ``source_format``: what the file must be; None: any safe disk. ``convert_to``: what it is
    turned into; None: it is kept as it is. ``digest``: what the bytes must hash to as they come,
    ``unpacked_digest``: those of the disk inside. ``unpack``: what is packed is taken for what is
    inside; None: as the service is set. ``member``: which file of an archive; "": its only disk.
    ``echo``: JSON that the dialect wants to find again with the task; never a secret.
    """

    container: str = ""
    object: str = ""
    account: ProjectId | None = None  # whose object; None: the caller's
    url: str = ""  # in the place of an object
    name: str
    image_id: ImageId | None = None  # None: the service chooses
    source_format: DiskFormat | None = None
    convert_to: DiskFormat | None = None
    digest: Digest | None = None
    unpacked_digest: Digest | None = None
    max_virtual_size: int | None = None  # bytes; beside the service's own limit
    min_disk: int = 0  # GiB
    min_ram: int = 0  # MiB
    properties: Mapping[str, str] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    visibility: Visibility = Visibility.SHARED
    protected: bool = False
    hidden: bool = False
    unpack: bool | None = None
    member: str = ""
    echo: Mapping[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """What a person would call the source: the last part of its name."""
        text = self.url.partition("?")[0].partition("#")[0] if self.url else self.object
        return text.rstrip("/").rsplit("/", 1)[-1]

    def to_state(self) -> dict[str, Any]:
        """As JSON data, for the task's record."""
        return {
            "container": self.container,
            "object": self.object,
            "account": self.account,
            "url": self.url,
            "name": self.name,
            "image_id": self.image_id,
            "source_format": self.source_format,
            "convert_to": self.convert_to,
            "digest": _digest_to_state(self.digest),
            "unpacked_digest": _digest_to_state(self.unpacked_digest),
            "max_virtual_size": self.max_virtual_size,
            "min_disk": self.min_disk,
            "min_ram": self.min_ram,
            "properties": dict(self.properties),
            "tags": sorted(self.tags),
            "visibility": self.visibility,
            "protected": self.protected,
            "hidden": self.hidden,
            "unpack": self.unpack,
            "member": self.member,
            "echo": dict(self.echo),
        }

    @classmethod
    def of_state(cls, state: State) -> Self:
        """What ``to_state`` kept, this version's or an earlier one's, which knew fewer fields."""
        values = {name: state[name] for name in cls.__dataclass_fields__ if name in state}
        return cls(**{name: _MEANINGS.get(name, _same)(value) for name, value in values.items()})


def _same(value: Any) -> Any:
    return value


def _unless_none(meaning: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else meaning(value)


_FORMAT = _unless_none(DiskFormat)
_DIGEST = _unless_none(lambda pair: Digest(Algorithm(pair[0]), pair[1]))
_MEANINGS: Mapping[str, Callable[[Any], Any]] = {
    "source_format": _FORMAT,
    "convert_to": _FORMAT,
    "digest": _DIGEST,
    "unpacked_digest": _DIGEST,
    "tags": frozenset,
    "visibility": Visibility,
}


def _digest_to_state(digest: Digest | None) -> list[str] | None:
    return None if digest is None else [digest.algorithm, digest.value]
