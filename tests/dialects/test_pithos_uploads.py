"""Pithos: objects by hash maps and by their bytes, as kamaki 0.16 goes about it."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from imageferry.domain.block import BLOCK_SIZE
from tests.dialects.openstack_service import Cloud, Reply
from tests.dialects.pithos_caller import H0, HELLO, OCTETS, Pithos, fault, hash_of, top_of

TEXT = {"Content-Type": "text/plain"}


def test_kamaki_asks_for_the_container_sends_what_is_missing_and_puts_the_map_again(pithos: Pithos) -> None:
    container = pithos.head("/pithos")
    assert container.status == 204
    assert container.headers["x-container-block-size"] == str(BLOCK_SIZE)
    assert container.headers["x-container-block-hash"] == "sha256"
    assert pithos.rows("/pithos") == []
    first, last = b"1" * BLOCK_SIZE, b"the rest"
    hashes = [hash_of(first), H0, hash_of(first), hash_of(last)]
    size = 3 * BLOCK_SIZE + len(last)
    asked = pithos.put_map("/pithos/disk", size, *hashes)
    assert (asked.status, asked.json) == (409, [hash_of(first), hash_of(last)])
    assert asked.headers["content-type"] == "application/json; charset=UTF-8"
    for block in (first, last):
        sent = pithos.send_block("/pithos", block)
        assert (sent.status, sent.json) == (202, [hash_of(block)])
    made = pithos.put_map("/pithos/disk", size, *hashes)
    assert made.status == 201
    assert made.headers["etag"] == top_of(first, b"", first, last)
    seen = pithos.head("/pithos/disk")
    assert seen.status == 200
    assert seen.headers["x-object-hash"] == seen.headers["etag"] == made.headers["etag"]
    assert seen.headers["x-object-version"] == made.headers["x-object-version"]
    assert seen.headers["content-length"] == str(size)
    told = pithos.get("/pithos/disk?hashmap=True&format=json")
    assert told.json == {"block_hash": "sha256", "block_size": BLOCK_SIZE, "bytes": size, "hashes": hashes}
    assert pithos.get("/pithos/disk").body == first + bytes(BLOCK_SIZE) + first + last
    (row,) = pithos.rows("/pithos", "&prefix=disk")
    assert (row["bytes"], row["x_object_hash"], row["hash"]) == (size, made.headers["etag"], "")
    assert row["x_object_uuid"] == seen.headers["x-object-uuid"]
    assert str(row["x_object_version"]) == seen.headers["x-object-version"]
    assert pithos.call("DELETE", "/pithos/disk").status == 204
    fault(pithos.get("/pithos/disk"), 404)


# -- hash maps -------------------------------------------------------------------


@pytest.mark.parametrize("hashes", [[], [H0]])
def test_nothing_has_no_hash_or_that_of_nothing(pithos: Pithos, hashes: list[str]) -> None:
    made = pithos.put_map("/pithos/empty", 0, *hashes)
    assert (made.status, made.headers["etag"]) == (201, H0)
    assert pithos.get("/pithos/empty?hashmap").json["hashes"] == [H0]


def test_holes_are_known_without_being_sent(pithos: Pithos) -> None:
    size = 3 * BLOCK_SIZE - 7
    assert pithos.put_map("/pithos/holes", size, H0, H0, H0).status == 201
    assert pithos.get("/pithos/holes").body == bytes(size)


@pytest.mark.parametrize("flag", ["hashmap", "hashmap=", "hashmap=True", "hashmap=False", "format=json&hashmap"])
def test_a_flag_counts_by_being_there(pithos: Pithos, flag: str) -> None:
    body = json.dumps({"bytes": 0, "hashes": []}).encode()
    assert pithos.call("PUT", f"/pithos/o?{flag}", TEXT, body).status == 201
    assert pithos.get("/pithos/o").body == b""


def test_a_map_brings_type_metadata_and_headers_and_leaves_the_id(pithos: Pithos) -> None:
    pithos.put("/pithos/o", x_object_meta_old="1", content_encoding="gzip")
    before = pithos.head("/pithos/o").headers
    pithos.send_block("/pithos", b"hello")
    sent = {"X_Object_Meta_Colour": "deep%20blue", "Content_Disposition": "attachment"}
    made = pithos.put_map("/pithos/o", 5, HELLO, content_type="text/x-map", **sent)
    after = pithos.head("/pithos/o").headers
    assert made.status == 201
    assert after["content-type"] == "text/x-map"
    assert after["x-object-meta-colour"] == "deep blue"
    assert after["content-disposition"] == "attachment"
    assert "x-object-meta-old" not in after
    assert "content-encoding" not in after
    assert after["x-object-uuid"] == before["x-object-uuid"]
    assert int(after["x-object-version"]) > int(before["x-object-version"])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"bytes": 5}',
        b'{"hashes": []}',
        b'{"bytes": -1, "hashes": []}',
        b'{"bytes": "5", "hashes": []}',
        b'{"bytes": 5, "hashes": []}',
        b'{"bytes": 5, "hashes": ["x"]}',
        b'{"bytes": 5, "hashes": [5]}',
        b'{"bytes": 0, "hashes": ["' + b"0" * 64 + b'"]}',
        b'{"bytes": 5, "hashes": ["' + b"0" * 64 + b'", "' + b"0" * 64 + b'"]}',
        b'{"bytes": 4194305, "hashes": ["' + b"0" * 64 + b'"]}',
        b'{"bytes": 5, "hashes": ["' + b"g" * 64 + b'"]}',
        b'{"bytes": 5, "hashes": ["' + b"0" * 63 + b'"]}',
        b'{"bytes": 5, "block_size": 1024, "hashes": ["' + b"0" * 64 + b'"]}',
        b'{"bytes": 5, "block_hash": "md5", "hashes": ["' + b"0" * 64 + b'"]}',
        b'{"bytes": 1e400, "hashes": []}',
        b'<?xml version="1.0"?><object/>',
    ],
)
def test_a_map_that_is_none_is_refused(pithos: Pithos, body: bytes) -> None:
    fault(pithos.call("PUT", "/pithos/o?hashmap", OCTETS, body), 400)
    assert pithos.head("/pithos/o").status == 404


def test_a_map_beyond_reason_is_refused(pithos: Pithos) -> None:
    """Ten million hashes: by its length before a byte is read, in chunks as soon as it is too much."""
    name = b'"' + b"0" * 64 + b'",'
    size = 10_000_000 * len(name)
    promised = OCTETS | {"Content-Length": str(size)}
    fault(pithos.cloud.call("PUT", _url(pithos, "/pithos/o?hashmap"), headers=promised, body=b"{"), 413)
    pieces = [b'{"bytes": 1, "hashes": [', *[name * 62_000] * 10]
    fault(pithos.call("PUT", "/pithos/o?hashmap", OCTETS, pieces), 413)
    many = json.dumps({"bytes": 1, "hashes": ["0" * 64] * 300_000}).encode()
    assert pithos.call("PUT", "/pithos/o?hashmap", OCTETS, many).status in (400, 413)
    huge = json.dumps({"bytes": 1 << 62, "hashes": ["0" * 64]}).encode()
    fault(pithos.call("PUT", "/pithos/o?hashmap", OCTETS, huge), 413)


def test_what_another_account_has_is_missing_here(pithos: Pithos) -> None:
    """By a hash nobody gets at bytes: neither of a stranger's, nor of what a reader of this account has elsewhere."""
    secret = b"secret of demo"
    demo = Pithos(pithos.cloud.as_("mira", "demo"), pithos.cloud.projects["demo"].id)
    demo.put("/pithos/secret", secret)
    asked = pithos.put_map("/pithos/o", len(secret), hash_of(secret))
    assert (asked.status, asked.json) == (409, [hash_of(secret)])


