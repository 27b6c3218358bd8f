"""What Plankton says of images, in headers and in documents, read leniently, and what it is told.

Source: specs/synnefo.md, sections 5.1, 5.2 and 9.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

from imageferry.clouds.glance_words import number
from imageferry.clouds.pithos_words import decoded
from imageferry.domain.errors import BadInput
from imageferry.ports.cloud import ImageInfo

_META = "x-image-meta-"
_PROPERTY = f"{_META}property-"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SCHEME = "pithos://"

HEADERS: Mapping[str, str] = {
    "name": "X-Image-Meta-Name",
    "disk_format": "X-Image-Meta-Disk-Format",
    "container_format": "X-Image-Meta-Container-Format",
    "status": "X-Image-Meta-Status",
    "visibility": "X-Image-Meta-Is-Public",
}
"""The attributes that can be changed."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where the object of an image is."""

    account: str
    container: str
    name: str

    def __str__(self) -> str:
        return _SCHEME + "/".join(
            [*(quote(part, safe="") for part in (self.account, self.container)), quote(self.name)]
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises BadInput: of another form."""
        parts = text.removeprefix(_SCHEME).split("/", 2)
        if not text.startswith(_SCHEME) or len(parts) != 3 or not all(parts):
            raise BadInput("location of the image", text, f"{_SCHEME}account/container/object")
        return cls(*(decoded(part) for part in parts))


def from_headers(headers: Mapping[str, str]) -> ImageInfo:
    lowered = {key.lower(): decoded(value) for key, value in headers.items()}
    plain = {
        key.removeprefix(_META).replace("-", "_"): value for key, value in lowered.items() if key.startswith(_META)
    }
    properties = {key.removeprefix(_PROPERTY): value for key, value in lowered.items() if key.startswith(_PROPERTY)}
    return _info(plain, {plain_key(decoded(key)): value for key, value in properties.items()})


def from_document(row: Mapping[str, Any]) -> ImageInfo:
    said = row.get("properties")
    properties = said if isinstance(said, Mapping) else {}
    return _info(row, {plain_key(str(key)): _text(value) for key, value in properties.items()})


def plain_key(key: str) -> str:
    """A property's name as the service keeps it."""
    return re.sub(r"[!-/:-@\[-`{-~]", "_", key).lower()


def property_header(key: str, value: str) -> tuple[str, str]:
    """An underscore in a header's name is lost on some ways; a hyphen means the same here.

    Raises:
        BadInput: control characters, or no name.
    """
    name = plain_key(key)
    if not name.strip("_ ") or _CONTROL.search(name):
        raise BadInput("property", key, "a name with letters or digits")
    return f"X-Image-Meta-Property-{quote(name.replace('_', '-'), safe='')}", in_header(key, value)


def in_header(field: str, value: str) -> str:
    if _CONTROL.search(value):
        raise BadInput(field, value, "no control characters")
    return quote(value, safe="/:@,=;")


def _info(said: Mapping[str, Any], properties: Mapping[str, str]) -> ImageInfo:
    public = _text(said.get("is_public")).lower() == "true"
    return ImageInfo(
        id=_text(said.get("id")),
        name=_text(said.get("name")),
        status=_text(said.get("status")).lower(),
        visibility="public" if public else "private",
        owner=_text(said.get("owner")).partition(" ")[0],  # some put the owner's name behind the id
        disk_format=_text(said.get("disk_format")),
        container_format=_text(said.get("container_format")),
        size=number(said.get("size")),
        virtual_size=None,
        min_disk=0,
        min_ram=0,
        protected=False,
        hidden=False,
        tags=(),
        digests={},
        properties=properties,
        created_at=_text(said.get("created_at")),
        updated_at=_text(said.get("updated_at")),
        deleted_at=_text(said.get("deleted_at")),
        location=_text(said.get("location")),
        checksum=_text(said.get("checksum")),
    )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
