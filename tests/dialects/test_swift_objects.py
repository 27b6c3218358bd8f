"""Objects: PUT, GET, HEAD, POST, DELETE, COPY."""

from __future__ import annotations

import hashlib
import re
import urllib.parse
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import pytest

from tests.dialects.swift_service import MAX_OBJECT, Swift

HELLO = "5d41402abc4b2a76b9719d911017c592"
EMPTY = "d41d8cd98f00b204e9800998ecf8427e"


@pytest.fixture
def box(swift: Swift) -> Swift:
    """A project with one container, /c."""
    swift.put("/c")
    return swift


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def chunks(*parts: bytes) -> Iterator[bytes]:
    yield from parts


def test_an_object_comes_back_as_it_was_put(box: Swift) -> None:
    reply = box.put("/c/o", b"hello", {"Content-Type": "text/x", "ETag": HELLO, "X-Object-Meta-K": "v"})
    assert (reply.status, reply.headers["etag"], reply.body) == (201, HELLO, b"")
    modified = reply.headers["last-modified"]
    for method, body in [("GET", b"hello"), ("HEAD", b"")]:
        reply = box.call(method, "/c/o")
        assert (reply.status, reply.body) == (200, body)
        assert reply.headers["content-length"] == "5"
        assert reply.headers["content-type"] == "text/x"
        assert reply.headers["etag"] == HELLO
        assert reply.headers["last-modified"] == modified
        assert reply.headers["x-object-meta-k"] == "v"


@pytest.mark.parametrize("size", [0, 1, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, 9_000_001])
def test_sizes_around_blocks_come_back_whole(box: Swift, size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    data = data[:size]
    assert box.put("/c/o", data).headers["etag"] == md5(data)
    assert box.call("GET", "/c/o").body == data


def test_a_body_in_chunks_needs_no_length(box: Swift) -> None:
    reply = box.call("PUT", "/c/o", {}, chunks(b"hel", b"lo"))
    assert (reply.status, reply.headers["etag"]) == (201, HELLO)
    assert box.call("GET", "/c/o").body == b"hello"


def test_put_overwrites(box: Swift) -> None:
    box.put("/c/o", b"old", {"X-Object-Meta-Old": "1"})
    box.put("/c/o", b"hello")
    reply = box.call("GET", "/c/o")
    assert reply.body == b"hello"
    assert "x-object-meta-old" not in reply.headers


def test_an_empty_metadata_value_of_an_object_is_kept(box: Swift) -> None:
    box.put("/c/o", b"", {"X-Object-Meta-Empty": ""})
    assert box.call("HEAD", "/c/o").headers["x-object-meta-empty"] == ""


def test_content_headers_are_kept_as_they_came(box: Swift) -> None:
    headers = {
        "Content-Encoding": "gzip",
        "Content-Disposition": 'attachment; filename="ü.img"',
        "Content-Language": "de",
        "Cache-Control": "no-store",
        "Expires": "Fri, 20 Nov 2026 07:31:45 GMT",
    }
    box.put("/c/o", b"", headers)
    found = box.call("HEAD", "/c/o").headers
    assert {name: found[name.lower()].encode("latin-1").decode() for name in headers} == headers


@pytest.mark.parametrize(
    ("name", "headers", "content_type"),
    [
        ("page.html", {}, "text/html"),
        ("a/b/page.html", {"Content-Type": ""}, "text/html"),
        ("disk.qcow2", {}, "application/octet-stream"),
        ("page.html", {"Content-Type": "text/x"}, "text/x"),
        ("page.html", {"Content-Type": "text/x", "X-Detect-Content-Type": "true"}, "text/html"),
        ("page.html", {"Content-Type": "text/x", "X-Detect-Content-Type": "false"}, "text/x"),
    ],
)
def test_the_type_is_guessed_where_none_is_told(
    box: Swift, name: str, headers: dict[str, str], content_type: str
) -> None:
    box.put(f"/c/{name}", b"", headers)
    assert box.call("HEAD", f"/c/{name}").headers["content-type"] == content_type


@pytest.mark.parametrize("query", ["?symlink=get", "?format=json", "?multipart-manifest=get"])
def test_questions_that_mean_nothing_here_are_ignored(box: Swift, query: str) -> None:
    box.put("/c/o", b"hello")
    assert box.call("GET", f"/c/o{query}", {"X-Newest": "true"}).body == b"hello"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "COPY"])
@pytest.mark.parametrize("path", ["/c/none", "/none/o"])
def test_what_is_not_there_is_404(box: Swift, method: str, path: str) -> None:
    assert box.call(method, path, {"Destination": "c/x"}).status == 404


def test_put_into_a_missing_container_is_404_and_makes_none(swift: Swift) -> None:
    assert swift.call("PUT", "/none/o", {}, b"x").status == 404
    assert swift.names("") == []


