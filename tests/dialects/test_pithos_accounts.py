"""Pithos: the account, its container ``pithos``, its metadata and containers."""

from __future__ import annotations

import pytest

from tests.dialects.pithos_caller import Pithos, fault


def test_an_account_has_a_container_for_a_start_once_somebody_uses_it_who_may_write(pithos: Pithos) -> None:
    reader, stranger = pithos.as_("rita", "own"), pithos.as_("alex", "alt")
    assert (reader.head().status, reader.rows("")) == (204, [])
    fault(reader.get("/pithos"), 404)
    fault(stranger.get(""), 403)
    admin = pithos.as_("admin", "admin")
    assert admin.rows("") == []
    assert pithos.head().headers["x-account-container-count"] == "1"
    (row,) = reader.rows("")
    policy = {"quota": "0", "versioning": "auto", "project": pithos.account}
    assert (row["name"], row["count"], row["bytes"], row["x_container_policy"]) == ("pithos", 0, 0, policy)
    assert row["last_modified"].startswith("2026-11-20T")
    assert row["last_modified"].endswith("+00:00")
    assert pithos.swift("HEAD", "/pithos").headers["x-versions-enabled"].lower() == "true"


@pytest.mark.parametrize("call", ["HEAD", "GET", "POST"])
def test_the_container_is_there_for_whatever_is_asked_first(pithos: Pithos, call: str) -> None:
    assert pithos.call(call, "/pithos").status < 300


def test_an_upload_may_be_the_first_thing_that_happens(pithos: Pithos) -> None:
    assert pithos.put("/pithos/o").status == 201
    fault(pithos.call("PUT", "/other/o", {"Content-Type": "text/plain"}, b"x"), 404)


def test_blocks_may_be_the_first_thing_that_is_sent(pithos: Pithos) -> None:
    assert pithos.send_block("/pithos", b"hello").status == 202


def test_deleted_it_comes_back_empty_and_what_swift_made_is_taken_as_it_is(pithos: Pithos) -> None:
    pithos.head()
    assert pithos.call("DELETE", "/pithos").status == 204
    fault(pithos.call("DELETE", "/pithos"), 404)
    assert pithos.names("") == ["pithos"]
    assert pithos.call("DELETE", "/pithos").status == 204
    assert pithos.swift("PUT", "/pithos").status == 201
    assert pithos.head("/pithos").headers["x-container-policy-versioning"] == "none"


def test_metadata_is_replaced_or_with_update_added_to(pithos: Pithos) -> None:
    def shown() -> dict[str, str]:
        headers = pithos.head().headers
        prefix = "x-account-meta-"
        return {name.removeprefix(prefix): value for name, value in headers.items() if name.startswith(prefix)}

    reply = pithos.call("POST", "?update", {"X-Account-Meta-Colour": "green", "X-Account-Meta-Size": "4"})
    assert (reply.status, shown()) == (202, {"colour": "green", "size": "4"})
    pithos.call("POST", "?update=", {"X-Account-Meta-Colour": "", "X-Account-Meta-New": "x"})
    assert shown() == {"size": "4", "new": "x"}
    pithos.call("POST", "", {"X-Account-Meta-Only": "this"})
    assert shown() == {"only": "this"}
    pithos.call("POST")
    assert shown() == {}


def test_quotas_and_keys_of_swift_are_not_metadata_here_and_stay(pithos: Pithos) -> None:
    admin = pithos.as_("admin", "admin")
    told = {"X-Account-Meta-Quota-Bytes": "1000", "X-Account-Meta-Temp-URL-Key": "secret", "X-Account-Meta-A": "b"}
    assert admin.swift("POST", "", told).status == 204
    headers = pithos.head().headers
    assert headers["x-account-policy-quota"] == "1000"
    assert [name for name in headers if "-meta-" in name] == ["x-account-meta-a"]
    assert pithos.call("POST", "").status == 202
    kept = pithos.swift("HEAD").headers
    assert (kept["x-account-meta-quota-bytes"], kept["x-account-meta-temp-url-key"]) == ("1000", "secret")
    assert "x-account-meta-a" not in kept


def test_only_an_admin_sets_the_quota_of_an_account(pithos: Pithos) -> None:
    fault(pithos.call("POST", "?update", {"X-Account-Policy-Quota": "5"}), 403)
    admin = pithos.as_("admin", "admin")
    assert admin.call("POST", "?update", {"X-Account-Policy-Quota": "5"}).status == 202
    assert pithos.head().headers["x-account-policy-quota"] == "5"
    fault(pithos.call("PUT", "/pithos/o", {"Content-Type": "text/plain"}, b"123456"), 413)
    assert admin.call("POST", "?update", {"X-Account-Policy-Quota": "0"}).status == 202
    assert pithos.put("/pithos/o", b"123456").status == 201
    fault(admin.call("POST", "?update", {"X-Account-Policy-Quota": "-1"}), 400)
    fault(admin.call("POST", "?update", {"X-Account-Policy-Versioning": "auto"}), 400)


def test_containers_are_listed_in_three_forms(pithos: Pithos) -> None:
    text = {"Accept": "*/*"}
    reader = pithos.as_("rita", "own")
    assert reader.call("GET", "", text).status == 204
    assert reader.get("?format=json").body == b"[]"
    for name in ("b", "c%20d"):
        pithos.call("PUT", f"/{name}")
    said = pithos.call("GET", "", text)
    assert (said.status, said.body) == (200, b"b\nc d\npithos\n")
    assert said.headers["content-type"].startswith("text/plain")
    said = pithos.get("?format=xml")
    assert said.headers["content-type"].startswith("application/xml")
    assert b"<container><name>c d</name><count>0</count><bytes>0</bytes>" in said.body
    assert b"<x_container_policy><quota>0</quota><versioning>auto</versioning>" in said.body
    assert pithos.names("", "&limit=2") == ["b", "c d"]
    assert pithos.names("", "&limit=2&marker=c%20d") == ["pithos"]
    assert said.headers["x-account-container-count"] == "3"


def test_times_tell_when_something_last_changed(pithos: Pithos) -> None:
    def times() -> tuple[str, str, str]:
        container = next(row for row in pithos.rows("") if row["name"] == "pithos")
        heads = [pithos.head(path).headers["last-modified"] for path in ("", "/pithos")]
        return str(container["last_modified"]), heads[0], heads[1]

    pithos.head()
    seen = [times()[0]]
    for call in (
        lambda: pithos.put("/pithos/o"),
        lambda: pithos.put("/pithos/o"),
        lambda: pithos.swift("DELETE", "/pithos/o"),
        lambda: pithos.call("POST", "/pithos?update", {"X-Container-Meta-A": "b"}),
    ):
        call()
        seen.append(times()[0])
    assert seen == sorted(set(seen))
    assert len(set(times()[1:])) == 1


def test_a_container_that_has_not_changed_since_is_known_already(pithos: Pithos) -> None:
    pithos.head("/pithos")
    never, always = "Fri, 01 Jan 2100 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"
    assert pithos.call("GET", "/pithos", {"If-Modified-Since": never}).status == 304
    assert pithos.call("HEAD", "/pithos", {"If-Modified-Since": always}).status == 204
    assert pithos.call("HEAD", "/pithos", {"If-Unmodified-Since": always}).status == 412
    fault(pithos.call("GET", "/pithos", {"If-Unmodified-Since": always}), 412)
    assert pithos.call("GET", "", {"If-Modified-Since": never}).status == 200  # what was deleted leaves no time
