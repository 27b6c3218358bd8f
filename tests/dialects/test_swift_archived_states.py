"""Containers whose old states go into an archive: as a stack, or as a history.

What is expected here is what Swift 2.38 answered to the same requests, where no comment says otherwise.
"""

from __future__ import annotations

import json
import time

import pytest

from tests.dialects.swift_service import Swift

MARK = "application/x-deleted;swift_versions_deleted=1"


@pytest.fixture
def stack(swift: Swift) -> Swift:
    swift.put("/old")
    swift.put("/c", headers={"X-Versions-Location": "old"})
    return swift


@pytest.fixture
def history(swift: Swift) -> Swift:
    swift.put("/old")
    swift.put("/c", headers={"X-History-Location": "old"})
    return swift


def archived(swift: Swift, query: str = "") -> list[tuple[str, int, str]]:
    """What the archive holds: whose, bytes, content type."""
    rows = swift.call("GET", f"/old?format=json&{query}").json
    return [(row["name"].rpartition("/")[0], row["bytes"], row["content_type"]) for row in rows]


def plain(name: str, size: int) -> tuple[str, int, str]:
    return name, size, "application/octet-stream"


class TestTheContainer:
    @pytest.mark.parametrize("header", ["x-versions-location", "x-history-location"])
    def test_says_where_old_states_go(self, swift: Swift, header: str) -> None:
        swift.put("/c", headers={header: "%C3%A4%20x"})
        for method in ("GET", "HEAD"):
            assert swift.call(method, "/c").headers[header] == "%C3%A4%20x"
        swift.call("POST", "/c", {"X-Container-Meta-A": "1"})
        assert header in swift.call("HEAD", "/c").headers
        swift.call("POST", "/c", {header.replace("x-", "x-remove-", 1): "x"})
        assert header not in swift.call("HEAD", "/c").headers

    def test_changes_its_mind(self, stack: Swift) -> None:
        stack.call("POST", "/c", {"X-History-Location": "h"})
        headers = stack.call("HEAD", "/c").headers
        assert (headers["x-history-location"], "x-versions-location" in headers) == ("h", False)
        stack.call("POST", "/c", {"X-Versions-Location": ""})
        assert "x-history-location" not in stack.call("HEAD", "/c").headers

    def test_has_one_mode_at_a_time(self, swift: Swift) -> None:
        both = {"X-History-Location": "h", "X-Versions-Location": "v"}
        reply = swift.call("PUT", "/c", both)
        assert (reply.status, reply.text) == (
            400,
            "Only one of x-versions-location or x-history-location may be specified",
        )
        assert swift.call("PUT", "/c", both | {"X-History-Location": ""}).status == 201
        assert swift.call("HEAD", "/c").headers["x-versions-location"] == "v"

    @pytest.mark.parametrize(
        ("name", "status"), [("a/b", 412), ("%2Fa", 412), ("%FF", 412), ("x%00", 400), ("x" * 257, 400)]
    )
    def test_takes_names_of_containers_only(self, stack: Swift, name: str, status: int) -> None:
        assert stack.call("POST", "/c", {"X-Versions-Location": name}).status == status
        assert stack.call("HEAD", "/c").headers["x-versions-location"] == "old"


