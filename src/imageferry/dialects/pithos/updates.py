"""Objects changed where they are: what is said of them, and parts of their bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from imageferry.dialects.edge.http import Answer, Receiving, Request
from imageferry.dialects.pithos import metadata, sharing
from imageferry.dialects.pithos.asked import has_body, object_of
from imageferry.dialects.pithos.named import object_named
from imageferry.dialects.pithos.put_reply import only_if, said
from imageferry.domain.access import Act
from imageferry.domain.errors import BadInput, LengthRequired
from imageferry.domain.object import StoredObject
from imageferry.domain.splice import Splice
from imageferry.service.objects import Traits
from imageferry.service.services import Services
from imageferry.wire.pithos_changes import read_splice, read_version_number

BYTES = "application/octet-stream"
"""Of a POST to an object: it brings bytes. Any other type says nothing."""

SOURCE = "x-source-object"


def post(request: Request, services: Services) -> Answer | Receiving:
    path = object_of(request)
    services.objects.may(request.caller, Act.WRITE_OBJECTS, *path)
    change = with_changes(request, services)
    if SOURCE in request.headers:
        return _from_another(request, services, change)
    if request.headers.get("content-type") == BYTES:
        return _bytes(request, services, change)
    item, changed = services.objects.restate(request.caller, *path, change, only_if=only_if(request))
    return Answer(status=202, headers=[("x-object-version", str(item.number))] if changed else [])


def as_it_is(item: StoredObject) -> Traits:
    """What is said of an object, unchanged."""
    return Traits(
        content_type=item.content_type,
        metadata=item.metadata,
        headers=item.headers,
        manifest=item.manifest,
        delete_at=item.delete_at,
    )


def with_changes(request: Request, services: Services, *, copied: bool = False) -> Callable[[StoredObject], Traits]:
    """What a request makes of what is said of an object.

    Args:
        copied: the object comes from elsewhere: what is not named stays, and it may get another type.

    Raises:
        BadInput: a header that cannot be kept, or too many of them.
        Forbidden: it shares what is another account's.
    """
    items = metadata.sent(request, "object")
    wish = sharing.sent(request, services)
    headers = metadata.changed_headers(request)
    adds = copied or metadata.adds(request)
    said = request.headers.get("content-type", "") if copied and "ignore_content_type" not in request.query else ""
    new_type = metadata.sayable("Content-Type", said)

    def change(item: StoredObject) -> Traits:
        told = _merged(item.metadata if adds else {}, items)
        metadata.checked_count(told, before=item.metadata)
        kept = item.headers if adds else metadata.beside(item.headers)
        traits = replace(as_it_is(item), metadata=told, headers=_merged(kept, headers), sharing=wish)
        return replace(traits, content_type=new_type) if new_type else traits

    return change


def _bytes(request: Request, services: Services, change: Callable[[StoredObject], Traits]) -> Receiving:
    """Bytes of the request go into the object."""
    splice = _splice(request)
    if request.length is None and not request.chunked:
        raise LengthRequired(f"object {'/'.join(object_of(request)[1:])}")
    taking = services.objects.splice(
        request.caller, *object_of(request), splice, change, size=request.length, only_if=only_if(request)
    )
    return Receiving(taking, lambda: Answer(status=204, headers=said(services, taking.commit())))


def _from_another(request: Request, services: Services, change: Callable[[StoredObject], Traits]) -> Answer:
    """Bytes of an object go into another one, or into itself."""
    if has_body(request):
        raise BadInput("request body", "some bytes", "none: they come from another object")
    account, version = (request.headers.get(f"x-source-{name}") for name in ("account", "version"))
    source = object_named(request.headers[SOURCE], account, request, header=SOURCE)
    item = services.objects.splice_from(
        request.caller,
        source,
        object_of(request),
        _splice(request),
        change,
        version=read_version_number(version) if version else None,
        only_if=only_if(request),
    )
    return Answer(status=204, headers=said(services, item))


def _splice(request: Request) -> Splice:
    return read_splice(request.headers.get("content-range"), request.headers.get("x-object-bytes"))


def _merged(there: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in {**there, **changes}.items() if value}
