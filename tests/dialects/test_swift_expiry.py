"""Objects with an end: X-Delete-At and X-Delete-After."""

from __future__ import annotations

import time

import pytest

from imageferry.ports.clock import system_clock
from imageferry.service.sweeping import Sweeper
from tests.dialects.swift_service import Swift

LATER = str(int(time.time()) + 3600)


@pytest.fixture
def expired(swift: Swift) -> Swift:
    """A container with ``gone``, whose time is over, and ``o``."""
    swift.put("/c")
    swift.put("/c/gone", b"gone", {"X-Delete-After": "1"})
    assert swift.call("GET", "/c/gone").body == b"gone"
    swift.put("/c/o", b"hello")
    time.sleep(1.05)
    return swift


def test_the_end_is_shown_and_kept_until_a_post_without_it(swift: Swift) -> None:
    swift.put("/c")
    swift.put("/c/o", b"hello", {"X-Delete-At": LATER})
    assert swift.call("HEAD", "/c/o").headers["x-delete-at"] == LATER
    assert swift.call("POST", "/c/o", {"X-Object-Meta-A": "1"}).status == 202
    assert "x-delete-at" not in swift.call("HEAD", "/c/o").headers
    assert swift.call("POST", "/c/o", {"X-Delete-After": "100"}).status == 202
    assert 90 < int(swift.call("GET", "/c/o").headers["x-delete-at"]) - time.time() <= 100


def test_after_goes_before_at(swift: Swift) -> None:
    swift.put("/c")
    swift.put("/c/o", b"", {"X-Delete-At": LATER, "X-Delete-After": "9"})
    assert int(swift.call("HEAD", "/c/o").headers["x-delete-at"]) < int(LATER)


def test_a_copy_has_the_same_end_unless_it_starts_afresh(swift: Swift) -> None:
    swift.put("/c")
    swift.put("/c/o", b"hello", {"X-Delete-At": LATER})
    swift.put("/c/same", headers={"X-Copy-From": "c/o"})
    swift.put("/c/fresh", headers={"X-Copy-From": "c/o", "X-Fresh-Metadata": "true"})
    assert swift.call("HEAD", "/c/same").headers["x-delete-at"] == LATER
    assert "x-delete-at" not in swift.call("HEAD", "/c/fresh").headers


@pytest.mark.parametrize("value", ["1", "0", "-1", "x", "1.5", "٣", "9" * 11, "9" * 500])
def test_a_time_that_is_none_or_over_is_refused(swift: Swift, value: str) -> None:
    swift.put("/c")
    assert swift.call("PUT", "/c/o", {"X-Delete-At": value}, b"").status == 400
    assert swift.call("HEAD", "/c/o").status == 404
    swift.put("/c/o")
    assert swift.call("POST", "/c/o", {"X-Delete-At": value}).status == 400
    assert swift.call("COPY", "/c/o", {"X-Delete-At": value, "Destination": "c/x"}).status == 400


@pytest.mark.parametrize("value", ["0", "-1", "x", "9" * 11])
def test_a_span_that_is_none_is_refused(swift: Swift, value: str) -> None:
    swift.put("/c")
    assert swift.call("PUT", "/c/o", {"X-Delete-After": value}, b"").status == 400


def test_what_has_expired_is_gone_at_once_for_everything(expired: Swift) -> None:
    for method in ("GET", "HEAD", "POST", "DELETE"):
        assert expired.call(method, "/c/gone").status == 404, method
    assert expired.call("COPY", "/c/gone", {"Destination": "c/x"}).status == 404
    assert expired.names("/c") == ["o"]
    assert expired.names("/c", delimiter="/", path="") == ["o"]
    expired.put("/c/d", headers={"X-Object-Manifest": "c/gone"})
    assert expired.call("GET", "/c/d").body == b""
    assert expired.call("PUT", "/c/s?multipart-manifest=put", body=b'[{"path": "/c/gone"}]').status == 400


def test_its_name_is_free_again(expired: Swift) -> None:
    expired.put("/c/gone", b"new", {"If-None-Match": "*"})
    assert expired.call("GET", "/c/gone").body == b"new"
    assert expired.call("HEAD", "/c").headers["x-container-object-count"] == "2"


def test_a_container_of_expired_objects_only_can_be_deleted(expired: Swift) -> None:
    assert expired.call("DELETE", "/c").status == 409
    assert expired.call("DELETE", "/c/o").status == 204
    assert expired.call("DELETE", "/c").status == 204


def test_the_sweep_removes_what_has_expired_and_nothing_else(expired: Swift) -> None:
    expired.put("/c/later", b"", {"X-Delete-At": LATER})
    sweeper = Sweeper(expired.objects._records, expired.store, system_clock)
    assert sweeper.sweep().objects >= 1
    assert expired.call("HEAD", "/c").headers["x-container-object-count"] == "2"
    assert expired.names("/c") == ["later", "o"]
    assert sweeper.sweep().objects == 0
