"""Links: objects that stand for another object, wherever it is.

What is expected here is what Swift 2.38 answered to the same requests, where no comment says otherwise.
"""

from __future__ import annotations

import hmac
import json
import time
from hashlib import md5, sha256

import pytest

from tests.dialects.swift_service import Reply, Swift

TAG = md5(b"target", usedforsecurity=False).hexdigest()


@pytest.fixture
def swift(swift: Swift) -> Swift:
    """One with an object ``c/t`` and a link ``c/l`` to it."""
    swift.put("/c")
    swift.put("/d")
    swift.put("/c/t", b"target", {"X-Object-Meta-T": "1"})
    link(swift, "/c/l", "c/t")
    return swift


def link(swift: Swift, path: str, target: str, **headers: str) -> Reply:
    return swift.put(path, headers={"X-Symlink-Target": target} | headers)


def signed(swift: Swift, method: str, path: str, more: str = "", headers: dict[str, str] | None = None) -> Reply:
    expires = int(time.time()) + 60
    text = f"{method}\n{expires}\n{swift.account}{path}"
    signature = hmac.new(b"key", text.encode(), sha256).hexdigest()
    return swift.as_(None).call(method, f"{path}?temp_url_sig={signature}&temp_url_expires={expires}{more}", headers)


class TestFollowing:
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_a_link_answers_as_what_it_leads_to_and_says_where_that_is(self, swift: Swift, method: str) -> None:
        reply = swift.call(method, "/c/l")
        assert reply.status == 200
        assert reply.headers["content-location"] == f"{swift.account}/c/t"
        assert (reply.headers["content-length"], reply.headers["etag"]) == ("6", TAG)
        assert reply.headers["x-object-meta-t"] == "1"
        assert reply.body == (b"target" if method == "GET" else b"")

    def test_ranges_and_conditions_are_about_what_it_leads_to(self, swift: Swift) -> None:
        assert swift.call("GET", "/c/l", {"Range": "bytes=0-1"}).body == b"ta"
        assert swift.call("GET", "/c/l", {"If-None-Match": TAG}).status == 304
        assert swift.call("GET", "/c/l", {"If-Match": "x"}).status == 412

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_the_link_itself_can_be_asked_for(self, swift: Swift, method: str) -> None:
        reply = swift.call(method, "/c/l?symlink=get")
        assert (reply.status, reply.body) == (200, b"")
        assert reply.headers["content-type"] == "application/symlink"
        assert reply.headers["x-symlink-target"] == "c/t"
        assert "content-location" not in reply.headers
        assert "x-symlink-target-account" not in reply.headers
        assert swift.call(method, "/c/t?symlink=get").headers["content-length"] == "6"

    def test_names_are_percent_encoded(self, swift: Swift) -> None:
        swift.put("/c/%C3%A4%20%25", b"odd")
        link(swift, "/c/odd", "c/%C3%A4%20%25")
        reply = swift.call("GET", "/c/odd")
        assert (reply.body, reply.headers["content-location"]) == (b"odd", f"{swift.account}/c/%C3%A4%20%25")
        assert swift.call("HEAD", "/c/odd?symlink=get").headers["x-symlink-target"] == "c/%C3%A4%20%25"

    def test_two_links_in_a_row_are_followed_and_no_third(self, swift: Swift) -> None:
        link(swift, "/c/l2", "c/l")
        link(swift, "/c/l3", "c/l2")
        assert swift.call("GET", "/c/l2").body == b"target"
        assert swift.call("GET", "/c/l3").status == swift.call("HEAD", "/c/l3").status == 409

    def test_a_ring_has_an_end(self, swift: Swift) -> None:
        link(swift, "/c/x", "c/y")
        link(swift, "/c/y", "c/x")
        assert swift.call("GET", "/c/x").status == 409

    @pytest.mark.parametrize("target", ["c/none", "none/t"])
    def test_a_link_may_lead_nowhere(self, swift: Swift, target: str) -> None:
        link(swift, "/c/dangling", target)
        assert swift.call("GET", "/c/dangling").status == 404
        assert swift.call("HEAD", "/c/dangling?symlink=get").status == 200

    def test_what_it_leads_to_stays_when_the_link_goes(self, swift: Swift) -> None:
        assert swift.call("DELETE", "/c/l").status == 204
        assert swift.call("GET", "/c/t").status == 200
        link(swift, "/c/l", "c/t")
        assert swift.call("DELETE", "/c/t").status == 204
        assert swift.call("GET", "/c/l").status == 404

    def test_a_link_can_expire(self, swift: Swift) -> None:
        link(swift, "/c/short", "c/t", **{"X-Delete-After": "1"})
        assert "x-delete-at" not in swift.call("HEAD", "/c/short").headers
        assert "x-delete-at" in swift.call("HEAD", "/c/short?symlink=get").headers
        time.sleep(1.2)
        assert swift.call("GET", "/c/short").status == 404


