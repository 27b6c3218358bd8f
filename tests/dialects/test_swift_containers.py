"""Containers: made, changed, listed, deleted."""

from __future__ import annotations

import pytest

from tests.dialects.swift_service import Swift

TREE = ["a", "a/", "a/1", "a/2", "a/b/1", "b", "c/d/e", "z", "é", "\U0001f427"]


@pytest.fixture(scope="module")
def tree(swift_server: Swift) -> Swift:
    """A container that tests only look into."""
    swift = swift_server.as_("member", "tree")
    swift.put("/c")
    for name in TREE:
        swift.put(f"/c/{_quoted(name)}", name.encode(), {"Content-Type": "text/x"})
    return swift.as_("reader")


def _quoted(name: str) -> str:
    return "".join(f"%{byte:02x}" for byte in name.encode())


def test_put_makes_a_container_once_and_merges_afterwards(swift: Swift) -> None:
    assert swift.call("PUT", "/c", {"X-Container-Meta-A": "1"}).status == 201
    assert swift.call("PUT", "/c", {"X-Container-Meta-B": "2"}).status == 202
    headers = swift.call("HEAD", "/c").headers
    assert (headers["x-container-meta-a"], headers["x-container-meta-b"]) == ("1", "2")


def test_what_is_set_and_removed_at_once_is_set(swift: Swift) -> None:
    swift.put("/c", headers={"X-Container-Meta-A": "0", "X-Container-Meta-B": "0"})
    both = {"X-Container-Meta-A": "1", "X-Remove-Container-Meta-A": "x", "X-Remove-Container-Meta-B": ""}
    assert swift.call("POST", "/c", {**both, "X-Container-Read": ".r:*", "X-Remove-Container-Read": "x"}).status == 204
    headers = swift.call("HEAD", "/c").headers
    assert (headers["x-container-meta-a"], headers["x-container-read"]) == ("1", ".r:*")
    assert "x-container-meta-b" not in headers


def test_post_merges_and_removes_metadata(swift: Swift) -> None:
    swift.put("/c", headers={"X-Container-Meta-A": "1", "X-Container-Meta-B": "2", "X-Container-Meta-C": "3"})
    changes = {"X-Remove-Container-Meta-A": "x", "X-Container-Meta-B": "", "X-Container-Meta-D": "4"}
    assert swift.call("POST", "/c", changes).status == 204
    headers = swift.call("HEAD", "/c").headers
    assert {name: value for name, value in headers.items() if "-meta-" in name} == {
        "x-container-meta-c": "3",
        "x-container-meta-d": "4",
    }


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
def test_a_missing_container_is_404(swift: Swift, method: str) -> None:
    reply = swift.call(method, "/none")
    assert reply.status == 404
    if method != "HEAD":
        assert reply.text == "<html><h1>Not Found</h1><p>The resource could not be found.</p></html>"
        assert reply.headers["content-type"] == "text/html; charset=UTF-8"


def test_head_tells_counters_policy_and_times(swift: Swift) -> None:
    swift.put("/c")
    swift.put("/c/o", b"12345")
    reply = swift.call("HEAD", "/c")
    assert reply.status == 204
    assert reply.headers["x-container-object-count"] == "1"
    assert reply.headers["x-container-bytes-used"] == "5"
    assert reply.headers["x-storage-policy"] == "Policy-0"
    assert reply.headers["last-modified"].endswith(" GMT")


def test_only_an_empty_container_can_be_deleted(swift: Swift) -> None:
    swift.put("/c")
    swift.put("/c/o")
    assert swift.call("DELETE", "/c").status == 409
    assert swift.names("/c") == ["o"]
    assert swift.call("DELETE", "/c/o").status == 204
    assert swift.call("DELETE", "/c").status == 204
    assert swift.call("DELETE", "/c").status == 404


def test_an_unknown_storage_policy_is_refused(swift: Swift) -> None:
    assert swift.call("PUT", "/c", {"X-Storage-Policy": "gold"}).status == 400
    assert swift.call("PUT", "/c", {"X-Storage-Policy": "policy-0"}).status == 201


@pytest.mark.parametrize(
    ("name", "status"),
    [("n" * 256, 201), ("n" * 257, 400), ("%C3%A9" * 128, 201), ("%C3%A9" * 129, 400), ("a%0ab", 201)],
)
def test_names_are_bounded_in_bytes(swift: Swift, name: str, status: int) -> None:
    assert swift.call("PUT", f"/{name}").status == status


