"""What a caller may say of an image: the body of a create, and both kinds of JSON patch.

The rules are those of Glance: what is read-only or reserved is refused by name, what is not an
attribute is a property and must be text. Everything here is data in, data out.

Source: specs/openstack.md, sections 4.4, 4.5 and 4.7; RFC 6901 for the escapes of a path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from imageferry.domain.access import ProjectId
from imageferry.domain.errors import BadInput, Forbidden, StatusConflict, TooLarge
from imageferry.domain.image import (
    MAX_PROPERTIES,
    ContainerFormat,
    DiskFormat,
    Image,
    ImageId,
    Visibility,
    new_image_id,
)
from imageferry.domain.moment import Moment
from imageferry.wire.glance import BASE_ATTRIBUTES

PATCH_TYPE = "application/openstack-images-v2.1-json-patch"
OLD_PATCH_TYPE = "application/openstack-images-v2.0-json-patch"

_OPERATIONS = ("add", "replace", "remove")
_RESERVED = ("deleted", "deleted_at")
_RESERVED_PREFIX = "os_glance_"

_Kind = TypeVar("_Kind", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a patch: ``value`` counts for add and replace only."""

    operation: str
    name: str
    value: object = None


def new_image(document: object) -> Callable[[ProjectId, Moment], Image]:
    """Read the body of a create.

    Returns:
        What makes the image, once its project and the time are known.

    Raises:
        BadInput: a value of the wrong type, or not an object.
        Forbidden: a member that only the service sets.
    """
    if not isinstance(document, dict):
        raise BadInput("request body", document, "a JSON object of attributes")
    wanted = dict(document)
    image_id = new_image_id(wanted.pop("id")) if "id" in wanted else new_image_id()

    def draft(project: ProjectId, now: Moment) -> Image:
        image = Image(id=image_id, owner=project, created_at=now, updated_at=now)
        for name, value in wanted.items():
            image = with_value(image, name, value)
        return image

    draft(ProjectId(""), Moment(0))  # what is wrong is said before anybody is asked
    return draft


def read_patch(document: object, *, old: bool) -> list[Change]:
    """Read a patch: ``[{"op", "path", "value"}]``, or the older ``[{"<op>": "<path>", "value"}]``.

    Raises:
        BadInput: not a list of operations that are offered here.
    """
    if not isinstance(document, list):
        raise BadInput("request body", document, "a JSON list of operations")
    return [_old_change(entry) if old else _change(entry) for entry in document]


def patched(image: Image, changes: list[Change]) -> Image:
    """The image after all changes, in their order.

    Raises:
        BadInput: a value of the wrong type.
        Forbidden: what only the service sets, or a base attribute removed.
        StatusConflict: a property replaced or removed that is not there.
    """
    for change in changes:
        image = _patched(image, change)
    return image


def with_value(image: Image, name: str, value: object) -> Image:
    """The image with one attribute or property set."""
    _check_may_set(name)
    setter = _SETTERS.get(name)
    if setter is not None:
        return setter(image, value)
    properties = {**image.properties, name: _text(name, value)}
    if len(properties) > MAX_PROPERTIES:  # said here, before a long list costs its square
        raise TooLarge("properties", MAX_PROPERTIES, unit="properties")
    return replace(image, properties=properties)


def _patched(image: Image, change: Change) -> Image:
    is_base = change.name in BASE_ATTRIBUTES
    if not is_base:
        _check_may_set(change.name)
        if change.operation != "add" and change.name not in image.properties:
            wanted = "removing it" if change.operation == "remove" else "replacing it"
            raise StatusConflict("property", change.name, found="not there", wanted=wanted)
    if change.operation != "remove":
        return with_value(image, change.name, change.value)
    if is_base:
        raise Forbidden(f"remove the attribute {change.name!r}", "It belongs to every image; replace its value.")
    left = {name: value for name, value in image.properties.items() if name != change.name}
    return replace(image, properties=left)


