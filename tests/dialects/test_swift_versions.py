"""Containers that keep versions: each state of an object has a number, and a deletion leaves a mark.

What is expected here is what Swift 2.38 answered to the same requests, where no comment says otherwise.
"""

from __future__ import annotations

import hmac
import io
import json
import tarfile
import time
from hashlib import sha256

import pytest

from tests.dialects.swift_service import Reply, Swift

ID = "x-object-version-id"
MARK = "application/x-deleted;swift_versions_deleted=1"


@pytest.fixture
def swift(swift: Swift) -> Swift:
    """One with a container ``v`` that keeps versions."""
    swift.put("/v", headers={"X-Versions-Enabled": "true"})
    return swift


def put(swift: Swift, path: str, body: bytes = b"", **headers: str) -> str:
    """Put a version; its number."""
    return swift.put(path, body, headers).headers[ID]


def versions(swift: Swift, path: str = "/v", query: str = "") -> list[tuple[str, str, bool, str]]:
    """Name, number, whether it is the latest, and its type in short."""
    reply = swift.call("GET", f"{path}?versions&{query}")
    assert reply.status == 200, reply.body
    return [
        (row["name"], row["version_id"], row["is_latest"], "mark" if row["content_type"] == MARK else "object")
        for row in reply.json
    ]


def counted(swift: Swift, path: str = "/v") -> tuple[int, int]:
    """Objects and bytes that the container says it has; the account must agree."""
    headers = swift.call("HEAD", path).headers
    found = int(headers["x-container-object-count"]), int(headers["x-container-bytes-used"])
    account = swift.call("HEAD").headers
    assert found == (int(account["x-account-object-count"]), int(account["x-account-bytes-used"]))
    return found


def signed(swift: Swift, method: str, path: str, more: str = "") -> Reply:
    expires = int(time.time()) + 60
    text = f"{method}\n{expires}\n{swift.account}{path}"
    signature = hmac.new(b"key", text.encode(), sha256).hexdigest()
    return swift.as_(None).call(method, f"{path}?temp_url_sig={signature}&temp_url_expires={expires}{more}")