# -- what a PUT may be refused for -------------------------------------------


def test_a_wrong_etag_is_422_and_leaves_the_old_object(box: Swift) -> None:
    box.put("/c/o", b"old")
    for etag in (EMPTY, "not an md5", HELLO[:-1]):
        assert box.call("PUT", "/c/o", {"ETag": etag}, b"hello").status == 422
    assert box.call("GET", "/c/o").body == b"old"


@pytest.mark.parametrize("etag", [HELLO.upper(), f'"{HELLO}"'])
def test_a_right_etag_may_be_quoted_or_in_capitals(box: Swift, etag: str) -> None:
    box.put("/c/o", b"hello", {"ETag": etag})


def test_neither_length_nor_chunks_is_411(box: Swift) -> None:
    head = (
        f"PUT {box.account}/c/o HTTP/1.1\r\nHost: h\r\nX-Auth-Token: member@{box.project}\r\nConnection: close\r\n\r\n"
    )
    answer = box.raw(head.encode())
    assert answer.startswith(b"HTTP/1.1 411 ")
    assert box.names("/c") == []


def test_too_large_is_413_by_length_and_by_counting(box: Swift) -> None:
    assert box.call("PUT", "/c/o", {"Content-Length": str(MAX_OBJECT + 1), "Expect": "100-continue"}).status == 413
    piece = bytes(1 << 20)
    reply = box.call("PUT", "/c/o", {}, chunks(*[piece] * (MAX_OBJECT // len(piece)), b"x"))
    assert reply.status == 413
    assert box.names("/c") == []


def test_the_largest_object_is_taken(box: Swift) -> None:
    box.put("/c/o", bytes(MAX_OBJECT))
    assert box.call("HEAD", "/c/o").headers["content-length"] == str(MAX_OBJECT)


def test_a_cut_upload_leaves_the_old_object(box: Swift) -> None:
    box.put("/c/o", b"old")
    head = f"PUT {box.account}/c/o HTTP/1.1\r\nHost: h\r\nX-Auth-Token: member@{box.project}\r\n"
    cut = [
        head + "Content-Length: 10\r\n\r\nhello",
        head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
        head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n",
        head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloGARBAGE",
        head + "Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    ]
    for request in cut:
        answer = box.raw(request.encode(), close_early=True)
        assert b" 201 " not in answer
    assert box.call("GET", "/c/o").body == b"old"
    assert box.names("/c") == ["o"]


def test_if_none_match_star_protects_what_is_there(box: Swift) -> None:
    assert box.call("PUT", "/c/o", {"If-None-Match": "*"}, b"one").status == 201
    assert box.call("PUT", "/c/o", {"If-None-Match": "*"}, b"two").status == 412
    assert box.call("COPY", "/c/o", {"If-None-Match": "*", "Destination": "c/o"}).status == 412
    assert box.call("GET", "/c/o").body == b"one"
    assert box.call("PUT", "/c/o", {"If-None-Match": HELLO}, b"two").status == 400


def test_if_none_match_star_lets_one_of_two_uploads_through(box: Swift) -> None:
    """The other one arrives while the first is under way, and must not be lost for it."""

    def slow() -> Iterator[bytes]:
        yield b"slow"
        box.put("/c/o", b"fast", {"If-None-Match": "*"})
        yield b"er"

    assert box.call("PUT", "/c/o", {"If-None-Match": "*"}, slow()).status == 412
    assert box.call("GET", "/c/o").body == b"fast"


def test_a_refusal_comes_before_the_body_when_the_client_waits(box: Swift) -> None:
    box.put("/c/o", b"x")
    token = f"X-Auth-Token: member@{box.project}\r\n"
    rest = "Host: h\r\nContent-Length: 10000000\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    for path, headers, status in [
        ("/c/o", token + "If-None-Match: *\r\n", b"412"),
        ("/none/o", token, b"404"),
        ("/c/o", "", b"401"),
    ]:
        answer = box.raw(f"PUT {box.account}{path} HTTP/1.1\r\n{headers}{rest}".encode())
        assert answer.startswith(b"HTTP/1.1 " + status)
        assert b"100 Continue" not in answer


@pytest.mark.parametrize(
    "headers",
    [
        {f"X-Object-Meta-N{i}": "v" for i in range(91)},
        {"X-Object-Meta-" + "n" * 129: "v"},
        {"X-Object-Meta-N": "v" * 257},
        {f"X-Object-Meta-N{i:02}": "v" * 256 for i in range(16)},
        {"X-Object-Meta-": "v"},
    ],
    ids=["91", "name", "value", "overall", "no name"],
)
def test_metadata_is_bounded(box: Swift, headers: dict[str, str]) -> None:
    assert box.call("PUT", "/c/o", headers, b"x").status == 400
    assert box.names("/c") == []
    box.put("/c/o", b"x")
    assert box.call("POST", "/c/o", headers).status == 400


@pytest.mark.parametrize("value", ["x%0d%0aX-Evil: 1", "é \U0001f427", "a, b", "<script>"])
def test_metadata_values_come_back_as_one_header(box: Swift, value: str) -> None:
    box.put("/c/o", b"", {"X-Object-Meta-A": value})
    headers = box.call("HEAD", "/c/o").headers
    assert headers["x-object-meta-a"].encode("latin-1").decode() == value
    assert "x-evil" not in headers


@pytest.mark.parametrize("header", [{"X-Symlink-Target": "c/o"}], ids=lambda h: next(iter(h)))
def test_what_is_not_offered_yet_is_refused_and_not_ignored(box: Swift, header: dict[str, str]) -> None:
    assert box.call("PUT", "/c/o", header, b"x").status == 400
    assert box.names("/c") == []
    box.put("/c/o", b"x")
    assert box.call("POST", "/c/o", header).status == 400
    assert box.call("DELETE", "/c/o?version-id=1").status == 400
    assert box.names("/c") == ["o"]


# -- names -------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "a/../b",
        "./a",
        "a//b",
        "/",
        "a/",
        "new\nline",
        "tab\t",
        "\U0001f427",
        "é",
        "e\u0301",
        "100%",
        "a?b#c&d=e",
        "a+b c",
        "'\"<>\\",
        "\u202e",
        "n" * 1024,
        "é" * 512,
    ],
)
def test_a_name_may_be_anything(box: Swift, name: str) -> None:
    path = "/c/" + urllib.parse.quote(name)
    box.put(path, name.encode())
    assert box.call("GET", path).body == name.encode()
    assert box.names("/c") == [name]
    assert box.call("DELETE", path).status == 204


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/c/" + "n" * 1025, 400),
        ("/c/" + "%C3%A9" * 513, 400),
        ("/c/a%00b", 412),
        ("/c%00/o", 412),
        ("/c/%ff", 412),
        ("/c/%c0%af", 412),
        ("/c/%ed%a0%80", 412),
        ("//o", 412),
    ],
)
def test_a_name_that_cannot_be_is_refused(box: Swift, path: str, status: int) -> None:
    assert box.call("PUT", path, {}, b"x").status == status
    assert box.names("/c") == []


