"""JSON schemas of metadata definitions. glanceclient asks for one before each command, and checks what it sends by it.

Limits are those of ``domain.metadef``; ``wire.glance_metadef_bodies`` reads what is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from imageferry.domain.metadef import MAX_DESCRIPTION, MAX_NAME, MAX_OWNER
from imageferry.wire.glance_metadef_bodies import TYPES

Schema = dict[str, Any]


def _text(description: str = "", limit: int | None = None) -> Schema:
    schema: Schema = {"type": "string"}
    if description:
        schema["description"] = description
    return schema if limit is None else {**schema, "maxLength": limit}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _link() -> Schema:
    return {"type": "string", "readOnly": True}


def _times() -> Schema:
    return {
        "created_at": {**_link(), "format": "date-time", "description": "When it was made"},
        "updated_at": {**_link(), "format": "date-time", "description": "When it was last changed"},
    }


def _whole(name: str, properties: Schema, required: Sequence[str]) -> Schema:
    return {"name": name, "properties": properties, "additionalProperties": False, "required": list(required)}


_FLAG: Schema = {"type": "boolean"}
_NUMBER: Schema = {"type": "number"}
_TYPE: Schema = {"type": "string", "enum": [*TYPES, None]}  # the null is Glance's
_NAME = _text(limit=MAX_NAME)

_DEFINITIONS: Schema = {
    "positiveInteger": {"type": "integer", "minimum": 0},
    "positiveIntegerDefault0": {"allOf": [{"$ref": "#/definitions/positiveInteger"}, {"default": 0}]},
    "stringArray": {**_list(_text()), "uniqueItems": True},
}
_COUNT: Schema = {"$ref": "#/definitions/positiveInteger"}
_COUNT_OR_0: Schema = {"$ref": "#/definitions/positiveIntegerDefault0"}
_TEXTS: Schema = {"$ref": "#/definitions/stringArray"}

_PROPERTY_MEMBERS: Schema = {
    "name": _NAME,
    "title": _text(),
    "description": _text(),
    "operators": _list(_text()),
    "type": _TYPE,
    "required": _TEXTS,
    "minimum": _NUMBER,
    "maximum": _NUMBER,
    "maxLength": _COUNT,
    "minLength": _COUNT_OR_0,
    "pattern": {**_text(), "format": "regex"},
    "enum": {"type": "array"},
    "readonly": _FLAG,
    "confidential": _FLAG,
    "default": {},
    "items": {"type": "object", "properties": {"type": _TYPE, "enum": {"type": "array"}}},
    "maxItems": _COUNT,
    "minItems": _COUNT_OR_0,
    "uniqueItems": {**_FLAG, "default": False},
    "additionalItems": _FLAG,
}
_PROPERTY = _whole("property", _PROPERTY_MEMBERS, ["type", "title", "name"])
_INNER_PROPERTY = _whole("property", _PROPERTY_MEMBERS, ["type", "title"])

_PROPERTIES: Schema = {"$ref": "#/definitions/property"}
_WITH_PROPERTIES: Schema = {
    **_DEFINITIONS,
    "property": {
        "type": "object",
        "additionalProperties": {"type": "object", "required": ["title", "type"], "properties": _PROPERTY_MEMBERS},
    },
}

_OBJECT_MEMBERS: Schema = {"name": _NAME, "description": _text(), "required": _TEXTS, "properties": _PROPERTIES}
_OBJECT = _whole("object", {**_OBJECT_MEMBERS, **_times(), "self": _link(), "schema": _link()}, ["name"])

_TAG = _whole("tag", {"name": _NAME, **_times()}, ["name"])

_ASSOCIATION_MEMBERS: Schema = {
    "name": _text("What the properties can be set on, as Heat calls it: OS::Glance::Image for an image", MAX_NAME),
    "prefix": _text("Stands before the names of the properties there; a separator is part of it", MAX_NAME),
    "properties_target": _text("Which of its sets of properties is meant, where it has several", MAX_NAME),
}
_ASSOCIATION = _whole("resource_type_association", {**_ASSOCIATION_MEMBERS, **_times()}, ["name"])

_NAMESPACE = _whole(
    "namespace",
    {
        "namespace": _text("Its name, which no other namespace has", MAX_NAME),
        "display_name": _text("Its name as people are shown it", MAX_NAME),
        "description": _text("What it is about", MAX_DESCRIPTION),
        "visibility": {"type": "string", "enum": ["public", "private"], "description": "Who may read it"},
        "protected": {**_FLAG, "description": "Whether it is safe from deletion, with all its parts"},
        "owner": _text("The project it belongs to", MAX_OWNER),
        **_times(),
        "schema": _link(),
        "self": _link(),
        "resource_type_associations": _list({"type": "object", "properties": _ASSOCIATION_MEMBERS}),
        "properties": _PROPERTIES,
        "objects": _list({"type": "object", "properties": _OBJECT_MEMBERS}),
        "tags": _list({"type": "object", "properties": {"name": _NAME}}),
    },
    ["namespace"],
)


def _page(name: str, items: Schema, definitions: Schema | None = None) -> Schema:
    """A list of things, each as its own schema says."""
    text: Schema = {"type": "string"}
    schema: Schema = {
        "name": name,
        "properties": {name: items, "first": text, "next": text, "schema": text},
        "links": [
            {"rel": "first", "href": "{first}"},
            {"rel": "next", "href": "{next}"},
            {"rel": "describedby", "href": "{schema}"},
        ],
    }
    return schema if definitions is None else {**schema, "definitions": definitions}


SCHEMAS: Mapping[str, Schema] = {
    "namespace": {**_NAMESPACE, "definitions": _WITH_PROPERTIES},
    "namespaces": _page("namespaces", _list(_NAMESPACE), _WITH_PROPERTIES),
    "object": {**_OBJECT, "definitions": _WITH_PROPERTIES},
    "objects": _page("objects", _list(_OBJECT), _WITH_PROPERTIES),
    "property": {**_PROPERTY, "definitions": _DEFINITIONS},
    "properties": _page("properties", {"type": "object", "additionalProperties": _INNER_PROPERTY}, _DEFINITIONS),
    "tag": _TAG,
    "tags": _page("tags", _list(_TAG)),
    "resource_type": _ASSOCIATION,
    "resource_types": _page("resource_type_associations", _list(_ASSOCIATION)),
}