class TestEveryStateIsKept:
    def test_each_put_answers_with_a_number_of_its_own(self, swift: Swift) -> None:
        numbers = [put(swift, "/v/f", b"x" * size) for size in range(5)]
        assert numbers == sorted(set(numbers))
        assert all(len(number.split(".")[1]) == 5 for number in numbers)

    def test_the_current_object_says_which_version_it_is_and_where_it_stays(self, swift: Swift) -> None:
        put(swift, "/v/a%20b", b"one")
        number = put(swift, "/v/a%20b", b"two")
        for method in ("GET", "HEAD"):
            reply = swift.call(method, "/v/a%20b")
            assert reply.status == 200
            assert reply.headers[ID] == number
            assert reply.headers["content-location"] == f"{swift.account}/v/a%20b?version-id={number}"

    def test_an_old_version_is_read_as_it_was(self, swift: Swift) -> None:
        first = put(swift, "/v/f", b"one", **{"X-Object-Meta-K": "v", "Content-Type": "text/x"})
        put(swift, "/v/f", b"three")
        reply = swift.call("GET", f"/v/f?version-id={first}")
        assert (reply.status, reply.body, reply.headers[ID]) == (200, b"one", first)
        assert (reply.headers["x-object-meta-k"], reply.headers["content-type"]) == ("v", "text/x")
        assert "content-location" not in reply.headers
        assert swift.call("HEAD", f"/v/f?version-id={first}").headers["content-length"] == "3"
        part = swift.call("GET", f"/v/f?version-id={first}", {"Range": "bytes=1-"})
        assert (part.status, part.body) == (206, b"ne")
        assert swift.call("GET", "/v/f").body == b"three"

    @pytest.mark.parametrize("text", ["bad", "-5", "nan", "99999999999", "1.x", "%00", "0", "%C2%B2"])
    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "COPY"])
    def test_what_is_no_number_is_refused(self, swift: Swift, method: str, text: str) -> None:
        put(swift, "/v/f")
        reply = swift.call(method, f"/v/f?version-id={text}", {"Destination": "v/g"})
        assert reply.status == 400

    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "COPY"])
    def test_a_version_that_is_not_there_is_404(self, swift: Swift, method: str) -> None:
        put(swift, "/v/f")
        assert swift.call(method, "/v/f?version-id=123.00000", {"Destination": "v/g"}).status == 404
        assert len(versions(swift)) == 1

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    def test_a_container_that_never_kept_versions_has_none(self, swift: Swift, method: str) -> None:
        swift.put("/plain")
        swift.put("/plain/f", b"x")
        assert swift.call(method, "/plain/f?version-id=123.00000").status == 400
        reply = swift.call("GET", "/plain/f?version-id=null")
        assert (reply.status, reply.headers[ID]) == (200, "null")
        assert versions(swift, "/plain") == [("f", "null", True, "object")]

    def test_notes_change_the_current_version_and_make_none(self, swift: Swift) -> None:
        number = put(swift, "/v/f", b"one", **{"X-Object-Meta-A": "1"})
        assert swift.call("POST", "/v/f", {"X-Object-Meta-B": "2"}).status == 202
        for path in ("/v/f", f"/v/f?version-id={number}"):
            headers = swift.call("HEAD", path).headers
            assert (headers.get("x-object-meta-a"), headers["x-object-meta-b"]) == (None, "2")
        assert versions(swift) == [("f", number, True, "object")]
        assert swift.call("POST", f"/v/f?version-id={number}").status == 400

    def test_a_put_that_fails_makes_no_version(self, swift: Swift) -> None:
        number = put(swift, "/v/f", b"one")
        assert swift.call("PUT", "/v/f", {"ETag": "0" * 32}, b"two").status == 422
        assert swift.call("PUT", "/v/f", {"If-None-Match": "*"}, b"two").status == 412
        assert versions(swift) == [("f", number, True, "object")]

    def test_all_that_is_kept_counts(self, swift: Swift) -> None:
        put(swift, "/v/f", b"one")
        number = put(swift, "/v/f", b"three")
        assert counted(swift) == (1, 8)
        swift.call("DELETE", "/v/f")
        assert counted(swift) == (0, 8)
        swift.call("DELETE", f"/v/f?version-id={number}")
        assert counted(swift) == (0, 3)

    def test_quotas_hold_for_versions_too(self, swift: Swift) -> None:
        swift.call("POST", "/v", {"X-Container-Meta-Quota-Bytes": "10"})
        put(swift, "/v/f", b"123456")
        assert swift.call("PUT", "/v/f", body=b"123456").status == 413
        assert counted(swift) == (1, 6)