def test_an_encoded_slash_is_a_slash(box: Swift) -> None:
    box.put("/c%2fa%2Fb", b"x")
    assert box.names("/c") == ["a/b"]


# -- POST, DELETE ------------------------------------------------------------


def test_post_replaces_all_but_the_type(box: Swift) -> None:
    box.put("/c/o", b"hello", {"Content-Type": "text/x", "X-Object-Meta-Old": "1", "Content-Encoding": "gzip"})
    assert box.call("POST", "/c/o", {"X-Object-Meta-New": "n", "Content-Disposition": "inline"}).status == 202
    reply = box.call("GET", "/c/o")
    assert reply.body == b"hello"
    assert reply.headers["content-type"] == "text/x"
    assert reply.headers["content-disposition"] == "inline"
    assert reply.headers["x-object-meta-new"] == "n"
    assert not {"x-object-meta-old", "content-encoding"} & reply.headers.keys()


def test_post_may_change_the_type(box: Swift) -> None:
    box.put("/c/o.html", b"", {"Content-Type": "text/x"})
    box.call("POST", "/c/o.html", {"Content-Type": "text/y"})
    assert box.call("HEAD", "/c/o.html").headers["content-type"] == "text/y"
    box.call("POST", "/c/o.html", {"X-Detect-Content-Type": "true"})
    assert box.call("HEAD", "/c/o.html").headers["content-type"] == "text/html"


def test_delete_is_204_and_then_404(box: Swift) -> None:
    box.put("/c/o", b"hello")
    assert box.call("DELETE", "/c/o").status == 204
    assert box.call("DELETE", "/c/o").status == 404
    assert box.call("HEAD", "/c").headers["x-container-bytes-used"] == "0"


# -- COPY --------------------------------------------------------------------