def _check_may_set(name: str) -> None:
    if name in _RESERVED or name.startswith(_RESERVED_PREFIX):
        raise Forbidden(f"use {name[:100]!r}", "The name is reserved for the service.")
    if name in BASE_ATTRIBUTES and name not in _SETTERS:
        raise Forbidden(f"set {name!r}", "Only the service sets it.")


def _change(entry: object) -> Change:
    if not isinstance(entry, dict):
        raise BadInput("operation", entry, 'an object such as {"op": "replace", "path": "/name", "value": "x"}')
    operation = entry.get("op")
    if operation not in _OPERATIONS:
        raise BadInput("op", operation, f"one of {', '.join(_OPERATIONS)}")
    return _checked_change(str(operation), entry.get("path"), entry)


def _old_change(entry: object) -> Change:
    if not isinstance(entry, dict):
        raise BadInput("operation", entry, 'an object such as {"replace": "/name", "value": "x"}')
    operations = [name for name in _OPERATIONS if name in entry]
    if len(operations) != 1 or entry.keys() - {*operations, "value"}:
        raise BadInput("operation", entry, f"exactly one of {', '.join(_OPERATIONS)}, and a value")
    return _checked_change(operations[0], entry[operations[0]], entry)


def _checked_change(operation: str, path: object, entry: Mapping[str, Any]) -> Change:
    if operation != "remove" and "value" not in entry:
        raise BadInput("value", None, f"a value to {operation}")
    return Change(operation, _name_in(path), entry.get("value"))


def _name_in(path: object) -> str:
    """The attribute that a path names. There is one level; locations are not shown here, so neither are theirs."""
    if not isinstance(path, str) or not path.startswith("/") or len(path) < 2:
        raise BadInput("path", path, "the name of an attribute behind a slash")
    name = path[1:]
    if name.startswith("locations/"):
        raise Forbidden("set 'locations'", "Only the service sets it.")
    if "/" in name or "~" in name.replace("~0", "").replace("~1", ""):
        raise BadInput("path", path, "one level only; / is written ~1 and ~ is written ~0")
    return name.replace("~1", "/").replace("~0", "~")


# -- values ----------------------------------------------------------------------


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise BadInput(name, value, "text")
    return value


def _number(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadInput(name, value, "a whole number, 0 or more")
    return value


def _truth(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise BadInput(name, value, "true or false")
    return value


def _tags(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise BadInput("tags", value, "a list of texts")
    return frozenset(value)


def _word(name: str, value: object, kind: type[_Kind]) -> _Kind:
    for word in kind:
        if word.value == value:
            return word
    raise BadInput(name, value, f"one of {', '.join(kind)}")


def _word_or_none(name: str, value: object, kind: type[_Kind]) -> _Kind | None:
    return None if value is None else _word(name, value, kind)


_SETTERS: Mapping[str, Callable[[Image, object], Image]] = {
    "name": lambda image, value: replace(image, name=None if value is None else _text("name", value)),
    "visibility": lambda image, value: replace(image, visibility=_word("visibility", value, Visibility)),
    "owner": lambda image, value: replace(image, owner=ProjectId(_text("owner", value))),
    "protected": lambda image, value: replace(image, protected=_truth("protected", value)),
    "os_hidden": lambda image, value: replace(image, hidden=_truth("os_hidden", value)),
    "disk_format": lambda image, value: replace(image, disk_format=_word_or_none("disk_format", value, DiskFormat)),
    "container_format": lambda image, value: replace(
        image, container_format=_word_or_none("container_format", value, ContainerFormat)
    ),
    "min_disk": lambda image, value: replace(image, min_disk=_number("min_disk", value)),
    "min_ram": lambda image, value: replace(image, min_ram=_number("min_ram", value)),
    "tags": lambda image, value: replace(image, tags=_tags(value)),
}


def image_id_in(text: str) -> ImageId | None:
    """The id in a path, None for what cannot be one: clients probe with names."""
    try:
        return new_image_id(text)
    except BadInput:
        return None