class TestDeletions:
    def test_a_deletion_leaves_a_mark_and_all_versions(self, swift: Swift) -> None:
        first = put(swift, "/v/f", b"one")
        reply = swift.call("DELETE", "/v/f")
        mark = reply.headers[ID]
        assert reply.status == 204
        assert mark > first
        assert swift.call("GET", "/v/f").status == 404
        assert swift.names("/v") == []
        assert versions(swift) == [("f", mark, True, "mark"), ("f", first, False, "object")]
        assert swift.call("GET", f"/v/f?version-id={first}").body == b"one"
        for method in ("GET", "HEAD"):
            reply = swift.call(method, f"/v/f?version-id={mark}")
            assert (reply.status, reply.headers["content-type"], reply.headers[ID]) == (404, MARK, mark)

    def test_a_deletion_of_nothing_is_remembered_as_well(self, swift: Swift) -> None:
        reply = swift.call("DELETE", "/v/f")
        assert reply.status == 404
        assert versions(swift) == [("f", reply.headers[ID], True, "mark")]

    def test_a_mark_can_be_deleted(self, swift: Swift) -> None:
        number = put(swift, "/v/f", b"one")
        mark = swift.call("DELETE", "/v/f").headers[ID]
        assert swift.call("DELETE", f"/v/f?version-id={mark}").status == 204
        # As with Swift, the object does not come back by itself.
        assert swift.call("GET", "/v/f").status == 404
        assert versions(swift) == [("f", number, False, "object")]

    def test_deleting_an_old_version_leaves_the_current_one(self, swift: Swift) -> None:
        first, second = put(swift, "/v/f", b"one"), put(swift, "/v/f", b"two")
        reply = swift.call("DELETE", f"/v/f?version-id={first}")
        assert (reply.status, reply.headers[ID], reply.headers["x-object-current-version-id"]) == (204, first, second)
        assert versions(swift) == [("f", second, True, "object")]
        assert swift.call("GET", f"/v/f?version-id={first}").status == 404

    def test_deleting_the_current_version_leaves_no_current_one(self, swift: Swift) -> None:
        first, second = put(swift, "/v/f", b"one"), put(swift, "/v/f", b"two")
        reply = swift.call("DELETE", f"/v/f?version-id={second}")
        assert (reply.status, reply.headers["x-object-current-version-id"]) == (204, "null")
        assert swift.call("GET", "/v/f").status == 404
        assert versions(swift) == [("f", first, False, "object")]

    def test_deleting_by_the_name_null_takes_the_current_object_away_and_keeps_its_version(self, swift: Swift) -> None:
        number = put(swift, "/v/f", b"one")
        assert swift.call("DELETE", "/v/f?version-id=null").status == 204
        assert versions(swift) == [("f", number, False, "object")]
        assert swift.call("DELETE", "/v/f?version-id=null").status == 404

    def test_a_container_goes_when_all_versions_are_gone(self, swift: Swift) -> None:
        put(swift, "/v/f", b"one")
        swift.call("DELETE", "/v/f")
        reply = swift.call("DELETE", "/v")
        assert (reply.status, reply.text[:46]) == (409, "Delete all versions before deleting container.")
        for name, number, _, _ in versions(swift):
            assert swift.call("DELETE", f"/v/{name}?version-id={number}").status == 204
        assert swift.call("DELETE", "/v").status == 204

    def test_bulk_deletion_leaves_marks(self, swift: Swift) -> None:
        put(swift, "/v/a", b"one")
        number = put(swift, "/v/b", b"one")
        body = f"/v/a\n/v/none\n/v/b?version-id={number}\n".encode()
        reply = swift.call("POST", "?bulk-delete", {"Content-Type": "text/plain", "Accept": "application/json"}, body)
        assert (reply.json["Number Deleted"], reply.json["Number Not Found"], reply.json["Errors"]) == (1, 2, [])
        assert [(row[0], row[3]) for row in versions(swift, query="prefix=a")] == [("a", "mark"), ("a", "object")]
        assert swift.call("GET", "/v/b").body == b"one"


class TestRestoring:
    def test_a_version_becomes_current_again_under_its_own_number(self, swift: Swift) -> None:
        first = put(swift, "/v/f", b"one", **{"X-Object-Meta-K": "v"})
        second = put(swift, "/v/f", b"three")
        reply = swift.call("PUT", f"/v/f?version-id={first}")
        assert (reply.status, reply.headers[ID]) == (201, first)
        current = swift.call("GET", "/v/f")
        assert (current.body, current.headers[ID], current.headers["x-object-meta-k"]) == (b"one", first, "v")
        assert versions(swift) == [("f", second, False, "object"), ("f", first, True, "object")]
        assert counted(swift) == (1, 8)
        third = put(swift, "/v/f", b"3")
        assert [row[1] for row in versions(swift)] == [third, second, first]

    def test_a_deleted_object_comes_back(self, swift: Swift) -> None:
        first = put(swift, "/v/f", b"one")
        mark = swift.call("DELETE", "/v/f").headers[ID]
        assert swift.call("PUT", f"/v/f?version-id={first}").status == 201
        assert swift.call("GET", "/v/f").body == b"one"
        # Swift shows both rows as the latest; here only what can be read is.
        assert versions(swift) == [("f", mark, False, "mark"), ("f", first, True, "object")]
        assert swift.call("PUT", f"/v/f?version-id={first}").status == 201
        assert counted(swift) == (1, 3)

    def test_what_cannot_be_restored_is_refused(self, swift: Swift) -> None:
        first = put(swift, "/v/f", b"one")
        mark = swift.call("DELETE", "/v/f").headers[ID]
        assert swift.call("PUT", f"/v/f?version-id={first}", body=b"x").status == 400
        assert swift.call("PUT", "/v/f?version-id=null").status == 400
        assert swift.call("PUT", f"/v/f?version-id={mark}").status == 400
        assert len(versions(swift)) == 2

    def test_an_object_without_a_number_is_not_lost_by_it(self, swift: Swift) -> None:
        first = put(swift, "/v/f", b"one")
        swift.call("POST", "/v", {"X-Versions-Enabled": "false"})
        swift.put("/v/f", b"null")
        assert swift.call("PUT", f"/v/f?version-id={first}").status == 201
        assert [row[2] for row in versions(swift)] == [False, True]  # Swift would have lost the first
        assert counted(swift) == (1, 7)


