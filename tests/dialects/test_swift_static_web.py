"""Containers as web sites: what a visitor without a token gets to see, and what not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.dialects.swift_service import Reply, Swift

OPEN = ".r:*,.rlistings"


@pytest.fixture
def site(swift: Swift) -> Swift:
    swift.put("/c", headers={"X-Container-Read": OPEN})
    for name, body in (
        ("index.html", b"INDEX"),
        ("404error.html", b"MISSING"),
        ("401error.html", b"CLOSED"),
        ("sub/index.html", b"SUB"),
        ("dir/file.txt", b"f"),
        ("dir/deep/x", b"x"),
    ):
        swift.put(f"/c/{name}", body)
    swift.put("/c/marker", headers={"Content-Type": "application/directory"})
    return swift


def _set(site: Swift, headers: Mapping[str, str]) -> None:
    assert site.call("POST", "/c", {f"X-Container-{name}": value for name, value in headers.items()}).status == 204


def _visit(site: Swift, path: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> Reply:
    return site.as_(None).call(method, path, headers)


def test_what_is_no_site_is_listed_as_ever(site: Swift) -> None:
    for path in ("/c", "/c/"):
        reply = _visit(site, path)
        assert (reply.status, reply.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert _visit(site, "/c/none").status == 404
    assert _visit(site, "/c/marker").status == 200
    assert site.call("GET", "/c/", {"X-Web-Mode": "true"}).status == 404


def test_an_index_stands_for_its_directory(site: Swift) -> None:
    _set(site, {"Meta-Web-Index": "index.html"})
    for path, body in (("/c", b"INDEX"), ("/c/sub", b"SUB")):
        moved = _visit(site, path)
        assert moved.status == 301
        assert moved.headers["location"] == f"http://127.0.0.1:{site.port}{site.account}{path}/"
        shown = _visit(site, f"{path}/")
        assert (shown.status, shown.body) == (200, body)
    head = _visit(site, "/c/", "HEAD")
    assert (head.status, head.headers["content-length"], head.body) == (200, "5", b"")
    assert _visit(site, "/c/", headers={"Range": "bytes=0-1"}).body == b"IN"


def test_who_has_a_token_sees_a_site_when_asked_for(site: Swift) -> None:
    _set(site, {"Meta-Web-Index": "index.html"})
    assert site.call("GET", "/c").body.startswith(b"401error.html\n")
    assert site.call("GET", "/c/", {"X-Web-Mode": "TRUE"}).body == b"INDEX"
    assert site.as_("member", "other").call("GET", "/c", account=site.account).body.startswith(b"401error.html\n")


def test_a_directory_without_index_is_listed_if_its_owner_wants(site: Swift) -> None:
    _set(site, {"Meta-Web-Index": "index.html"})
    assert _visit(site, "/c/dir").status == 301
    for path in ("/c/dir/", "/c/none/", "/c/marker/"):
        reply = _visit(site, path)
        assert (reply.status, b"Web Listing Disabled" in reply.body) == (404, True)
    _set(site, {"Meta-Web-Listings": "true"})
    page = _visit(site, "/c/dir/?format=json&prefix=x").text
    assert "file.txt" in page
    assert 'href="./deep/"' in page
    assert 'href="../"' in page
    assert "index.html" not in page
    assert _visit(site, "/c/none/").status == 404
    assert _visit(site, "/c/none").status == 404
    _set(site, {"Meta-Web-Index": ""})
    page = _visit(site, "/c/").text
    assert 'href="./404error%2Ehtml"' in page
    assert f"Listing of {site.account}/c/" in page


def test_a_listing_names_its_style_sheet(site: Swift) -> None:
    _set(site, {"Meta-Web-Listings": "true", "Meta-Web-Listings-CSS": "listings.css"})
    assert '<link rel="stylesheet" type="text/css" href="listings.css" />' in _visit(site, "/c/").text
    assert 'href="../../listings.css" />' in _visit(site, "/c/dir/deep/").text


def test_errors_have_the_owners_page(site: Swift) -> None:
    _set(site, {"Meta-Web-Listings": "yes", "Meta-Web-Error": "error.html"})
    for path in ("/c/none", "/c/none/"):
        reply = _visit(site, path, headers={"Range": "bytes=0-1"})
        assert (reply.status, reply.body) == (404, b"MISSING")
    assert _visit(site, "/c/marker").body == b"MISSING"
    assert _visit(site, "/c/none", "HEAD").headers["content-length"] == "7"
    _set(site, {"Read": ".r:*"})
    reply = _visit(site, "/c/")
    assert (reply.status, reply.body) == (401, b"CLOSED")
    assert "www-authenticate" in reply.headers
    _set(site, {"Read": ""})
    for path in ("/c/", "/c/none", "/c/index.html"):
        reply = _visit(site, path)
        assert (reply.status, b"CLOSED" in reply.body, b"MISSING" in reply.body) == (401, False, False)


def test_a_site_opens_nothing_that_its_list_does_not(site: Swift) -> None:
    _set(site, {"Meta-Web-Index": "index.html", "Meta-Web-Listings": "true", "Read": ".r:*"})
    assert _visit(site, "/c/").status == 401
    assert _visit(site, "/c/dir/").status == 401
    assert _visit(site, "/c/dir").status == 404
    assert _visit(site, "/c/sub/").body == b"SUB"
    _set(site, {"Read": ".r:page"})
    assert _visit(site, "/c/index.html").status == 401
    assert _visit(site, "/c/index.html", headers={"Referer": "http://page/x"}).body == b"INDEX"
    _set(site, {"Read": "", "Meta-Web-Error": "error.html"})
    other = site.as_("member", "other")
    for path in ("/c/", "/c/index.html", "/c/dir/"):
        assert other.call("GET", path, {"X-Web-Mode": "true"}, account=site.account).status == 403


def test_markers_are_directories_of_a_site(site: Swift) -> None:
    _set(site, {"Meta-Web-Listings": "true"})
    assert _visit(site, "/c/marker").status == 404
    site.put("/c/marker/in", b"x")
    assert _visit(site, "/c/marker").status == 301
    _set(site, {"Meta-Web-Directory-Type": "text/dir"})
    assert _visit(site, "/c/marker").status == 200
    site.put("/c/marker", headers={"Content-Type": "text/dir"})
    assert _visit(site, "/c/marker").status == 301


@pytest.mark.parametrize("name", ["%3Cscript%3E", "a%0d%0aX-Evil:1", "%2e%2e/%2e%2e", "//evil", "x" * 1024])
def test_nasty_paths_stay_text(site: Swift, name: str) -> None:
    _set(site, {"Meta-Web-Listings": "true", "Meta-Web-Index": "i", "Meta-Web-Error": "e"})
    site.put(f"/c/{name[:1000]}/x", b"x")
    for path in (f"/c/{name}", f"/c/{name}/", f"/c/{name}/x/y"):
        reply = _visit(site, path)
        assert reply.status in (200, 301, 404)
        assert b"<script>" not in reply.body
        assert "x-evil" not in reply.headers
        assert reply.headers.get("location", f"http://127.0.0.1:{site.port}/v1/").startswith(
            f"http://127.0.0.1:{site.port}/v1/"
        )


def test_a_strange_host_is_not_where_a_visitor_is_sent(site: Swift) -> None:
    _set(site, {"Meta-Web-Index": "index.html"})
    answer = site.raw(f'GET {site.account}/c HTTP/1.1\r\nHost: e/vil"<x>\r\nConnection: close\r\n\r\n'.encode())
    assert b"evil" not in answer.lower()
    assert b"e/vil" not in answer


def test_a_temporary_url_is_no_visit(site: Swift) -> None:
    _set(site, {"Meta-Web-Index": "index.html", "Meta-Web-Listings": "true", "Meta-Web-Error": "error.html"})
    reply = _visit(site, "/c/none?temp_url_sig=x&temp_url_expires=1")
    assert (reply.status, b"MISSING" in reply.body) == (401, False)


def test_the_policy_for_players_of_old(swift: Swift) -> None:
    reply = swift.as_(None).call("GET", "/crossdomain.xml", account="")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/xml")
    assert reply.body.startswith(b'<?xml version="1.0"?>\n<!DOCTYPE cross-domain-policy SYSTEM "http://www.adobe.com/')
    assert reply.body.endswith(b"</cross-domain-policy>")
    assert {"crossdomain", "staticweb"} <= set(swift.call("GET", "/info", account="").json)
