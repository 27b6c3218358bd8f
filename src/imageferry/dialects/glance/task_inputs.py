"""The body of ``POST /v2/tasks``, read into what the service is asked for.

Source: specs/openstack.md, sections 5.1 to 5.3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from imageferry.domain.access import ProjectId
from imageferry.domain.errors import BadInput, Forbidden
from imageferry.domain.image import ContainerFormat, DiskFormat, ImageId, Visibility, new_image_id
from imageferry.domain.moment import Moment
from imageferry.domain.task import LEAST_KEEP_SECONDS, MOST_KEEP_SECONDS
from imageferry.service.converting.request import CONVERTIBLE, ConvertRequest
from imageferry.service.exporting.exports import ExportRequest
from imageferry.service.importing.request import ImportRequest
from imageferry.wire.glance_changes import new_image

TYPES = ("import", "export", "convert", "check", "verify")

_AFTERWARDS = ("owner", "protected", "os_hidden", "tags")
_WHERE = "<container>/<object> or swift://AUTH_<project>/<container>/<object>, an object of this project"
_ADDRESS = re.compile(r"swift://AUTH_([^/]+)/([^/]+)/(.+)", re.DOTALL)
_PLAIN = re.compile(r"([^/]+)/(.+)", re.DOTALL)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def read(document: object) -> tuple[str, Mapping[str, Any]]:
    """The type of a task and its input. Raises BadInput."""
    body: Mapping[str, Any] = document if isinstance(document, dict) else {}
    kind, task_input = body.get("type"), body.get("input")
    if kind not in TYPES:
        raise BadInput("type", kind, f"one of {', '.join(TYPES)}")
    if not isinstance(task_input, dict):
        raise BadInput("input", task_input, "a JSON object")
    return str(kind), task_input


def import_request(asked: Mapping[str, Any], project: ProjectId, echo: Mapping[str, Any]) -> ImportRequest:
    """What an import is asked to do.

    Raises:
        BadInput: not said, or nothing that can be done; it is named.
        Forbidden: an object of another project, or an attribute that only the service sets.
    """
    container, name = _source(asked.get("import_from"), project)
    properties = asked.get("image_properties")
    if not isinstance(properties, dict):
        raise BadInput("image_properties", properties, "a JSON object of attributes of the image")
    image = new_image(properties)(project, Moment(0))
    if found := [key for key in _AFTERWARDS if properties.get(key)]:
        raise BadInput("image_properties", ", ".join(found), "attributes that an import can set; set these afterwards")
    if image.container_format not in (None, ContainerFormat.BARE):
        raise BadInput("container_format", image.container_format, "bare")
    return ImportRequest(
        container=container,
        object=name,
        name=image.name or name.rsplit("/", 1)[-1][:255],
        image_id=image.id if "id" in properties else None,
        source_format=_format("import_from_format", asked.get("import_from_format")),
        min_disk=image.min_disk,
        min_ram=image.min_ram,
        properties=image.properties,
        visibility=image.visibility if "visibility" in properties else Visibility.SHARED,
        echo=echo,
    )


def export_request(asked: Mapping[str, Any], echo: Mapping[str, Any]) -> ExportRequest:
    """What an export is asked to do. Raises BadInput."""
    container = asked.get("receiving_swift_container")
    if not isinstance(container, str) or not container or "/" in container:
        raise BadInput("receiving_swift_container", container, "the name of a container of this project")
    return ExportRequest(image_id=new_image_id(_text("image_uuid", asked)), container=container, echo=echo)


def convert_request(asked: Mapping[str, Any], echo: Mapping[str, Any]) -> ConvertRequest:
    """What a conversion is asked to do. Raises BadInput."""
    to, replace = _format("to", asked.get("to")), asked.get("replace", False)
    if to is None:
        raise BadInput("to", asked.get("to"), f"one of {', '.join(CONVERTIBLE)}")
    if not isinstance(replace, bool):
        raise BadInput("replace", replace, "true or false")
    return ConvertRequest(image_id=new_image_id(_text("image_id", asked)), to=to, replace=replace, echo=echo)


def image_to_check(asked: Mapping[str, Any]) -> ImageId:
    return new_image_id(_text("image_id", asked))


def keeping(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """How long the task shall be kept after its end, where that is said. Raises BadInput."""
    seconds = asked.get("expires_in")
    if seconds is None:
        return {}
    in_bounds = type(seconds) is int and LEAST_KEEP_SECONDS <= seconds <= MOST_KEEP_SECONDS
    if not in_bounds:
        raise BadInput("expires_in", seconds, f"{LEAST_KEEP_SECONDS} to {MOST_KEEP_SECONDS}, a number of seconds")
    return {"keep_s": seconds}


def _source(text: object, project: ProjectId) -> tuple[str, str]:
    if not isinstance(text, str):
        raise BadInput("import_from", text, _WHERE)
    scheme = _SCHEME.match(text)
    if scheme is not None and scheme[1].lower() in ("http", "https"):
        raise BadInput("import_from", text, f"{_WHERE}; this service fetches nothing from the web")
    if scheme is None:
        match = _PLAIN.fullmatch(text)
        if match is None:
            raise BadInput("import_from", text, _WHERE)
        return match[1], match[2]
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise BadInput("import_from", text, _WHERE)
    if match[1] != project:
        raise Forbidden("import an object of another project")
    return match[2], match[3]


def _format(name: str, value: object) -> DiskFormat | None:
    """The format that the file must have; none said: any safe disk."""
    if value is None or value == "":
        return None
    for word in DiskFormat:
        if word.value == value:
            return word
    raise BadInput(name, value, f"one of {', '.join(DiskFormat)}")


def _text(name: str, asked: Mapping[str, Any]) -> str:
    value = asked.get(name)
    if not isinstance(value, str):
        raise BadInput(name, value, "text")
    return value