def test_the_last_block_may_not_be_longer_than_what_is_left(pithos: Pithos) -> None:
    pithos.send_block("/pithos", b"hello")
    fault(pithos.put_map("/pithos/o", 4, HELLO), 400)
    assert pithos.put_map("/pithos/o", 6, HELLO).status == 201
    assert pithos.get("/pithos/o").body == b"hello\0"


# -- blocks ----------------------------------------------------------------------


def test_blocks_of_any_length_are_cut_and_named_in_order(pithos: Pithos) -> None:
    parts = [b"1" * BLOCK_SIZE, bytes(BLOCK_SIZE), b"tail\0\0"]
    sent = pithos.send_block("/pithos", b"".join(parts))
    assert sent.json == [hash_of(part) for part in parts]
    chunked = pithos.call("POST", "/pithos?update", OCTETS, [b"".join(parts)[:100], b"".join(parts)[100:]])
    assert (chunked.status, chunked.json) == (202, sent.json)
    assert pithos.call("POST", "/pithos?update", OCTETS, [b"", b""]).json == []


@pytest.mark.parametrize("kind", ["application/octet-stream; charset=x", "text/plain", ""])
def test_other_types_are_no_blocks(pithos: Pithos, kind: str) -> None:
    sent = pithos.call("POST", "/pithos?update&format=json", {"Content-Type": kind}, b"hello")
    assert (sent.status, sent.body) == (202, b"")
    assert pithos.put_map("/pithos/o", 5, HELLO).status == 409


