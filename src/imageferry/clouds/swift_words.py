"""What Swift says in headers, read leniently, and what it is told in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from imageferry.clouds.trouble import Reply
from imageferry.domain.errors import BadInput
from imageferry.ports.cloud import Dress, ObjectInfo

OCTETS = "application/octet-stream"
_META = "x-object-meta-"
_KEY = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def in_utf8(text: str) -> str:
    """A header's text as Swift wants it; what is between is Latin-1 to the library."""
    return text.encode().decode("latin-1")


def dress_headers(dress: Dress, encode: Callable[[str], str] = in_utf8) -> dict[str, str]:
    """An object's type and metadata as headers.

    Args:
        encode: how names and values travel.

    Raises:
        BadInput: a key or value that no header carries.
    """
    if bad := next((text for text in (dress.content_type, *dress.metadata.values()) if _CONTROL.search(text)), None):
        raise BadInput("content type or metadata", bad, "no control characters")
    if bad := next((key for key in dress.metadata if not _KEY.fullmatch(key)), None):
        raise BadInput("metadata", bad, "keys of letters, digits and -")
    items = {f"X-Object-Meta-{encode(key)}": encode(value) for key, value in dress.metadata.items()}
    return {"Content-Type": dress.content_type if dress.content_type.isascii() else encode(dress.content_type), **items}


def out_of_header(value: str) -> str:
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def object_info(container: str, name: str, reply: Reply) -> ObjectInfo:
    headers = reply.headers
    return ObjectInfo(
        container=container,
        name=name,
        size=number(headers.get("Content-Length")),
        etag=headers.get("Etag", "").strip('"'),
        content_type=headers.get("Content-Type", ""),
        updated_at=headers.get("Last-Modified", ""),
        segments=unquote(headers.get("X-Object-Manifest", "")),
        version=headers.get("X-Object-Version-Id", ""),
        metadata={
            key.lower().removeprefix(_META): out_of_header(value)
            for key, value in headers.items()
            if key.lower().startswith(_META)
        },
    )


def is_large(headers: Any) -> bool:
    return bool(headers.get("X-Object-Manifest")) or headers.get("X-Static-Large-Object", "").lower() == "true"


def parts_of(container: str, name: str, reply: Reply) -> tuple[str, str] | None:
    """Container and prefix of a dynamic large object's parts, if they are its own and nobody else's.

    A manifest may point anywhere, to a whole container even: only what lies where uploads put
    parts of this very object is taken for its own.
    """
    place, _, prefix = unquote(reply.headers.get("X-Object-Manifest", "")).partition("/")
    own = place == f"{container}_segments" and prefix.startswith(f"{name}/") and prefix.endswith("/")
    return (place, prefix) if own else None


def number(value: object) -> int:
    try:
        return max(0, int(value))  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError):
        return 0


def text(value: object) -> str:
    return value if isinstance(value, str) else ""