class TestSwitchedOnAndOff:
    def test_a_container_says_whether_it_keeps_versions(self, swift: Swift) -> None:
        assert swift.call("HEAD", "/v").headers["x-versions-enabled"] == "True"
        swift.call("POST", "/v", {"X-Versions-Enabled": "banana"})
        assert swift.call("HEAD", "/v").headers["x-versions-enabled"] == "False"
        swift.put("/plain")
        assert "x-versions-enabled" not in swift.call("HEAD", "/plain").headers
        assert swift.call("POST", "/plain", {"X-Versions-Enabled": "yes"}).status == 204
        assert swift.call("GET", "/plain").headers["x-versions-enabled"] == "True"

    def test_an_object_from_before_has_the_number_null_until_it_is_overwritten(self, swift: Swift) -> None:
        swift.put("/w")
        swift.put("/w/f", b"before")
        swift.call("POST", "/w", {"X-Versions-Enabled": "true"})
        assert versions(swift, "/w") == [("f", "null", True, "object")]
        assert swift.call("GET", "/w/f?version-id=null").body == b"before"
        assert swift.call("GET", "/w/f").headers[ID] == "null"
        since = swift.call("HEAD", "/w/f").headers["x-timestamp"]
        number = put(swift, "/w/f", b"after")
        assert versions(swift, "/w") == [("f", number, True, "object"), ("f", since, False, "object")]
        assert swift.call("GET", f"/w/f?version-id={since}").body == b"before"
        assert swift.call("GET", "/w/f?version-id=null").status == 404

    def test_switched_off_the_versions_stay_and_none_is_added(self, swift: Swift) -> None:
        first = put(swift, "/v/f", b"one")
        swift.call("POST", "/v", {"X-Versions-Enabled": "false"})
        assert ID not in swift.put("/v/f", b"two").headers
        swift.put("/v/f", b"three")
        assert versions(swift) == [("f", "null", True, "object"), ("f", first, False, "object")]
        assert swift.call("DELETE", "/v/f").status == 204
        assert swift.call("DELETE", "/v/f").status == 404
        assert versions(swift) == [("f", first, False, "object")]
        assert swift.call("DELETE", f"/v/f?version-id={first}").status == 204
        assert swift.call("DELETE", "/v").status == 204

    def test_both_ways_of_keeping_old_states_exclude_each_other(self, swift: Swift) -> None:
        swift.put("/old", headers={"X-Versions-Location": "archive"})
        for value in ("true", "false"):
            assert swift.call("POST", "/old", {"X-Versions-Enabled": value}).status == 400
        # Swift takes these two, and then does something of both.
        assert swift.call("POST", "/v", {"X-Versions-Location": "archive"}).status == 400
        both = {"X-Versions-Enabled": "true", "X-History-Location": "archive"}
        assert swift.call("PUT", "/both", both).status == 400
        assert swift.call("HEAD", "/both").status == 404