def test_blocks_go_to_a_container_of_ones_own(pithos: Pithos) -> None:
    fault(pithos.send_block("/none", b"hello"), 404)
    for caller in (pithos.as_("rita", "own"), pithos.as_("alex", "alt")):
        pithos.head()
        fault(caller.send_block("/pithos", b"hello"), 403)


def test_a_body_that_is_cut_off_leaves_nothing(pithos: Pithos) -> None:
    pithos.head()
    for method, path in (("PUT", "/pithos/o"), ("PUT", "/pithos/o?hashmap"), ("POST", "/pithos?update")):
        headers = OCTETS | {"Content-Length": "9"}
        reply = pithos.cloud.call(method, _url(pithos, path), headers=headers, body=[b"hello", b""], cut=True)
        assert reply.status == 400
    assert pithos.head("/pithos/o").status == 404
    assert pithos.put_map("/pithos/o", 5, HELLO).status == 409


# -- by their bytes --------------------------------------------------------------


def test_a_plain_upload_has_the_hash_of_its_tree_for_a_tag(pithos: Pithos) -> None:
    made = pithos.put("/pithos/note.txt", b"hello", content_type="text/plain")
    assert (made.headers["etag"], made.body) == (HELLO, b"")
    got = pithos.get("/pithos/note.txt")
    assert (got.body, got.headers["content-type"], got.headers["etag"]) == (b"hello", "text/plain", HELLO)
    chunked = pithos.call("PUT", "/pithos/note.txt", OCTETS, [b"he", b"llo"])
    assert (chunked.status, chunked.headers["etag"]) == (201, HELLO)
    large = b"1" * BLOCK_SIZE + b"2"
    assert pithos.put("/pithos/large", large).headers["etag"] == top_of(b"1" * BLOCK_SIZE, b"2")


def test_what_is_promised_as_md5_must_come(pithos: Pithos) -> None:
    md5 = hashlib.md5(b"hello", usedforsecurity=False).hexdigest()
    assert pithos.put("/pithos/o", b"hello", etag=md5).headers["etag"] == HELLO
    for wrong in ("0" * 32, HELLO, "x"):
        fault(pithos.call("PUT", "/pithos/o", TEXT | {"ETag": wrong}, b"other"), 422)
    assert pithos.get("/pithos/o").body == b"hello"


def test_an_object_needs_a_type_and_a_length(pithos: Pithos) -> None:
    assert "Content-Type" in fault(pithos.call("PUT", "/pithos/o", body=b"hello"), 411)
    fault(pithos.call("PUT", "/pithos/o?hashmap", body=b"{}"), 411)
    assert "Content-Length" in fault(pithos.cloud.call("PUT", _url(pithos, "/pithos/o"), headers=TEXT), 411)
    fault(pithos.cloud.call("PUT", _url(pithos, "/pithos/o?hashmap"), headers=TEXT), 411)


@pytest.mark.parametrize("kind", ["application/directory", "application/folder", "application/directory;x=y"])
def test_a_directory_is_an_empty_object_of_that_type(pithos: Pithos, kind: str) -> None:
    made = pithos.put("/pithos/images", b"", content_type=kind)
    assert made.headers["etag"] == H0
    head = pithos.head("/pithos/images").headers
    assert (head["content-type"], head["content-length"]) == (kind, "0")


def test_metadata_and_headers_travel_percent_encoded(pithos: Pithos) -> None:
    disposition = 'attachment; filename="b%C3%BCcher, 100%25.txt"'
    sent = {"X-Object-Meta-%C3%BC": "%E2%82%AC", "Content-Disposition": disposition, "Content-Encoding": "x"}
    assert pithos.call("PUT", "/pithos/o", TEXT | sent, b"x").status == 201
    head = pithos.head("/pithos/o").headers
    assert head["x-object-meta-%c3%bc"] == "%E2%82%AC"
    assert head["content-disposition"] == disposition
    assert head["content-encoding"] == "x"
    svg = {"Content-Type": "image/svg+xml; charset=utf-8"}
    pithos.call("PUT", "/pithos/o", svg, b"x")
    assert pithos.head("/pithos/o").headers["content-type"] == svg["Content-Type"]


def test_limits_of_metadata(pithos: Pithos) -> None:
    def put(count: int, value: str = "x", name: str = "") -> Reply:
        sent = {f"X-Object-Meta-K{name}{number}": value for number in range(count)}
        return pithos.call("PUT", "/pithos/o", TEXT | sent, b"x")

    assert put(32).status == 201
    fault(put(33), 400)
    fault(put(91, value=""), 400)
    assert put(90, value="").status == 201
    assert put(1, value="x" * 256, name="n" * 126).status == 201
    fault(put(1, value="x" * 257), 400)
    fault(put(1, name="n" * 128), 400)
    fault(put(1, value="a%0D%0Ab"), 400)


