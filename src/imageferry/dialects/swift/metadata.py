"""Headers to traits and metadata, and back."""

from __future__ import annotations

from collections.abc import Mapping
from mimetypes import MimeTypes
from urllib.parse import quote, unquote_to_bytes

from imageferry.dialects.edge.http import Request
from imageferry.dialects.swift.errors import Refusal
from imageferry.dialects.swift.paths import account_of
from imageferry.domain.access import Act, owns
from imageferry.domain.moment import SECOND, Moment
from imageferry.domain.object import StoredObject
from imageferry.domain.quota import BYTES, COUNT
from imageferry.service.objects import Traits
from imageferry.wire.dates import last_modified, timestamp
from imageferry.wire.tempurl import KEY_NAMES

KEPT_HEADERS = (
    "content-encoding",
    "content-disposition",
    "content-language",
    "cache-control",
    "expires",
    "x-robots-tag",
)
DEFAULT_TYPE = "application/octet-stream"

_TRUE = frozenset({"true", "1", "yes", "on", "t", "y"})
_MAX_SECOND_DIGITS = 10
_OBJECT_META = "x-object-meta-"
_GUESSES = MimeTypes()  # the library's own table: the same answers on every machine


def is_true(text: str | None) -> bool:
    return (text or "").strip().lower() in _TRUE


def changes(request: Request, kind: str) -> dict[str, str]:
    """What a request wants changed in the metadata of an account or container; "" removes.

    What is set and removed at once is set, but for quotas by their newer names: so Swift has it.
    """
    removed = _with_prefix(request.headers, f"x-remove-{kind}-meta-")
    wanted = dict.fromkeys(removed, "") | _with_prefix(request.headers, f"x-{kind}-meta-")
    if kind == "account":
        wanted |= _quotas(request.headers, "x-account-")
        wanted |= dict.fromkeys(_quotas(request.headers, "x-remove-account-"), "")
    return wanted


def shown(request: Request, kind: str, metadata: Mapping[str, str]) -> list[tuple[str, str]]:
    """Metadata of an account or container as headers; keys that sign URLs only for who may change them."""
    owner = owns(request.caller, Act.WRITE_OBJECTS, account_of(request))
    return [(f"x-{kind}-meta-{name}", value) for name, value in metadata.items() if owner or name not in KEY_NAMES]


def fresh_traits(request: Request, name: str) -> Traits:
    """What a PUT says of an object."""
    return Traits(
        content_type=_content_type(request, name) or DEFAULT_TYPE,
        metadata=_with_prefix(request.headers, _OBJECT_META),
        headers=_kept(request.headers),
        manifest=manifest_of(request),
        delete_at=_delete_at(request),
        delete_after_s=_seconds(request, "x-delete-after"),
    )


def changed_traits(request: Request, item: StoredObject) -> Traits:
    """What a POST leaves of an object: only the type survives when it is not repeated."""
    content_type = _content_type(request, item.name) if _says_type(request) else None
    return Traits(
        content_type=content_type or item.content_type,
        metadata=_with_prefix(request.headers, _OBJECT_META),
        headers=_kept(request.headers),
        manifest=manifest_of(request),
        delete_at=_delete_at(request),
        delete_after_s=_seconds(request, "x-delete-after"),
    )


def copied_traits(request: Request, item: StoredObject, name: str, *, as_stored: bool) -> Traits:
    """What a copy has: the source's, overridden by the request's."""
    fresh = is_true(request.headers.get("x-fresh-metadata"))
    said = _delete_at(request)
    content_type = _content_type(request, name) if _says_type(request) else None
    return Traits(
        content_type=content_type or item.content_type,
        metadata=({} if fresh else dict(item.metadata)) | _with_prefix(request.headers, _OBJECT_META),
        headers=({} if fresh else dict(item.headers)) | _kept(request.headers),
        manifest=manifest_of(request) or (item.manifest if as_stored else None),
        delete_at=(None if fresh else item.delete_at) if said is None else said,
        delete_after_s=_seconds(request, "x-delete-after"),
    )


def manifest_of(request: Request) -> str | None:
    """``container/prefix`` of a dynamic large object, decoded.

    Raises:
        Refusal: 400, another form.
    """
    text = request.headers.get("x-object-manifest")
    if text is None:
        return None
    container, _, prefix = text.partition("/")
    if not container or not prefix or prefix.startswith("/") or "?" in text or "&" in text:
        raise Refusal(400, "X-Object-Manifest must be in the format container/prefix")
    try:
        decoded = unquote_to_bytes(text).decode()
    except UnicodeDecodeError as error:
        raise Refusal(400, "X-Object-Manifest: invalid UTF8") from error
    if "\0" in decoded:
        raise Refusal(400, "X-Object-Manifest must not contain NULL")
    return decoded


def _delete_at(request: Request) -> Moment | None:
    seconds = _seconds(request, "x-delete-at")
    return None if seconds is None else Moment(seconds * SECOND)


def _seconds(request: Request, name: str) -> int | None:
    """Raises Refusal: 400, no whole number of seconds, or one beyond the year 2286."""
    text = request.headers.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_SECOND_DIGITS):
        raise Refusal(400, f"Non-integer {name.title()}")
    return int(text)


def object_headers(item: StoredObject, *, etag: str, is_large: bool = False) -> list[tuple[str, str]]:
    """What GET, HEAD and their partial forms say of an object. Tags of large objects are quoted; "" is none."""
    headers = [
        ("content-type", item.content_type),
        *([("etag", f'"{etag}"' if is_large else etag)] if etag else []),
        ("last-modified", last_modified(item.updated_at)),
        ("x-timestamp", timestamp(item.updated_at)),
        ("accept-ranges", "bytes"),
        *((f"{_OBJECT_META}{name}", value) for name, value in item.metadata.items()),
        *item.headers.items(),
    ]
    if item.manifest is not None:
        headers.append(("x-object-manifest", quote(item.manifest)))
    if item.delete_at is not None:
        headers.append(("x-delete-at", str(item.delete_at // SECOND)))
    if item.whole is not None:
        headers += [("x-static-large-object", "True"), ("x-manifest-etag", item.md5)]
    return headers


def _says_type(request: Request) -> bool:
    return bool(request.headers.get("content-type")) or is_true(request.headers.get("x-detect-content-type"))


def _content_type(request: Request, name: str) -> str | None:
    said = request.headers.get("content-type")
    if said and not is_true(request.headers.get("x-detect-content-type")):
        return said
    return _GUESSES.guess_type(name.rpartition("/")[2])[0] or DEFAULT_TYPE


def _quotas(headers: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Quotas by their newer names, ``X-Account-Quota-Bytes``, which stand for the metadata of old."""
    return {name: headers[prefix + name] for name in (BYTES, COUNT) if prefix + name in headers}


def _with_prefix(headers: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in headers.items() if name.startswith(prefix)}


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in KEPT_HEADERS if headers.get(name)}
