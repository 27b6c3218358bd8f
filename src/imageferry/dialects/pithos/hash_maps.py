"""Objects by the names of their blocks, and the blocks themselves."""

from __future__ import annotations

from dataclasses import replace

from imageferry.dialects.edge.collected import Collected
from imageferry.dialects.edge.http import Answer, Headers, Receiving, Request
from imageferry.dialects.pithos import sharing
from imageferry.dialects.pithos.asked import container_of, object_of
from imageferry.dialects.pithos.metadata import fresh_traits
from imageferry.dialects.pithos.put_reply import created, only_if
from imageferry.domain.block import BlockName
from imageferry.domain.errors import NotFound
from imageferry.service.objects import Missing
from imageferry.service.services import Services
from imageferry.wire.hash_maps import MAX_DOCUMENT, names_document, read_hash_map
from imageferry.wire.synnefo import JSON

BLOCKS = "application/octet-stream"
"""Of a POST to a container: blocks are sent."""


def put(request: Request, services: Services) -> Receiving:
    """An object of blocks that are there; 409 and their names where some are not.

    Raises:
        NotFound: no such container; told before the map is sent.
    """
    path = object_of(request)
    if not services.objects.has_container(*path[:2]):
        raise NotFound("container", path[1])
    traits = replace(fresh_traits(request), sharing=sharing.sent(request, services))
    collected = Collected("hash map", MAX_DOCUMENT, promised=request.length)
    condition = only_if(request)

    def answer() -> Answer:
        wanted = read_hash_map(collected.whole)
        kept = services.objects.put_by_hashes(request.caller, *path, wanted, traits, only_if=condition)
        return names(409, kept.names) if isinstance(kept, Missing) else created(services, kept)

    return Receiving(collected, answer)


def send(request: Request, services: Services) -> Receiving:
    """Blocks for objects to come; the answer names them in order."""
    intake = services.objects.send_blocks(request.caller, *container_of(request), size=request.length)
    return Receiving(intake, lambda: names(202, intake.commit()))


def names(status: int, blocks: list[BlockName] | tuple[BlockName, ...], headers: Headers = ()) -> Answer:
    return Answer(status=status, headers=[("content-type", JSON), *headers], body=names_document(blocks))
