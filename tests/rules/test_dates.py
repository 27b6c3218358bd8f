"""Times as the APIs write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.domain.errors import BadInput
from imageferry.domain.moment import SECOND, Moment
from imageferry.wire import dates

MOMENT = Moment(1795159903_856295)  # 2026-11-20 07:31:43.856295 UTC
MOMENTS = st.integers(0, 4_000_000_000 * SECOND).map(Moment)  # until the year 2096


@pytest.mark.parametrize(
    ("write", "text"),
    [
        (dates.iso_seconds, "2026-11-20T07:31:43Z"),
        (dates.iso_micros, "2026-11-20T07:31:43.856295Z"),
        (dates.swift_listing, "2026-11-20T07:31:43.856295"),
        (dates.timestamp, "1795159903.85629"),
        (dates.http_date, "Fri, 20 Nov 2026 07:31:43 GMT"),
        (dates.last_modified, "Fri, 20 Nov 2026 07:31:44 GMT"),
    ],
)
def test_each_form_is_as_the_services_write_it(write: object, text: str) -> None:
    assert callable(write)
    assert write(MOMENT) == text


def test_a_whole_second_is_not_rounded_up_to_the_next() -> None:
    assert dates.last_modified(Moment(1795159903 * SECOND)) == "Fri, 20 Nov 2026 07:31:43 GMT"
    assert dates.timestamp(Moment(1795159903 * SECOND)) == "1795159903.00000"
    assert dates.iso_micros(Moment(1795159903 * SECOND)) == "2026-11-20T07:31:43.000000Z"


@given(MOMENTS)
def test_what_is_written_can_be_read_back(moment: Moment) -> None:
    second = Moment(moment // SECOND * SECOND)
    assert dates.parse_iso(dates.iso_micros(moment)) == moment
    assert dates.parse_iso(dates.swift_listing(moment)) == moment
    assert dates.parse_iso(dates.iso_seconds(moment)) == second
    assert dates.parse_http_date(dates.http_date(moment)) == second
    assert dates.parse_http_date(dates.last_modified(moment)) == dates.whole_second_after(moment)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T07:31:43Z",
        "2026-11-20T07:31:43",
        "2026-11-20 07:31:43",
        "2026-11-20T08:31:43+01:00",
        "2026-11-20T02:01:43-0530",
        "2026-11-20T07:31:43.000Z",
    ],
)
def test_iso_times_are_read_in_the_forms_that_people_write(text: str) -> None:
    assert dates.parse_iso(text) == 1795159903 * SECOND


def test_a_date_alone_is_its_midnight() -> None:
    assert dates.parse_iso("2026-11-20") == 1795132800 * SECOND


@pytest.mark.parametrize("text", ["", "now", "2026-13-01", "2026-11-20T25:00", "2026-11-20T", "9" * 400, "20261120"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="2026-11-20T07:29:04Z"):
        dates.parse_iso(text)


@pytest.mark.parametrize(
    "text", ["Fri, 20 Nov 2026 07:31:43 GMT", "Friday, 20-Nov-26 07:31:43 GMT", "Fri Nov 20 07:31:43 2026"]
)
def test_all_three_http_dates_are_read(text: str) -> None:
    assert dates.parse_http_date(text) == 1795159903 * SECOND


@pytest.mark.parametrize(
    "text", ["", "yesterday", "Fri, 99 Nov 2026 07:31:43 GMT", "0", "Fri, 20 Nov 99999 07:31:43 GMT"]
)
def test_what_is_no_http_date_counts_as_not_sent(text: str) -> None:
    assert dates.parse_http_date(text) is None
