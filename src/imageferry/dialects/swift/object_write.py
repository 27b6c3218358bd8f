"""PUT, POST, DELETE and COPY of objects."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

from imageferry.dialects.edge.http import Answer, Receiving, Request
from imageferry.dialects.swift import extract, links, manifest, versions
from imageferry.dialects.swift.errors import Refusal
from imageferry.dialects.swift.metadata import changed_traits, copied_traits
from imageferry.dialects.swift.paths import ACCOUNT_PREFIX, object_named, object_of, refuse_what_is_not_offered
from imageferry.dialects.swift.put_reply import HTML, created, promised_etag
from imageferry.domain.access import Act, ProjectId
from imageferry.domain.errors import LengthRequired, PreconditionFailed
from imageferry.domain.object import StoredObject
from imageferry.domain.precondition import NO_CONDITION, ONLY_IF_ABSENT, Precondition
from imageferry.domain.versioning import NO_VERSION, version_text
from imageferry.service.objects import Traits
from imageferry.service.services import Services
from imageferry.wire.conditions import Verdict, judge
from imageferry.wire.dates import last_modified
from imageferry.wire.ranges import parse_range


def put(request: Request, services: Services) -> Answer | Receiving:
    if extract.QUERY in request.query:
        return extract.put(request, services)
    path = object_of(request)
    services.objects.may(request.caller, Act.WRITE_OBJECTS, *path)
    refuse_what_is_not_offered(request)
    if "x-copy-from" in request.headers:
        return _copy_from(request, services)
    version = versions.version_of(request)
    if version is not None:
        return versions.restore(request, services, version)
    if request.length is None and not request.chunked:
        raise LengthRequired(f"object {path[1]}/{path[2]}")
    if request.query.get("multipart-manifest") == "put":
        return manifest.put(request, services)
    upload = services.objects.upload(
        request.caller,
        *path,
        traits=links.fresh_traits(request, services),
        size=request.length,
        md5=promised_etag(request),
        only_if=_only_if(request),
    )
    return Receiving(upload, lambda: created(upload.commit()))


def post(request: Request, services: Services) -> Answer:
    path = object_of(request)
    services.objects.may(request.caller, Act.WRITE_OBJECTS, *path)
    refuse_what_is_not_offered(request)
    if request.query.get("version-id"):
        raise Refusal(400, "POST to a specific version is not allowed")
    if "x-symlink-target" in request.headers:
        raise Refusal(400, "A PUT request is required to set a symlink target")
    changed = services.objects.change(request.caller, *path, partial(changed_traits, request))
    if changed.link is not None:
        return links.elsewhere(changed.link)
    return Answer(status=202, headers=[HTML])


def delete(request: Request, services: Services) -> Answer:
    path = object_of(request)
    services.objects.may(request.caller, Act.WRITE_OBJECTS, *path)
    refuse_what_is_not_offered(request)
    if request.query.get("multipart-manifest") == "delete":
        return manifest.delete(request, services)
    version = versions.version_of(request)
    if version is not None:
        return versions.delete(request, services, version)
    return versions.deleted(request, services)


def copy(request: Request, services: Services) -> Answer:
    source = object_of(request)
    services.objects.may(request.caller, Act.READ_OBJECTS, *source)
    refuse_what_is_not_offered(request)
    _refuse_body(request)
    account = request.headers.get("destination-account")
    target = object_named(request.headers.get("destination", ""), account, request, header="Destination")
    return _copied(request, services, source, target)


def _copy_from(request: Request, services: Services) -> Answer:
    _refuse_body(request)
    account = request.headers.get("x-copy-from-account")
    source = object_named(request.headers["x-copy-from"], account, request, header="X-Copy-From")
    return _copied(request, services, source, object_of(request))


def _copied(
    request: Request, services: Services, source: tuple[ProjectId, str, str], target: tuple[ProjectId, str, str]
) -> Answer:
    as_stored = request.query.get("multipart-manifest") == "get"
    if "x-symlink-target" in request.headers:
        raise Refusal(400, "Symlink requests require a zero byte body")
    version = versions.version_of(request)

    def traits(item: StoredObject) -> Traits:
        etag = item.md5 if item.whole is None or as_stored else item.whole.etag
        if judge(request.headers, etag=etag, modified=item.updated_at) is Verdict.FAILED:
            raise PreconditionFailed(f"object {source[1]}/{source[2]}", "of the copy")
        return copied_traits(request, item, target[2], as_stored=as_stored)

    item, copied = services.objects.copy(
        request.caller,
        source,
        target,
        traits,
        version=version,
        as_stored=as_stored,
        as_link=links.is_meant(request),
        only_if=_only_if(request),
        part=partial(_part, request),
    )
    return created(
        copied,
        ("x-copied-from", quote(f"{source[1]}/{source[2]}")),
        ("x-copied-from-account", f"{ACCOUNT_PREFIX}{source[0]}"),
        ("x-copied-from-last-modified", last_modified(item.updated_at)),
        *([] if item.version == NO_VERSION else [("x-copied-from-version-id", version_text(item.version))]),
        *((f"x-object-meta-{name}", value) for name, value in copied.metadata.items()),
    )


def _part(request: Request, size: int) -> tuple[int, int] | None:
    """The bytes that a copy is to have.

    Raises:
        Refusal: 400, several parts: they would be no copy of anything.
        RangeNotSatisfiable: it lies outside.
    """
    spans = parse_range(request.headers.get("range"), size)
    if spans is not None and len(spans) > 1:
        raise Refusal(400, "A copy can be made of one range only")
    return None if spans is None else spans[0]


def _refuse_body(request: Request) -> None:
    if request.length or request.chunked:
        raise Refusal(400, "Copy requests require a zero byte body")


def _only_if(request: Request) -> Precondition:
    """``If-None-Match: *``, the only condition that a PUT may have.

    Raises:
        Refusal: 400, another one.
    """
    condition = request.headers.get("if-none-match")
    if condition is None:
        return NO_CONDITION
    if condition.strip() != "*":
        raise Refusal(400, "If-None-Match only supports *")
    return ONLY_IF_ABSENT
