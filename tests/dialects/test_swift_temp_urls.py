"""Temporary URLs: a signature instead of a token, for one thing with one object."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import time
from collections.abc import Mapping
from urllib.parse import quote

import pytest

from tests.dialects.swift_service import Reply, Swift

KEY = "a key of the account"
LATER = int(time.time()) + 600
INVALID = "401 Unauthorized: Temp URL invalid\n"


def _query(
    swift: Swift,
    path: str = "/c/o",
    *,
    method: str = "GET",
    key: str = KEY,
    digest: str = "sha256",
    expires: int = LATER,
    prefix: str | None = None,
    ip: str | None = None,
) -> dict[str, str]:
    where = f"{swift.account}{path}" if prefix is None else f"prefix:{swift.account}/c/{prefix}"
    text = f"{method}\n{expires}\n{where}"
    text = text if ip is None else f"ip={ip}\n{text}"
    mac = hmac.new(key.encode(), text.encode(), digest)
    signature = mac.hexdigest()
    if digest == "sha512":
        signature = "sha512:" + base64.urlsafe_b64encode(mac.digest()).decode()
    query = {"temp_url_sig": signature, "temp_url_expires": str(expires)}
    query |= {} if prefix is None else {"temp_url_prefix": prefix}
    return query | ({} if ip is None else {"temp_url_ip_range": ip})


def _ask(
    swift: Swift,
    query: Mapping[str, str],
    *,
    method: str = "GET",
    path: str = "/c/o",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Reply:
    question = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    return swift.as_(None).call(method, f"{quote(path)}?{question}", headers, body)


@pytest.fixture
def keyed(swift: Swift) -> Swift:
    """An account with a key, and an object in it."""
    assert swift.call("POST", "", {"X-Account-Meta-Temp-URL-Key": KEY}).status == 204
    swift.put("/c")
    swift.put("/c/o", b"hello", {"X-Object-Meta-Secret": "s", "X-Object-Meta-Public-Note": "n", "Expires": "0"})
    return swift


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
def test_a_signed_url_reads_the_object_without_a_token(keyed: Swift, digest: str) -> None:
    reply = _ask(keyed, _query(keyed, digest=digest))
    assert (reply.status, reply.body) == (200, b"hello")
    assert reply.headers["content-disposition"] == "attachment; filename=\"o\"; filename*=UTF-8''o"
    assert reply.headers["expires"] == time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(LATER))
    assert "x-object-meta-secret" not in reply.headers
    assert reply.headers["x-object-meta-public-note"] == "n"


def test_each_digest_may_be_written_in_hex(keyed: Swift) -> None:
    query = _query(keyed, digest="sha512")
    encoded = query["temp_url_sig"].removeprefix("sha512:")
    assert _ask(keyed, query | {"temp_url_sig": base64.urlsafe_b64decode(encoded).hex()}).status == 200


def test_the_time_may_be_written_as_iso(keyed: Swift) -> None:
    query = _query(keyed) | {"temp_url_expires": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(LATER))}
    assert _ask(keyed, query).status == 200


def test_a_range_of_it_is_read_too(keyed: Swift) -> None:
    reply = _ask(keyed, _query(keyed), headers={"Range": "bytes=1-2"})
    assert (reply.status, reply.body) == (206, b"el")


@pytest.mark.parametrize(
    ("more", "disposition"),
    [
        ({"filename": "my disk.img"}, "attachment; filename=\"my disk.img\"; filename*=UTF-8''my%20disk.img"),
        ({"inline": ""}, "inline"),
        ({"inline": "", "filename": "x"}, "inline; filename=\"x\"; filename*=UTF-8''x"),
        (
            {"filename": 'a"\r\nX: é'},
            "attachment; filename=\"a%22%0D%0AX%3A %C3%A9\"; filename*=UTF-8''a%22%0D%0AX%3A%20%C3%A9",
        ),
    ],
)
def test_the_url_says_what_a_browser_does(keyed: Swift, more: dict[str, str], disposition: str) -> None:
    assert _ask(keyed, _query(keyed) | more).headers["content-disposition"] == disposition


def test_the_objects_own_disposition_is_kept(keyed: Swift) -> None:
    keyed.put("/c/own", b"", {"Content-Disposition": "inline"})
    assert _ask(keyed, _query(keyed, "/c/own"), path="/c/own").headers["content-disposition"] == "inline"


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("X-Account-Meta-Temp-URL-Key-2", ""),
        ("X-Container-Meta-Temp-URL-Key", "/c"),
        ("X-Container-Meta-Temp-URL-Key-2", "/c"),
    ],
)
def test_each_of_the_four_keys_signs(keyed: Swift, key: str, place: str) -> None:
    assert keyed.call("POST", place, {key: "another"}).status == 204
    assert _ask(keyed, _query(keyed, key="another")).status == 200
    assert _ask(keyed, _query(keyed)).status == 200


def test_a_containers_key_does_not_open_another(keyed: Swift) -> None:
    keyed.put("/other", headers={"X-Container-Meta-Temp-URL-Key": "another"})
    assert _ask(keyed, _query(keyed, key="another")).status == 401


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "HEAD"])
def test_head_goes_by_the_signature_of_the_others(keyed: Swift, method: str) -> None:
    reply = _ask(keyed, _query(keyed, method=method), method="HEAD")
    assert (reply.status, reply.headers["content-length"]) == (200, "5")
    assert "x-object-meta-secret" not in reply.headers


def test_put_post_and_delete_by_url(keyed: Swift) -> None:
    assert _ask(keyed, _query(keyed, "/c/new", method="PUT"), method="PUT", path="/c/new", body=b"new").status == 201
    assert keyed.call("GET", "/c/new").body == b"new"
    assert _ask(keyed, _query(keyed, method="POST"), method="POST", headers={"X-Object-Meta-A": "1"}).status == 202
    assert keyed.call("HEAD", "/c/o").headers["x-object-meta-a"] == "1"
    assert _ask(keyed, _query(keyed, method="DELETE"), method="DELETE").status == 204
    assert keyed.call("HEAD", "/c/o").status == 404


def test_a_prefix_opens_all_below_it_and_nothing_else(keyed: Swift) -> None:
    keyed.put("/c/p/%C3%A9%201", b"1")
    assert _ask(keyed, _query(keyed, prefix="p/"), path="/c/p/é 1").body == b"1"
    assert _ask(keyed, _query(keyed, prefix="p/"), path="/c/o").status == 401
    assert _ask(keyed, _query(keyed, prefix="")).status == 200


@pytest.mark.parametrize(("ip", "status"), [("127.0.0.0/8", 200), ("127.0.0.1", 200), ("10.0.0.0/8", 401), ("x", 401)])
def test_an_address_range_is_held_to(keyed: Swift, ip: str, status: int) -> None:
    assert _ask(keyed, _query(keyed, ip=ip)).status == status


def test_an_address_range_cannot_be_taken_off(keyed: Swift) -> None:
    query = _query(keyed, ip="10.0.0.0/8")
    del query["temp_url_ip_range"]
    assert _ask(keyed, query).status == 401


# -- what is refused ---------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"temp_url_sig": ""},
        {"temp_url_sig": "0" * 64},
        {"temp_url_sig": "é" * 64},
        {"temp_url_sig": "md5:AAAA"},
        {"temp_url_sig": "sha512:AAAA"},
        {"temp_url_sig": "sha512:" + "A" * 88},
        {"temp_url_sig": "sha256:!" + "A" * 42},
        {"temp_url_expires": ""},
        {"temp_url_expires": "-1"},
        {"temp_url_expires": "9" * 400},
        {"temp_url_expires": "2026-99-99T00:00:00Z"},
        {"temp_url_expires": str(LATER + 1)},
        {"temp_url_prefix": "o"},
        {"temp_url_ip_range": "0.0.0.0/0"},
    ],
)
def test_whatever_is_wrong_is_401_in_the_same_words(keyed: Swift, wrong: dict[str, str]) -> None:
    reply = _ask(keyed, _query(keyed) | wrong)
    assert (reply.status, reply.text) == (401, INVALID)
    assert reply.headers["www-authenticate"].startswith("Swift realm=")


@pytest.mark.parametrize("left_out", ["temp_url_sig", "temp_url_expires"])
def test_half_a_url_is_none_even_with_a_token(keyed: Swift, left_out: str) -> None:
    query = _query(keyed)
    del query[left_out]
    assert keyed.call("GET", "/c/o?" + "&".join(f"{k}={v}" for k, v in query.items())).status == 401


def test_an_expired_one_is_refused(keyed: Swift) -> None:
    assert _ask(keyed, _query(keyed, expires=int(time.time()) - 2)).text == INVALID


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "COPY"])
def test_a_signature_for_reading_changes_nothing(keyed: Swift, method: str) -> None:
    assert _ask(keyed, _query(keyed), method=method, headers={"Destination": "/c/x"}, body=b"").status == 401
    assert keyed.names("/c") == ["o"]


def test_a_signature_for_writing_does_not_read(keyed: Swift) -> None:
    assert _ask(keyed, _query(keyed, method="PUT")).status == 401


def test_without_a_key_nothing_is_signed(swift: Swift) -> None:
    swift.put("/c")
    swift.put("/c/o")
    assert _ask(swift, _query(swift, key="")).text == INVALID
    assert _ask(swift.as_("member", "nobody"), _query(swift)).text == INVALID


def test_another_account_is_not_opened(keyed: Swift) -> None:
    other = keyed.as_("member", f"{keyed.project}x")
    other.put("/c")
    other.put("/c/o", b"theirs")
    assert _ask(other, _query(keyed)).status == 401


def test_containers_and_accounts_are_not_opened(keyed: Swift) -> None:
    assert _ask(keyed, _query(keyed, "/c"), path="/c").status == 401
    assert _ask(keyed, _query(keyed, ""), path="").status == 401


@pytest.mark.parametrize("header", ["X-Object-Manifest", "X-Symlink-Target", "X-Copy-From"])
def test_a_url_cannot_leave_a_pointer_to_other_objects(keyed: Swift, header: str) -> None:
    query = _query(keyed, "/c/new", method="PUT")
    assert _ask(keyed, query, method="PUT", path="/c/new", headers={header: "c/o"}, body=b"").status == 400
    assert keyed.names("/c") == ["o"]


@pytest.mark.parametrize(("method", "what"), [("PUT", "put"), ("GET", "get"), ("DELETE", "delete")])
def test_lists_of_segments_are_not_for_urls(keyed: Swift, method: str, what: str) -> None:
    query = _query(keyed, method=method) | {"multipart-manifest": what}
    assert _ask(keyed, query, method=method, body=b"[]" if what == "put" else None).status == 400


def test_a_large_object_is_read_by_the_accounts_key_but_not_out_of_a_containers_reach(keyed: Swift) -> None:
    keyed.put("/seg", headers={"X-Container-Meta-Temp-URL-Key": "s"})
    keyed.put("/seg/1", b"far")
    keyed.put("/c/1", b"near")
    keyed.call("POST", "/c", {"X-Container-Meta-Temp-URL-Key": "c"})
    keyed.put("/c/far", headers={"X-Object-Manifest": "seg/1"})
    keyed.put("/c/near", headers={"X-Object-Manifest": "c/1"})
    keyed.put("/c/listed?multipart-manifest=put", b'[{"path": "/seg/1"}]')
    for name, body in (("far", b"far"), ("near", b"near"), ("listed", b"far")):
        assert _ask(keyed, _query(keyed, f"/c/{name}"), path=f"/c/{name}").body == body
    assert _ask(keyed, _query(keyed, "/c/near", key="c"), path="/c/near").body == b"near"
    assert _ask(keyed, _query(keyed, "/c/far", key="c"), path="/c/far").status == 401
    assert _ask(keyed, _query(keyed, "/c/listed", key="c"), path="/c/listed").status == 401


def test_keys_are_shown_to_owners_only(keyed: Swift) -> None:
    keyed.put("/c", headers={"X-Container-Meta-Temp-URL-Key": "k"})
    assert keyed.call("HEAD").headers["x-account-meta-temp-url-key"] == KEY
    reader = keyed.as_("reader")
    assert "x-account-meta-temp-url-key" not in reader.call("HEAD").headers
    assert "x-container-meta-temp-url-key" not in reader.call("HEAD", "/c").headers


def test_no_log_tells_a_signature_or_a_key(keyed: Swift, caplog: pytest.LogCaptureFixture) -> None:
    good = _query(keyed)
    with caplog.at_level(logging.DEBUG):
        _ask(keyed, good)
        _ask(keyed, good | {"temp_url_expires": "1"})
    logged = "".join(str(record.__dict__) for record in caplog.records)
    assert "/c/o" in logged
    assert good["temp_url_sig"] not in logged
    assert KEY not in logged


def test_info_tells_what_is_offered(swift: Swift) -> None:
    told = swift.call("GET", "/info", account="").json["tempurl"]
    assert told["allowed_digests"] == ["sha1", "sha256", "sha512"]
    assert told["methods"] == ["GET", "HEAD", "PUT", "POST", "DELETE"]


def test_the_signature_of_the_record_is_understood() -> None:
    """By openssl: printf 'GET\\n1795160206\\n/v1/AUTH_a/c/o' | openssl dgst -sha1 -hmac key"""
    from imageferry.wire import tempurl

    expected = hmac.new(b"key", b"GET\n1795160206\n/v1/AUTH_a/c/o", hashlib.sha1).digest()
    assert tempurl.mac("key", "GET\n1795160206\n/v1/AUTH_a/c/o", "sha1") == expected
