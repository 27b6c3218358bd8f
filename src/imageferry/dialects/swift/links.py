"""Links, as Swift's symlinks have them: made, shown, and where they lead.

Source: Swift 2.38, middleware ``symlink``, asked over HTTP.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

from imageferry.dialects.edge.http import Answer, Request
from imageferry.dialects.swift import metadata
from imageferry.dialects.swift.errors import Refusal
from imageferry.dialects.swift.paths import object_named, object_of
from imageferry.dialects.swift.put_reply import HTML
from imageferry.domain.link import LINK_TYPE, Link
from imageferry.service.objects import Traits
from imageferry.service.services import Services
from imageferry.wire import swift

_TARGET = "X-Symlink-Target"


def is_meant(request: Request) -> bool:
    """Whether the link itself is asked for, not what it leads to."""
    return request.query.get("symlink") == "get"


def fresh_traits(request: Request, services: Services) -> Traits:
    """What a PUT says of an object, or of a link.

    Raises:
        Refusal: 400, a link with bytes; 412, it names no object.
    """
    path = object_of(request)
    traits = metadata.fresh_traits(request, path[2])
    text = request.headers.get(_TARGET.lower())
    if text is None:
        return traits
    if request.length or request.chunked:
        raise Refusal(400, "Symlink requests require a zero byte body")
    if unquote(text).startswith("/"):
        raise Refusal(412, f"{_TARGET} header must be of the form <container name>/<object name>")
    account = request.headers.get(f"{_TARGET}-Account".lower())
    target = object_named(text, account, request, header=_TARGET)
    etag = request.headers.get(f"{_TARGET}-Etag".lower(), "").strip().strip('"').lower()
    link, content_type = services.objects.link_to(request.caller, path, target, md5=etag or None)
    if not request.headers.get("content-type"):
        traits = replace(traits, content_type=content_type or LINK_TYPE)
    return replace(traits, link=link)


def elsewhere(link: Link) -> Answer:
    """To who wanted to change what a link leads to: the link was changed, and where that is."""
    where = swift.object_path(link.project_id, link.container, link.name)
    sentence = "The requested POST was applied to a symlink. POST directly to the target to apply requested metadata."
    return Answer(status=307, headers=[HTML, ("location", where)], body=sentence.encode())


def headers(request: Request, link: Link) -> list[tuple[str, str]]:
    """What a link says of itself."""
    found = [(_TARGET.lower(), swift.link_target(link))]
    if link.project_id != object_of(request)[0]:
        found.append((f"{_TARGET}-account".lower(), f"{swift.ACCOUNT_PREFIX}{link.project_id}"))
    if link.md5 is not None:
        found += [(f"{_TARGET}-etag".lower(), link.md5), (f"{_TARGET}-bytes".lower(), str(link.size))]
    return found
