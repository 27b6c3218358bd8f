"""What is public, for whoever knows its address: bytes without a token, and nothing of what else is known of them.

Strangers' pages come from our own origin here. So browsers are told to run nothing in them, and to guess no types.
"""

from __future__ import annotations

from functools import partial

from imageferry.dialects.edge.http import Answer, Path, Request
from imageferry.dialects.edge.spans import Content, answer_for
from imageferry.domain.errors import AccessDenied, NotFound, PreconditionFailed, StatusConflict
from imageferry.service.objects import OpenObject
from imageferry.service.services import Services
from imageferry.wire.conditions import Verdict, judge
from imageferry.wire.dates import last_modified
from imageferry.wire.pithos_sharing import PUBLIC_ROOT, inline_named

FOR_BROWSERS = (
    ("content-security-policy", "sandbox"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
)
"""Beside a stranger's bytes: the address may hold a secret, be it a token or the address itself."""


def paths() -> list[Path]:
    return [Path(f"{PUBLIC_ROOT}/{{token:rest}}", {"GET": get_or_head, "HEAD": get_or_head}, secret=True)]


def get_or_head(request: Request, services: Services) -> Answer:
    opened = _opened(request, services)
    item = opened.item
    tag = opened.etag if opened.is_large else services.objects.tops([item])[item.blob_id]
    headers = [
        ("etag", tag),
        ("last-modified", last_modified(item.updated_at)),
        ("accept-ranges", "bytes"),
        ("content-type", item.content_type),
        ("content-disposition", inline_named(item.name)),
        *((name, value) for name, value in item.headers.items() if name == "content-encoding"),
        *FOR_BROWSERS,
    ]
    verdict = judge(request.headers, etag=tag, modified=item.updated_at)
    if verdict is Verdict.NOT_MODIFIED:
        return Answer(status=304, headers=headers)
    if verdict is Verdict.FAILED:
        raise PreconditionFailed("public object", "of the request")
    if request.method == "HEAD":
        return Answer(status=200, headers=headers, length=opened.size)
    content = Content(
        size=opened.size,
        etag=tag,
        modified=item.updated_at,
        type=item.content_type,
        read=partial(services.objects.read, opened),
    )
    return answer_for(request, content, headers)


def _opened(request: Request, services: Services) -> OpenObject:
    """Raises NotFound, whatever the reason: nobody learns what is there and is not public."""
    visitor, place = services.shares.behind(request.params["token"])
    try:
        return services.objects.open(visitor, *place, to_read=request.method == "GET", with_md5=False)
    except (AccessDenied, StatusConflict) as error:  # it is made of others, which are not public, or leads to one
        raise NotFound("public object", "of that address") from error
