"""JSON schemas of Glance v2. glanceclient fetches ``image`` before nearly every command and validates by it.

Source: specs/openstack.md, sections 4.3 and 4.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from imageferry.domain.image import MAX_NAME, ContainerFormat, DiskFormat, MemberStatus, Visibility
from imageferry.wire.glance_tasks import MEANT, PLANS

Schema = dict[str, Any]

_UUID = "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$"
_STATUSES = (
    "queued",
    "saving",
    "active",
    "killed",
    "deleted",
    "uploading",
    "importing",
    "pending_delete",
    "deactivated",
)


def _text(description: str, *, limit: int | None = None, null: bool = False, read_only: bool = False) -> Schema:
    schema: Schema = {"type": ["null", "string"] if null else "string", "description": description}
    if limit is not None:
        schema["maxLength"] = limit
    return _marked(schema, read_only=read_only)


def _number(description: str, *, null: bool = False, read_only: bool = False) -> Schema:
    schema: Schema = {"type": ["null", "integer"] if null else "integer", "description": description}
    return _marked(schema if null else {**schema, "minimum": 0}, read_only=read_only)


def _one_of(kind: type[StrEnum], description: str, *, null: bool = False) -> Schema:
    values: list[str | None] = [value.value for value in kind]
    if null:
        return {"type": ["null", "string"], "enum": [None, *values], "description": description}
    return {"type": "string", "enum": values, "description": description}


def _marked(schema: Schema, *, read_only: bool) -> Schema:
    return {**schema, "readOnly": True} if read_only else schema


_IMAGE_PROPERTIES: Schema = {
    "id": {"type": "string", "pattern": _UUID, "description": "An identifier for the image"},
    "name": _text("Descriptive name for the image", limit=MAX_NAME, null=True),
    "status": {"type": "string", "enum": list(_STATUSES), "readOnly": True, "description": "Status of the image"},
    "visibility": _one_of(Visibility, "Scope of image accessibility"),
    "protected": {"type": "boolean", "description": "If true, image will not be deletable."},
    "os_hidden": {"type": "boolean", "description": "If true, image will not appear in default image list response."},
    "checksum": _text("md5 hash of image contents.", limit=32, null=True, read_only=True),
    "os_hash_algo": _text("Algorithm to calculate the os_hash_value", limit=64, null=True, read_only=True),
    "os_hash_value": _text("Hexdigest of the image contents", limit=128, null=True, read_only=True),
    "owner": _text("Owner of the image", limit=255, null=True),
    "size": _number("Size of image file in bytes", null=True, read_only=True),
    "virtual_size": _number("Virtual size of image in bytes", null=True, read_only=True),
    "container_format": _one_of(ContainerFormat, "Format of the container", null=True),
    "disk_format": _one_of(DiskFormat, "Format of the disk", null=True),
    "created_at": _text("Date and time of image registration", read_only=True),
    "updated_at": _text("Date and time of the last image modification", read_only=True),
    "tags": {
        "type": "array",
        "items": {"type": "string", "maxLength": 255},
        "description": "List of strings related to the image",
    },
    "direct_url": _text("URL to access the image file kept in external store", read_only=True),
    "min_ram": _number("Amount of ram (in MB) required to boot image."),
    "min_disk": _number("Amount of disk space (in GB) required to boot image."),
    "self": _text("An image self url", read_only=True),
    "file": _text("An image file url", read_only=True),
    "schema": _text("An image schema url", read_only=True),
    "stores": _text("Store in which image data resides.", read_only=True),
    "locations": {
        "type": "array",
        "items": {"type": "object"},
        "readOnly": True,
        "description": "A set of URLs to access the image file kept in external store",
    },
}

_IMAGE: Schema = {
    "name": "image",
    "properties": _IMAGE_PROPERTIES,
    "additionalProperties": {"type": "string"},
    "links": [
        {"rel": "self", "href": "{self}"},
        {"rel": "enclosure", "href": "{file}"},
        {"rel": "describedby", "href": "{schema}"},
    ],
}

_MEMBER: Schema = {
    "name": "member",
    "properties": {
        "member_id": _text("An identifier for the image member (tenantId)"),
        "image_id": {"type": "string", "pattern": _UUID, "description": "An identifier for the image"},
        "created_at": _text("Date and time of image member creation"),
        "updated_at": _text("Date and time of last modification of image member"),
        "status": _one_of(MemberStatus, "The status of this image member"),
        "schema": _text("An image member schema url", read_only=True),
    },
}


_TASK: Schema = {
    "name": "task",
    "properties": {
        "id": {"type": "string", "pattern": _UUID, "description": "An identifier for the task"},
        "type": {"type": "string", "enum": list(PLANS), "description": "The type of task represented by this content"},
        "status": {"type": "string", "enum": list(MEANT), "description": "The current status of this task"},
        "input": {"type": ["null", "object"], "description": "The parameters required by task, JSON blob"},
        "result": {"type": ["null", "object"], "description": "The result of current task, JSON blob"},
        "owner": _text("An identifier for the owner of this task"),
        "progress": {"type": "object", "description": "How far the task is"},
        "error": {"type": ["null", "object"], "description": "Why the task failed"},
        "message": _text("Human-readable informative message only included when appropriate"),
        "image_id": {"type": ["null", "string"], "description": "Image associated with the task"},
        "request_id": {"type": ["null", "string"], "description": "Human-readable request-id"},
        "user_id": {"type": ["null", "string"], "description": "User associated with the task"},
        "expires_at": _text("Datetime when this resource would be subject to removal"),
        "created_at": _text("Datetime when this resource was created"),
        "updated_at": _text("Datetime when this resource was updated"),
        "self": _text("A task self url", read_only=True),
        "schema": _text("A task schema url", read_only=True),
    },
    "links": [{"rel": "self", "href": "{self}"}, {"rel": "describedby", "href": "{schema}"}],
}


def _list_of(name: str, item: Schema, *, pages: bool) -> Schema:
    properties: Schema = {name: {"type": "array", "items": item}, "schema": {"type": "string"}}
    links = [{"rel": "describedby", "href": "{schema}"}]
    if pages:
        properties |= {"first": {"type": "string"}, "next": {"type": "string"}}
        links = [{"rel": "first", "href": "{first}"}, {"rel": "next", "href": "{next}"}, *links]
    return {"name": name, "properties": properties, "links": links}


SCHEMAS: Mapping[str, Schema] = {
    "image": _IMAGE,
    "images": _list_of("images", _IMAGE, pages=True),
    "member": _MEMBER,
    "members": _list_of("members", _MEMBER, pages=False),
    "task": _TASK,
    "tasks": _list_of("tasks", _TASK, pages=True),
}