class TestListings:
    def test_a_plain_listing_shows_current_objects_and_where_they_stay(self, swift: Swift) -> None:
        put(swift, "/v/f", b"one")
        number = put(swift, "/v/f", b"three")
        [row] = swift.call("GET", "/v?format=json").json
        assert (row["name"], row["bytes"], row["version_symlink"]) == ("f", 5, True)
        assert row["symlink_path"] == f"{swift.account}/v/f?version-id={number}"
        assert swift.call("GET", "/v").text == "f\n"
        assert b"<name>f</name>" in swift.call("GET", "/v?format=xml").body

    def test_versions_are_listed_in_json_whatever_is_not_said(self, swift: Swift) -> None:
        put(swift, "/v/f", b"one")
        [row] = swift.call("GET", "/v?versions").json
        assert set(row) == {"name", "bytes", "hash", "content_type", "last_modified", "is_latest", "version_id"}
        for accept in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}, {"Accept": "text/plain, */*;q=0.1"}):
            assert swift.call("GET", "/v?versions", accept).headers["content-type"] == "application/json; charset=utf-8"

    def test_other_forms_are_refused(self, swift: Swift) -> None:
        for query in ("versions&format=xml", "versions&format=plain"):
            assert swift.call("GET", f"/v?{query}").status == 406
        for accept in ("text/plain", "application/xml"):
            assert swift.call("GET", "/v?versions", {"Accept": accept}).status == 406

    def test_pages_go_on_behind_a_version(self, swift: Swift) -> None:
        numbers = [("a", put(swift, "/v/a")), ("a", put(swift, "/v/a")), ("b/x", put(swift, "/v/b/x"))]
        whole = [row[:2] for row in versions(swift)]
        assert whole == [numbers[1], numbers[0], numbers[2]]
        assert [row[:2] for row in versions(swift, query="limit=1")] == whole[:1]
        behind = f"marker=a&version_marker={whole[0][1]}"
        assert [row[:2] for row in versions(swift, query=behind)] == whole[1:]
        assert [row[:2] for row in versions(swift, query="marker=a&version_marker=null")] == whole
        assert [row[:2] for row in versions(swift, query="marker=a")] == whole[2:]
        assert [row[:2] for row in versions(swift, query="reverse=on")] == whole[::-1]
        assert [row[:2] for row in versions(swift, query="prefix=b")] == whole[2:]
        assert versions(swift, query="limit=0") == []
        rolled = swift.call("GET", "/v?versions&delimiter=/").json
        assert [row.get("subdir", row.get("name")) for row in rolled] == ["a", "a", "b/"]

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ("version_marker=123.00000", 400),
            ("marker=a&version_marker=bad", 400),
            ("limit=10001", 412),
            ("marker=%00", 412),
        ],
    )
    def test_what_no_page_begins_at_is_refused(self, swift: Swift, query: str, status: int) -> None:
        assert swift.call("GET", f"/v?versions&{query}").status == status

    def test_a_container_that_is_not_there_has_no_versions(self, swift: Swift) -> None:
        assert swift.call("GET", "/none?versions").status == 404