class TestMaking:
    def test_listings_say_where_a_link_leads(self, swift: Swift) -> None:
        rows = {row["name"]: row for row in swift.call("GET", "/c?format=json").json}
        assert rows["l"]["symlink_path"] == f"{swift.account}/c/t"
        assert (rows["l"]["bytes"], rows["l"]["content_type"]) == (0, "application/symlink")
        assert "symlink_path" not in rows["t"]
        assert b"<bytes>0</bytes>" in swift.call("GET", "/c?format=xml").body

    @pytest.mark.parametrize(
        ("target", "status"),
        [
            *[(text, 412) for text in ("", "c", "/c/t", "c/", "/", "c/%00", "%FF/x", "%2Fc/t")],
            *[(text, 400) for text in ("c/new", "c/" + "x" * 1025, "x" * 257 + "/t")],
        ],
    )
    def test_what_names_no_other_object_is_refused(self, swift: Swift, target: str, status: int) -> None:
        assert swift.call("PUT", "/c/new", {"X-Symlink-Target": target}).status == status
        assert swift.call("GET", "/c/new?symlink=get").status == 404

    @pytest.mark.parametrize("account", ["AUTH_/x", "foo", ""])
    def test_what_names_no_account_is_refused(self, swift: Swift, account: str) -> None:
        # Swift takes the second one, and then answers 403 to all.
        headers = {"X-Symlink-Target": "c/t", "X-Symlink-Target-Account": account}
        assert swift.call("PUT", "/c/new", headers).status == 412

    def test_a_link_has_no_bytes(self, swift: Swift) -> None:
        assert swift.call("PUT", "/c/new", {"X-Symlink-Target": "c/t"}, b"x").status == 400
        assert swift.call("PUT", "/c/new", {"X-Symlink-Target": "c/t"}, iter([b"x"])).status == 400
        assert swift.call("PUT", "/c/new", {"X-Symlink-Target": "c/t", "X-Copy-From": "c/t"}).status == 400
        assert swift.call("COPY", "/c/t", {"X-Symlink-Target": "c/t", "Destination": "c/new"}).status == 400
        assert swift.names("/c") == ["l", "t"]

    def test_putting_bytes_makes_it_an_object(self, swift: Swift) -> None:
        swift.put("/c/l", b"own")
        assert (swift.call("GET", "/c/l").body, swift.call("GET", "/c/t").body) == (b"own", b"target")

    def test_notes_are_the_links_own_and_the_answer_says_where_else(self, swift: Swift) -> None:
        reply = swift.call("POST", "/c/l", {"X-Object-Meta-L": "1"})
        assert (reply.status, reply.headers["location"]) == (307, f"{swift.account}/c/t")
        own = swift.call("HEAD", "/c/l?symlink=get").headers
        assert (own["x-object-meta-l"], own["x-symlink-target"]) == ("1", "c/t")
        assert "x-object-meta-l" not in swift.call("HEAD", "/c/t").headers
        for path in ("/c/l", "/c/t"):
            assert swift.call("POST", path, {"X-Symlink-Target": "c/t"}).status == 400


class TestStaticLinks:
    def test_one_leads_to_the_very_bytes_or_nowhere(self, swift: Swift) -> None:
        link(swift, "/c/s", "c/t", **{"X-Symlink-Target-Etag": f'"{TAG}"'})
        assert swift.call("GET", "/c/s").body == b"target"
        swift.put("/c/t", b"other")
        assert swift.call("GET", "/c/s").status == swift.call("HEAD", "/c/s").status == 409
        assert swift.call("GET", "/c/l").body == b"other"
        swift.put("/c/t", b"target")
        assert swift.call("GET", "/c/s").body == b"target"

    def test_one_tells_what_it_leads_to(self, swift: Swift) -> None:
        swift.put("/c/t", b"target", {"Content-Type": "text/x"})
        link(swift, "/c/s", "c/t", **{"X-Symlink-Target-Etag": TAG})
        own = swift.call("HEAD", "/c/s?symlink=get").headers
        assert (own["x-symlink-target-etag"], own["x-symlink-target-bytes"]) == (TAG, "6")
        assert own["content-type"] == "text/x"
        [row] = swift.call("GET", "/c?format=json&prefix=s").json
        assert (row["symlink_etag"], row["symlink_bytes"], row["bytes"]) == (TAG, 6, 0)

    @pytest.mark.parametrize(("target", "tag"), [("c/t", "0" * 32), ("c/none", TAG), ("c/t", "x\x7f"), ("c/l", TAG)])
    def test_one_is_not_made_of_what_is_not_there(self, swift: Swift, target: str, tag: str) -> None:
        headers = {"X-Symlink-Target": target, "X-Symlink-Target-Etag": tag}
        assert swift.call("PUT", "/c/s", headers).status in (400, 409)
        assert swift.call("GET", "/c/s?symlink=get").status == 404

    def test_one_may_lead_to_another(self, swift: Swift) -> None:
        link(swift, "/c/s", "c/t", **{"X-Symlink-Target-Etag": TAG})
        link(swift, "/c/s2", "c/s", **{"X-Symlink-Target-Etag": TAG})
        link(swift, "/c/s3", "c/l", **{"X-Symlink-Target-Etag": md5(b"", usedforsecurity=False).hexdigest()})
        assert swift.call("GET", "/c/s2").body == swift.call("GET", "/c/s3").body == b"target"
        swift.put("/c/t", b"other")
        assert swift.call("GET", "/c/s2").status == 409
        assert swift.call("GET", "/c/s3").body == b"other"

    def test_one_to_a_large_object_has_the_tag_of_its_list(self, swift: Swift) -> None:
        swift.put("/c/slo?multipart-manifest=put", json.dumps([{"path": "/c/t"}]).encode())
        tag = swift.call("HEAD", "/c/slo").headers["x-manifest-etag"]
        link(swift, "/c/s", "c/slo", **{"X-Symlink-Target-Etag": tag})
        assert swift.call("GET", "/c/s").body == b"target"
        [row] = swift.call("GET", "/c?format=json&prefix=s&end_marker=sl").json
        assert row["symlink_bytes"] == 6
        assert row["slo_etag"] == swift.call("HEAD", "/c/slo").headers["etag"]


