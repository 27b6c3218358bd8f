"""Deletion of many with one call: request in, answer out."""

from __future__ import annotations

import tracemalloc
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from imageferry.domain.errors import Unavailable
from imageferry.service.objects import Objects
from tests.dialects.swift_service import Reply, Swift

JSON = {"Accept": "application/json", "Content-Type": "text/plain"}


def bulk(swift: Swift, *paths: str, method: str = "POST") -> dict[str, Any]:
    """The answer without what is usual in it."""
    reply = swift.call(method, "?bulk-delete", JSON, "\n".join(paths).encode())
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    facts: dict[str, Any] = reply.json
    return facts


def said(deleted: int, missing: int = 0, *errors: list[str]) -> dict[str, object]:
    return {
        "Response Status": "400 Bad Request" if errors else "200 OK",
        "Response Body": "",
        "Number Deleted": deleted,
        "Number Not Found": missing,
        "Errors": list(errors),
    }


@pytest.fixture
def filled(swift: Swift) -> Swift:
    swift.put("/c")
    for name in ("a", "b", "deep/er"):
        swift.put(f"/c/{name}", b"x")
    return swift


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_objects_go_before_the_containers_they_are_in(filled: Swift, method: str) -> None:
    assert bulk(filled, "/c", "c/a", "/c/b", "/c/none", "/none/x", "/c/deep/er", method=method) == said(4, 2)
    assert filled.names("") == []


def test_the_answer_counts_and_names_what_failed(filled: Swift) -> None:
    assert bulk(filled, "/c/a", "/c") == said(1, 0, ["/c", "409 Conflict"])
    assert filled.names("/c") == ["b", "deep/er"]


def test_what_was_not_there_is_no_error(filled: Swift) -> None:
    assert bulk(filled, "/c/none", "/none") == said(0, 2)


def test_the_answer_is_text_unless_asked_otherwise(filled: Swift) -> None:
    reply = filled.call("POST", "?bulk-delete", {}, b"/c/a\n/c/none\n/c\n")
    assert reply.headers["content-type"] == "text/plain"
    assert reply.text == (
        "Number Deleted: 1\nNumber Not Found: 1\nResponse Body: \nResponse Status: 400 Bad Request\n"
        "Errors:\n/c, 409 Conflict\n"
    )


@pytest.mark.parametrize("kind", ["application/xml", "text/xml"])
def test_the_answer_is_xml_when_asked(filled: Swift, kind: str) -> None:
    reply = filled.call("POST", "?bulk-delete", {"Accept": f"{kind}, text/plain;q=0.5"}, b"/c/a\n/c/%00%26\n")
    assert reply.headers["content-type"] == kind
    root = ET.fromstring(reply.body)  # noqa: S314 - our own
    assert (root.tag, root.findtext("number_deleted"), root.findtext("response_status")) == (
        "delete",
        "1",
        "400 Bad Request",
    )
    assert root.findtext("errors/object/name") == "/c/%00%26"
    assert root.findtext("errors/object/status") == "412 Precondition Failed"


@pytest.mark.parametrize("name", ["100%", "%41", "a%2Fb", "a\nb", " spaces ", "ü\U0001f427", "?x=y#z", "//twice"])
def test_odd_names_are_percent_encoded(swift: Swift, name: str) -> None:
    swift.put("/c")
    swift.put(f"/c/{quote(name)}")
    swift.put("/c/A")
    assert bulk(swift, f"/c/{quote(name)}\r") == said(1)
    assert swift.names("/c") == ["A"]


def test_names_that_cannot_be_are_named_in_the_answer(filled: Swift) -> None:
    long = "x" * 1025
    errors = [["c/%00", "412 Precondition Failed"], ["/c/%FF%20", "412 Precondition Failed"]]
    assert bulk(filled, "c/%00", "/c/%ff%20", "/", "/c/a") == said(1, 0, *errors, ["/", "400 Bad Request"])
    assert bulk(filled, f"/c/{long}") == said(0, 1)


def test_another_account_cannot_be_named(filled: Swift) -> None:
    stranger = filled.as_("member", "elsewhere")
    paths = [f"/{part}/c/a" for part in (f"AUTH_{filled.project}", "..", f"../AUTH_{filled.project}")]
    assert bulk(stranger, *paths, f"/v1/AUTH_{filled.project}/c/a") == said(0, 4)
    assert "a" in filled.names("/c")


@pytest.mark.parametrize(
    ("role", "project", "status"), [(None, None, 401), ("reader", None, 403), ("member", "other", 403)]
)
def test_who_may_not_change_the_account_deletes_nothing(
    filled: Swift, role: str | None, project: str | None, status: int
) -> None:
    for method in ("POST", "DELETE"):
        reply = filled.as_(role, project).call(method, "?bulk-delete", {}, b"/c/a\n", account=filled.account)
        assert reply.status == status
    assert filled.names("/c") == ["a", "b", "deep/er"]


