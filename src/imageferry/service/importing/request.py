"""What an import is asked to do, as dialects ask it and as the task keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.image import DiskFormat, ImageId, Visibility
from imageferry.domain.task import State


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportRequest:
    """Make an image of an object.

    ``source_format``: what the file must be; None: any safe disk. ``digest``: what the
    object's bytes must hash to. ``unpack``: a gzip file is taken for what is inside.
    ``echo``: JSON that the dialect wants to find again with the task; never a secret.
    """

    container: str
    object: str
    name: str
    image_id: ImageId | None = None  # None: the service chooses
    source_format: DiskFormat | None = None
    digest: Digest | None = None
    min_disk: int = 0  # GiB
    min_ram: int = 0  # MiB
    properties: Mapping[str, str] = field(default_factory=dict)
    visibility: Visibility = Visibility.SHARED
    unpack: bool = False
    echo: Mapping[str, Any] = field(default_factory=dict)

    def to_state(self) -> dict[str, Any]:
        """As JSON data, for the task's record."""
        return {
            "container": self.container,
            "object": self.object,
            "name": self.name,
            "image_id": self.image_id,
            "source_format": self.source_format,
            "digest": None if self.digest is None else [self.digest.algorithm, self.digest.value],
            "min_disk": self.min_disk,
            "min_ram": self.min_ram,
            "properties": dict(self.properties),
            "visibility": self.visibility,
            "unpack": self.unpack,
            "echo": dict(self.echo),
        }

    @classmethod
    def of_state(cls, state: State) -> Self:
        """What ``to_state`` kept."""
        values = {name: state[name] for name in cls.__dataclass_fields__}
        source_format, digest, image_id = values["source_format"], values["digest"], values["image_id"]
        values["source_format"] = None if source_format is None else DiskFormat(source_format)
        values["digest"] = None if digest is None else Digest(Algorithm(digest[0]), digest[1])
        values["image_id"] = None if image_id is None else ImageId(image_id)
        values["visibility"] = Visibility(values["visibility"])
        return cls(**values)
