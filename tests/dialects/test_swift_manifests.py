"""Static large objects of parts, of inline bytes and of each other: request in, answer out."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from tests.dialects.swift_service import Reply, Swift

PARTS = [b"AAAAA", b"BBBBB", b"CCCCC"]
JSON = {"Accept": "application/json"}


def md5(data: bytes | str) -> str:
    return hashlib.md5(data if isinstance(data, bytes) else data.encode(), usedforsecurity=False).hexdigest()


def data(content: bytes) -> dict[str, str]:
    return {"data": base64.b64encode(content).decode()}


def put(swift: Swift, path: str, *rows: object, query: str = "", headers: dict[str, str] | None = None) -> Reply:
    return swift.call("PUT", f"{path}?multipart-manifest=put{query}", headers, json.dumps(rows).encode())


@pytest.fixture
def filled(swift: Swift) -> Swift:
    for container in ("c", "seg"):
        swift.put(f"/{container}")
    for number, part in enumerate(PARTS):
        swift.put(f"/seg/{number}", part)
    return swift


@pytest.mark.parametrize(
    ("rows", "body", "tag"),
    [
        ([("1-3", 0)], b"AAA", f"{md5(PARTS[0])}:1-3;"),
        ([("-2", 0), (None, 1)], b"AABBBBB", f"{md5(PARTS[0])}:3-4;{md5(PARTS[1])}"),
        ([("3-", 1), ("0-0", 2)], b"BBC", f"{md5(PARTS[1])}:3-4;{md5(PARTS[2])}:0-0;"),
        ([("0-4", 0)], b"AAAAA", md5(PARTS[0])),
        ([("0-99", 0)], b"AAAAA", md5(PARTS[0])),
    ],
)
def test_a_range_takes_a_part_of_a_segment(
    filled: Swift, rows: list[tuple[str | None, int]], body: bytes, tag: str
) -> None:
    wanted = [{"path": f"/seg/{number}", "size_bytes": 5, "range": part} for part, number in rows]
    assert put(filled, "/c/slo", *wanted, headers={"ETag": md5("other")}).status == 422
    reply = put(filled, "/c/slo", *wanted, headers={"ETag": md5(tag)})
    assert (reply.status, reply.headers["etag"]) == (201, f'"{md5(tag)}"')
    reply = filled.call("GET", "/c/slo")
    assert (reply.body, reply.headers["content-length"]) == (body, str(len(body)))
    assert filled.call("GET", "/c/slo", {"Range": "bytes=-1"}).body == body[-1:]
    assert filled.call("GET", "/c?format=json").json[0]["bytes"] == len(body)


@pytest.mark.parametrize("part", ["5-", "9-12", "-0", "3-1"])
def test_a_range_outside_of_its_segment_is_named(filled: Swift, part: str) -> None:
    reply = put(filled, "/c/slo", {"path": "/seg/0", "range": part})
    assert (reply.status, reply.text) == (400, "Errors:\n/seg/0, Unsatisfiable Range\n")


@pytest.mark.parametrize(
    "row",
    [
        {"path": "/seg/0", "range": "x"},
        {"path": "/seg/0", "range": "0-1,2-3"},
        {"path": "/seg/0", "range": "-"},
        {"path": "/seg/0", "range": 5},
        {"path": "/seg/0", "range": "0-" + "9" * 5000},
        {"data": "no base64!"},
        {"data": ""},
        {"data": 5},
        {"data": None},
        {"data": "QUJD", "size_bytes": 3},
        {"data": "QUJD", "path": "/seg/0"},
    ],
)
def test_a_row_that_is_no_row_is_400(filled: Swift, row: object) -> None:
    reply = put(filled, "/c/slo", {"path": "/seg/0"}, row)
    assert (reply.status, reply.text.startswith("Index 1: ")) == (400, True)
    assert filled.names("/c") == []


def test_inline_bytes_stand_between_segments(filled: Swift) -> None:
    binary = bytes(range(256))
    rows = [data(b"<\n"), {"path": "/seg/0"}, data(binary), {"path": "/seg/1", "range": "0-1"}, data(b">")]
    body = b"<\nAAAAA" + binary + b"BB>"
    tag = md5(md5(b"<\n") + md5(PARTS[0]) + md5(binary) + f"{md5(PARTS[1])}:0-1;" + md5(b">"))
    assert put(filled, "/c/slo", *rows).headers["etag"] == f'"{tag}"'
    assert filled.call("GET", "/c/slo").body == body
    for start, stop in [(0, 1), (1, 3), (6, 9), (260, 266)]:
        assert filled.call("GET", "/c/slo", {"Range": f"bytes={start}-{stop - 1}"}).body == body[start:stop]
    listed = filled.call("GET", "/c/slo?multipart-manifest=get").json
    assert (listed[0], listed[2], listed[3]["range"]) == (rows[0], rows[2], "0-1")
    filled.put("/c/dlo", b"", {"X-Object-Manifest": "c/slo"})
    assert filled.call("GET", "/c/dlo").body == body
    filled.call("COPY", "/c/slo?multipart-manifest=get", {"Destination": "seg/copy"})
    assert filled.call("GET", "/seg/copy").body == body


def test_inline_bytes_alone_are_refused(filled: Swift) -> None:
    assert "at least one object-backed" in put(filled, "/c/slo", data(b"x")).text


def test_the_raw_list_can_be_put_again(filled: Swift) -> None:
    put(filled, "/c/inner", {"path": "/seg/1"})
    rows = [{"path": "/seg/0", "range": "1-2"}, data(b"x"), {"path": "/c/inner"}]
    put(filled, "/c/slo", *rows)
    raw = filled.call("GET", "/c/slo?multipart-manifest=get&format=raw")
    assert raw.headers["etag"] == md5(raw.body)
    assert raw.json[0] == {"path": "/seg/0", "size_bytes": 5, "etag": md5(PARTS[0]), "range": "1-2"}
    assert put(filled, "/c/again", *raw.json).status == 201
    assert filled.call("GET", "/c/again").body == filled.call("GET", "/c/slo").body == b"AAxBBBBB"


def test_lists_within_lists_are_read_as_one(filled: Swift) -> None:
    put(filled, "/c/ab", {"path": "/seg/0"}, {"path": "/seg/1"}, data(b"-"))
    tag = md5(md5(PARTS[0]) + md5(PARTS[1]) + md5(b"-"))
    row = {"path": "/c/ab", "etag": tag, "size_bytes": 11}
    assert put(filled, "/c/slo", {**row, "range": "3-6"}, {"path": "/seg/2"}, row).status == 201
    assert filled.call("GET", "/c/slo").body == b"AABB" + b"CCCCC" + b"AAAAABBBBB-"
    assert filled.call("GET", "/c/slo", {"Range": "bytes=1-5"}).body == b"ABBCC"
    (first, *_) = filled.call("GET", "/c/slo?multipart-manifest=get").json
    assert (first["sub_slo"], first["hash"], first["range"]) == (True, tag, "3-6")
    assert put(filled, "/c/new", {**row, "etag": md5("x")}).text.endswith("/c/ab, Etag Mismatch\n")


def test_a_list_within_that_changed_is_409_before_any_byte(filled: Swift) -> None:
    put(filled, "/c/ab", {"path": "/seg/0"}, {"path": "/seg/1"})
    put(filled, "/c/slo", {"path": "/seg/2"}, {"path": "/c/ab"})
    filled.put("/seg/1", b"other")
    assert filled.call("GET", "/c/slo").status == 409
    reply = put(filled, "/c/new", {"path": "/c/ab"})
    assert (reply.status, "/c/ab, is broken" in reply.text) == (400, True)
    filled.put("/seg/1", PARTS[1])
    filled.put("/c/ab", b"AAAAABBBBB")
    assert filled.call("GET", "/c/slo").status == 409


def test_depth_is_limited(filled: Swift) -> None:
    inner = "/seg/0"
    for depth in range(10):
        assert put(filled, f"/c/{depth}", {"path": inner}).status == 201
        inner = f"/c/{depth}"
    assert filled.call("GET", inner).body == b"AAAAA"
    reply = put(filled, "/c/deeper", {"path": inner}, headers=JSON)
    assert (reply.status, reply.json) == (400, {"Errors": [[inner, "is nested too deeply"]]})


def test_lists_that_multiply_are_not_followed(filled: Swift) -> None:
    rows = [{"path": "/seg/0", "range": "0-0"}] * 1000
    put(filled, "/c/thousand", *rows)
    reply = put(filled, "/c/million", *([{"path": "/c/thousand", "range": "0-0"}] * 1000))
    assert (reply.status, reply.text) == (400, "Errors:\n/c/thousand, is of too many segments\n")
    assert filled.names("/c") == ["thousand"]


def test_a_list_of_itself_is_refused(filled: Swift) -> None:
    assert put(filled, "/c/slo", {"path": "/seg/0"}).status == 201
    assert put(filled, "/c/slo", {"path": "/c/slo"}).text == "Errors:\n/c/slo, refers to itself\n"
    assert put(filled, "/c/outer", {"path": "/c/slo"}).status == 201
    assert put(filled, "/c/slo", {"path": "/c/outer"}).text == "Errors:\n/c/outer, refers to itself\n"
    assert filled.call("GET", "/c/outer").body == b"AAAAA"


def test_objects_of_another_account_cannot_be_named(filled: Swift) -> None:
    stranger = filled.as_("member", f"{filled.project}-elsewhere")
    stranger.put("/mine")
    for path in (f"/AUTH_{filled.project}/seg/0", f"/../AUTH_{filled.project}/seg/0", "/seg/0"):
        reply = put(stranger, "/mine/slo", {"path": path})
        assert (reply.status, "404 Not Found" in reply.text) == (400, True)


def test_dynamic_ones_are_no_segments(filled: Swift) -> None:
    filled.put("/c/dlo", b"", {"X-Object-Manifest": "seg/x"})
    assert put(filled, "/c/slo", {"path": "/c/dlo"}).text == "Errors:\n/c/dlo, is a large object itself\n"


def test_a_hundred_thousand_segments_are_refused(filled: Swift) -> None:
    assert put(filled, "/c/slo", *([{"path": "/seg/0"}] * 100_000)).status == 413
    assert filled.names("/c") == []


def test_part_number_gives_one_segment(filled: Swift) -> None:
    put(filled, "/c/slo", {"path": "/seg/0"}, data(b"xy"), {"path": "/seg/1", "range": "1-2"})
    for method, number, body, span in [
        ("GET", 1, b"AAAAA", "0-4"),
        ("GET", 2, b"xy", "5-6"),
        ("GET", 3, b"BB", "7-8"),
        ("HEAD", 3, b"", "7-8"),
    ]:
        reply = filled.call(method, f"/c/slo?part-number={number}")
        assert (reply.status, reply.body) == (206, body)
        assert reply.headers["content-range"] == f"bytes {span}/9"
        assert reply.headers["x-parts-count"] == "3"
    assert filled.call("GET", "/c/slo?part-number=4").status == 416
    for number in ("0", "-1", "x", "", "9" * 5000):
        assert filled.call("GET", f"/c/slo?part-number={number}").status == 400
    assert filled.call("GET", "/c/slo?part-number=1", {"Range": "bytes=0-1"}).status == 400
    assert filled.call("GET", "/seg/0?part-number=1").status == 200


def test_heartbeat_says_the_verdict_in_the_body(filled: Swift) -> None:
    reply = put(filled, "/c/slo", {"path": "/seg/0"}, query="&heartbeat=on", headers=JSON)
    assert (reply.status, reply.body[:1]) == (202, b" ")
    assert (reply.json["Response Status"], reply.json["Etag"]) == ("201 Created", f'"{md5(md5(PARTS[0]))}"')
    assert reply.json["Errors"] == []
    assert filled.call("GET", "/c/slo").body == b"AAAAA"
    reply = put(filled, "/c/bad", {"path": "/seg/none"}, query="&heartbeat=on", headers=JSON)
    assert (reply.status, reply.json["Response Status"]) == (202, "400 Bad Request")
    assert reply.json["Errors"] == [["/seg/none", "404 Not Found"]]
    reply = put(filled, "/c/bad", {"path": "/seg/0"}, query="&heartbeat=on", headers={**JSON, "ETag": md5("x")})
    assert (reply.status, reply.json["Response Status"]) == (202, "422 Unprocessable Entity")
    assert filled.call("PUT", "/c/bad?multipart-manifest=put&heartbeat=on", {}, b"{").status == 400
    assert filled.names("/c") == ["slo"]


def test_delete_takes_what_is_within_along(filled: Swift) -> None:
    put(filled, "/c/ab", {"path": "/seg/0"}, {"path": "/seg/1"}, data(b"x"))
    put(filled, "/c/slo", {"path": "/c/ab"}, {"path": "/seg/2"}, {"path": "/c/ab", "range": "0-1"})
    reply = filled.call("DELETE", "/c/slo?multipart-manifest=delete", JSON)
    assert (reply.json["Number Deleted"], reply.json["Number Not Found"], reply.json["Errors"]) == (5, 0, [])
    assert (filled.names("/c"), filled.names("/seg")) == ([], [])
