"""PUT of objects."""

from __future__ import annotations

from dataclasses import replace

from imageferry.dialects.edge.http import Answer, Receiving, Request
from imageferry.dialects.pithos import copies, hash_maps, sharing
from imageferry.dialects.pithos.asked import object_of
from imageferry.dialects.pithos.metadata import fresh_traits
from imageferry.dialects.pithos.put_reply import created, only_if, promised_md5
from imageferry.domain.access import Act
from imageferry.domain.errors import LengthRequired
from imageferry.service.services import Services


def put(request: Request, services: Services) -> Answer | Receiving:
    path = object_of(request)
    services.objects.may(request.caller, Act.WRITE_OBJECTS, *path)
    if copies.is_one(request):
        return copies.put(request, services)
    if request.length is None and not request.chunked:
        raise LengthRequired(f"object {path[1]}/{path[2]}")
    if "hashmap" in request.query:
        return hash_maps.put(request, services)
    upload = services.objects.upload(
        request.caller,
        *path,
        traits=replace(fresh_traits(request), sharing=sharing.sent(request, services)),
        size=request.length,
        md5=promised_md5(request),
        with_md5=False,
        only_if=only_if(request),
    )
    return Receiving(upload, lambda: created(services, upload.commit()))
