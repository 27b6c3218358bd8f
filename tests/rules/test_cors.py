"""Which pages of other sites a container lets read, and what their browsers are told."""

from __future__ import annotations

import pytest

from imageferry.wire import cors

METHODS = ("COPY", "GET", "OPTIONS", "PUT")


@pytest.mark.parametrize(
    ("named", "origin", "allowed"),
    [
        ("http://a", "http://a", True),
        ("http://a  http://b", "http://b", True),
        ("http://b *", "http://a", True),
        ("*", "null", True),
        ("http://a", "http://a.evil", False),
        ("http://a", "http://A", False),
        ("http://*.a", "http://x.a", False),
        ("http://a,http://b", "http://a", False),
        ("", "", False),
        ("", "http://a", False),
        ("http://a  ", "", False),
    ],
)
def test_a_page_is_named_by_its_whole_origin(named: str, origin: str, allowed: bool) -> None:
    metadata = {cors.ALLOW_ORIGIN: named}
    assert cors.is_allowed(metadata, origin) is allowed
    assert (len(cors.for_answer(metadata, origin, [])) > 0) is allowed
    asked = {"access-control-request-method": "GET"}
    assert (cors.for_preflight(metadata, origin, methods=METHODS, asked=asked) is not None) is allowed


def test_an_answer_shows_its_metadata_and_what_the_owner_names() -> None:
    metadata = {cors.ALLOW_ORIGIN: "http://a", cors.EXPOSE_HEADERS: "X-Foo  etag X-BAR"}
    before = [("etag", "e"), ("x-object-meta-k", "v"), ("vary", "Accept"), ("x-secret", "s")]
    headers = dict(cors.for_answer(metadata, "http://a", before))
    exposed = headers["access-control-expose-headers"].split(", ")
    assert {"etag", "x-object-meta-k", "x-foo", "x-bar", "x-trans-id"} <= set(exposed)
    assert len(exposed) == len(set(exposed))
    assert "x-secret" not in exposed
    assert headers["access-control-allow-origin"] == "http://a"
    assert headers["vary"] == "Accept, Origin"


def test_an_answer_for_anybody_does_not_vary() -> None:
    headers = dict(cors.for_answer({cors.ALLOW_ORIGIN: " * "}, "http://a", []))
    assert headers["access-control-allow-origin"] == "*"
    assert "vary" not in headers


@pytest.mark.parametrize(
    ("method", "allowed"), [("GET", True), ("PUT", True), ("COPY", False), ("FOO", False), ("get", False), ("", False)]
)
def test_a_browser_asks_for_one_method(method: str, allowed: bool) -> None:
    asked = {"access-control-request-method": method}
    found = cors.for_preflight({cors.ALLOW_ORIGIN: "*"}, "http://a", methods=METHODS, asked=asked)
    assert (found is not None) is allowed


def test_a_browser_is_told_methods_headers_and_for_how_long() -> None:
    asked = {"access-control-request-method": "PUT", "access-control-request-headers": "x-b, ,X-A,x-b"}
    metadata = {cors.ALLOW_ORIGIN: "http://a", cors.MAX_AGE: "77"}
    assert cors.for_preflight(metadata, "http://a", methods=METHODS, asked=asked) == [
        ("access-control-allow-origin", "http://a"),
        ("access-control-max-age", "77"),
        ("access-control-allow-methods", "COPY, GET, OPTIONS, PUT"),
        ("access-control-allow-headers", "x-b, X-A"),
        ("vary", "Origin, Access-Control-Request-Headers"),
    ]