@pytest.mark.parametrize("header", ["Content-Type", "Content-Disposition", "Content-Encoding"])
@pytest.mark.parametrize("value", ["a%0D%0AX-Evil: 1", "a%00", "%7F"])
def test_what_cannot_be_said_in_a_header_is_refused(pithos: Pithos, header: str, value: str) -> None:
    fault(pithos.call("PUT", "/pithos/o", TEXT | {header: value}, b"x"), 400)


@pytest.mark.parametrize(
    "name", ["a%0Ab", "50%25", "%2525", "a/../b", "%C3%BC%20%F0%9F%98%80", "a;b%3Fc%23", "a//b", "/"]
)
def test_odd_names_are_as_good_as_others(pithos: Pithos, name: str) -> None:
    assert pithos.put(f"/pithos/{name}").status == 201
    assert pithos.get(f"/pithos/{name}").body == b"hello"
    assert pithos.get(f"/pithos/{name}?hashmap").json["hashes"] == [HELLO]
    assert pithos.call("DELETE", f"/pithos/{name}").status == 204


@pytest.mark.parametrize("name", ["%00", "a%00b", "%FF", "x" * 1025])
def test_names_that_no_object_can_have(pithos: Pithos, name: str) -> None:
    fault(pithos.call("PUT", f"/pithos/{name}", TEXT, b"x"), 400)
    fault(pithos.put_map(f"/pithos/{name}", 0), 400)
    assert pithos.head(f"/pithos/{name}").status in (400, 404)


# -- conditions, and two at once ---------------------------------------------------


@pytest.mark.parametrize("by_map", [False, True])
def test_an_upload_may_ask_for_what_is_there(pithos: Pithos, by_map: bool) -> None:
    pithos.send_block("/pithos", b"hello")

    def put(name: str, **headers: str) -> int:
        if by_map:
            return pithos.put_map(f"/pithos/{name}", 5, HELLO, **headers).status
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        return pithos.call("PUT", f"/pithos/{name}", TEXT | sent, b"hello").status

    assert put("o", if_match="*") == 412
    assert put("o", if_match=HELLO) == 412
    assert put("o", if_none_match="*") == 201
    assert put("o", if_none_match="*") == 412
    assert put("o", if_match=f'"{H0}", "{HELLO}"') == 201
    assert put("o", if_match=H0) == 412
    assert put("o", if_match="*") == 201
    assert put("o", if_none_match=HELLO) == 412
    assert put("o", if_none_match=H0) == 201
    fault(pithos.call("PUT", "/pithos/o", TEXT | {"If-None-Match": "*"}, b"x"), 412)


@pytest.mark.parametrize("by_map", [False, True])
def test_of_many_that_make_an_object_at_once_one_is_the_first(pithos: Pithos, by_map: bool) -> None:
    pithos.send_block("/pithos", b"hello")

    def put(_: int) -> int:
        with on_a_loop_of_its_own(pithos) as mine:
            if by_map:
                return mine.put_map("/pithos/once", 5, HELLO, if_none_match="*").status
            return mine.call("PUT", "/pithos/once", TEXT | {"If-None-Match": "*"}, b"hello").status

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(put, range(12)))
    assert sorted(statuses) == [201] + [412] * 11


def test_two_uploads_of_one_object_at_once_both_come_to_their_end(pithos: Pithos) -> None:
    pithos.head()
    bodies = [bytes([number]) * 1000 for number in range(1, 7)]

    def put(body: bytes) -> str:
        with on_a_loop_of_its_own(pithos) as mine:
            return mine.put("/pithos/o", body).headers["x-object-version"]

    with ThreadPoolExecutor(6) as pool:
        versions = list(pool.map(put, bodies))
    assert len(set(versions)) == len(bodies)
    head = pithos.head("/pithos/o").headers
    assert head["x-object-version"] == max(versions, key=int)
    last = bodies[versions.index(head["x-object-version"])]
    assert pithos.get("/pithos/o").body == last
    assert head["x-object-hash"] == hash_of(last)
    assert pithos.rows("")[0]["count"] == 1


@contextmanager
def on_a_loop_of_its_own(pithos: Pithos) -> Iterator[Pithos]:
    """The same caller, for another thread."""
    loop = asyncio.new_event_loop()
    yield Pithos(Cloud(**{**vars(pithos.cloud), "loop": loop}), pithos.account)
    loop.close()


def _url(pithos: Pithos, path: str) -> str:
    return f"/object-store/v1/{pithos.account}{path}"
