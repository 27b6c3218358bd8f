"""Containers: made, changed, listed, deleted; and the blocks that are sent to them."""

from __future__ import annotations

from imageferry.dialects.edge.http import Answer, Receiving, Request
from imageferry.dialects.pithos import hash_maps, listing
from imageferry.dialects.pithos.asked import container_of, has_body
from imageferry.dialects.pithos.home import KEEPING_VERSIONS
from imageferry.dialects.pithos.metadata import sent, shown
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.object import Container, StoredObject
from imageferry.service.services import Services
from imageferry.wire import pithos
from imageferry.wire.dates import last_modified
from imageferry.wire.hash_maps import BLOCK_HASH


def head(request: Request, services: Services) -> Answer:
    return Answer(status=204, headers=_headers(services.objects.container(request.caller, *container_of(request))))


def get(request: Request, services: Services) -> Answer:
    container, rows = services.objects.listing(request.caller, *container_of(request), listing.query_of(request))
    tops = services.objects.tops([row for row in rows if isinstance(row, StoredObject)])
    return listing.objects(request, container, rows, tops, _headers(container))


def put(request: Request, services: Services) -> Answer:
    fresh = services.objects.create_container(
        request.caller, *container_of(request), sent(request, "container"), versioning=KEEPING_VERSIONS
    )
    return Answer(status=201 if fresh else 202)


def post(request: Request, services: Services) -> Answer | Receiving:
    if request.headers.get("content-type") == hash_maps.BLOCKS and has_body(request):
        return hash_maps.send(request, services)
    services.objects.change_container(request.caller, *container_of(request), sent(request, "container"))
    return Answer(status=202)


def delete(request: Request, services: Services) -> Answer:
    services.objects.delete_container(request.caller, *container_of(request))
    return Answer(status=204)


def _headers(container: Container) -> list[tuple[str, str]]:
    return pithos.encoded_headers(
        [
            ("x-container-object-count", str(container.object_count)),
            ("x-container-bytes-used", str(container.bytes_used)),
            ("x-container-block-size", str(BLOCK_SIZE)),
            ("x-container-block-hash", BLOCK_HASH),
            *((f"x-container-policy-{name}", value) for name, value in pithos.policy_document(container).items()),
            ("last-modified", last_modified(container.updated_at)),
            *shown("container", pithos.own_metadata(container.metadata).items()),
        ]
    )
