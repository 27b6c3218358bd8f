"""Copies of a part, and under conditions: of the source, as Swift has them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.dialects.swift_service import Reply, Swift

MD5 = "781e5e245d69b566979b86e28d23f2c7"  # of the ten digits


@pytest.fixture
def box(swift: Swift) -> Swift:
    swift.put("/c")
    swift.put("/c/ten", b"0123456789", {"Content-Type": "text/x", "X-Object-Meta-K": "v"})
    return swift


def copy(box: Swift, how: str, headers: Mapping[str, str]) -> Reply:
    if how == "COPY":
        return box.call("COPY", "/c/ten", {"Destination": "/c/new", **headers})
    return box.call("PUT", "/c/new", {"X-Copy-From": "/c/ten", **headers}, b"")


@pytest.mark.parametrize("how", ["COPY", "PUT"])
@pytest.mark.parametrize(("asked", "bytes_"), [("2-4", b"234"), ("-3", b"789"), ("8-100", b"89"), ("4-", b"456789")])
def test_a_part_can_be_copied(box: Swift, how: str, asked: str, bytes_: bytes) -> None:
    assert copy(box, how, {"Range": f"bytes={asked}"}).status == 201
    reply = box.call("GET", "/c/new")
    assert reply.body == bytes_
    assert (reply.headers["content-type"], reply.headers["x-object-meta-k"]) == ("text/x", "v")


@pytest.mark.parametrize("how", ["COPY", "PUT"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Range": "bytes=20-30"}, 416),
        ({"Range": "bytes=0-1,4-5"}, 400),
        ({"If-Match": "0" * 32}, 412),
        ({"If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}, 412),
    ],
)
def test_what_is_not_copied(box: Swift, how: str, headers: Mapping[str, str], status: int) -> None:
    assert copy(box, how, headers).status == status
    assert box.call("GET", "/c/new").status == 404


@pytest.mark.parametrize("how", ["COPY", "PUT"])
@pytest.mark.parametrize("tag", [MD5, f'"{MD5}"', "*"])
def test_what_is_copied_under_a_condition(box: Swift, how: str, tag: str) -> None:
    assert copy(box, how, {"If-Match": tag}).status == 201


def test_a_condition_on_the_tag_of_nothing_fails(box: Swift) -> None:
    assert box.call("GET", "/c/none", {"If-Match": "*"}).status == 412
    assert box.call("GET", "/c/none").status == 404


def test_a_failed_condition_says_what_is_there_and_not_of_which_kind(box: Swift) -> None:
    headers = box.call("GET", "/c/ten", {"If-Match": "other"}).headers
    assert (headers["etag"], headers["content-type"]) == (MD5, "text/html; charset=UTF-8")
    assert "accept-ranges" not in headers