@pytest.mark.parametrize("body", [b"", b"\n\n \n"])
def test_an_empty_list_is_invalid(filled: Swift, body: bytes) -> None:
    reply = filled.call("POST", "?bulk-delete", JSON, body)
    assert (reply.json["Response Status"], reply.json["Response Body"]) == ("400 Bad Request", "Invalid bulk delete.")


def test_a_list_in_chunks_of_any_size(filled: Swift) -> None:
    reply = filled.call("POST", "?bulk-delete", JSON, iter([b"/c/", b"a\n/c", b"/b", b"\n/c/deep/er"]))
    assert reply.json == said(3)


def test_a_list_without_a_length_is_411(filled: Swift) -> None:
    request = (
        f"DELETE {filled.account}?bulk-delete HTTP/1.1\r\nHost: x\r\nX-Auth-Token: member@{filled.project}\r\n"
        "Connection: close\r\n\r\n"
    )
    assert filled.raw(request.encode()).startswith(b"HTTP/1.1 411 ")


def _refused(reply: Reply, status: str) -> None:
    assert (reply.status, reply.json["Response Status"], reply.json["Number Deleted"]) == (200, status, 0)


def test_too_many_lines_delete_nothing(filled: Swift) -> None:
    reply = filled.call("POST", "?bulk-delete", JSON, b"/c/a\n" * 10_001)
    _refused(reply, "413 Request Entity Too Large")
    assert reply.json["Response Body"] == "Maximum Bulk Deletes: 10000 per request"
    assert filled.names("/c") == ["a", "b", "deep/er"]


def test_a_line_without_end_is_not_kept_in_memory(filled: Swift) -> None:
    def endless() -> Iterator[bytes]:
        yield b"/c/a\n"
        yield b"x" * 500_000

    _refused(filled.call("POST", "?bulk-delete", JSON, endless()), "400 Bad Request")
    _refused(filled.call("POST", "?bulk-delete", JSON, b"/c/a\n/c/" + b"x" * 9000), "400 Bad Request")
    assert filled.names("/c") == ["a", "b", "deep/er"]


def test_too_many_failures_end_the_work(filled: Swift) -> None:
    facts = bulk(filled, *(["/c"] * 2000), *(["/c/%00"] * 10))
    assert (facts["Response Status"], facts["Response Body"]) == ("400 Bad Request", "Max delete failures exceeded")
    assert len(facts["Errors"]) == 1000


def test_many_are_deleted_with_blanks_in_between(swift: Swift) -> None:
    swift.put("/c")
    paths = [f"/c/{number}" for number in range(250)]
    for path in paths:
        swift.put(path)
    reply = swift.call("POST", "?bulk-delete", JSON, "\n".join(paths).encode())
    assert reply.body.startswith(b"  {")
    assert reply.json == said(250)


def test_a_store_that_is_away_is_a_bad_gateway(filled: Swift, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise Unavailable("the records", reason="away")

    monkeypatch.setattr(Objects, "delete", away)
    facts = bulk(filled, "/c/a")
    assert (facts["Response Status"], facts["Errors"]) == ("502 Bad Gateway", [["/c/a", "503 Service Unavailable"]])


@pytest.mark.parametrize("path", ["/c", "/c/a"])
def test_elsewhere_than_at_the_account_it_is_refused(filled: Swift, path: str) -> None:
    for method in ("POST", "PUT"):
        assert filled.call(method, f"{path}?bulk-delete", {}, b"/c/a\n").status == 400
    assert filled.call("PUT", "?bulk-delete", {}, b"/c/a\n").status == 400
    assert filled.names("/c") == ["a", "b", "deep/er"]


@pytest.mark.parametrize(("piece", "status"), [(b"ab\n", "413 Request Entity Too Large"), (b"\n", "400 Bad Request")])
def test_a_list_of_nothing_but_lines_takes_no_memory(filled: Swift, piece: bytes, status: str) -> None:
    body = piece * ((4 << 20) // len(piece))
    tracemalloc.start()
    reply = filled.call("POST", "?bulk-delete", JSON, body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reply.json["Response Status"] == status
    assert peak < 32 << 20


def test_a_path_longer_than_any_is_refused(filled: Swift) -> None:
    for name in ("x" * 1300, "%41" * 1300, "x" * 5000):
        assert bulk(filled, f"/c/{name}")["Response Body"] == "Invalid File Name"
    assert bulk(filled, f"/c/{'%41' * 1024}") == said(0, 1)