class TestCopies:
    def test_of_a_link_are_what_it_leads_to(self, swift: Swift) -> None:
        assert swift.call("COPY", "/c/l", {"Destination": "d/copy"}).status == 201
        reply = swift.call("GET", "/d/copy?symlink=get")
        assert (reply.body, reply.headers["x-object-meta-t"]) == (b"target", "1")

    def test_can_be_of_the_link_itself(self, swift: Swift) -> None:
        link(swift, "/c/s", "c/t", **{"X-Symlink-Target-Etag": TAG})
        assert swift.call("COPY", "/c/l?symlink=get", {"Destination": "d/l"}).status == 201
        assert swift.call("PUT", "/d/s?symlink=get", {"X-Copy-From": "c/s"}).status == 201
        assert swift.call("HEAD", "/d/l?symlink=get").headers["x-symlink-target"] == "c/t"
        assert swift.call("HEAD", "/d/s?symlink=get").headers["x-symlink-target-etag"] == TAG
        assert swift.call("GET", "/d/s").body == b"target"

    def test_of_links_that_lead_nowhere_are_refused(self, swift: Swift) -> None:
        link(swift, "/c/dangling", "c/none")
        assert swift.call("COPY", "/c/dangling", {"Destination": "d/x"}).status == 404

    def test_onto_a_link_replace_it(self, swift: Swift) -> None:
        assert swift.call("COPY", "/c/t", {"Destination": "c/l"}).status == 201
        assert "x-symlink-target" not in swift.call("HEAD", "/c/l?symlink=get").headers


class TestRights:
    def test_what_a_link_leads_to_is_asked_for_by_who_follows_it(self, swift: Swift) -> None:
        other = swift.as_("member", "p2")
        other.put("/theirs")
        other.put("/theirs/o", b"secret")
        headers = {"X-Symlink-Target-Account": f"AUTH_{other.project}"}
        link(swift, "/c/far", "theirs/o", **headers)
        assert swift.call("GET", "/c/far").status == 403
        own = swift.call("HEAD", "/c/far?symlink=get").headers
        assert own["x-symlink-target-account"] == f"AUTH_{other.project}"
        with_tag = headers | {"X-Symlink-Target": "theirs/o", "X-Symlink-Target-Etag": "0" * 32}
        assert swift.call("PUT", "/c/peek", with_tag).status == 403  # nobody learns a tag by trying
        other.call("POST", "/theirs", {"X-Container-Read": f"{swift.project}:*"})
        reply = swift.call("GET", "/c/far")
        assert (reply.body, reply.headers["content-location"]) == (b"secret", f"{other.account}/theirs/o")

    def test_a_public_link_does_not_open_what_it_leads_to(self, swift: Swift) -> None:
        swift.call("POST", "/d", {"X-Container-Read": ".r:*"})
        link(swift, "/d/l", "c/t")
        guest = swift.as_(None)
        assert guest.call("GET", "/d/l").status == 401
        assert guest.call("GET", "/d/l?symlink=get").status == 200
        swift.call("POST", "/c", {"X-Container-Read": ".r:*"})
        assert guest.call("GET", "/d/l").body == b"target"

    def test_a_signed_url_follows_within_what_its_key_is_for(self, swift: Swift) -> None:
        swift.call("POST", "/c", {"X-Container-Meta-Temp-URL-Key": "key"})
        swift.call("POST", "/d", {"X-Container-Meta-Temp-URL-Key": "key"})
        link(swift, "/d/l", "c/t")
        assert signed(swift, "GET", "/c/l").body == b"target"
        assert signed(swift, "GET", "/c/l", "&symlink=get").body == b"target"
        assert signed(swift, "GET", "/d/l").status == 401
        swift.call("POST", "/d", {"X-Remove-Container-Meta-Temp-URL-Key": "x"})
        swift.call("POST", "", {"X-Account-Meta-Temp-URL-Key": "key"})
        assert signed(swift, "GET", "/d/l").body == b"target"
        other = swift.as_("member", "p2")
        link(swift, "/d/far", "theirs/o", **{"X-Symlink-Target-Account": f"AUTH_{other.project}"})
        assert signed(swift, "GET", "/d/far").status == 401

    def test_a_signed_url_makes_no_link(self, swift: Swift) -> None:
        swift.call("POST", "/c", {"X-Container-Meta-Temp-URL-Key": "key"})
        assert signed(swift, "PUT", "/c/new", headers={"X-Symlink-Target": "c/t"}).status == 400


