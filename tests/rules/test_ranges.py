"""Which bytes a Range header asks for."""

from __future__ import annotations

import email

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.domain.errors import RangeNotSatisfiable
from imageferry.wire import ranges


@pytest.mark.parametrize(
    ("header", "spans"),
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=2-4", [(2, 5)]),
        ("bytes=2-", [(2, 10)]),
        ("bytes=2-99", [(2, 10)]),
        ("bytes=-3", [(7, 10)]),
        ("bytes=-99", [(0, 10)]),
        ("bytes=9-9", [(9, 10)]),
        ("bytes=0-1,4-5", [(0, 2), (4, 6)]),
        ("bytes= 0-1 , -1", [(0, 2), (9, 10)]),
        ("bytes=5-6,0-1", [(5, 7), (0, 2)]),
        ("bytes=0-1,10-", [(0, 2)]),
        ("BYTES=0-1", [(0, 2)]),
        (f"bytes=0-{'9' * 20}", [(0, 10)]),
        ("bytes=0-5,1-2,3-4", [(0, 6), (1, 3), (3, 5)]),
    ],
)
def test_what_is_asked_for(header: str, spans: list[ranges.Span]) -> None:
    assert ranges.parse_range(header, 10) == spans


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=,",
        "bytes=1",
        "bytes=1-2-3",
        "bytes=4-2",
        "bytes=a-b",
        "bytes=0x1-2",
        "bytes=+1-2",
        "bytes=1-2,nonsense",
        "bytes=\u0661-2",
        "items=0-1",
        "0-1",
        f"bytes=0-{'9' * 21}",
        f"bytes={'9' * 100_000}-",
    ],
)
def test_nonsense_asks_for_all(header: str | None) -> None:
    assert ranges.parse_range(header, 10) is None


@pytest.mark.parametrize(
    "header",
    [
        "bytes=10-",
        "bytes=10-11",
        "bytes=-0",
        "bytes=10-,11-",
        "bytes=" + ",".join(f"{i}-{i}" for i in range(51)),
        "bytes=0-1,0-1,0-1,0-1",
        "bytes=0-9,1-1,3-3,5-5",
        "bytes=" + ",".join(f"{i}-{i}" for i in range(8, -1, -1)),
        "bytes=" + "0-0," * 9_999 + "0-0",
    ],
    ids=["behind", "behind, closed", "none", "two behind", "51", "overlaps", "hidden overlaps", "descending", "10,000"],
)
def test_outside_or_more_than_anybody_needs(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        ranges.parse_range(header, 10 if "50-50" not in header else 100)


def test_ranges_of_nothing() -> None:
    assert ranges.parse_range("bytes=-5", 0) is None
    with pytest.raises(RangeNotSatisfiable):
        ranges.parse_range("bytes=0-", 0)


@given(st.text(alphabet="bytes=0123456789-, \t\u00b2x", max_size=60), st.integers(0, 1 << 70))
def test_no_header_leads_outside(header: str, size: int) -> None:
    try:
        spans = ranges.parse_range(header, size)
    except RangeNotSatisfiable:
        return
    for start, stop in spans or []:
        assert 0 <= start < stop <= size


def test_a_multipart_body_is_as_long_as_was_said_and_can_be_read() -> None:
    data, spans = b"0123456789", [(0, 2), (5, 9)]
    body = b""
    for span in spans:
        body += ranges.part_head(span, 10, "text/plain", "limit") + data[slice(*span)] + b"\r\n"
    body += ranges.parts_end("limit")
    assert ranges.multipart_length(spans, 10, "text/plain", "limit") == len(body)
    message = email.message_from_bytes(b"Content-Type: multipart/byteranges;boundary=limit\r\n\r\n" + body)
    parts = list(message.walk())[1:]
    assert [part.get_payload() for part in parts] == ["01", "5678"]
    assert [part["Content-Range"] for part in parts] == ["bytes 0-1/10", "bytes 5-8/10"]
