"""GET and HEAD of objects: bytes or hash maps, conditions, ranges."""

from __future__ import annotations

from functools import partial

from imageferry.dialects.edge.http import Answer, Request
from imageferry.dialects.edge.spans import Content, answer_for
from imageferry.dialects.pithos import sharing, versions
from imageferry.dialects.pithos.asked import object_of
from imageferry.dialects.pithos.metadata import object_headers
from imageferry.dialects.pithos.public import FOR_BROWSERS
from imageferry.domain.errors import PreconditionFailed
from imageferry.service.services import Services
from imageferry.wire.conditions import Verdict, judge
from imageferry.wire.hash_maps import hash_map_document
from imageferry.wire.synnefo import JSON


def get_or_head(request: Request, services: Services) -> Answer:
    objects = services.objects
    path = object_of(request)
    to_read = request.method == "GET"
    if to_read and request.query.get("version") == versions.ALL:
        return versions.listed(request, services)
    version = versions.asked(request)
    opened = objects.open(request.caller, *path, version=version, to_read=to_read, with_md5=False)
    item = opened.item
    top = None if opened.is_large else objects.tops([item])[item.blob_id]
    tag = opened.etag if top is None else top
    headers = [*object_headers(item, path[0], tag=tag, top=top), *FOR_BROWSERS]
    if version is None:
        headers += sharing.headers(request, services)
    verdict = judge(request.headers, etag=tag, modified=item.updated_at)
    if verdict is Verdict.NOT_MODIFIED:
        return Answer(status=304, headers=headers)
    if verdict is Verdict.FAILED:
        raise PreconditionFailed(f"object {path[1]}/{path[2]}", "of the request")
    if "hashmap" in request.query and to_read:
        body = hash_map_document(objects.hash_map_in(opened))
        others = [row for row in headers if row[0] not in ("content-type", "accept-ranges")]
        return Answer(status=200, headers=[("content-type", JSON), *others], body=body)
    if not to_read:
        return Answer(status=200, headers=headers, length=opened.size)
    content = Content(
        size=opened.size,
        etag=tag,
        modified=item.updated_at,
        type=item.content_type,
        read=partial(objects.read, opened),
    )
    return answer_for(request, content, headers)
