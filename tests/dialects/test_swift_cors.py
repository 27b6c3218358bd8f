"""Pages of other sites: a container says which may read, in answers and in what browsers ask before."""

from __future__ import annotations

import pytest

from tests.dialects.swift_service import Swift

PAGE = {"Origin": "http://page"}
ASK = {**PAGE, "Access-Control-Request-Method": "GET"}


@pytest.fixture
def shared(swift: Swift) -> Swift:
    headers = {
        "X-Container-Meta-Access-Control-Allow-Origin": "http://page http://other",
        "X-Container-Meta-Access-Control-Max-Age": "77",
        "X-Container-Meta-Access-Control-Expose-Headers": "X-Foo",
        "X-Container-Read": ".r:*",
    }
    swift.put("/c", headers=headers)
    swift.put("/c/o", b"hi", {"X-Object-Meta-K": "v"})
    return swift


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("", {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"}),
        ("/c", {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"}),
        ("/c/o", {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "COPY"}),
        ("/none/o", {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "COPY"}),
    ],
)
def test_options_say_what_is_possible_without_a_token(shared: Swift, path: str, methods: set[str]) -> None:
    reply = shared.as_(None).call("OPTIONS", path)
    assert (reply.status, reply.body) == (200, b"")
    assert set(reply.headers["allow"].split(", ")) == methods
    assert "access-control-allow-origin" not in reply.headers


def test_options_of_the_service_itself(swift: Swift) -> None:
    assert swift.call("OPTIONS", "/info", account="").headers["allow"] == "GET, HEAD, OPTIONS"
    assert swift.call("OPTIONS", "/healthcheck", account="").status == 200
    assert swift.call("GET", "/info", account="").json["swift"]["strict_cors_mode"] is True


def test_a_browser_may_go_on_where_its_page_is_named(shared: Swift) -> None:
    for path in ("/c", "/c/", "/c/o", "/c/not/there"):
        reply = shared.as_(None).call("OPTIONS", path, {**ASK, "Access-Control-Request-Headers": "x-auth-token"})
        assert reply.status == 200
        assert reply.headers["access-control-allow-origin"] == "http://page"
        assert reply.headers["access-control-allow-headers"] == "x-auth-token"
        assert reply.headers["access-control-max-age"] == "77"
        assert reply.headers["access-control-allow-methods"] == reply.headers["allow"]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/c/o", {**ASK, "Origin": "http://evil"}),
        ("/c/o", {**ASK, "Origin": "http://page.evil"}),
        ("/c/o", {**ASK, "Access-Control-Request-Method": "FOO"}),
        ("/c/o", PAGE),
        ("/none/o", ASK),
    ],
)
def test_a_browser_is_held_back_elsewhere(shared: Swift, path: str, headers: dict[str, str]) -> None:
    reply = shared.as_(None).call("OPTIONS", path, headers)
    assert reply.status == 401
    assert "GET" in reply.headers["allow"]
    assert "access-control-allow-origin" not in reply.headers


def test_the_account_is_for_no_page(shared: Swift) -> None:
    assert shared.as_(None).call("OPTIONS", "", ASK).status == 200
    for method in ("OPTIONS", "GET"):
        assert "access-control-allow-origin" not in shared.call(method, "", ASK).headers


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/c/o", 200, None),
        ("HEAD", "/c/o", 200, None),
        ("GET", "/c", 401, None),
        ("GET", "/c/none", 404, None),
        ("PUT", "/c/new", 401, b"x"),
        ("PATCH", "/c/o", 405, None),
    ],
)
def test_every_answer_can_be_read_by_a_named_page(
    shared: Swift, method: str, path: str, status: int, body: bytes | None
) -> None:
    reply = shared.as_(None).call(method, path, PAGE, body)
    assert reply.status == status
    assert reply.headers["access-control-allow-origin"] == "http://page"
    assert reply.headers["vary"] == "Origin"
    assert "x-foo" in reply.headers["access-control-expose-headers"].split(", ")
    assert "access-control-allow-origin" not in shared.as_(None).call(method, path, {"Origin": "http://evil"}).headers
    assert "access-control-allow-origin" not in shared.as_(None).call(method, path).headers


def test_uploads_too_and_what_fails_at_their_end(shared: Swift) -> None:
    assert "access-control-allow-origin" in shared.put("/c/new", b"x", PAGE).headers
    refused = shared.call("PUT", "/c/new", {**PAGE, "ETag": "0" * 32}, b"x")
    assert (refused.status, refused.headers["access-control-allow-origin"]) == (422, "http://page")


def test_metadata_is_shown_to_the_page(shared: Swift) -> None:
    exposed = shared.call("GET", "/c/o", PAGE).headers["access-control-expose-headers"].split(", ")
    assert "x-object-meta-k" in exposed
    shared.call("POST", "/c", {"X-Container-Meta-Access-Control-Allow-Origin": "*"})
    assert shared.call("GET", "/c/o", {"Origin": "null"}).headers["access-control-allow-origin"] == "*"
    shared.call("POST", "/c", {"X-Remove-Container-Meta-Access-Control-Allow-Origin": "x"})
    assert "access-control-allow-origin" not in shared.call("GET", "/c/o", PAGE).headers


@pytest.mark.parametrize("path", ["/a%00b/o", "/%ff/o", "/" + "c" * 3000])
def test_paths_that_name_nothing_are_answered_as_ever(shared: Swift, path: str) -> None:
    assert shared.call("GET", path, PAGE).status in (404, 412)
    assert shared.as_(None).call("OPTIONS", path, ASK).status in (401, 412)
