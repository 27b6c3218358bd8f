"""Versions of objects, as Swift's object versioning and its older versioned writes have them.

Source: Swift 2.38, middleware ``versioned_writes``, asked over HTTP.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote, unquote_to_bytes

from imageferry.dialects.edge.http import Answer, Request
from imageferry.dialects.swift import errors, listing
from imageferry.dialects.swift.errors import Refusal
from imageferry.dialects.swift.metadata import is_true
from imageferry.dialects.swift.paths import container_of, object_of
from imageferry.dialects.swift.put_reply import HTML, VERSION_ID, created
from imageferry.domain.errors import BadInput, NotFound
from imageferry.domain.object import Container
from imageferry.domain.versioning import (
    NO_VERSION,
    Archiving,
    VersionId,
    VersioningChange,
    read_version,
    version_text,
)
from imageferry.service.objects import OpenObject
from imageferry.service.services import Services
from imageferry.wire import swift
from imageferry.wire.swift_reports import Form, takes

QUERY = "versions"

_LOCATIONS = {Archiving.STACK: "x-versions-location", Archiving.HISTORY: "x-history-location"}


def version_of(request: Request) -> VersionId | None:
    """The version that is asked for; None: the current one.

    Raises:
        Refusal: 400, it is none.
    """
    text = request.query.get("version-id")
    if not text:
        return None
    try:
        return read_version(text)
    except BadInput as error:
        raise Refusal(400, "Invalid version parameter") from error


def change_of(request: Request) -> VersioningChange:
    """How a container shall keep what its objects were before.

    Raises:
        Refusal: 400, both modes of an archive at once; 412, no container's name.
    """
    enabled = request.headers.get("x-versions-enabled")
    wanted = {mode: request.headers.get(header) for mode, header in _LOCATIONS.items()}
    named = {mode: value for mode, value in wanted.items() if value}
    if len(named) > 1:
        raise Refusal(400, f"Only one of {' or '.join(_LOCATIONS.values())} may be specified")
    archive: str | None = None
    mode = Archiving.STACK
    if named:
        [(mode, text)] = named.items()
        archive = _container_name(text)
    elif any(value is not None for value in wanted.values()) or _removes(request):
        archive = ""
    return VersioningChange(enabled=None if enabled is None else is_true(enabled), archive=archive, archiving=mode)


def _removes(request: Request) -> bool:
    return any(request.headers.get(header.replace("x-", "x-remove-", 1)) for header in _LOCATIONS.values())


def _container_name(text: str) -> str:
    try:
        name = unquote_to_bytes(text).decode()
    except UnicodeDecodeError as error:
        raise Refusal(412, "Invalid UTF8 or contains NULL") from error
    if "/" in name:
        raise Refusal(412, "Container name cannot contain slashes")
    return name


def container_headers(container: Container) -> list[tuple[str, str]]:
    """What a container says of it."""
    versioning = container.versioning
    headers = [] if versioning.enabled is None else [("x-versions-enabled", str(versioning.enabled))]
    if versioning.archive:
        headers.append((_LOCATIONS[versioning.archiving], quote(versioning.archive)))
    return headers


def object_headers(request: Request, opened: OpenObject, *, asked: VersionId | None) -> list[tuple[str, str]]:
    """Which version it is, and where it is found for good: a version's own place, or what a link led to."""
    if opened.reached is not None:
        end = opened.reached
        its = [(VERSION_ID, version_text(asked or NO_VERSION))] if opened.versioned else []
        return [*its, ("content-location", swift.object_path(end.project_id, end.container, end.name))]
    version = opened.item.version
    if version == NO_VERSION:
        return [(VERSION_ID, version_text(NO_VERSION))] if opened.versioned or asked == NO_VERSION else []
    headers = [(VERSION_ID, version_text(version))]
    if asked is None:
        headers.append(("content-location", swift.version_path(*object_of(request), version)))
    return headers


def listed(request: Request, services: Services) -> tuple[Container, bytes]:
    """A page of all versions, in JSON: the only form that has a place for what they are.

    Raises:
        Refusal: 406, another form; 400, a marker that is none.
    """
    form = request.query.get("format")
    if form.lower() != "json" if form else not takes(request.headers.get("accept", ""), Form.JSON):
        raise Refusal(406, "Versions are listed in JSON only.")
    query = listing.query_of(request)
    marker = request.query.get("version_marker")
    if marker is not None and "marker" not in request.query:
        raise Refusal(400, "version_marker param requires marker")
    try:
        behind = read_version(marker) if marker else None
    except BadInput as error:
        raise Refusal(400, "invalid version_marker param") from error
    container, rows = services.objects.versions(request.caller, *container_of(request), query, behind=behind)
    return container, swift.versions_listing(rows)


def delete(request: Request, services: Services, version: VersionId) -> Answer:
    """One version goes for good."""
    done = services.objects.delete_version(request.caller, *object_of(request), version)
    if version == NO_VERSION:
        return Answer(status=204, headers=[HTML])
    current = NO_VERSION if done.current is None else done.current.version
    ids = [(VERSION_ID, version_text(version)), ("x-object-current-version-id", version_text(current))]
    return Answer(status=204, headers=[HTML, *ids])


def deleted(request: Request, services: Services) -> Answer:
    """The current object goes; where versions are kept, the answer names the one that says so."""
    path = object_of(request)
    done = services.objects.delete(request.caller, *path)
    mark = [] if done.mark is None else [(VERSION_ID, version_text(done.mark))]
    if done.item is not None:
        return Answer(status=204, headers=[HTML, *mark])
    answer = errors.answer(NotFound("object", f"{path[1]}/{path[2]}"), request)
    return replace(answer, headers=[*answer.headers, *mark])


def restore(request: Request, services: Services, version: VersionId) -> Answer:
    """A version becomes the current object again.

    Raises:
        Refusal: 400, there is a body; 404, no such version.
    """
    if request.length or request.chunked:
        raise Refusal(400, "PUT version-id requests require a zero byte body")
    try:
        item = services.objects.restore(request.caller, *object_of(request), version)
    except NotFound as error:
        if error.kind != "version":
            raise
        raise Refusal(404, "The specified version does not exist") from error
    return created(item)