@pytest.mark.parametrize("how", ["COPY", "PUT"])
def test_a_copy_has_the_bytes_and_what_is_known_of_them(box: Swift, how: str) -> None:
    box.put("/d")
    sent = {"Content-Type": "text/x", "X-Object-Meta-A": "1", "X-Object-Meta-B": "2", "Content-Language": "de"}
    box.put("/c/o", b"hello", sent)
    more = {"X-Object-Meta-B": "new", "X-Object-Meta-C": "3"}
    if how == "COPY":
        reply = box.call("COPY", "/c/o", {"Destination": "/d/%C3%BC%2Fx", **more})
    else:
        reply = box.call("PUT", "/d/%C3%BC%2Fx", {"X-Copy-From": "c/o", **more})
    assert (reply.status, reply.headers["etag"]) == (201, HELLO)
    assert reply.headers["x-copied-from"] == "c/o"
    assert reply.headers["x-copied-from-account"] == f"AUTH_{box.project}"
    assert reply.headers["x-copied-from-last-modified"] == box.call("HEAD", "/c/o").headers["last-modified"]
    found = box.call("GET", "/d/%C3%BC%2Fx")
    assert found.body == b"hello"
    assert (found.headers["content-type"], found.headers["content-language"]) == ("text/x", "de")
    assert [found.headers[f"x-object-meta-{name}"] for name in "abc"] == ["1", "new", "3"]


def test_a_fresh_copy_keeps_nothing_but_the_type(box: Swift) -> None:
    box.put("/c/o", b"hello", {"Content-Type": "text/x", "X-Object-Meta-A": "1", "Content-Language": "de"})
    box.call("COPY", "/c/o", {"Destination": "c/p", "X-Fresh-Metadata": "true", "X-Object-Meta-B": "2"})
    headers = box.call("HEAD", "/c/p").headers
    assert (headers["content-type"], headers["x-object-meta-b"]) == ("text/x", "2")
    assert not {"x-object-meta-a", "content-language"} & headers.keys()


def test_an_object_may_be_copied_onto_itself(box: Swift) -> None:
    box.put("/c/o", b"hello", {"X-Object-Meta-A": "1"})
    assert box.call("COPY", "/c/o", {"Destination": "c/o", "X-Object-Meta-B": "2"}).status == 201
    reply = box.call("GET", "/c/o")
    assert reply.body == b"hello"
    assert (reply.headers["x-object-meta-a"], reply.headers["x-object-meta-b"]) == ("1", "2")


def test_a_copy_outlives_its_source(box: Swift) -> None:
    box.put("/c/o", b"hello")
    box.call("COPY", "/c/o", {"Destination": "c/p"})
    box.call("DELETE", "/c/o")
    assert box.call("GET", "/c/p").body == b"hello"


@pytest.mark.parametrize("destination", ["", "c", "/c", "c/", "/", "/c/", "//o", "c/%ff", "c/%00"])
def test_a_malformed_destination_is_412(box: Swift, destination: str) -> None:
    box.put("/c/o", b"hello")
    assert box.call("COPY", "/c/o", {"Destination": destination}).status == 412
    assert box.call("PUT", "/c/p", {"X-Copy-From": destination}).status == 412
    assert box.names("/c") == ["o"]


def test_a_copy_needs_its_source_and_its_container(box: Swift) -> None:
    box.put("/c/o", b"hello")
    assert box.call("COPY", "/c/o", {"Destination": "none/o"}).status == 404
    assert box.call("PUT", "/c/p", {"X-Copy-From": "c/none"}).status == 404
    assert box.call("COPY", "/c/o", {"Destination": "c/" + "n" * 1025}).status == 400


def test_a_copy_with_a_body_is_refused(box: Swift) -> None:
    box.put("/c/o", b"hello")
    assert box.call("PUT", "/c/p", {"X-Copy-From": "c/o"}, b"body").status == 400
    assert box.call("PUT", "/c/p", {"X-Copy-From": "c/o"}, chunks(b"body")).status == 400
    assert box.names("/c") == ["o"]


def test_a_copy_between_accounts_needs_both_rights(box: Swift) -> None:
    box.put("/c/o", b"hello")
    other = box.as_("member", f"{box.project}-other")
    other.put("/c")
    theirs, mine = {"Account": f"AUTH_{other.project}"}, {"Account": f"AUTH_{box.project}"}
    assert box.call("COPY", "/c/o", {"Destination": "c/o", "Destination-Account": theirs["Account"]}).status == 403
    assert other.call("PUT", "/c/o", {"X-Copy-From": "c/o", "X-Copy-From-Account": mine["Account"]}).status == 403
    assert other.names("/c") == []
    admin = box.as_("admin")
    reply = admin.call("COPY", "/c/o", {"Destination": "c/o", "Destination-Account": theirs["Account"]})
    assert reply.status == 201
    assert other.call("GET", "/c/o").body == b"hello"
    assert box.call("COPY", "/c/o", {"Destination": "c/o", "Destination-Account": "KEY_x"}).status == 412


def test_last_modified_is_rounded_up(box: Swift) -> None:
    box.put("/c/o")
    headers = box.call("HEAD", "/c/o").headers
    assert re.fullmatch(r"\d{10}\.\d{5}", headers["x-timestamp"])
    shown = parsedate_to_datetime(headers["last-modified"]).timestamp()
    assert 0 <= shown - float(headers["x-timestamp"]) < 1
