"""Containers opened to other projects and to everybody, by X-Container-Read and -Write."""

from __future__ import annotations

import pytest

from tests.dialects.swift_service import Reply, Swift


def _from(swift: Swift, other: Swift, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
    """``other`` calls into the account of ``swift``."""
    return other.call(
        method, path, {name.replace("_", "-"): value for name, value in headers.items()}, body, account=swift.account
    )


@pytest.fixture
def shared(swift: Swift) -> Swift:
    swift.put("/c", headers={"X-Container-Meta-Temp-URL-Key": "k", "X-Container-Meta-A": "1"})
    swift.put("/c/o", b"hello")
    return swift


@pytest.fixture
def friend(swift: Swift) -> Swift:
    return swift.as_("member", f"{swift.project}-friend")


def _set(swift: Swift, **lists: str) -> None:
    headers = {f"X-Container-{kind.title()}": value for kind, value in lists.items()}
    assert swift.call("POST", "/c", headers).status == 204


def test_everybody_reads_what_is_open_and_lists_only_if_that_is_said(shared: Swift) -> None:
    guest = shared.as_(None)
    assert guest.call("GET", "/c/o").status == 401
    _set(shared, read=".r:*")
    assert guest.call("GET", "/c/o").body == b"hello"
    assert guest.call("HEAD", "/c/o").status == 200
    assert guest.call("GET", "/c/none").status == 404
    assert guest.call("GET", "/c").status == 401
    assert guest.call("HEAD", "/c").status == 401
    _set(shared, read=".r:*,.rlistings")
    assert guest.names("/c") == ["o"]
    assert guest.names("/c", path="") == ["o"]
    assert guest.call("GET", "").status == 401


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_reading_is_not_writing(shared: Swift, friend: Swift, method: str) -> None:
    _set(shared, read=".r:*,.rlistings,*:*")
    assert _from(shared, friend, method, "/c/o", b"x").status == 403
    assert shared.as_(None).call(method, "/c/o", body=b"x").status == 401
    assert _from(shared, friend, method, "/c", b"").status == 403
    assert shared.call("GET", "/c/o").body == b"hello"


def test_a_page_of_origin_opens(shared: Swift) -> None:
    _set(shared, read=".r:.example.org")
    guest = shared.as_(None)
    assert guest.call("GET", "/c/o", {"Referer": "https://www.example.org/x"}).status == 200
    assert guest.call("GET", "/c/o", {"Referer": "https://www.example.com/x"}).status == 401
    assert guest.call("PUT", "/c/o", {"Referer": "https://www.example.org/x"}, b"x").status == 401


def test_a_friend_reads_and_lists_and_another_does_not(shared: Swift, friend: Swift) -> None:
    assert _from(shared, friend, "GET", "/c/o").status == 403
    _set(shared, read=f"{friend.project}:user of {friend.project}")
    assert _from(shared, friend, "GET", "/c/o").body == b"hello"
    assert _from(shared, friend, "GET", "/c").text == "o\n"
    assert _from(shared, friend.as_("member", "stranger"), "GET", "/c/o").status == 403
    assert _from(shared, friend, "HEAD", "").status == 403


def test_a_friend_writes_without_being_able_to_read(shared: Swift, friend: Swift) -> None:
    _set(shared, write=f"{friend.project}:*")
    assert _from(shared, friend, "PUT", "/c/new", b"new").status == 201
    assert _from(shared, friend, "POST", "/c/new", b"", X_Object_Meta_A="1").status == 202
    assert _from(shared, friend, "GET", "/c/new").status == 403
    assert _from(shared, friend, "DELETE", "/c/o").status == 204
    assert shared.names("/c") == ["new"]
    assert _from(shared, friend, "POST", "/c", b"", X_Container_Read=".r:*").status == 403
    assert _from(shared, friend, "PUT", "/other").status == 403
    assert _from(shared, friend, "DELETE", "/c").status == 403


def test_a_friend_copies_out_and_in(shared: Swift, friend: Swift) -> None:
    friend.put("/mine")
    out = {"X-Copy-From": "c/o", "X-Copy-From-Account": f"AUTH_{shared.project}"}
    assert friend.call("PUT", "/mine/o", out).status == 403
    _set(shared, read=f"{friend.project}:*")
    assert friend.call("PUT", "/mine/o", out).status == 201
    into = {"Destination": "c/back", "Destination-Account": f"AUTH_{shared.project}"}
    assert friend.call("COPY", "/mine/o", into).status == 403
    _set(shared, write=f"{friend.project}:*")
    assert friend.call("COPY", "/mine/o", into).status == 201
    assert shared.call("GET", "/c/back").body == b"hello"


def test_the_lists_and_keys_are_shown_to_owners_only(shared: Swift, friend: Swift) -> None:
    _set(shared, read=f".r:*,.rlistings,{friend.project}:*", write="*:nobody")
    own = shared.call("HEAD", "/c").headers
    assert own["x-container-read"] == f".r:*,.rlistings,{friend.project}:*"
    assert own["x-container-write"] == "*:nobody"
    seen = (
        shared.as_("reader").call("HEAD", "/c"),
        _from(shared, friend, "HEAD", "/c"),
        shared.as_(None).call("HEAD", "/c"),
    )
    for reply in seen:
        assert (reply.status, reply.headers["x-container-meta-a"]) == (204, "1")
        assert not {"x-container-read", "x-container-write", "x-container-meta-temp-url-key"} & reply.headers.keys()


@pytest.mark.parametrize("off", [{"X-Container-Read": ""}, {"X-Remove-Container-Read": "x"}])
def test_a_list_is_taken_away(shared: Swift, off: dict[str, str]) -> None:
    _set(shared, read=".r:*", write="*:*")
    assert shared.call("POST", "/c", off).status == 204
    headers = shared.call("HEAD", "/c").headers
    assert ("x-container-read" in headers, headers["x-container-write"]) == (False, "*:*")
    assert shared.as_(None).call("GET", "/c/o").status == 401


def test_put_sets_lists_on_new_and_old_containers(swift: Swift) -> None:
    assert swift.call("PUT", "/c", {"X-Container-Read": ".r:*"}).status == 201
    assert swift.call("PUT", "/c", {"X-Container-Write": "*:*"}).status == 202
    headers = swift.call("HEAD", "/c").headers
    assert (headers["x-container-read"], headers["x-container-write"]) == (".r:*", "*:*")


@pytest.mark.parametrize(
    "header",
    [
        {"X-Container-Read": ".r:"},
        {"X-Container-Read": ".x"},
        {"X-Container-Write": ".r:*"},
        {"X-Container-Write": ".rlistings"},
    ],
)
def test_bad_lists_change_nothing(swift: Swift, header: dict[str, str]) -> None:
    assert swift.call("PUT", "/c", header).status == 400
    assert swift.call("HEAD", "/c").status == 404
    swift.put("/c")
    assert swift.call("POST", "/c", {**header, "X-Container-Meta-A": "1"}).status == 400
    assert "x-container-meta-a" not in swift.call("HEAD", "/c").headers


def test_a_large_object_does_not_open_the_container_of_its_parts(shared: Swift, friend: Swift) -> None:
    shared.put("/secret")
    shared.put("/secret/1", b"secret")
    _set(shared, read=".r:*", write=f"{friend.project}:*")
    assert _from(shared, friend, "PUT", "/c/dlo", b"", X_Object_Manifest="secret/1").status == 201
    listed = b'[{"path": "/secret/1"}]'
    assert _from(shared, friend, "PUT", "/c/slo?multipart-manifest=put", listed).status == 403
    shared.put("/c/slo?multipart-manifest=put", listed)
    guest = shared.as_(None)
    for name in ("dlo", "slo"):
        assert guest.call("GET", f"/c/{name}").status == 401
        assert _from(shared, friend, "GET", f"/c/{name}").status == 403
        assert shared.call("GET", f"/c/{name}").body == b"secret"
    assert _from(shared, friend, "DELETE", "/c/slo?multipart-manifest=delete").status == 403
    assert shared.call("POST", "/secret", {"X-Container-Read": ".r:*"}).status == 204
    assert guest.call("GET", "/c/dlo").body == guest.call("GET", "/c/slo").body == b"secret"


def test_lists_of_a_missing_container_tell_nothing(swift: Swift, friend: Swift) -> None:
    assert swift.as_(None).call("GET", "/none/o").status == 401
    assert _from(swift, friend, "GET", "/none/o").status == 403


@pytest.mark.parametrize("said", ['{"admin":["*:*"],"read-write":["*:*"],"read-only":["*:*"]}', "{bad", ""])
def test_lists_of_an_account_are_passed_over_as_beside_keystone(shared: Swift, friend: Swift, said: str) -> None:
    assert shared.call("POST", "", {"X-Account-Access-Control": said}).status == 204
    assert "x-account-access-control" not in shared.call("HEAD", "").headers
    assert friend.call("GET", "", account=shared.account).status == 403
    assert _from(shared, friend, "GET", "/c/o").status == 403
    assert "tempauth" not in shared.call("GET", "/info", account="").json
