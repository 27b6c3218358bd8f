"""Metadata definitions as clients send them: read by tables of what may stand where.

Stricter than JSON schema: what Glance stores and cannot show again, or fails over, is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from imageferry.domain.access import ProjectId
from imageferry.domain.errors import BadInput, Forbidden
from imageferry.domain.image import Visibility
from imageferry.domain.metadef import MAX_NAME, Body, Kind, Outline

Check = Callable[[str, Any], Any]
"""(what it is called, a JSON value) to the value that is kept. Raises BadInput."""

TYPES = ("array", "boolean", "integer", "number", "object", "string")
MAX_TEXT = 65_535  # characters
_LARGEST = 2**63 - 1

_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_READ_ONLY = ("self", "schema", "created_at", "updated_at")


def _text_of(limit: int) -> Check:
    def check(field: str, value: Any) -> str:
        if not isinstance(value, str) or len(value) > limit or _NOT_TEXT.search(value):
            raise BadInput(field, value, f"text of at most {limit} characters, no control characters")
        return value

    return check


_text = _text_of(MAX_TEXT)
_short = _text_of(MAX_NAME)


def _flag(field: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadInput(field, value, "true or false")
    return value


def _count(field: str, value: Any) -> int:
    number = _number(field, value)
    if number != value or number < 0:
        raise BadInput(field, value, "a whole number, 0 or more")
    return number


def _number(field: str, value: Any) -> int:
    """Only the whole part is kept, as in Glance."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_LARGEST <= value <= _LARGEST:
        raise BadInput(field, value, "a number of at most 63 bits")
    return int(value)


def _default(_: str, value: Any) -> str | None:
    """Kept as text whatever the type is, as in Glance: what is made of parts is left out."""
    return None if value is None or isinstance(value, list | dict) else str(value)


def _choice(*choices: str) -> Check:
    def check(field: str, value: Any) -> str:
        if value not in choices:
            raise BadInput(field, value, f"one of {', '.join(choices)}")
        return str(value)

    return check


def _list(check: Check, *, unique: bool = False) -> Check:
    def check_all(field: str, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise BadInput(field, value, "a list")
        kept = [check(f"{field}[{number}]", item) for number, item in enumerate(value)]
        if unique and len(set(kept)) < len(kept):
            raise BadInput(field, value, "each value once")
        return kept

    return check_all


def _named(check: Check) -> Check:
    def check_all(field: str, value: Any) -> dict[str, Any]:
        return {
            _text(f"a name in {field}", name): check(f"{field}.{name}", item) for name, item in _object(field, value)
        }

    return check_all


def _members(members: Mapping[str, Check], *needed: str) -> Check:
    def check_all(field: str, value: Any) -> dict[str, Any]:
        kept = {}
        for name, item in _object(field, value):
            if name in _READ_ONLY:
                raise Forbidden(f"set {name}", "It is said by the service alone.")
            if name not in members:
                raise BadInput(field, name, f"nothing but {', '.join(members)}")
            kept[name] = members[name](name, item)
        for name in needed:
            if name not in kept:
                raise BadInput(field, f"no {name}", f"at least {', '.join(needed)}")
        return kept

    return check_all


def _object(field: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        raise BadInput(field, value, "an object")
    yield from value.items()


_PROPERTY_MEMBERS: Mapping[str, Check] = {
    "name": _text,
    "title": _text,
    "description": _text,
    "type": _choice(*TYPES),
    "operators": _list(_text),
    "required": _list(_text, unique=True),
    "minimum": _number,
    "maximum": _number,
    "minLength": _count,
    "maxLength": _count,
    "pattern": _text,
    "enum": _list(_text),
    "readonly": _flag,
    "confidential": _flag,
    "default": _default,
    "items": _members({"type": _choice(*TYPES), "enum": _list(_text)}, "type"),
    "minItems": _count,
    "maxItems": _count,
    "uniqueItems": _flag,
    "additionalItems": _flag,
}
_INNER_PROPERTY = _members(_PROPERTY_MEMBERS, "title", "type")  # its name is said outside

_BODIES: Mapping[Kind, Check] = {
    Kind.PROPERTY: _members(_PROPERTY_MEMBERS, "name", "title", "type"),
    Kind.OBJECT: _members(
        {
            "name": _text,
            "description": _text,
            "required": _list(_text, unique=True),
            "properties": _named(_INNER_PROPERTY),
        },
        "name",
    ),
    Kind.TAG: _members({"name": _text}, "name"),
    Kind.RESOURCE_TYPE: _members({"name": _short, "prefix": _short, "properties_target": _short}, "name"),
}

_PARTS: Mapping[str, Kind] = {
    "objects": Kind.OBJECT,
    "tags": Kind.TAG,
    "resource_type_associations": Kind.RESOURCE_TYPE,
}
_NAMESPACE = _members(
    {
        "namespace": _text,
        "display_name": _text,
        "description": _text,
        "visibility": _choice(Visibility.PUBLIC, Visibility.PRIVATE),
        "protected": _flag,
        "owner": _text,
        "properties": _named(_INNER_PROPERTY),
        **{name: _list(_BODIES[kind]) for name, kind in _PARTS.items()},
    },
    "namespace",
)
_TAGS = _members({"tags": _list(_BODIES[Kind.TAG])}, "tags")


def read_namespace(document: Any) -> Outline:
    """A namespace, with or without parts.

    Raises:
        BadInput: not such a document.
        Forbidden: it says what only the service can say.
    """
    kept = _NAMESPACE("namespace", document)
    parts = [(Kind.PROPERTY, name, _nameless(body)) for name, body in kept.get("properties", {}).items()]
    parts += [(kind, body["name"], _nameless(body)) for name, kind in _PARTS.items() for body in kept.get(name, ())]
    owner = kept.get("owner")
    return Outline(
        name=kept["namespace"],
        owner=None if owner is None else ProjectId(owner),
        display_name=kept.get("display_name"),
        description=kept.get("description"),
        visibility=Visibility(kept.get("visibility", Visibility.PRIVATE)),
        protected=kept.get("protected", False),
        parts=parts,
    )


def read_part(kind: Kind, document: Any) -> tuple[str, Body]:
    """The name of a part, and what is said of it. Raises as ``read_namespace`` does."""
    kept = _BODIES[kind](kind, document)
    return kept["name"], _nameless(kept)


def read_tags(document: Any) -> Sequence[str]:
    """The names of ``{"tags": [{"name": ...}, ...]}``."""
    return [tag["name"] for tag in _TAGS("tags", document)["tags"]]


def _nameless(body: Mapping[str, Any]) -> Body:
    return {name: value for name, value in body.items() if name != "name"}
