"""Pithos: objects read whole, in parts, under conditions, by their hash maps; and through Swift what Pithos has."""

from __future__ import annotations

import hashlib
import re

import pytest

from imageferry.domain.block import BLOCK_SIZE
from tests.dialects.openstack_service import Reply
from tests.dialects.pithos_caller import H0, HELLO, OCTETS, Pithos, fault, hash_of, top_of

PAST, FUTURE = "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"
MD5 = "5d41402abc4b2a76b9719d911017c592"


@pytest.fixture
def hello(pithos: Pithos) -> Pithos:
    pithos.put("/pithos/o", b"hello", content_type="text/plain", x_object_meta_colour="deep%20blue")
    return pithos


def test_head_and_get_tell_the_same(hello: Pithos) -> None:
    head, got = hello.head("/pithos/o"), hello.get("/pithos/o?format=json")
    assert (head.status, head.body) == (200, b"")
    assert (got.status, got.body) == (200, b"hello")
    assert head.headers == got.headers
    expected = {
        "etag": HELLO,
        "content-length": "5",
        "content-type": "text/plain",
        "x-object-hash": HELLO,
        "x-object-modified-by": hello.account,
        "x-object-meta-colour": "deep blue",
    }
    assert {name: head.headers[name] for name in expected} == expected
    for name in ("last-modified", "x-object-version-timestamp"):
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", head.headers[name])
    assert re.fullmatch(r"[0-9a-f-]{36}", head.headers["x-object-uuid"])
    assert head.headers["x-object-version"].isdigit()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Match": HELLO}, 200),
        ({"If-Match": f'"{HELLO}"'}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": H0}, 412),
        ({"If-Match": MD5}, 412),
        ({"If-None-Match": HELLO}, 304),
        ({"If-None-Match": f'"x", "{HELLO}"'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": H0}, 200),
        ({"If-Modified-Since": FUTURE}, 304),
        ({"If-Modified-Since": PAST}, 200),
        ({"If-Unmodified-Since": FUTURE}, 200),
        ({"If-Unmodified-Since": PAST}, 412),
        ({"If-Modified-Since": "yesterday"}, 200),
    ],
)
def test_conditions_are_on_the_hash_of_the_tree(hello: Pithos, headers: dict[str, str], status: int) -> None:
    for method, query in (("HEAD", ""), ("GET", ""), ("GET", "?hashmap")):
        reply = hello.call(method, f"/pithos/o{query}", headers)
        assert reply.status == status
        if status == 304:
            assert (reply.body, reply.headers["etag"]) == (b"", HELLO)
        if status == 412 and method == "GET":
            fault(reply, 412)


@pytest.mark.parametrize(
    ("asked", "span", "body"),
    [
        ("bytes=1-3", "bytes 1-3/5", b"ell"),
        ("bytes=0-0", "bytes 0-0/5", b"h"),
        ("bytes=2-", "bytes 2-4/5", b"llo"),
        ("bytes=-2", "bytes 3-4/5", b"lo"),
        ("bytes=3-99", "bytes 3-4/5", b"lo"),
    ],
)
def test_a_range(hello: Pithos, asked: str, span: str, body: bytes) -> None:
    reply = hello.call("GET", "/pithos/o?format=json", {"Range": asked})
    assert (reply.status, reply.body) == (206, body)
    assert (reply.headers["content-range"], reply.headers["content-length"]) == (span, str(len(body)))
    assert reply.headers["etag"] == HELLO


def test_ranges_that_are_none_and_ranges_outside(hello: Pithos) -> None:
    for nonsense in ("bytes=3-1", "lines=1-2", "bytes=", "bytes=a-b", "x"):
        assert hello.call("GET", "/pithos/o", {"Range": nonsense}).body == b"hello"
    for outside in ("bytes=5-", "bytes=9-10"):
        reply = hello.call("GET", "/pithos/o", {"Range": outside})
        fault(reply, 416)
        assert reply.headers["content-range"] == "bytes */5"
    fault(hello.call("GET", "/pithos/o", {"Range": "bytes=" + "0-," * 60 + "0-"}), 416)


def test_several_ranges_come_in_one_answer(hello: Pithos) -> None:
    reply = hello.call("GET", "/pithos/o", {"Range": "bytes=0-0,3-4"})
    assert reply.status == 206
    kind, boundary = reply.headers["content-type"].split(";boundary=")
    assert kind == "multipart/byteranges"
    assert int(reply.headers["content-length"]) == len(reply.body)
    parts = reply.body.split(f"--{boundary}".encode())
    assert parts[-1] == b"--"
    told = [part.partition(b"\r\n\r\n") for part in parts[1:-1]]
    assert [body for _, _, body in told] == [b"h\r\n", b"lo\r\n"]
    assert b"Content-Range: bytes 3-4/5" in told[1][0]
    assert b"Content-Type: text/plain" in told[1][0]


def test_a_range_holds_only_for_what_was_seen(hello: Pithos) -> None:
    for seen, status in ((HELLO, 206), (H0, 200), (PAST, 200)):
        reply = hello.call("GET", "/pithos/o", {"Range": "bytes=1-3", "If-Range": seen})
        assert reply.status == status


def test_blocks_are_read_as_kamaki_asks_for_them(pithos: Pithos) -> None:
    """By the hash map, then by ranges of a block each."""
    blocks = [b"1" * BLOCK_SIZE, b"2" * BLOCK_SIZE, b"3" * 10]
    pithos.put("/pithos/o", b"".join(blocks))
    told = pithos.get("/pithos/o?hashmap=True&format=json").json
    assert told["hashes"] == [hash_of(block) for block in blocks]
    for number, block in enumerate(blocks):
        first = number * BLOCK_SIZE
        span = {"Range": f"bytes={first}-{first + len(block) - 1}", "If-Match": top_of(*blocks)}
        reply = pithos.call("GET", "/pithos/o?format=json", span)
        assert (reply.status, reply.body == block) == (206, True)


def test_the_answer_with_a_hash_map_has_the_headers_of_the_object(hello: Pithos) -> None:
    head, told = hello.head("/pithos/o").headers, hello.get("/pithos/o?hashmap")
    assert told.headers["content-type"] == "application/json; charset=UTF-8"
    assert told.headers["content-length"] == str(len(told.body))
    for name in ("etag", "x-object-hash", "x-object-version", "x-object-uuid", "x-object-meta-colour"):
        assert told.headers[name] == head[name]


def test_the_number_of_what_is_there_asks_for_it(hello: Pithos) -> None:
    number = hello.head("/pithos/o").headers["x-object-version"]
    for query in ("", "&format=json", "&hashmap"):
        assert hello.get(f"/pithos/o?version={number}{query}").status == 200
    fault(hello.get(f"/pithos/o?version={int(number) - 10}"), 404)


@pytest.mark.parametrize("number", ["x", "-1", "0", "1.5", "9" * 40])
def test_what_is_no_number_of_a_version(hello: Pithos, number: str) -> None:
    assert hello.get(f"/pithos/o?version={number}").status in (400, 404)


def test_what_is_not_there(pithos: Pithos) -> None:
    for path in ("/pithos/none", "/none/o", "/none"):
        assert pithos.head(path).status == 404
        fault(pithos.get(path), 404)
    fault(pithos.call("DELETE", "/pithos/none"), 404)
    fault(pithos.call("DELETE", "/none/o"), 404)


# -- one store, two views ---------------------------------------------------------


def test_what_pithos_puts_swift_reads(pithos: Pithos) -> None:
    sent = {"X_Object_Meta_%C3%BC": "%E2%82%AC", "Content_Disposition": "attachment"}
    pithos.put("/pithos/b%C3%BC", b"hello", content_type="text/plain", **sent)
    seen = pithos.swift("GET", "/pithos/b%C3%BC")
    assert (seen.status, seen.body) == (200, b"hello")
    assert (seen.headers["etag"], seen.headers["content-type"]) == (MD5, "text/plain")
    assert seen.headers["content-disposition"] == "attachment"
    assert seen.headers["x-object-meta-ü"] == "€"
    block = b"1" * BLOCK_SIZE
    pithos.send_block("/pithos", block)
    pithos.put_map("/pithos/disk", 2 * BLOCK_SIZE, hash_of(block), H0)
    expected = hashlib.md5(block + bytes(BLOCK_SIZE), usedforsecurity=False).hexdigest()
    assert pithos.swift("HEAD", "/pithos/disk").headers["etag"] == expected
    row = next(row for row in pithos.swift("GET", "/pithos?format=json").json if row["name"] == "disk")
    assert (row["hash"], row["bytes"]) == (expected, 2 * BLOCK_SIZE)


def test_the_digest_that_swift_needs_is_not_computed_for_pithos(pithos: Pithos) -> None:
    pithos.put("/pithos/o", b"1" * (BLOCK_SIZE + 1))
    assert pithos.head("/pithos/o").status == 200
    for query in ("", "?hashmap"):
        assert pithos.get(f"/pithos/o{query}").status == 200
    assert pithos.rows("/pithos")[0]["hash"] == ""
    pithos.swift("HEAD", "/pithos/o")
    assert len(pithos.rows("/pithos")[0]["hash"]) == 32


def test_what_swift_puts_pithos_reads(pithos: Pithos) -> None:
    pithos.swift("PUT", "/c")
    body = b"1" * BLOCK_SIZE + b"tail"
    kept = {"Content-Type": "text/plain", "X-Object-Meta-Colour": "blue", "Cache-Control": "no-store"}
    pithos.swift("PUT", "/c/o", kept, body)
    head, got = pithos.head("/c/o").headers, pithos.get("/c/o")
    assert got.body == body
    assert head["x-object-hash"] == head["etag"] == top_of(b"1" * BLOCK_SIZE, b"tail")
    assert (head["x-object-meta-colour"], head["cache-control"]) == ("blue", "no-store")
    before = head["x-object-version"]
    pithos.swift("POST", "/c/o", {"X-Object-Meta-Colour": "red"})
    after = pithos.head("/c/o").headers
    assert after["x-object-meta-colour"] == "red"
    assert after["x-object-uuid"] == head["x-object-uuid"]
    assert int(after["x-object-version"]) > int(before)
    assert pithos.put_map("/pithos/again", len(body), hash_of(b"1" * BLOCK_SIZE), hash_of(b"tail")).status == 201


def test_what_one_deletes_is_gone_in_the_other(hello: Pithos) -> None:
    assert hello.swift("DELETE", "/pithos/o").status == 204
    fault(hello.get("/pithos/o"), 404)
    hello.put("/pithos/o")
    assert hello.call("DELETE", "/pithos/o").status == 204
    assert hello.swift("GET", "/pithos/o").status == 404


def large(pithos: Pithos, *parts: bytes) -> Reply:
    """A static large object of these parts, as /c/whole."""
    pithos.swift("PUT", "/c")
    for number, part in enumerate(parts):
        assert pithos.swift("PUT", f"/c/seg/{number}", OCTETS, part).status == 201
    rows = ",".join(f'{{"path": "c/seg/{number}"}}' for number in range(len(parts)))
    made = pithos.swift("PUT", "/c/whole?multipart-manifest=put", body=f"[{rows}]".encode())
    assert made.status == 201
    return made


def test_a_large_object_has_its_size_its_bytes_and_its_own_tag(pithos: Pithos) -> None:
    parts = (b"a" * BLOCK_SIZE, b"b" * 10)
    tag = large(pithos, *parts).headers["etag"].strip('"')
    head = pithos.head("/c/whole").headers
    assert (head["content-length"], head["etag"]) == (str(BLOCK_SIZE + 10), tag)
    assert "x-object-hash" not in head
    assert pithos.get("/c/whole").body == b"".join(parts)
    assert pithos.call("GET", "/c/whole", {"Range": f"bytes={BLOCK_SIZE - 1}-{BLOCK_SIZE}"}).body == b"ab"
    told = pithos.get("/c/whole?hashmap").json
    assert told["bytes"] == BLOCK_SIZE + 10
    assert told["hashes"] == [hash_of(part) for part in parts]
    assert pithos.call("PUT", "/c/whole", OCTETS | {"If-Match": tag}, b"x").status == 201
    assert pithos.head("/c/whole").headers["x-object-hash"] == hash_of(b"x")


def test_a_large_object_whose_parts_are_no_blocks_has_no_hash_map(pithos: Pithos) -> None:
    large(pithos, b"hello", b"world")
    assert pithos.get("/c/whole").body == b"helloworld"
    assert "whole blocks" in fault(pithos.get("/c/whole?hashmap"), 409)
    pithos.swift("PUT", "/c/joined", {"X-Object-Manifest": "c/seg/"})
    assert pithos.get("/c/joined").body == b"helloworld"
    fault(pithos.get("/c/joined?hashmap"), 409)
    pithos.swift("DELETE", "/c/seg/0")
    assert pithos.head("/c/whole").headers["content-length"] == "10"
    fault(pithos.get("/c/whole"), 409)


def test_a_link_is_read_as_what_it_leads_to(hello: Pithos) -> None:
    hello.swift("PUT", "/pithos/link", {"X-Symlink-Target": "pithos/o"})
    assert hello.get("/pithos/link").body == b"hello"
    assert hello.head("/pithos/link").headers["x-object-hash"] == HELLO
    assert hello.get("/pithos/link?hashmap").json["hashes"] == [HELLO]


def test_access_lists_of_swift_open_containers_here_as_well(pithos: Pithos) -> None:
    alt = pithos.cloud.projects["alt"].id
    lists = {"X-Container-Read": f"{alt}:*", "X-Container-Write": f"{alt}:*"}
    pithos.swift("PUT", "/c", lists)
    pithos.put("/c/o")
    stranger = pithos.as_("alex", "alt")
    assert stranger.get("/c/o").body == b"hello"
    assert stranger.get("/c/o?hashmap").status == 200
    assert stranger.put("/c/mine", b"x").status == 201
    fault(stranger.get("/pithos/o"), 403)
