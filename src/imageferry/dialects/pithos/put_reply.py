"""What all ways of making an object share: conditions, the tag that is promised, and the answer."""

from __future__ import annotations

from imageferry.dialects.edge.http import Answer, Request
from imageferry.dialects.pithos.errors import Refusal
from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.errors import BadInput
from imageferry.domain.object import StoredObject
from imageferry.domain.precondition import Precondition
from imageferry.service.services import Services
from imageferry.wire.conditions import tags_of


def created(services: Services, item: StoredObject) -> Answer:
    return Answer(status=201, headers=said(services, item))


def said(services: Services, item: StoredObject) -> list[tuple[str, str]]:
    """What is said of an object that has other bytes now."""
    top = services.objects.tops([item])[item.blob_id]
    return [
        ("etag", top),
        ("x-object-hash", top),
        ("x-object-uuid", item.id),
        ("x-object-version", str(item.number)),
    ]


def promised_md5(request: Request) -> Digest | None:
    """The MD5 that the client promises.

    Raises:
        Refusal: 422, it is none, so no bytes will ever match.
    """
    text = request.headers.get("etag")
    if not text:
        return None
    try:
        return Digest.parse(Algorithm.MD5, text, field="ETag")
    except BadInput as error:
        raise Refusal(422, str(error)) from error


def only_if(request: Request) -> Precondition:
    """``If-Match`` and ``If-None-Match``: tags, or ``*`` for whatever is there."""
    said = {name: request.headers.get(name) for name in ("if-match", "if-none-match")}
    tags = {name: None if text is None else frozenset(tags_of(text)) for name, text in said.items()}
    return Precondition(one_of=tags["if-match"], none_of=tags["if-none-match"] or frozenset())
