"""Accounts, discovery and who may: request in, answer out."""

from __future__ import annotations

import re

import pytest

from tests.dialects.swift_service import MAX_OBJECT, Swift


def test_info_needs_no_token_and_names_the_limits(swift: Swift) -> None:
    reply = swift.as_(None).call("GET", "/info", account="")
    assert reply.status == 200
    facts = reply.json["swift"]
    assert facts["max_file_size"] == MAX_OBJECT
    assert (facts["max_meta_count"], facts["max_meta_overall_size"]) == (90, 4096)
    assert facts["policies"] == [{"name": "Policy-0", "aliases": "Policy-0", "default": True}]
    assert reply.json["synnefo"] == {
        "object-store": "/object-store/v1",
        "image": "/image/v1.0",
        "block_size": 4 << 20,
        "block_hash": "sha256",
    }
    assert reply.json["slo"] == {
        "max_manifest_segments": 1000,
        "max_manifest_size": 8388608,
        "min_segment_size": 1,
        "allow_async_delete": False,
    }


@pytest.mark.parametrize("feature", ["s3api", "container_sync"])
def test_info_does_not_promise_what_is_not_there(swift: Swift, feature: str) -> None:
    assert feature not in swift.call("GET", "/info", account="").json


def test_healthcheck_is_ok_in_text(swift: Swift) -> None:
    reply = swift.as_(None).call("GET", "/healthcheck", account="")
    assert (reply.status, reply.body) == (200, b"OK")


def test_every_answer_has_what_tempest_asks_for(swift: Swift) -> None:
    swift.put("/c")
    swift.put("/c/o", b"x")
    for method, path in [("GET", ""), ("HEAD", ""), ("GET", "/c"), ("HEAD", "/c"), ("GET", "/c/o"), ("HEAD", "/none")]:
        reply = swift.call(method, path)
        assert re.match(r"^tx[0-9a-f]{21}-[0-9a-f]{10}$", reply.headers["x-trans-id"])
        assert reply.headers["x-openstack-request-id"] == reply.headers["x-trans-id"]
        assert reply.headers["content-type"]
        assert reply.headers["date"]
        assert reply.status == 204 or "content-length" in reply.headers
        if reply.status < 300:
            assert reply.headers["accept-ranges"] == "bytes"
            assert re.match(r"^\d{10}\.\d{5}$", reply.headers["x-timestamp"])


def test_an_account_never_written_is_there_and_empty(swift: Swift) -> None:
    for method in ("HEAD", "GET"):
        reply = swift.call(method)
        assert reply.status == 204
        assert reply.headers["x-account-container-count"] == "0"
        assert reply.headers["x-account-object-count"] == "0"
        assert reply.headers["x-account-bytes-used"] == "0"
    assert swift.call("GET", "?format=json").json == []


def test_counters_are_exact_at_once_and_told_by_policy(swift: Swift) -> None:
    swift.put("/c")
    swift.put("/d")
    swift.put("/c/a", b"12345")
    swift.put("/c/b", b"678")
    swift.put("/c/a", b"9")
    reply = swift.call("HEAD")
    for prefix in ("x-account-", "x-account-storage-policy-policy-0-"):
        assert reply.headers[f"{prefix}container-count"] == "2"
        assert reply.headers[f"{prefix}object-count"] == "2"
        assert reply.headers[f"{prefix}bytes-used"] == "4"


def test_containers_are_listed_as_text_and_as_json(swift: Swift) -> None:
    swift.put("/b")
    swift.put("/a")
    swift.put("/b/o", b"123")
    reply = swift.call("GET")
    assert (reply.status, reply.text) == (200, "a\nb\n")
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    reply = swift.call("GET", "", {"Accept": "application/json"})
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    row = reply.json[1]
    assert re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$", row.pop("last_modified"))
    assert row == {"name": "b", "count": 1, "bytes": 3, "storage_policy": "Policy-0"}


def test_account_metadata_is_merged_and_removed(swift: Swift) -> None:
    def metadata() -> dict[str, str]:
        headers = swift.call("HEAD").headers
        return {name[15:]: value for name, value in headers.items() if name.startswith("x-account-meta-")}

    assert swift.call("POST", "", {"X-Account-Meta-A": "1", "X-Account-Meta-B": "2"}).status == 204
    assert swift.call("POST", "", {"X-Account-Meta-C": "ü"}).status == 204
    assert metadata() == {"a": "1", "b": "2", "c": "ü".encode().decode("latin-1")}
    assert swift.call("POST", "/", {"X-Remove-Account-Meta-A": "x", "X-Account-Meta-B": ""}).status == 204
    assert list(metadata()) == ["c"]