def test_switching_off_what_was_never_on_is_no_error(swift: Swift) -> None:
    headers = {"X-Versions-Enabled": "false", "X-Container-Read": "", "X-Remove-Container-Read": "x"}
    assert swift.call("PUT", "/c", headers).status == 201


# -- metadata limits ---------------------------------------------------------


@pytest.mark.parametrize(
    ("metadata", "status"),
    [
        ({f"N{i}": "v" for i in range(90)}, 204),
        ({f"N{i}": "v" for i in range(91)}, 400),
        ({"n" * 128: "v"}, 204),
        ({"n" * 129: "v"}, 400),
        ({"N": "v" * 256}, 204),
        ({"N": "v" * 257}, 400),
        ({"N": "é" * 129}, 400),
        ({f"N{i:02}": "v" * 256 for i in range(16)}, 400),
        ({"": "v"}, 400),
    ],
    ids=["90", "91", "name 128", "name 129", "value 256", "value 257", "value 258 bytes", "4144 in all", "no name"],
)
@pytest.mark.parametrize("kind", ["account", "container"])
def test_metadata_is_bounded(swift: Swift, kind: str, metadata: dict[str, str], status: int) -> None:
    swift.put("/c")
    path = {"account": "", "container": "/c"}[kind]
    headers = {f"X-{kind}-Meta-{name}": value for name, value in metadata.items()}
    assert swift.call("POST", path, headers).status == status
    shown = [name for name in swift.call("HEAD", path).headers if "-meta-" in name]
    assert len(shown) == (len(metadata) if status == 204 else 0)


def test_metadata_is_bounded_over_several_requests(swift: Swift) -> None:
    swift.put("/c")
    assert swift.call("POST", "/c", {f"X-Container-Meta-A{i}": "v" for i in range(60)}).status == 204
    assert swift.call("POST", "/c", {f"X-Container-Meta-B{i}": "v" for i in range(31)}).status == 400


def test_encoded_line_ends_in_metadata_stay_text(swift: Swift) -> None:
    swift.put("/c", headers={"X-Container-Meta-A": "x%0d%0aX-Evil: 1"})
    headers = swift.call("HEAD", "/c").headers
    assert headers["x-container-meta-a"] == "x%0d%0aX-Evil: 1"
    assert "x-evil" not in headers


# -- listings ----------------------------------------------------------------


def test_an_object_row_has_all_that_clients_read(swift: Swift) -> None:
    swift.put("/c")
    swift.put("/c/o", b"hello", {"Content-Type": "text/x"})
    (row,) = swift.call("GET", "/c?format=json").json
    assert row.pop("last_modified")
    assert row == {"name": "o", "bytes": 5, "hash": "5d41402abc4b2a76b9719d911017c592", "content_type": "text/x"}


def test_order_is_by_bytes_of_utf8(tree: Swift) -> None:
    assert tree.names("/c") == sorted(TREE, key=str.encode)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"limit": 2}, ["a", "a/"]),
        ({"limit": 0}, []),
        ({"limit": "many"}, TREE),
        ({"limit": "-1"}, TREE),
        ({"limit": "\u00b2"}, TREE),
        ({"marker": "b"}, ["c/d/e", "z", "é", "\U0001f427"]),
        ({"end_marker": "a/1"}, ["a", "a/"]),
        ({"marker": "a", "end_marker": "a/b"}, ["a/", "a/1", "a/2"]),
        ({"prefix": "a/"}, ["a/", "a/1", "a/2", "a/b/1"]),
        ({"prefix": "nothing"}, []),
        ({"delimiter": "/"}, ["a", "a/", "b", "c/", "z", "é", "\U0001f427"]),
        ({"prefix": "a/", "delimiter": "/"}, ["a/", "a/1", "a/2", "a/b/"]),
        ({"prefix": "a", "delimiter": "/"}, ["a", "a/"]),
        ({"delimiter": "/", "marker": "a/"}, ["b", "c/", "z", "é", "\U0001f427"]),
        ({"delimiter": "/", "limit": 2}, ["a", "a/"]),
        ({"reverse": "true"}, TREE[::-1]),
        ({"reverse": "true", "marker": "b"}, ["a/b/1", "a/2", "a/1", "a/", "a"]),
        ({"reverse": "on", "end_marker": "z"}, ["\U0001f427", "é"]),
        ({"reverse": "true", "delimiter": "/"}, ["\U0001f427", "é", "z", "c/", "b", "a/", "a"]),
        ({"reverse": "false", "limit": 1}, ["a"]),
        ({"path": ""}, ["a", "a/", "b", "z", "é", "\U0001f427"]),
        ({"path": "a"}, ["a/1", "a/2"]),
        ({"path": "a/"}, ["a/1", "a/2"]),
        ({"path": "a", "limit": 1}, ["a/1"]),
        ({"path": "a", "marker": "a/1"}, ["a/2"]),
        ({"path": "c"}, []),
    ],
)
def test_a_listing_shows_what_is_asked_for(tree: Swift, query: dict[str, object], names: list[str]) -> None:
    assert tree.names("/c", **query) == names


