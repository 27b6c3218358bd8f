"""Containers: made, changed, listed, deleted; and the blocks that are sent to them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from imageferry.dialects.edge.http import Answer, Receiving, Request
from imageferry.dialects.pithos import copies, hash_maps, listing, metadata, policies, sharing, versions
from imageferry.dialects.pithos.asked import container_of, has_body, known_already
from imageferry.domain.access import Act, allow
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.object import Container
from imageferry.domain.versioning import VersioningChange
from imageferry.service.objects.shares import View
from imageferry.service.services import Services
from imageferry.wire import pithos
from imageferry.wire.dates import last_modified
from imageferry.wire.hash_maps import BLOCK_HASH

_FOR_BLOCKS = (("x-container-block-size", str(BLOCK_SIZE)), ("x-container-block-hash", BLOCK_HASH))


def head(request: Request, services: Services) -> Answer:
    view = _view(request, services)
    container, headers = view.container, _headers_of(view, services)
    return known_already(request, container.changed_at) or Answer(status=204, headers=headers)


def get(request: Request, services: Services) -> Answer:
    view = _view(request, services)
    container, rows = listing.rows_of(request, view.pages)
    answer = known_already(request, container.changed_at)
    if answer is not None:
        return answer
    tops, headers = services.objects.tops(listing.items(rows)), _headers_of(view, services)
    if versions.until(request) is not None:  # sharing has no history
        return listing.objects(request, container, rows, tops, headers)
    more = partial(sharing.of_rows, request, services, container)
    return listing.objects(request, container, rows, tops, headers, more)


def put(request: Request, services: Services) -> Answer:
    """Make a container, or change the one that is there as ``POST ?update`` does."""
    path = container_of(request)
    changes, versioning = _changes(request, services, adding=True)
    fresh = services.objects.create_container(
        request.caller, *path, changes, versioning=versioning, at_first=policies.KEEPING_VERSIONS
    )
    return Answer(status=201 if fresh else 202)


def post(request: Request, services: Services) -> Answer | Receiving:
    blocks = request.headers.get("content-type") == hash_maps.BLOCKS and has_body(request)
    changes, versioning = _changes(request, services, adding=blocks or metadata.adds(request))
    if changes or versioning or not blocks:
        keeping = None if blocks else metadata.keeping(request)
        path = container_of(request)
        services.objects.change_container(request.caller, *path, changes, versioning=versioning, keeping=keeping)
    return hash_maps.send(request, services) if blocks else Answer(status=202)


def delete(request: Request, services: Services) -> Answer:
    """What is in a container, its history up to a time, or itself: only when it is empty, with all that it held."""
    path, until = container_of(request), versions.whole_until(request)
    if until is not None:
        services.objects.purge(request.caller, *path, until)
    elif copies.with_all_below(request):
        services.objects.delete_below(request.caller, *path, "")
    else:
        services.objects.delete_container_and_history(request.caller, *path)
    return Answer(status=204)


def _view(request: Request, services: Services) -> View:
    """What is there now, as far as the caller may see it; or for the owner what was there at a time."""
    path, until = container_of(request), versions.until(request)
    if until is None:
        return services.shares.view(request.caller, *path, sharing.part_of(request))
    then = services.objects.container_at(request.caller, *path, until)
    return View(container=then, whole=True, pages=partial(services.objects.listing_at, request.caller, *path, at=until))


def _changes(
    request: Request, services: Services, *, adding: bool
) -> tuple[Mapping[str, str], VersioningChange | None]:
    """What a request wants changed: metadata, quotas among them, and how old states are kept."""
    path = container_of(request)
    allow(request.caller, Act.WRITE_OBJECTS, owner=path[0])
    quota, versioning = policies.of_container(request)
    changes = metadata.changes(request, "container", lambda: services.objects.metadata_of(*path)[1], adding=adding)
    return changes | quota, versioning


def _headers_of(view: View, services: Services) -> list[tuple[str, str]]:
    """With whom only some of it is shared learns no more of a container than what it takes to read and write in it."""
    if view.whole:
        return _headers(view.container, services.objects.metadata_names(view.container))
    return [*_FOR_BLOCKS, ("last-modified", last_modified(view.container.changed_at))]


def _headers(container: Container, names: list[str]) -> list[tuple[str, str]]:
    """``names``: of the metadata that its objects have."""
    return pithos.encoded_headers(
        [
            ("x-container-object-count", str(container.object_count)),
            ("x-container-bytes-used", str(container.bytes_used)),
            *_FOR_BLOCKS,
            ("x-container-object-meta", ",".join(names)),
            *((f"x-container-policy-{name}", value) for name, value in pithos.policy_document(container).items()),
            ("last-modified", last_modified(container.changed_at)),
            *metadata.shown("container", pithos.own_metadata(container.metadata).items()),
        ]
    )