def test_the_keys_that_sign_urls_are_shown_to_members_only(swift: Swift) -> None:
    swift.call("POST", "", {"X-Account-Meta-Temp-URL-Key": "secret", "X-Account-Meta-Other": "o"})
    assert swift.call("HEAD").headers["x-account-meta-temp-url-key"] == "secret"
    seen = swift.as_("reader").call("HEAD").headers
    assert "x-account-meta-temp-url-key" not in seen
    assert seen["x-account-meta-other"] == "o"


def test_accounts_are_not_deleted_by_hand(swift: Swift) -> None:
    assert swift.call("DELETE").status == 403


def test_an_account_is_there_already_when_it_is_put(swift: Swift) -> None:
    assert swift.call("PUT", "", {"X-Account-Meta-Color": "blue"}).status == 202
    assert swift.call("HEAD").headers["x-account-meta-color"] == "blue"
    assert swift.as_("reader").call("PUT").status == 403


@pytest.mark.parametrize("path", ["", "/c"])
def test_a_look_says_in_which_form_a_listing_would_come(swift: Swift, path: str) -> None:
    swift.put("/c")
    for method in ("HEAD", "GET"):
        plain = swift.call(method, path).headers
        assert plain["vary"] == "Accept"
        asked = swift.call(method, f"{path}?format=json").headers
        assert "vary" not in asked
        assert asked["content-type"] == "application/json; charset=utf-8"
        assert swift.call(method, path, {"Accept": "image/png"}).status == 406


EVERY_CALL = [
    ("GET", ""),
    ("HEAD", ""),
    ("POST", ""),
    ("PUT", ""),
    ("DELETE", ""),
    ("GET", "/c"),
    ("HEAD", "/c"),
    ("PUT", "/c"),
    ("POST", "/c"),
    ("DELETE", "/c"),
    ("GET", "/c/o"),
    ("HEAD", "/c/o"),
    ("PUT", "/c/o"),
    ("POST", "/c/o"),
    ("DELETE", "/c/o"),
    ("COPY", "/c/o"),
]


@pytest.mark.parametrize(("method", "path"), EVERY_CALL)
def test_without_a_token_nothing_goes(swift: Swift, method: str, path: str) -> None:
    swift.put("/c")
    swift.put("/c/o", b"secret")
    for headers in ({}, {"X-Auth-Token": "made up"}, {"X-Auth-Token": ""}):
        reply = swift.as_(None).call(method, path, {"Destination": "c/copy", **headers})
        assert reply.status == 401
        assert reply.headers["www-authenticate"] == f'Swift realm="AUTH_{swift.project}"'
        assert b"secret" not in reply.body
    assert swift.names("/c") == ["o"]


@pytest.mark.parametrize(("method", "path"), EVERY_CALL)
def test_another_projects_member_is_kept_out(swift: Swift, method: str, path: str) -> None:
    swift.put("/c")
    swift.put("/c/o", b"secret")
    stranger = swift.as_("member", "elsewhere")
    reply = stranger.call(method, path, {"Destination": "c/copy"}, account=swift.account)
    assert reply.status == 403
    assert b"secret" not in reply.body
    assert swift.names("/c") == ["o"]


@pytest.mark.parametrize(("method", "path"), [row for row in EVERY_CALL if row[0] not in ("GET", "HEAD")])
def test_a_reader_changes_nothing(swift: Swift, method: str, path: str) -> None:
    swift.put("/c")
    swift.put("/c/o", b"data")
    reply = swift.as_("reader").call(method, path, {"Destination": "c/copy"})
    assert reply.status == 403
    assert swift.names("/c") == ["o"]


def test_a_reader_reads(swift: Swift) -> None:
    swift.put("/c")
    swift.put("/c/o", b"data")
    reader = swift.as_("reader")
    assert reader.call("GET", "/c/o").body == b"data"
    assert reader.names("/c") == ["o"]


def test_an_admin_may_act_in_any_account(swift: Swift) -> None:
    admin = swift.as_("admin", "admins")
    assert admin.call("PUT", "/c", account=swift.account).status == 201
    assert swift.names("") == ["c"]


def test_other_paths_below_v1_are_not_ours(swift: Swift) -> None:
    for path in ("/v1/imageimport", "/v1/KEY_x/c", "/v1/", "/v1"):
        assert swift.call("GET", path, account="").status == 404


@pytest.mark.parametrize("path", ["//", "//o", "/c//o/../%00"])
def test_a_path_that_names_nothing_is_a_bad_url(swift: Swift, path: str) -> None:
    assert swift.call("GET", path).status == 412


def test_a_method_that_is_not_possible_is_told_with_those_that_are(swift: Swift) -> None:
    reply = swift.call("PATCH", "/c")
    assert reply.status == 405
    assert reply.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, POST, PUT"