class TestAStack:
    def test_overwritten_states_go_there_and_deletions_bring_them_back(self, stack: Swift) -> None:
        stack.put("/c/f", b"1", {"X-Object-Meta-A": "b", "Content-Type": "text/x"})
        stack.put("/c/f", b"22")
        stack.put("/c/f", b"333")
        assert archived(stack) == [("001f", 1, "text/x"), plain("001f", 2)]
        assert stack.names("/c") == ["f"]
        assert stack.call("DELETE", "/c/f").status == 204
        assert stack.call("GET", "/c/f").body == b"22"
        assert stack.call("DELETE", "/c/f").status == 204
        first = stack.call("GET", "/c/f")
        assert (first.body, first.headers["x-object-meta-a"], first.headers["content-type"]) == (b"1", "b", "text/x")
        assert archived(stack) == []
        assert stack.call("DELETE", "/c/f").status == 204
        assert stack.call("DELETE", "/c/f").status == 404
        assert stack.names("/c") == []

    def test_names_say_whose_state_it_was_and_from_when(self, stack: Swift) -> None:
        stack.put("/c/%C3%A4/b", b"1")
        since = stack.call("HEAD", "/c/%C3%A4/b").headers["x-timestamp"]
        stack.put("/c/%C3%A4/b", b"2")
        assert stack.names("/old") == [f"004ä/b/{since}"]

    def test_no_state_is_lost_that_was_put_within_a_moment(self, stack: Swift) -> None:
        for number in range(50):
            stack.put("/c/f", b"x" * number)
        assert [row[1] for row in archived(stack)] == list(range(49))
        for number in range(48, -1, -1):
            stack.call("DELETE", "/c/f")
            assert len(stack.call("GET", "/c/f").body) == number

    def test_notes_archive_nothing(self, stack: Swift) -> None:
        stack.put("/c/f", b"1")
        stack.call("POST", "/c/f", {"X-Object-Meta-A": "1"})
        assert archived(stack) == []

    def test_without_an_archive_nothing_is_overwritten(self, swift: Swift) -> None:
        swift.put("/c", headers={"X-Versions-Location": "none"})
        swift.put("/c/f", b"1")
        assert swift.call("PUT", "/c/f", body=b"2").status == 412
        assert swift.call("GET", "/c/f").body == b"1"
        assert swift.call("DELETE", "/c/f").status == 204

    def test_a_name_too_long_for_the_archive_is_not_overwritten(self, stack: Swift) -> None:
        path = f"/c/{'x' * 1010}"
        stack.put(path, b"1")
        assert stack.call("PUT", path, body=b"2").status == 412
        assert stack.call("GET", path).body == b"1"

    def test_large_objects_come_back_whole(self, stack: Swift) -> None:
        stack.put("/seg")
        stack.put("/seg/1", b"abcde")
        stack.put("/c/slo?multipart-manifest=put", json.dumps([{"path": "/seg/1"}]).encode())
        stack.put("/c/slo", b"p")
        assert archived(stack) == [plain("003slo", 5)]
        stack.call("DELETE", "/c/slo")
        assert stack.call("GET", "/c/slo").body == b"abcde"

    def test_copies_archive_what_they_overwrite(self, stack: Swift) -> None:
        stack.put("/c/f", b"1")
        stack.put("/c/g", b"22")
        assert stack.call("COPY", "/c/g", {"Destination": "c/f"}).status == 201
        assert archived(stack) == [plain("001f", 1)]
        assert stack.call("COPY", f"/old/{stack.names('/old')[0]}", {"Destination": "c/f"}).status == 201
        assert stack.call("GET", "/c/f").body == b"1"

    def test_a_container_may_be_its_own_archive(self, swift: Swift) -> None:
        swift.put("/self", headers={"X-Versions-Location": "self"})
        swift.put("/self/f", b"1")
        swift.put("/self/f", b"2")
        assert len(swift.names("/self")) == 2
        swift.call("DELETE", "/self/f")
        assert swift.names("/self") == ["f"]
        assert swift.call("GET", "/self/f").body == b"1"

    def test_an_expired_state_is_not_archived(self, stack: Swift) -> None:
        stack.put("/c/f", b"1", {"X-Delete-After": "1"})
        time.sleep(1.2)
        stack.put("/c/f", b"2")
        assert archived(stack) == []

    def test_who_may_write_archives_without_rights_to_the_archive(self, stack: Swift) -> None:
        stack.put("/c/f", b"1")
        stack.call("POST", "/c", {"X-Container-Write": "p2:*"})
        friend = stack.as_("member", "p2")
        assert friend.call("PUT", "/c/f", body=b"22", account=stack.account).status == 201
        assert archived(stack) == [plain("001f", 1)]
        assert friend.call("DELETE", "/c/f", account=stack.account).status == 204
        assert stack.call("GET", "/c/f").body == b"1"

    def test_counters_follow(self, stack: Swift) -> None:
        stack.put("/c/f", b"1")
        stack.put("/c/f", b"22")
        for container, found in (("c", ("1", "2")), ("old", ("1", "1"))):
            headers = stack.call("HEAD", f"/{container}").headers
            assert (headers["x-container-object-count"], headers["x-container-bytes-used"]) == found


class TestAHistory:
    def test_deletions_go_there_too_with_a_mark(self, history: Swift) -> None:
        history.put("/c/f", b"1")
        history.put("/c/f", b"22")
        assert history.call("DELETE", "/c/f").status == 204
        assert archived(history) == [plain("001f", 1), plain("001f", 2), ("001f", 0, MARK)]
        assert history.names("/c") == []
        assert history.call("DELETE", "/c/f").status == 404
        assert history.call("DELETE", "/c/never").status == 404
        assert archived(history)[3:] == [("001f", 0, MARK), ("005never", 0, MARK)]
        mark = history.call("GET", f"/old/{history.names('/old')[2]}")
        assert (mark.status, mark.body, mark.headers["content-type"]) == (200, b"", MARK)

    def test_without_an_archive_nothing_is_deleted(self, swift: Swift) -> None:
        swift.put("/c", headers={"X-History-Location": "none"})
        swift.put("/c/f", b"1")
        assert swift.call("DELETE", "/c/f").status == 412
        assert swift.call("GET", "/c/f").body == b"1"

    def test_a_stack_over_a_history_stops_at_the_marks(self, history: Swift) -> None:
        history.put("/c/f", b"1")
        history.put("/c/f", b"22")
        history.call("DELETE", "/c/f")
        history.call("POST", "/c", {"X-Versions-Location": "old"})
        assert history.call("DELETE", "/c/f").status == 204  # back to before the deletion
        assert history.call("GET", "/c/f").body == b"22"
        assert archived(history) == [plain("001f", 1)]

    def test_a_stack_over_a_mark_deletes_what_is_there(self, history: Swift) -> None:
        history.call("DELETE", "/c/f")
        history.put("/c/f", b"1")
        history.call("POST", "/c", {"X-Versions-Location": "old"})
        assert history.call("DELETE", "/c/f").status == 204
        assert history.call("GET", "/c/f").status == 404
        assert archived(history) == [("001f", 0, MARK)]
        assert history.call("DELETE", "/c/f").status == 204
        assert archived(history) == []
