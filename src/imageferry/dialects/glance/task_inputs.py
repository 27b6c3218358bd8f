"""The body of ``POST /v2/tasks``, read into what the service is asked for.

Source: specs/openstack.md, sections 5.1 to 5.3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from imageferry.domain.access import ProjectId
from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.errors import BadInput, Forbidden
from imageferry.domain.image import (
    MAX_NAME,
    ContainerFormat,
    DiskFormat,
    ImageId,
    Visibility,
    checked_image,
    new_image_id,
)
from imageferry.domain.moment import Moment
from imageferry.domain.task import LEAST_KEEP_SECONDS, MOST_KEEP_SECONDS
from imageferry.service.converting.request import CONVERTIBLE, ConvertRequest
from imageferry.service.exporting.exports import ExportRequest
from imageferry.service.importing.request import ImportRequest
from imageferry.wire.glance_changes import new_image

TYPES = ("import", "export", "convert", "check", "verify")

Lookup = Callable[[str], ProjectId | None]
"""The project that is meant with an id or a name."""

_WHERE = "an http or https URL, <container>/<object>, or swift://[<host>/]AUTH_<project>/<container>/<object>"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(//)?")
_VERIFIED = frozenset({"format", "max_virtual_size", "checksum", "unpacked_checksum"})


def read(document: object) -> tuple[str, Mapping[str, Any]]:
    """The type of a task and its input. Raises BadInput."""
    body: Mapping[str, Any] = document if isinstance(document, dict) else {}
    kind, task_input = body.get("type"), body.get("input")
    if kind not in TYPES:
        raise BadInput("type", kind, f"one of {', '.join(TYPES)}")
    if not isinstance(task_input, dict):
        raise BadInput("input", task_input, "a JSON object")
    return str(kind), task_input


def import_request(
    asked: Mapping[str, Any], project: ProjectId, lookup: Lookup, echo: Mapping[str, Any]
) -> ImportRequest:
    """What an import is asked to do.

    Raises:
        BadInput: not said, or nothing that can be done; it is named.
        Forbidden: an attribute that only the service sets.
    """
    source = _source(asked.get("import_from"), lookup)
    properties = asked.get("image_properties")
    if not isinstance(properties, dict):
        raise BadInput("image_properties", properties, "a JSON object of attributes of the image")
    image = checked_image(new_image(properties)(project, Moment(0)))
    if image.owner != project:
        raise Forbidden("import an image for another project")
    if image.container_format not in (None, ContainerFormat.BARE):
        raise BadInput("container_format", image.container_format, "bare")
    verify = _verify(asked.get("verify"))
    said, checked = _format("import_from_format", asked.get("import_from_format")), verify.get("format")
    if said is not None and checked not in (None, said):
        raise BadInput("verify", checked, f"{said.value}, as import_from_format says")
    request = ImportRequest(
        **source,
        name=image.name or "",
        image_id=image.id if "id" in properties else None,
        source_format=said or checked,
        convert_to=_format("convert_to", asked.get("convert_to"), CONVERTIBLE),
        digest=verify.get("checksum"),
        unpacked_digest=verify.get("unpacked_checksum"),
        max_virtual_size=verify.get("max_virtual_size"),
        member=_text("import_member", {"import_member": "", **asked}),
        min_disk=image.min_disk,
        min_ram=image.min_ram,
        properties=image.properties,
        tags=image.tags,
        visibility=image.visibility if "visibility" in properties else Visibility.SHARED,
        protected=image.protected,
        hidden=image.hidden,
        echo=echo,
    )
    return request if request.name else replace(request, name=request.file[:MAX_NAME])


def export_request(asked: Mapping[str, Any], echo: Mapping[str, Any]) -> ExportRequest:
    """What an export is asked to do. Raises BadInput."""
    container = asked.get("receiving_swift_container")
    if not isinstance(container, str) or not container or "/" in container:
        raise BadInput("receiving_swift_container", container, "the name of a container of this project")
    return ExportRequest(image_id=new_image_id(_text("image_uuid", asked)), container=container, echo=echo)


def convert_request(asked: Mapping[str, Any], echo: Mapping[str, Any]) -> ConvertRequest:
    """What a conversion is asked to do. Raises BadInput."""
    to, in_place = _format("to", asked.get("to")), asked.get("replace", False)
    if to is None:
        raise BadInput("to", asked.get("to"), f"one of {', '.join(CONVERTIBLE)}")
    if not isinstance(in_place, bool):
        raise BadInput("replace", in_place, "true or false")
    return ConvertRequest(image_id=new_image_id(_text("image_id", asked)), to=to, replace=in_place, echo=echo)


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


def _source(text: object, lookup: Lookup) -> dict[str, Any]:
    """Where it comes from, in the words of ``ImportRequest``. A URL is judged by who fetches it."""
    if not isinstance(text, str):
        raise BadInput("import_from", text, _WHERE)
    scheme = _SCHEME.match(text)
    if scheme is None or (scheme[1].lower() != "swift" and not scheme[2]):
        return _object(text.split("/", 1), text)
    if scheme[1].lower() in ("http", "https"):
        return {"url": text}
    if scheme[1].lower() != "swift" or not scheme[2]:
        raise BadInput("import_from", text, _WHERE)
    parts = text[scheme.end() :].split("/")
    if not parts[0].startswith("AUTH_"):
        parts = parts[1:]  # a host: whichever it is, the objects are ours
    account = parts[0].removeprefix("AUTH_") if parts else ""
    if not account:
        raise BadInput("import_from", text, _WHERE)
    found = _object([parts[1], "/".join(parts[2:])] if len(parts) > 2 else [], text)
    return {**found, "account": lookup(account) or ProjectId(account)}


def _object(parts: Sequence[str], text: str) -> dict[str, Any]:
    if len(parts) != 2 or not all(parts):
        raise BadInput("import_from", text, _WHERE)
    return {"container": parts[0], "object": parts[1]}


def _verify(value: object) -> dict[str, Any]:
    """What must hold: each member checked, None for those that are not there."""
    asked = {} if value is None else value
    if not isinstance(asked, dict) or not asked.keys() <= _VERIFIED:
        raise BadInput("verify", value, f"a JSON object with some of {', '.join(sorted(_VERIFIED))}")
    size = asked.get("max_virtual_size")
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or not 0 < size < 1 << 63):
        raise BadInput("max_virtual_size", size, "a number of bytes, 1 or more")
    return {
        "format": _format("format", asked.get("format")),
        "max_virtual_size": size,
        "checksum": _checksum("checksum", asked),
        "unpacked_checksum": _checksum("unpacked_checksum", asked),
    }


def _checksum(field: str, asked: Mapping[str, Any]) -> Digest | None:
    value = asked.get(field)
    if value is None:
        return None
    name, colon, digits = value.partition(":") if isinstance(value, str) else ("", "", "")
    algorithm = next((word for word in Algorithm if word.value == name.lower()), None)
    if algorithm is None or not colon:
        raise BadInput(field, value, f"<algorithm>:<hex digits> with one of {', '.join(Algorithm)}")
    return Digest.parse(algorithm, digits, field=field)


def _format(name: str, value: object, known: Collection[DiskFormat] = tuple(DiskFormat)) -> DiskFormat | None:
    """The format that is meant; none said: any safe disk, or as it is."""
    if value is None or value == "":
        return None
    for word in known:
        if word.value == value:
            return word
    raise BadInput(name, value, f"one of {', '.join(known)}")


def _text(name: str, asked: Mapping[str, Any]) -> str:
    value = asked.get(name)
    if not isinstance(value, str):
        raise BadInput(name, value, "text")
    return value
