"""Where an object or a container is, as a body names it: a path without a host, taken literally.

Only where nothing bears the literal name is the text taken for a percent-encoded one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from imageferry.dialects.k5.answers import Fault
from imageferry.domain.access import ProjectId
from imageferry.domain.errors import BadInput
from imageferry.domain.image import DiskFormat
from imageferry.domain.object import checked_container_name, checked_object_name
from imageferry.domain.region import Region

_OBJECT = re.compile(r"/(v[12])/AUTH_([^/]+)/([^/]+)/(.+)", re.DOTALL)
_CONTAINER = re.compile(r"/(v[12])/AUTH_([^/]+)/([^/]+)/?", re.DOTALL)
_IN_BUCKET = re.compile(r"/([^/]+)/(.+)", re.DOTALL)

SOURCES: Mapping[str, DiskFormat] = {
    ".vmdk": DiskFormat.VMDK,
    ".img.gz": DiskFormat.RAW,
    ".qcow2.gz": DiskFormat.QCOW2,
}
"""What may be imported, by the end of the object's name; all but the first in profile C only."""

_IMAGE_FROM: Mapping[str, str] = {"vmdk": ".vmdk", "img": ".img.gz", "raw": ".img.gz", "qcow2": ".qcow2.gz"}
"""Words in ``details.image_from``. Its values are not documented; the formats are, and so are looked for."""


@dataclass(frozen=True, slots=True)
class Place:
    container: str
    name: str
    disk_format: DiskFormat = DiskFormat.VMDK
    packed: bool = False


def object_places(body: Mapping[str, Any], region: Region, project: ProjectId) -> tuple[Mapping[str, str], list[Place]]:
    """Where the object of an import may be, likeliest first; and what answers repeat of it.

    Raises:
        Fault: not said, not of the form, of another project, or with a wrong suffix.
    """
    suffixes = _suffixes(body, region)
    text = body.get("location")
    if text is None and region.profile == "C" and body.get("s3_location") is not None:
        text = body["s3_location"]
        said = {"location": "", "s3_location": text}
        match = _IN_BUCKET.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise Fault("40004")
        names: Sequence[str] = match.groups()
    else:
        said = {"location": text}
        names = _named(_OBJECT, text, _versions(region), project, missing="40003", invalid="40004")
    places = []
    for container, name in _readings(*names):
        suffix = next((suffix for suffix in suffixes if name.lower().endswith(suffix)), None)
        if suffix is not None:
            places.append(Place(container, name, SOURCES[suffix], suffix.endswith(".gz")))
    if not places:
        raise Fault("40004")
    return said, places


def container_names(text: object, project: ProjectId) -> list[str]:
    """The names that a container may have, likeliest first. Raises Fault."""
    names = _named(_CONTAINER, text, frozenset({"v1", "v2"}), project, missing="40003", invalid="40004")
    found = [container for container, _ in _readings(names[0], "-")]
    if not found:
        raise Fault("40004")
    return found


def _named(
    pattern: re.Pattern[str], text: object, versions: frozenset[str], project: ProjectId, *, missing: str, invalid: str
) -> Sequence[str]:
    """What the pattern finds behind the project."""
    if text is None:
        raise Fault(missing)
    match = pattern.fullmatch(text) if isinstance(text, str) else None
    if match is None or match[1] not in versions:
        raise Fault(invalid)
    if match[2] != project:
        raise Fault("40005")
    return match.groups()[2:]


def _versions(region: Region) -> frozenset[str]:
    if region.profile != "C":
        return frozenset({"v1"})
    return frozenset({"v2"}) if region.strict else frozenset({"v1", "v2"})


def _suffixes(body: Mapping[str, Any], region: Region) -> Sequence[str]:
    """What the object's name may end in. Raises Fault: ``details`` is not of its form."""
    if region.profile != "C":
        return [".vmdk"]
    details = body.get("details")
    if details is None:
        return [".vmdk"] if region.strict else list(SOURCES)
    word = details.get("image_from") if isinstance(details, dict) else 0
    if word is None:
        return list(SOURCES)
    if not isinstance(word, str):
        raise Fault("40026")
    named = [suffix for part, suffix in _IMAGE_FROM.items() if part in word.lower()]
    if region.strict and not named:
        raise Fault("40026")
    return named or list(SOURCES)


def _readings(container: str, name: str) -> Iterator[tuple[str, str]]:
    """The names as they are, and as they are when percent-decoded; those that can be names at all."""
    ways: tuple[Callable[[str], str], ...] = (lambda text: text, _decoded)
    seen: set[tuple[str, str]] = set()
    for way in ways:
        try:
            reading = (checked_container_name(way(container)), checked_object_name(way(name)))
        except BadInput:
            continue
        if reading not in seen:
            seen.add(reading)
            yield reading


def _decoded(text: str) -> str:
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeError as error:
        raise BadInput("name", text, "UTF-8, percent-encoded") from error
