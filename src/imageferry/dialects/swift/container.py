"""Containers: made, changed, listed, deleted."""

from __future__ import annotations

from collections.abc import Mapping

from imageferry.dialects.edge.http import Answer, Receiving, Request
from imageferry.dialects.swift import extract, listing, versions
from imageferry.dialects.swift.errors import Refusal
from imageferry.dialects.swift.metadata import changes, shown
from imageferry.dialects.swift.paths import account_of, container_of, refuse_what_is_not_offered
from imageferry.dialects.swift.put_reply import HTML
from imageferry.domain.access import Act, allow, owns
from imageferry.domain.object import Container
from imageferry.domain.versioning import VersioningChange
from imageferry.service.objects.containers import Access
from imageferry.service.services import Services
from imageferry.wire import swift
from imageferry.wire.dates import last_modified, timestamp
from imageferry.wire.swift_reports import Form


def put(request: Request, services: Services) -> Answer | Receiving:
    if extract.QUERY in request.query:
        return extract.put(request, services)
    allow(request.caller, Act.WRITE_OBJECTS, owner=account_of(request))
    refuse_what_is_not_offered(request)
    policy = request.headers.get("x-storage-policy", "")
    if policy and policy.lower() != listing.POLICY.lower():
        raise Refusal(400, f"Invalid X-Storage-Policy {policy!r}: /info names those there are.")
    wanted, access, versioning = _changes(request)
    fresh = services.objects.create_container(request.caller, *container_of(request), wanted, access, versioning)
    return Answer(status=201 if fresh else 202, headers=[HTML])


def post(request: Request, services: Services) -> Answer:
    allow(request.caller, Act.WRITE_OBJECTS, owner=account_of(request))
    refuse_what_is_not_offered(request)
    wanted, access, versioning = _changes(request)
    services.objects.change_container(request.caller, *container_of(request), wanted, access, versioning)
    return Answer(status=204, headers=[HTML])


def head(request: Request, services: Services) -> Answer:
    container = services.objects.container(request.caller, *container_of(request))
    return listing.heading(request, _headers(request, container))


def get(request: Request, services: Services) -> Answer:
    if versions.QUERY in request.query:
        container, body = versions.listed(request, services)
        kind = ("content-type", f"{Form.JSON}; charset=utf-8")
        return Answer(status=200, headers=[kind, *_headers(request, container)], body=body)
    level = listing.level_of(request)
    rows: list[swift.Row] = []
    if level is not None:
        container, items = services.objects.level(request.caller, *container_of(request), level)
        rows += items
    else:
        query = listing.query_of(request)
        container, found = services.objects.listing(request.caller, *container_of(request), query)
        rows += found
    return listing.answer(request, rows, _headers(request, container))


def delete(request: Request, services: Services) -> Answer:
    services.objects.delete_container(request.caller, *container_of(request))
    return Answer(status=204, headers=[HTML])


def _changes(request: Request) -> tuple[Mapping[str, str], Access, VersioningChange]:
    """What is to be changed: metadata, who else may read and write, how old states are kept."""
    lists = {}
    for name in ("read", "write"):
        said = request.headers.get(f"x-container-{name}")
        lists[name] = "" if f"x-remove-container-{name}" in request.headers and not said else said
    access = Access(readers=lists["read"], writers=lists["write"])
    return changes(request, "container"), access, versions.change_of(request)


def _access(request: Request, container: Container) -> list[tuple[str, str]]:
    """Who may read and write, for those who decide it."""
    if not owns(request.caller, Act.WRITE_OBJECTS, container.project_id):
        return []
    lists = [("x-container-read", container.readers), ("x-container-write", container.writers)]
    return [row for row in lists if row[1]]


def _headers(request: Request, container: Container) -> list[tuple[str, str]]:
    return [
        ("x-container-object-count", str(container.object_count)),
        ("x-container-bytes-used", str(container.bytes_used)),
        ("x-storage-policy", listing.POLICY),
        ("x-timestamp", timestamp(container.created_at)),
        ("last-modified", last_modified(container.updated_at)),
        ("accept-ranges", "bytes"),
        *_access(request, container),
        *versions.container_headers(container),
        *shown(request, "container", container.metadata),
    ]