class TestTogetherWithOthers:
    def test_a_link_to_a_large_object_reads_as_the_whole(self, swift: Swift) -> None:
        swift.put("/d/2", b"more")
        link(swift, "/d/linked", "c/t")
        parts = [{"path": "/d/2"}, {"path": "/d/linked", "size_bytes": 6, "etag": TAG}]
        swift.put("/c/slo?multipart-manifest=put", json.dumps(parts).encode())
        link(swift, "/c/ls", "c/slo")
        assert swift.call("GET", "/c/slo").body == swift.call("GET", "/c/ls").body == b"moretarget"
        listed = swift.call("GET", "/c/ls?multipart-manifest=get")
        assert [row["bytes"] for row in listed.json] == [4, 6]
        swift.put("/c/t", b"other!")
        assert swift.call("GET", "/c/slo").status == 409

    def test_a_link_that_leads_nowhere_is_no_segment(self, swift: Swift) -> None:
        link(swift, "/d/dangling", "c/none")
        link(swift, "/d/x", "d/y")
        link(swift, "/d/y", "d/x")
        for name in ("dangling", "x"):
            body = json.dumps([{"path": f"/d/{name}"}]).encode()
            assert swift.call("PUT", "/c/slo?multipart-manifest=put", body=body).status == 400

    def test_a_large_object_cannot_come_back_to_itself_by_a_link(self, swift: Swift) -> None:
        swift.put("/c/slo?multipart-manifest=put", json.dumps([{"path": "/c/t"}]).encode())
        link(swift, "/d/back", "c/slo")
        swift.call("PUT", "/c/slo?multipart-manifest=put", body=json.dumps([{"path": "/d/back"}]).encode())
        assert swift.call("GET", "/c/slo").status in (200, 409)

    def test_a_dynamic_large_object_has_the_link_itself(self, swift: Swift) -> None:
        swift.put("/d/p1", b"ab")
        link(swift, "/d/p2", "c/t")
        swift.put("/c/dlo", headers={"X-Object-Manifest": "d/p"})
        assert swift.call("GET", "/c/dlo").body == b"ab"

    def test_a_link_is_a_version_as_an_object_is(self, swift: Swift) -> None:
        swift.put("/v", headers={"X-Versions-Enabled": "true"})
        number = link(swift, "/v/l", "c/t").headers["x-object-version-id"]
        assert swift.call("GET", "/v/l").body == b"target"
        swift.put("/v/l", b"plain")
        old = swift.call("GET", f"/v/l?version-id={number}")
        assert (old.body, old.headers["x-object-version-id"]) == (b"target", number)
        row = swift.call("GET", "/v?versions").json[1]
        assert (row["symlink_path"], row["version_id"]) == (f"{swift.account}/c/t", number)
        link(swift, "/c/tov", "v/l")
        assert swift.call("GET", "/c/tov").body == b"plain"

    def test_an_archive_keeps_the_link(self, swift: Swift) -> None:
        swift.call("POST", "/c", {"X-Versions-Location": "d"})
        swift.put("/c/l", b"own")
        swift.call("DELETE", "/c/l")
        assert swift.call("HEAD", "/c/l?symlink=get").headers["x-symlink-target"] == "c/t"

    def test_many_links_are_deleted_and_their_targets_stay(self, swift: Swift) -> None:
        reply = swift.call("POST", "?bulk-delete", {"Content-Type": "text/plain"}, b"/c/l\n")
        assert "Number Deleted: 1" in reply.text
        assert swift.call("GET", "/c/t").status == 200
