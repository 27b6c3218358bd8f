"""Headers to traits and metadata, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from imageferry.dialects.edge.http import Request
from imageferry.dialects.pithos.errors import Refusal
from imageferry.domain.access import ProjectId
from imageferry.domain.errors import BadInput
from imageferry.domain.object import StoredObject
from imageferry.service.objects import Traits
from imageferry.wire import pithos
from imageferry.wire.dates import http_date, last_modified

MAX_SENT = 90  # items of metadata in one request
MAX_KEPT = 32  # items of one resource

_KEPT_HEADERS = ("content-encoding", "content-disposition")


def sent(request: Request, kind: str) -> dict[str, str]:
    """The metadata that a request brings for an "account", "container" or "object"; "" removes.

    Raises:
        BadInput: more than one request may bring.
    """
    prefix = f"x-{kind}-meta-"
    found = {name.removeprefix(prefix): value for name, value in request.headers.items() if name.startswith(prefix)}
    if len(found) > MAX_SENT:
        raise BadInput("metadata", f"{len(found)} items", f"at most {MAX_SENT} items in a request")
    return found


def changes(request: Request, kind: str, there: Callable[[], Mapping[str, str]], *, adding: bool) -> dict[str, str]:
    """The same for a resource whose metadata is to be changed.

    Args:
        there: what it has; asked only where something is changed.
        adding: whether what is not named stays.

    Raises:
        BadInput: more than one request may bring, or one resource keep.
    """
    found = sent(request, kind)
    if found:
        before = pithos.own_metadata(there())
        after = {**(before if adding else {}), **found}
        checked_count({name: value for name, value in after.items() if value}, before=before)
    return found


def adds(request: Request) -> bool:
    """Whether a POST leaves what it does not name."""
    return "update" in request.query


def keeping(request: Request) -> frozenset[str] | None:
    """What a POST leaves of the metadata of an account or container although it is not named; None: everything."""
    return None if adds(request) else pithos.OF_SWIFT


def checked_count(metadata: Mapping[str, str], *, before: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Raises BadInput: more than are kept of one resource, unless there were as many ``before``."""
    if len(metadata) > max(MAX_KEPT, len(before or {})):
        raise BadInput("metadata", f"{len(metadata)} items", f"at most {MAX_KEPT} items")
    return metadata


def fresh_traits(request: Request) -> Traits:
    """What a PUT says of an object.

    Raises:
        Refusal: 411, it does not say of which type the object is.
    """
    content_type = request.headers.get("content-type", "").strip()
    if not content_type:
        raise Refusal(411, "send a Content-Type: it is kept as the object's own.")
    metadata = {name: value for name, value in sent(request, "object").items() if value}
    content_type = sayable("Content-Type", content_type)
    return Traits(content_type=content_type, metadata=checked_count(metadata), headers=kept_headers(request))


def kept_headers(request: Request) -> dict[str, str]:
    """Headers that stay with an object as they came."""
    return {name: sayable(name, request.headers[name]) for name in _KEPT_HEADERS if request.headers.get(name)}


def changed_headers(request: Request) -> dict[str, str]:
    """The same of an object that is there; "" takes one away."""
    return {name: sayable(name, request.headers[name]) for name in _KEPT_HEADERS if name in request.headers}


def beside(headers: Mapping[str, str]) -> dict[str, str]:
    """What stays of an object's headers when these are replaced: those that are set by other APIs."""
    return {name: value for name, value in headers.items() if name not in _KEPT_HEADERS}


def object_headers(item: StoredObject, account: ProjectId, *, tag: str, top: str | None) -> list[tuple[str, str]]:
    """What is said of an object beside its bytes.

    Args:
        account: whose container it is in.
        tag: of all its bytes.
        top: of the tree over its blocks' names; None for a large object, which has no such tree.
    """
    return pithos.encoded_headers(
        [
            ("etag", tag),
            ("content-type", item.content_type),
            ("last-modified", last_modified(item.updated_at)),
            ("accept-ranges", "bytes"),
            *([("x-object-hash", top)] if top is not None else []),
            ("x-object-uuid", item.id),
            ("x-object-version", str(item.number)),
            ("x-object-version-timestamp", http_date(item.updated_at)),
            ("x-object-modified-by", account),
            *([("x-object-manifest", item.manifest)] if item.manifest is not None else []),
            *item.headers.items(),
            *shown("object", item.metadata.items()),
        ]
    )


def shown(kind: str, metadata: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(f"x-{kind}-meta-{name}", value) for name, value in metadata]


def sayable(name: str, value: str) -> str:
    """Raises BadInput: what was percent-encoded cannot be said in a header."""
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
        raise BadInput(name, value, "no control characters")
    return value