def test_the_level_of_a_path_goes_on_past_its_directories(swift: Swift) -> None:
    swift.put("/c")
    for number in range(5):
        swift.put(f"/c/d{number}/x")
    swift.put("/c/last")
    assert swift.names("/c", path="", limit=2) == ["last"]


def test_roll_ups_are_marked_in_json_and_lines_in_text(tree: Swift) -> None:
    rows = tree.call("GET", "/c?format=json&prefix=c&delimiter=/").json
    assert rows == [{"subdir": "c/"}]
    assert tree.call("GET", "/c?prefix=c&delimiter=/").text == "c/\n"


@pytest.mark.parametrize("delimiter", [None, "/"])
@pytest.mark.parametrize("reverse", ["false", "true"])
def test_paging_by_the_last_name_sees_every_name_once(tree: Swift, delimiter: str | None, reverse: str) -> None:
    query: dict[str, object] = {"limit": 2, "reverse": reverse} | ({"delimiter": delimiter} if delimiter else {})
    seen: list[str] = []
    while page := tree.names("/c", **query):
        seen += page
        query["marker"] = page[-1]
    assert seen == tree.names("/c", **{**query, "limit": 100, "marker": ""})


def test_containers_are_listed_by_the_same_rules(swift: Swift) -> None:
    for name in ("a-1", "a-2", "b"):
        swift.put(f"/{name}")
    assert swift.names("", prefix="a") == ["a-1", "a-2"]
    assert swift.names("", delimiter="-") == ["a-", "b"]
    assert swift.names("", marker="a-1", limit=1) == ["a-2"]
    assert swift.names("", reverse="true") == ["b", "a-2", "a-1"]


@pytest.mark.parametrize("path", ["", "/c"])
def test_more_rows_than_a_page_has_are_412(swift: Swift, path: str) -> None:
    swift.put("/c")
    assert swift.call("GET", f"{path}?limit=10001").status == 412
    assert swift.call("GET", f"{path}?limit={'9' * 5000}").status == 412
    assert swift.call("GET", f"{path}?limit=10000").status in (200, 204)


@pytest.mark.parametrize(
    ("query", "accept", "content_type"),
    [
        ("", "", "text/plain; charset=utf-8"),
        ("?format=json", "", "application/json; charset=utf-8"),
        ("?format=JSON", "", "application/json; charset=utf-8"),
        ("?format=plain", "application/json", "text/plain; charset=utf-8"),
        ("?format=wrong", "", "text/plain; charset=utf-8"),
        ("", "application/json", "application/json; charset=utf-8"),
        ("", "text/plain", "text/plain; charset=utf-8"),
        ("", "*/*", "text/plain; charset=utf-8"),
    ],
)
def test_format_decides_and_accept_where_it_is_silent(swift: Swift, query: str, accept: str, content_type: str) -> None:
    swift.put("/c")
    assert swift.call("GET", f"/c{query}", {"Accept": accept}).headers["content-type"] == content_type


def test_an_empty_listing_is_204_in_text_and_a_list_in_json(swift: Swift) -> None:
    swift.put("/c")
    assert swift.call("GET", "/c").status == 204
    reply = swift.call("GET", "/c?format=json")
    assert (reply.status, reply.body) == (200, b"[]")


@pytest.mark.parametrize("query", ["marker=%00", "prefix=a%00", "end_marker=%00", "delimiter=%00"])
def test_nul_in_a_question_is_412(swift: Swift, query: str) -> None:
    swift.put("/c")
    assert swift.call("GET", f"/c?{query}").status == 412
