"""Quotas of containers and accounts: held to exactly."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.dialects.swift_service import Swift


@pytest.fixture
def small(swift: Swift) -> Swift:
    """A container for 6 bytes."""
    swift.put("/c", headers={"X-Container-Meta-Quota-Bytes": "6"})
    return swift


def _used(swift: Swift) -> tuple[str, str]:
    headers = swift.call("HEAD", "/c").headers
    return headers["x-container-object-count"], headers["x-container-bytes-used"]


def _chunks(*parts: bytes) -> Iterator[bytes]:
    yield from parts


def test_a_container_takes_what_its_quota_says_and_no_byte_more(small: Swift) -> None:
    small.put("/c/a", b"1234")
    reply = small.call("PUT", "/c/b", body=b"567")
    assert (reply.status, reply.text.startswith("Upload exceeds quota.")) == (413, True)
    assert small.call("PUT", "/c/b", body=_chunks(b"5", b"67")).status == 413
    assert _used(small) == ("1", "4")
    small.put("/c/b", b"56")
    assert small.call("PUT", "/c/empty", body=b"").status == 201
    assert _used(small) == ("3", "6")


def test_what_is_replaced_makes_room(small: Swift) -> None:
    small.put("/c/a", b"123456")
    small.put("/c/a", b"654321")
    assert small.call("PUT", "/c/a", body=b"1234567").status == 413
    assert small.call("GET", "/c/a").body == b"654321"


def test_what_shrinks_is_taken_though_it_is_still_too_much(small: Swift) -> None:
    small.put("/c/a", b"123456")
    assert small.call("POST", "/c", {"X-Container-Meta-Quota-Bytes": "3"}).status == 204
    small.put("/c/a", b"12345")
    assert small.call("POST", "/c/a", {"X-Object-Meta-A": "1"}).status == 202
    assert small.call("PUT", "/c/a", body=b"123456").status == 413


def test_objects_are_counted(swift: Swift) -> None:
    swift.put("/c", headers={"X-Container-Meta-Quota-Count": "1"})
    swift.put("/c/a", b"1")
    assert swift.call("PUT", "/c/b", body=b"").status == 413
    swift.put("/c/a", b"22")
    assert swift.call("DELETE", "/c/a").status == 204
    swift.put("/c/b")


def test_copies_and_lists_of_segments_count_too(small: Swift) -> None:
    small.put("/other")
    small.put("/other/o", b"1234567")
    assert small.call("PUT", "/c/o", {"X-Copy-From": "other/o"}).status == 413
    assert small.call("COPY", "/other/o", {"Destination": "c/o"}).status == 413
    assert small.call("PUT", "/c/s?multipart-manifest=put", body=b'[{"path": "/other/o"}]').status == 413
    assert _used(small) == ("0", "0")


def test_a_quota_of_nothing_takes_nothing_and_none_takes_all(small: Swift) -> None:
    assert small.call("POST", "/c", {"X-Container-Meta-Quota-Bytes": "0"}).status == 204
    assert small.call("PUT", "/c/a", body=b"1").status == 413
    assert small.call("POST", "/c", {"X-Remove-Container-Meta-Quota-Bytes": "x"}).status == 204
    small.put("/c/a", b"1234567")


@pytest.mark.parametrize("value", ["-1", "x", "1.5", "٣", "1" * 19])
@pytest.mark.parametrize("kind", ["Bytes", "Count"])
def test_a_quota_is_a_whole_number(swift: Swift, kind: str, value: str) -> None:
    assert swift.call("PUT", "/c", {f"X-Container-Meta-Quota-{kind}": value}).status == 400
    swift.put("/c")
    assert swift.call("POST", "/c", {f"X-Container-Meta-Quota-{kind}": value}).status == 400
    assert swift.as_("admin").call("POST", "", {f"X-Account-Meta-Quota-{kind}": value}).status == 400


def test_an_accounts_quota_is_an_admins_to_set_and_to_take_away(swift: Swift) -> None:
    limit = {"X-Account-Meta-Quota-Bytes": "6"}
    assert swift.call("POST", "", limit).status == 403
    assert swift.as_("admin").call("POST", "", limit).status == 204
    assert swift.call("POST", "", {"X-Account-Meta-Quota-Bytes": ""}).status == 403
    assert swift.call("POST", "", {"X-Remove-Account-Meta-Quota-Bytes": "x"}).status == 403
    assert swift.call("POST", "", {"X-Account-Meta-A": "1"}).status == 204
    assert swift.call("HEAD").headers["x-account-meta-quota-bytes"] == "6"
    swift.put("/c")
    swift.put("/d")
    swift.put("/c/a", b"1234")
    assert swift.call("PUT", "/d/a", body=b"567").status == 413
    swift.put("/d/a", b"56")
    assert swift.as_("admin").call("POST", "", {"X-Account-Meta-Quota-Count": "2"}).status == 204
    assert swift.call("PUT", "/c/none", body=b"").status == 413


def test_many_at_once_do_not_pass_a_quota_together(small: Swift) -> None:
    replies: list[int] = []

    def work(number: int) -> None:
        replies.append(small.call("PUT", f"/c/{number}", body=b"12").status)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(replies) == [201] * 3 + [413] * 5
    assert _used(small) == ("3", "6")


def test_info_says_that_there_are_quotas(swift: Swift) -> None:
    told = swift.call("GET", "/info", account="").json
    assert (told["container_quotas"], told["account_quotas"]) == ({}, {})


def test_an_accounts_quota_has_a_newer_name_too(swift: Swift) -> None:
    quota = {"X-Account-Quota-Bytes": "6", "X-Account-Quota-Count": "2"}
    assert swift.call("POST", "", quota).status == 403
    admin = swift.as_("admin", swift.project)
    assert admin.call("POST", "", {"X-Account-Quota-Bytes": "x"}).status == 400
    assert admin.call("POST", "", quota).status == 204
    told = swift.call("HEAD", "").headers
    assert (told["x-account-quota-bytes"], told["x-account-meta-quota-bytes"], told["x-account-quota-count"]) == (
        "6",
        "6",
        "2",
    )
    swift.put("/c")
    assert swift.call("PUT", "/c/o", body=b"1234567").status == 413
    assert swift.call("POST", "", {"X-Remove-Account-Quota-Bytes": "x"}).status == 403
    assert admin.call("POST", "", {**quota, "X-Remove-Account-Quota-Bytes": "x"}).status == 204
    assert "x-account-quota-bytes" not in swift.call("HEAD", "").headers
    swift.put("/c/o", b"1234567")


def test_a_body_in_chunks_is_refused_as_soon_as_it_is_too_much(small: Swift) -> None:
    head = f"PUT {small.account}/c/o HTTP/1.1\r\nHost: x\r\nX-Auth-Token: member@{small.project}\r\n"
    chunk = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
    sent = 0
    with socket.create_connection(("127.0.0.1", small.port), timeout=30) as connection:
        connection.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        while sent < 18 and not select.select([connection], [], [], 0.05)[0]:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(chunk)
            sent += 1
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"Upload exceeds quota." in answer
    assert 4 <= sent < 12  # a block is judged when it is in
    assert _used(small) == ("0", "0")


def test_a_quota_that_is_raised_meanwhile_counts(small: Swift) -> None:
    def body() -> Iterator[bytes]:
        yield b"12345"
        assert small.call("POST", "/c", {"X-Container-Meta-Quota-Bytes": str(16 << 20)}).status == 204
        yield bytes(9 << 20)

    assert small.call("PUT", "/c/o", body=body()).status == 201


def test_what_is_replaced_makes_room_for_chunks_too(swift: Swift) -> None:
    swift.put("/c", headers={"X-Container-Meta-Quota-Bytes": str(9 << 20)})
    swift.put("/c/o", bytes(6 << 20))
    assert swift.call("PUT", "/c/o", body=_chunks(bytes(5 << 20), bytes(4 << 20))).status == 201
    assert swift.call("PUT", "/c/p", body=_chunks(bytes(5 << 20), b"1")).status == 413
