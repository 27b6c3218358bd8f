"""Headers and queries that nobody would send about versions, archives and links: never a 500, nothing half done."""

from __future__ import annotations

from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialects.swift_service import Swift

_RELAXED = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))

_TEXT = st.text(max_size=20) | st.sampled_from(
    [
        *(
            "\0",
            "\u202e",
            "a\r\nb: c",
            "../../etc/passwd",
            "%00",
            "%2f",
            "%FF",
            "null",
            "NULL",
            "1e400",
            "-1",
            "0" * 400,
        ),
        *("9" * 400, "1795175206.05649", "1795175206.05649_00", "0x5", "١٢٣", "c/f", "/c/f", "c/", "v/f", "x" * 1100),
    ]
)


@_RELAXED
@given(text=_TEXT, method=st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE", "COPY"]))
def test_ids_of_versions(swift: Swift, text: str, method: str) -> None:
    swift.call("PUT", "/v", {"X-Versions-Enabled": "true"})
    reply = swift.call(method, f"/v/f?version-id={_escaped(text)}", {"Destination": "v/g"})
    assert reply.status < 500


@_RELAXED
@given(
    pairs=st.lists(
        st.tuples(
            st.sampled_from(
                ["marker", "version_marker", "prefix", "delimiter", "end_marker", "limit", "reverse", "format"]
            ),
            _TEXT,
        ),
        max_size=4,
    )
)
def test_lists_of_versions(swift: Swift, pairs: list[tuple[str, str]]) -> None:
    swift.call("PUT", "/v", {"X-Versions-Enabled": "true"})
    query = "".join(f"&{name}={_escaped(value)}" for name, value in pairs)
    assert swift.call("GET", f"/v?versions{query}").status < 500


@_RELAXED
@given(
    headers=st.dictionaries(
        st.sampled_from(
            [
                *("X-Versions-Enabled", "X-Versions-Location", "X-History-Location"),
                *("X-Remove-Versions-Location", "X-Remove-History-Location"),
            ]
        ),
        _TEXT,
        max_size=4,
    )
)
def test_ways_of_keeping(swift: Swift, headers: dict[str, str]) -> None:
    sent = {name: _sendable(value) for name, value in headers.items()}
    for method in ("PUT", "POST"):
        assert swift.call(method, "/k", sent).status < 500
    for method, body in (("PUT", b"1"), ("PUT", b"2"), ("DELETE", None), ("DELETE", None)):
        assert swift.call(method, "/k/f", body=body).status < 500


@_RELAXED
@given(target=_TEXT, account=st.none() | _TEXT, etag=st.none() | _TEXT)
def test_targets_of_links(swift: Swift, target: str, account: str | None, etag: str | None) -> None:
    swift.call("PUT", "/c")
    headers = {"X-Symlink-Target": target, "X-Symlink-Target-Account": account, "X-Symlink-Target-Etag": etag}
    sent = {name: _sendable(value) for name, value in headers.items() if value is not None}
    assert swift.call("PUT", "/c/l", sent).status < 500
    for query in ("", "?symlink=get", f"?symlink={_escaped(target)}", "?version-id=null"):
        reply = swift.call("GET", f"/c/l{query}")
        assert reply.status < 500
        assert not any("\r" in value or "\n" in value for value in reply.headers.values())
    assert swift.call("GET", "/c?format=json").status < 500


def test_a_name_is_deleted_two_thousand_times_for_little(swift: Swift) -> None:
    """Each deletion leaves a mark: a page of them is a page like any."""
    swift.put("/v", headers={"X-Versions-Enabled": "true"})
    body = b"/v/f\n" * 2000
    reply = swift.call("POST", "?bulk-delete", {"Content-Type": "text/plain", "Accept": "application/json"}, body)
    assert reply.json["Number Not Found"] == 2000
    rows = swift.call("GET", "/v?versions&limit=10").json
    assert [row["is_latest"] for row in rows] == [True] + 9 * [False]
    assert len(swift.call("GET", "/v?versions").json) == 2000


def _escaped(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def _sendable(text: str) -> str:
    """What a header can hold at all: the rest no server ever sees."""
    return "".join(letter for letter in text.encode("utf-8", "replace").decode() if letter not in "\r\n\0")
