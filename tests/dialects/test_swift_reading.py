"""Ranges, conditions and large objects."""

from __future__ import annotations

import email
import hashlib
import json
from email.message import Message

import pytest

from tests.dialects.swift_service import MAX_OBJECT, Reply, Swift

DATA = bytes(range(256)) * 40  # 10,240 bytes


@pytest.fixture
def box(swift: Swift) -> Swift:
    swift.put("/c")
    swift.put("/c/o", DATA, {"Content-Type": "text/x"})
    return swift


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def parts_of(reply: Reply) -> list[Message]:
    head = f"Content-Type: {reply.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + reply.body)
    assert message.is_multipart()
    return list(message.get_payload())


# -- ranges ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-9", 5, 10),
        ("bytes=10000-", 10000, 10240),
        ("bytes=-40", 10200, 10240),
        ("bytes=-99999", 0, 10240),
        ("bytes=0-99999999999999999999", 0, 10240),
        ("bytes=10239-10240", 10239, 10240),
        ("bytes=0-1,20000-30000", 0, 2),
        ("Bytes = 0-1", 0, 2),
    ],
)
def test_a_range_is_answered_with_a_part(box: Swift, asked: str, start: int, stop: int) -> None:
    reply = box.call("GET", "/c/o", {"Range": asked})
    assert reply.status == 206
    assert reply.body == DATA[start:stop]
    assert reply.headers["content-range"] == f"bytes {start}-{stop - 1}/10240"
    assert reply.headers["etag"] == md5(DATA)


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=10240-",
        "bytes=99999999999999999999-",
        "bytes=-0",
        "bytes=20000-30000,40000-",
        "bytes=" + "0-1," * 9999 + "0-1",
    ],
    ids=["behind", "far behind", "no bytes", "all behind", "10,000 ranges"],
)
def test_a_range_outside_is_416(box: Swift, asked: str) -> None:
    reply = box.call("GET", "/c/o", {"Range": asked})
    assert reply.status == 416
    assert reply.headers["content-range"] == "bytes */10240"


