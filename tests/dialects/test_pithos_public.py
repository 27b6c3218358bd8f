"""Pithos: what is public is for everybody who knows its address: the bytes, and not a word more."""

from __future__ import annotations

import logging
from urllib.parse import quote

import pytest

from tests.dialects.openstack_service import BASE, Cloud, Reply
from tests.dialects.pithos_caller import OCTETS, Pithos, fault, fresh_account


@pytest.fixture
def guest(pithos_server: Cloud) -> Cloud:
    return Cloud(**{**vars(pithos_server), "token": None})


def published(pithos: Pithos, path: str) -> str:
    """The path of its address."""
    assert pithos.call("POST", f"{path}?update", {"X-Object-Public": "true"}).status == 202
    url = pithos.head(path).headers["x-object-public"]
    assert url.startswith(f"{BASE}/public/")
    return url.removeprefix(BASE)


def test_whoever_knows_the_address_gets_the_bytes_and_nothing_else(pithos: Pithos, guest: Cloud) -> None:
    pithos.put("/pithos/debian_base3.diskdump", X_Object_Meta_Secret="1", X_Object_Sharing="read=*")
    address = published(pithos, "/pithos/debian_base3.diskdump")
    for method in ("GET", "HEAD"):
        reply = guest.call(method, address)
        assert (reply.status, reply.body) == (200, b"hello" if method == "GET" else b"")
        assert reply.headers["content-length"] == "5"
        assert reply.headers["content-type"] == "application/octet-stream"
        assert reply.headers["content-disposition"] == 'inline; filename="debian_base3.diskdump"'
        assert reply.headers["content-security-policy"] == "sandbox"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert [name for name in reply.headers if name.startswith("x-object")] == []
    for method in ("PUT", "POST", "DELETE", "COPY"):
        assert guest.call(method, address, body=b"").status == 405
    assert guest.get(f"/object-store/v1/{pithos.account}/pithos/debian_base3.diskdump").status == 401


def test_ranges_and_conditions_work(pithos: Pithos, guest: Cloud) -> None:
    pithos.put("/pithos/a")
    address = published(pithos, "/pithos/a")

    def asked(**headers: str) -> Reply:
        return guest.call("GET", address, headers={name.replace("_", "-"): value for name, value in headers.items()})

    part = asked(range="bytes=1-3")
    assert (part.status, part.body, part.headers["content-range"]) == (206, b"ell", "bytes 1-3/5")
    several = asked(range="bytes=0-0,4-4")
    assert several.status == 206
    assert several.headers["content-type"].startswith("multipart/byteranges")
    fault(asked(range="bytes=9-"), 416)
    tag = asked().headers["etag"]
    assert asked(if_none_match=tag).status == 304
    assert asked(if_none_match=tag).headers["content-security-policy"] == "sandbox"
    fault(asked(if_match="another"), 412)
    assert asked(range="bytes=0-1", if_range="another").status == 200


def test_an_address_stays_until_the_object_is_public_no_more_and_is_never_given_again(
    pithos: Pithos, guest: Cloud
) -> None:
    pithos.put("/pithos/a")
    address = published(pithos, "/pithos/a")
    assert published(pithos, "/pithos/a") == address
    assert len(address.rpartition("/")[2]) >= 32
    pithos.put("/pithos/a", b"another")
    assert guest.get(address).body == b"another"
    pithos.call("POST", "/pithos/a?update", {"X-Object-Public": "FALSE"})
    fault(guest.get(address), 404)
    assert "x-object-public" not in pithos.head("/pithos/a").headers
    again = published(pithos, "/pithos/a")
    assert again != address
    fault(guest.get(address), 404)
    pithos.call("DELETE", "/pithos/a")
    pithos.put("/pithos/a")
    fault(guest.get(again), 404)


def test_only_its_owner_is_told_the_address(pithos: Pithos, pithos_server: Cloud) -> None:
    pithos.put("/pithos/a", X_Object_Sharing="write=*")
    published(pithos, "/pithos/a")
    other = Pithos(fresh_account(pithos_server, "curious").cloud, pithos.account)
    assert other.get("/pithos/a").status == 200
    assert "x-object-public" not in other.get("/pithos/a").headers
    assert [row for row in other.rows("/pithos") if "x_object_public" in row] == []
    rita = pithos.as_("rita", "own")
    assert "x-object-public" in rita.head("/pithos/a").headers  # of the same project
    fault(rita.call("POST", "/pithos/a?update", {"X-Object-Public": "false"}), 403)


