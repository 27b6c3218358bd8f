"""What all ways of making an object share: the tag that is promised, and the answer."""

from __future__ import annotations

from imageferry.dialects.edge.http import Answer, Request
from imageferry.dialects.swift.errors import Refusal
from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.errors import BadInput
from imageferry.domain.object import StoredObject
from imageferry.domain.versioning import NO_VERSION, version_text
from imageferry.wire.dates import last_modified

VERSION_ID = "x-object-version-id"
HTML = ("content-type", "text/html; charset=UTF-8")


def created(item: StoredObject, *more: tuple[str, str]) -> Answer:
    """The tag of a large object is quoted, so that nobody takes it for the MD5 of the bytes."""
    etag = item.md5 if item.whole is None else f'"{item.whole.etag}"'
    headers = [HTML, ("etag", etag), ("last-modified", last_modified(item.updated_at)), *more]
    if item.version != NO_VERSION:
        headers.append((VERSION_ID, version_text(item.version)))
    return Answer(status=201, headers=headers)


def promised_etag(request: Request) -> Digest | None:
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