@pytest.mark.parametrize(
    "asked", ["bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "lines=1-2", "1-2", "bytes=1-2;"]
)
def test_a_nonsensical_range_counts_as_none(box: Swift, asked: str) -> None:
    reply = box.call("GET", "/c/o", {"Range": asked})
    assert (reply.status, reply.body) == (200, DATA)


def test_several_ranges_come_as_parts(box: Swift) -> None:
    reply = box.call("GET", "/c/o", {"Range": "bytes=0-1,100-199,-3"})
    assert reply.status == 206
    assert reply.headers["content-type"].startswith("multipart/byteranges;boundary=")
    assert reply.headers["content-length"] == str(len(reply.body))
    parts = parts_of(reply)
    assert [part["Content-Range"] for part in parts] == [
        "bytes 0-1/10240",
        "bytes 100-199/10240",
        "bytes 10237-10239/10240",
    ]
    assert [part["Content-Type"] for part in parts] == ["text/x"] * 3
    assert [part.get_payload(decode=True) for part in parts] == [DATA[0:2], DATA[100:200], DATA[-3:]]


def test_head_tells_of_all_bytes_whatever_the_range(box: Swift) -> None:
    reply = box.call("HEAD", "/c/o", {"Range": "bytes=0-1"})
    assert (reply.status, reply.headers["content-length"]) == (200, "10240")


def test_ranges_of_nothing(box: Swift) -> None:
    box.put("/c/empty")
    assert box.call("GET", "/c/empty", {"Range": "bytes=0-"}).status == 416
    assert box.call("GET", "/c/empty", {"Range": "bytes=-5"}).status == 200


def test_a_range_over_a_block_boundary(box: Swift) -> None:
    data = bytes(4 << 20) + b"end of the first" + bytes(4 << 20)
    box.put("/c/big", data)
    start = (4 << 20) - 5
    reply = box.call("GET", "/c/big", {"Range": f"bytes={start}-{start + 20}"})
    assert reply.body == data[start : start + 21]


# -- conditions --------------------------------------------------------------

PAST, FUTURE = "Fri, 20 Nov 2020 07:31:45 GMT", "Fri, 20 Nov 2099 07:31:45 GMT"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Match": md5(DATA)}, 200),
        ({"If-Match": f'"{md5(DATA)}"'}, 200),
        ({"If-Match": '"other", "' + md5(DATA) + '"'}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": "other"}, 412),
        ({"If-None-Match": md5(DATA)}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": "other"}, 200),
        ({"If-Modified-Since": PAST}, 200),
        ({"If-Modified-Since": FUTURE}, 304),
        ({"If-Modified-Since": "nonsense"}, 200),
        ({"If-Unmodified-Since": PAST}, 412),
        ({"If-Unmodified-Since": FUTURE}, 200),
        ({"If-None-Match": "other", "If-Modified-Since": FUTURE}, 200),
        ({"If-Match": md5(DATA), "If-Unmodified-Since": PAST}, 200),
    ],
)
def test_conditions(box: Swift, method: str, headers: dict[str, str], status: int) -> None:
    reply = box.call(method, "/c/o", headers)
    assert reply.status == status
    assert reply.headers["etag"] == md5(DATA)
    assert reply.body == (DATA if (method, status) == ("GET", 200) else b"")


@pytest.mark.parametrize(("condition", "status"), [(f'"{md5(DATA)}"', 206), ('"other"', 200), (PAST, 200)])
def test_a_range_holds_only_of_what_the_client_knows(box: Swift, condition: str, status: int) -> None:
    assert box.call("GET", "/c/o", {"Range": "bytes=0-1", "If-Range": condition}).status == status


# -- dynamic large objects ---------------------------------------------------


@pytest.fixture
def dynamic(swift: Swift) -> Swift:
    """A, B and C below seg/big/, joined by /c/dlo."""
    for container in ("c", "seg"):
        swift.put(f"/{container}")
    for number, letter in enumerate(b"ABC"):
        swift.put(f"/seg/big%20one/{number}", bytes([letter]) * 5)
    swift.put("/seg/big%20two", b"not of it")
    swift.put("/c/dlo", b"", {"X-Object-Manifest": "seg/big%20one/", "X-Object-Meta-A": "1"})
    return swift


def test_segments_are_read_as_one(dynamic: Swift) -> None:
    etag = md5("".join(md5(part) for part in (b"AAAAA", b"BBBBB", b"CCCCC")).encode())
    for method, body in [("GET", b"AAAAABBBBBCCCCC"), ("HEAD", b"")]:
        reply = dynamic.call(method, "/c/dlo")
        assert (reply.status, reply.body) == (200, body)
        assert reply.headers["content-length"] == "15"
        assert reply.headers["etag"] == f'"{etag}"'
        assert reply.headers["x-object-manifest"] == "seg/big%20one/"
        assert reply.headers["x-object-meta-a"] == "1"


def test_a_range_goes_over_segments(dynamic: Swift) -> None:
    assert dynamic.call("GET", "/c/dlo", {"Range": "bytes=3-11"}).body == b"AABBBBBCC"
    reply = dynamic.call("GET", "/c/dlo", {"Range": "bytes=4-5,-1"})
    assert [part.get_payload(decode=True) for part in parts_of(reply)] == [b"AB", b"C"]


def test_a_new_segment_is_seen_at_once_and_a_missing_one_shortens(dynamic: Swift) -> None:
    dynamic.put("/seg/big%20one/3", b"D")
    assert dynamic.call("GET", "/c/dlo").body == b"AAAAABBBBBCCCCCD"
    dynamic.call("DELETE", "/seg/big%20one/0")
    assert dynamic.call("GET", "/c/dlo").body == b"BBBBBCCCCCD"


def test_the_manifest_itself_can_be_asked_for(dynamic: Swift) -> None:
    reply = dynamic.call("GET", "/c/dlo?multipart-manifest=get")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["x-object-manifest"] == "seg/big%20one/"
    (row,) = dynamic.call("GET", "/c?format=json").json
    assert row["bytes"] == 0


def test_post_without_the_manifest_leaves_an_empty_object(dynamic: Swift) -> None:
    dynamic.call("POST", "/c/dlo", {"X-Object-Manifest": "seg/big%20one/"})
    assert dynamic.call("HEAD", "/c/dlo").headers["content-length"] == "15"
    dynamic.call("POST", "/c/dlo", {"X-Object-Meta-A": "1"})
    reply = dynamic.call("GET", "/c/dlo")
    assert (reply.body, "x-object-manifest" in reply.headers) == (b"", False)


def test_a_copy_is_one_piece_or_the_manifest(dynamic: Swift) -> None:
    dynamic.call("COPY", "/c/dlo", {"Destination": "c/flat"})
    dynamic.call("COPY", "/c/dlo?multipart-manifest=get", {"Destination": "c/manifest"})
    dynamic.put("/seg/big%20one/3", b"D")
    reply = dynamic.call("GET", "/c/flat")
    assert (reply.body, "x-object-manifest" in reply.headers) == (b"AAAAABBBBBCCCCC", False)
    assert reply.headers["etag"] == md5(b"AAAAABBBBBCCCCC")
    assert reply.headers["x-object-meta-a"] == "1"
    assert dynamic.call("GET", "/c/manifest").body == b"AAAAABBBBBCCCCCD"


def test_a_large_object_over_the_limit_cannot_become_one_piece(swift: Swift) -> None:
    swift.put("/c")
    for number in range(2):
        swift.put(f"/c/s{number}", bytes(MAX_OBJECT))
    swift.put("/c/dlo", b"", {"X-Object-Manifest": "c/s"})
    assert swift.call("COPY", "/c/dlo", {"Destination": "c/flat"}).status == 413


@pytest.mark.parametrize("manifest", ["", "c", "c/", "/c/p", "c//p", "c/p?x", "c/p&x", "c/%ff", "c/%00"])
def test_a_malformed_manifest_is_400(swift: Swift, manifest: str) -> None:
    swift.put("/c")
    assert swift.call("PUT", "/c/dlo", {"X-Object-Manifest": manifest}).status == 400
    assert swift.names("/c") == []


def test_a_manifest_of_itself_or_of_nothing_ends(swift: Swift) -> None:
    swift.put("/c")
    swift.put("/c/dlo", b"x", {"X-Object-Manifest": "c/dlo"})
    assert swift.call("GET", "/c/dlo").body == b"x"
    swift.put("/c/none", b"", {"X-Object-Manifest": "missing/prefix"})
    assert swift.call("GET", "/c/none").status == 404
    swift.put("/c/empty", b"", {"X-Object-Manifest": "c/prefix"})
    reply = swift.call("GET", "/c/empty")
    assert (reply.status, reply.body) == (200, b"")


# -- static large objects ----------------------------------------------------

PARTS = [b"A" * 5, b"B" * 5, b"C" * 5]
TAG = md5("".join(map(md5, PARTS)).encode())


@pytest.fixture
def static(swift: Swift) -> Swift:
    for container in ("c", "seg"):
        swift.put(f"/{container}")
    for number, part in enumerate(PARTS):
        swift.put(f"/seg/{number}", part)
    rows = [{"path": f"/seg/{n}", "etag": md5(part), "size_bytes": 5} for n, part in enumerate(PARTS)]
    reply = swift.put("/c/slo?multipart-manifest=put", json.dumps(rows).encode(), {"X-Object-Meta-A": "1"})
    assert reply.headers["etag"] == f'"{TAG}"'
    return swift


def test_listed_segments_are_read_as_one(static: Swift) -> None:
    for method, body in [("GET", b"AAAAABBBBBCCCCC"), ("HEAD", b"")]:
        reply = static.call(method, "/c/slo")
        assert (reply.status, reply.body) == (200, body)
        assert reply.headers["content-length"] == "15"
        assert reply.headers["etag"] == f'"{TAG}"'
        assert reply.headers["x-static-large-object"] == "True"
        assert reply.headers["x-object-meta-a"] == "1"
    assert static.call("GET", "/c/slo", {"Range": "bytes=4-10"}).body == b"ABBBBBC"
    assert static.call("GET", "/c/slo", {"If-None-Match": f'"{TAG}"'}).status == 304


def test_a_listing_shows_the_whole_and_the_tag(static: Swift) -> None:
    (row,) = static.call("GET", "/c?format=json").json
    assert (row["bytes"], row["slo_etag"]) == (15, f'"{TAG}"')
    assert row["hash"] == static.call("HEAD", "/c/slo").headers["x-manifest-etag"]


def test_the_list_can_be_asked_for(static: Swift) -> None:
    reply = static.call("GET", "/c/slo?multipart-manifest=get")
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert reply.headers["etag"] == md5(reply.body)
    rows = reply.json
    assert [(row["name"], row["bytes"], row["hash"]) for row in rows] == [
        (f"/seg/{number}", 5, md5(part)) for number, part in enumerate(PARTS)
    ]
    assert rows[0].keys() == {"name", "bytes", "hash", "content_type", "last_modified"}


def test_a_segment_gone_or_overwritten_is_409_before_any_byte(static: Swift) -> None:
    static.put("/seg/1", b"other")
    assert static.call("GET", "/c/slo").status == 409
    static.put("/seg/1", PARTS[1])
    assert static.call("GET", "/c/slo").status == 200
    static.call("DELETE", "/seg/2")
    reply = static.call("GET", "/c/slo")
    assert (reply.status, b"AAAAA" in reply.body) == (409, False)


def test_post_leaves_a_static_large_object_what_it_is(static: Swift) -> None:
    assert static.call("POST", "/c/slo", {"X-Object-Meta-B": "2"}).status == 202
    reply = static.call("GET", "/c/slo")
    assert (reply.body, reply.headers["x-object-meta-b"]) == (b"AAAAABBBBBCCCCC", "2")


def test_put_over_it_makes_a_plain_object(static: Swift) -> None:
    static.put("/c/slo", b"plain")
    reply = static.call("GET", "/c/slo")
    assert (reply.body, "x-static-large-object" in reply.headers) == (b"plain", False)


def test_a_copy_of_it_is_one_piece_or_the_list(static: Swift) -> None:
    static.call("COPY", "/c/slo", {"Destination": "c/flat"})
    static.call("COPY", "/c/slo?multipart-manifest=get", {"Destination": "c/list"})
    flat = static.call("GET", "/c/flat")
    assert (flat.body, "x-static-large-object" in flat.headers) == (b"AAAAABBBBBCCCCC", False)
    listed = static.call("GET", "/c/list")
    assert (listed.body, listed.headers["x-static-large-object"]) == (b"AAAAABBBBBCCCCC", "True")


def test_a_dynamic_one_over_static_ones_reads_what_they_stand_for(static: Swift) -> None:
    static.put("/c/dlo", b"", {"X-Object-Manifest": "c/slo"})
    assert static.call("GET", "/c/dlo").body == b"AAAAABBBBBCCCCC"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"path": "/seg/none"}, "404 Not Found"),
        ({"path": "/none/0"}, "404 Not Found"),
        ({"path": "/seg/0", "etag": TAG}, "Etag Mismatch"),
        ({"path": "/seg/0", "etag": "x"}, "Etag Mismatch"),
        ({"path": "/seg/0", "size_bytes": 6}, "Size Mismatch"),
    ],
)
def test_a_list_that_is_not_true_is_refused_row_by_row(static: Swift, row: dict[str, object], problem: str) -> None:
    body = json.dumps([{"path": "/seg/1"}, row]).encode()
    reply = static.call("PUT", "/c/new?multipart-manifest=put", {}, body)
    assert (reply.status, reply.text) == (400, f"Errors:\n{row['path']}, {problem}\n")
    reply = static.call("PUT", "/c/new?multipart-manifest=put", {"Accept": "application/json"}, body)
    assert (reply.status, reply.json) == (400, {"Errors": [[row["path"], problem]]})
    assert static.names("/c") == ["slo"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"{}",
        b"[1]",
        b'[{"path": "seg"}]',
        b'[{"path": "/seg/"}]',
        b'[{"path": 5}]',
        b"[{}]",
        b'[{"path": "/seg/0", "colour": "red"}]',
        b'[{"path": "/seg/0", "size_bytes": "5"}]',
        b'[{"path": "/seg/0", "size_bytes": true}]',
        b'[{"path": "/seg/0", "etag": 5}]',
        b'[{"data": "QUJD"}]',
        b'[{"path": "/seg/\\u0000"}]',
        b'[{"path": "/seg/\xff"}]',
        b"[" * 100_000,
    ],
)
def test_a_malformed_list_is_400(static: Swift, body: bytes) -> None:
    assert static.call("PUT", "/c/new?multipart-manifest=put", {}, body).status == 400
    assert static.names("/c") == ["slo"]


