"""Which requests an access rule opens."""

from __future__ import annotations

import time

import pytest

from imageferry.domain.access_rule import new_rule, opens


@pytest.mark.parametrize(
    ("pattern", "path", "opened"),
    [
        ("/v2/images", "/v2/images", True),
        ("/v2/images", "/v2/images/", False),
        ("/v2/images", "/v2/imagesx", False),
        ("/v2/images", "/x/v2/images", False),
        ("/v2/images/*", "/v2/images/a", True),
        ("/v2/images/*", "/v2/images/", False),
        ("/v2/images/*", "/v2/images/a/file", False),
        ("/v2/images/{image_id}/file", "/v2/images/a/file", True),
        ("/v2/images/{image_id}/file", "/v2/images/a/b/file", False),
        ("/v1/AUTH_p/**", "/v1/AUTH_p/c/o/with/slashes", True),
        ("/v1/AUTH_p/**", "/v1/AUTH_p/", True),
        ("/v1/AUTH_p/**", "/v1/AUTH_px/c", False),
        ("/v1/AUTH_p/**", "/v1/AUTH_p/line\nfeed", True),
        ("/**", "/anything/at/all", True),
        ("/v*/images", "/v2/images", True),
        ("/a.c", "/abc", False),
        ("/a(b", "/a(b", True),
    ],
)
def test_paths(pattern: str, path: str, opened: bool) -> None:
    assert new_rule("image", "GET", pattern).opens("image", "GET", path) is opened


def test_service_and_method_count_too() -> None:
    rule = new_rule("image", "GET", "/**")
    assert not rule.opens("image", "PUT", "/x")
    assert not rule.opens("object-store", "GET", "/x")


def test_no_rules_open_everything_and_an_empty_list_nothing() -> None:
    assert opens(None, "image", "GET", "/x")
    assert not opens([], "image", "GET", "/x")
    assert opens([new_rule("image", "GET", "/a"), new_rule("image", "GET", "/x")], "image", "GET", "/x")


def test_a_pattern_takes_no_time_to_say_no() -> None:
    rule = new_rule("image", "GET", "/a*/" + "{x}/" * 200 + "**/b")
    started = time.process_time()
    assert not rule.opens("image", "GET", "/a" * 30_000)
    assert not rule.opens("image", "GET", "/" + "a" * 60_000)
    assert time.process_time() - started < 1
