"""Which pages of other sites may read answers, by what a container says of itself. Pure rules.

Source: Swift, "CORS" and proxy/controllers/base.py, in strict mode; W3C, Cross-Origin Resource Sharing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

ALLOW_ORIGIN, MAX_AGE, EXPOSE_HEADERS = (
    f"access-control-{word}" for word in ("allow-origin", "max-age", "expose-headers")
)
"""Names in the metadata of a container."""

_ALWAYS = (
    "cache-control",
    "content-language",
    "content-type",
    "etag",
    "expires",
    "last-modified",
    "pragma",
    "x-openstack-request-id",
    "x-timestamp",
    "x-trans-id",
)
_METADATA = ("x-container-meta", "x-object-meta")

Headers = list[tuple[str, str]]


def is_allowed(metadata: Mapping[str, str], origin: str) -> bool:
    """Whether a page from there is named: ``http://a http://b``, or ``*`` for any."""
    named = metadata.get(ALLOW_ORIGIN, "").split(" ")
    return bool(origin) and (origin in named or "*" in named)


def for_answer(metadata: Mapping[str, str], origin: str, headers: Iterable[tuple[str, str]]) -> Headers:
    """The headers of an answer with those that let the page read it; as they were where it may not."""
    kept = list(headers)
    if not is_allowed(metadata, origin):
        return kept
    exposed = dict.fromkeys(_ALWAYS)
    exposed |= dict.fromkeys(name for name, _ in kept if name.startswith(_METADATA))
    exposed |= dict.fromkeys(metadata.get(EXPOSE_HEADERS, "").lower().split())
    kept.append(("access-control-expose-headers", ", ".join(exposed)))
    return _with_origin(metadata, origin, kept)


def for_preflight(
    metadata: Mapping[str, str], origin: str, *, methods: Sequence[str], asked: Mapping[str, str]
) -> Headers | None:
    """The headers that tell a browser to go on, None where the page may not.

    Args:
        methods: all that are possible there.
        asked: the headers of the request, lower-case names.
    """
    # Swift itself never lets COPY through here, though it names it among the methods.
    if not is_allowed(metadata, origin) or asked.get("access-control-request-method", "") not in {*methods} - {"COPY"}:
        return None
    headers = _with_origin(metadata, origin, [])
    if MAX_AGE in metadata:
        headers.append(("access-control-max-age", metadata[MAX_AGE]))
    headers.append(("access-control-allow-methods", ", ".join(methods)))
    wanted = [word.strip() for word in asked.get("access-control-request-headers", "").split(",")]
    if any(wanted):
        headers.append(("access-control-allow-headers", ", ".join(dict.fromkeys(filter(None, wanted)))))
        headers = _varying(headers, "Access-Control-Request-Headers")
    return headers


def _with_origin(metadata: Mapping[str, str], origin: str, headers: Headers) -> Headers:
    if metadata.get(ALLOW_ORIGIN, "").strip() == "*":
        return [*headers, ("access-control-allow-origin", "*")]
    return _varying([*headers, ("access-control-allow-origin", origin)], "Origin")


def _varying(headers: Headers, name: str) -> Headers:
    before = [value for header, value in headers if header == "vary"]
    return [*(row for row in headers if row[0] != "vary"), ("vary", ", ".join([*before, name]))]