class TestOtherCalls:
    def test_a_version_is_copied(self, swift: Swift) -> None:
        first = put(swift, "/v/f", b"one", **{"X-Object-Meta-K": "v"})
        put(swift, "/v/f", b"two")
        reply = swift.call("COPY", f"/v/f?version-id={first}", {"Destination": "v/g"})
        assert (reply.status, reply.headers["x-copied-from-version-id"]) == (201, first)
        copied = swift.call("GET", "/v/g")
        assert (copied.body, copied.headers["x-object-meta-k"]) == (b"one", "v")
        assert copied.headers[ID] == reply.headers[ID] != first
        swift.put("/plain")
        swift.put("/plain/f", headers={"X-Copy-From": "/v/f"})
        assert ID not in swift.call("HEAD", "/plain/f").headers

    def test_archives_make_versions(self, swift: Swift) -> None:
        put(swift, "/v/f", b"one")
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            member = tarfile.TarInfo("f")
            member.size = 3
            archive.addfile(member, io.BytesIO(b"two"))
        assert swift.call("PUT", "/v?extract-archive=tar", body=packed.getvalue()).status == 200
        assert len(versions(swift)) == 2

    def test_a_large_object_is_a_version_with_its_segments(self, swift: Swift) -> None:
        swift.put("/seg")
        swift.put("/seg/1", b"abcde")
        manifest = json.dumps([{"path": "/seg/1"}]).encode()
        large = put(swift, "/v/slo?multipart-manifest=put", manifest)
        put(swift, "/v/slo", b"plain")
        assert swift.call("GET", f"/v/slo?version-id={large}").body == b"abcde"
        assert swift.call("GET", f"/v/slo?version-id={large}&multipart-manifest=get").json[0]["name"] == "/seg/1"
        row = swift.call("GET", "/v?versions").json[1]
        assert (row["bytes"], row["version_id"], "slo_etag" in row) == (5, large, True)
        reply = swift.call("DELETE", f"/v/slo?version-id={large}&multipart-manifest=delete")
        assert "Number Deleted: 2" in reply.text
        assert swift.names("/seg") == []
        assert len(versions(swift)) == 1
        assert swift.call("GET", "/v/slo").body == b"plain"

    def test_segments_in_a_container_that_keeps_versions_leave_marks(self, swift: Swift) -> None:
        swift.put("/c")
        put(swift, "/v/1", b"abcde")
        swift.put("/c/slo?multipart-manifest=put", json.dumps([{"path": "/v/1"}]).encode())
        assert "Number Deleted: 2" in swift.call("DELETE", "/c/slo?multipart-manifest=delete").text
        assert [row[3] for row in versions(swift)] == ["mark", "object"]

    def test_an_expired_object_leaves_its_version(self, swift: Swift) -> None:
        number = put(swift, "/v/f", b"one", **{"X-Delete-After": "1"})
        assert int(swift.call("HEAD", "/v/f").headers["x-delete-at"]) > time.time()
        time.sleep(1.2)
        assert swift.call("GET", "/v/f").status == 404
        reply = swift.call("GET", f"/v/f?version-id={number}")
        assert (reply.status, reply.body, "x-delete-at" in reply.headers) == (200, b"one", False)
        assert versions(swift) == [("f", number, False, "object")]
        reply = swift.call("DELETE", "/v/f")
        assert reply.status == 404
        assert versions(swift) == [("f", reply.headers[ID], True, "mark"), ("f", number, False, "object")]

    def test_a_signed_url_is_for_the_current_object_only(self, swift: Swift) -> None:
        swift.call("POST", "/v", {"X-Container-Meta-Temp-URL-Key": "key"})
        first = put(swift, "/v/f", b"one")
        put(swift, "/v/f", b"two")
        asked = f"&version-id={first}"
        assert signed(swift, "GET", "/v/f", asked).body == b"two"
        assert signed(swift, "DELETE", "/v/f", asked).status == 204
        assert [row[3] for row in versions(swift)] == ["mark", "object", "object"]
        assert signed(swift, "PUT", "/v/f", asked).status == 201
        assert swift.call("GET", "/v/f").body == b""

    def test_access_lists_open_the_current_objects_and_the_listing(self, swift: Swift) -> None:
        first = put(swift, "/v/f", b"one")
        put(swift, "/v/f", b"two")
        swift.call("POST", "/v", {"X-Container-Read": ".r:*,.rlistings", "X-Container-Write": "p2:*"})
        guest, friend = swift.as_(None), swift.as_("member", "p2")
        url = f"{swift.account}/v"
        assert guest.call("GET", "/f", account=url).body == b"two"
        assert guest.call("GET", f"/f?version-id={first}", account=url).status == 401
        assert len(guest.call("GET", "?versions", account=url).json) == 2
        assert ID in friend.call("PUT", "/f", body=b"x", account=url).headers
        assert friend.call("GET", f"/f?version-id={first}", account=url).status == 403
        assert friend.call("DELETE", f"/f?version-id={first}", account=url).status == 403
        assert friend.call("PUT", f"/f?version-id={first}", account=url).status == 201
        assert swift.call("GET", "/v/f").body == b"one"

    def test_a_reader_changes_nothing(self, swift: Swift) -> None:
        first = put(swift, "/v/f", b"one")
        put(swift, "/v/f", b"two")
        reader = swift.as_("reader")
        assert reader.call("GET", f"/v/f?version-id={first}").body == b"one"
        assert reader.call("DELETE", f"/v/f?version-id={first}").status == 403
        assert reader.call("DELETE", f"/v/f?version-id={'null'}").status == 403
        assert reader.call("PUT", f"/v/f?version-id={first}").status == 403
        assert reader.call("POST", "/v", {"X-Versions-Enabled": "false"}).status == 403
        assert swift.as_("member", "p2").call("GET", "/v?versions", account=swift.account).status == 403

    def test_info_says_that_all_of_it_is_here(self, swift: Swift) -> None:
        info = swift.call("GET", "/info", account="").json
        assert info["object_versioning"] == {}
        assert info["versioned_writes"] == {"allowed_flags": ["x-versions-location", "x-history-location"]}
        assert info["symlink"] == {"symloop_max": 2, "static_links": True}