def test_the_list_may_leave_out_what_need_not_be_checked(static: Swift) -> None:
    body = json.dumps([{"path": "seg/0", "etag": None, "size_bytes": None}, {"path": "/seg/0"}]).encode()
    static.put("/c/new?multipart-manifest=put", body, {"ETag": md5((md5(PARTS[0]) * 2).encode())})
    assert static.call("GET", "/c/new").body == b"AAAAAAAAAA"
    assert static.call("PUT", "/c/new?multipart-manifest=put", {"ETag": TAG}, body).status == 422


def test_a_list_is_bounded(static: Swift) -> None:
    rows = [{"path": "/seg/0"}] * 1001
    assert static.call("PUT", "/c/new?multipart-manifest=put", {}, json.dumps(rows).encode()).status == 413
    huge = {"Content-Length": str((8 << 20) + 1), "Expect": "100-continue"}
    assert static.call("PUT", "/c/new?multipart-manifest=put", huge).status == 413


def test_delete_takes_the_segments_along_when_asked_to(static: Swift) -> None:
    static.call("DELETE", "/seg/1")
    reply = static.call("DELETE", "/c/slo?multipart-manifest=delete", {"Accept": "application/json"})
    assert (reply.status, reply.json) == (
        200,
        {
            "Response Status": "200 OK",
            "Response Body": "",
            "Number Deleted": 3,
            "Number Not Found": 1,
            "Errors": [],
        },
    )
    assert (static.names("/c"), static.names("/seg")) == ([], [])


def test_delete_leaves_the_segments_otherwise(static: Swift) -> None:
    assert static.call("DELETE", "/c/slo").status == 204
    assert static.names("/seg") == ["0", "1", "2"]


def test_a_plain_object_is_not_deleted_as_a_large_one(static: Swift) -> None:
    reply = static.call("DELETE", "/seg/0?multipart-manifest=delete")
    assert "400 Bad Request" in reply.text
    assert "Not an SLO manifest" in reply.text
    assert static.names("/seg") == ["0", "1", "2"]