def test_everybody_with_a_token_reads_what_is_public_by_its_name(pithos: Pithos, pithos_server: Cloud) -> None:
    pithos.put("/pithos/a")
    published(pithos, "/pithos/a")
    other = Pithos(fresh_account(pithos_server, "reader of public things").cloud, pithos.account)
    reply = other.get("/pithos/a")
    assert (reply.status, reply.headers["x-object-allowed-to"]) == (200, "read")
    assert "x-object-sharing" not in reply.headers
    assert other.swift("GET", "/pithos/a").body == b"hello"
    fault(other.call("PUT", "/pithos/a", OCTETS, b"x"), 403)
    fault(other.get("/pithos?format=json"), 403)


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("a/b c.txt", 'inline; filename="b c.txt"'),
        (
            'a"; filename="evil.exe',
            "inline; filename=\"a__ filename=_evil.exe\"; filename*=UTF-8''a%22%3B%20filename%3D%22evil.exe",
        ),
        ("é", "inline; filename=\"_\"; filename*=UTF-8''%C3%A9"),
        ("a\r\nX-Evil: y", "inline; filename=\"a__X-Evil: y\"; filename*=UTF-8''a%0D%0AX-Evil%3A%20y"),
        ("100%41", "inline; filename=\"100_41\"; filename*=UTF-8''100%2541"),
        ("a\\b", "inline; filename=\"a_b\"; filename*=UTF-8''a%5Cb"),
        ("dir/", 'inline; filename="dir"'),
        ("/", 'inline; filename="object"'),
    ],
)
def test_a_name_does_not_get_out_of_its_header(pithos: Pithos, guest: Cloud, name: str, disposition: str) -> None:
    path = f"/pithos/{quote(name, safe='')}"
    pithos.put(path, content_type="text/html")
    reply = guest.get(published(pithos, path))
    assert (reply.headers["content-disposition"], "x-evil" in reply.headers) == (disposition, False)


@pytest.mark.parametrize(
    "token", ["", "x", "/", "..%2F..%2Fhealthz", "%00", "%27%20OR%201=1", "é".encode().hex(), "a" * 5000, "%ed%a0%80"]
)
def test_what_is_no_address_is_not_found(guest: Cloud, token: str) -> None:
    assert guest.get(f"/public/{token}").status in (400, 404)


def test_an_address_stands_in_no_log(pithos: Pithos, guest: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    pithos.put("/pithos/a")
    address = published(pithos, "/pithos/a")
    token = address.rpartition("/")[2]
    guest.get(address)
    guest.get(f"{address}/")
    guest.get(f"{address}/more")
    guest.call("POST", address, body=b"x")
    guest.call("GET", address, headers={"range": "bytes=99-"})
    guest.call("PUT", address, body=[b"x"], cut=True)
    assert "/public/" in caplog.text
    assert token not in caplog.text


def test_who_may_write_a_public_object_makes_it_show_no_other(
    pithos: Pithos, guest: Cloud, pithos_server: Cloud
) -> None:
    pithos.put("/pithos/secret/1", b"secret")
    pithos.put("/pithos/a", X_Object_Sharing="write=*")
    address = published(pithos, "/pithos/a")
    other = Pithos(fresh_account(pithos_server, "writer").cloud, pithos.account)
    for headers in ({"X-Object-Manifest": "pithos/secret/"}, {"X-Symlink-Target": "pithos/secret/1"}):
        assert other.swift("PUT", "/pithos/a", headers, b"").status == 201
        fault(guest.get(address), 404)
        assert guest.call("HEAD", address).status == 404
        assert other.get("/pithos/a").status == 403


def test_a_token_sent_along_does_no_harm(pithos: Pithos, guest: Cloud) -> None:
    pithos.put("/pithos/a")
    address = published(pithos, "/pithos/a")
    assert pithos.cloud.get(address).status == 200
    assert guest.call("GET", address, headers={"x-auth-token": "nonsense"}).status == 200
