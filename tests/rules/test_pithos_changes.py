"""What requests of Pithos say of the past and of parts of an object, read to the letter."""

from __future__ import annotations

import pytest

from imageferry.domain.errors import BadInput
from imageferry.domain.moment import Moment
from imageferry.domain.splice import Splice
from imageferry.domain.versioning import VersionId
from imageferry.wire.pithos_changes import (
    is_whole_time,
    read_splice,
    read_time,
    read_version_number,
    versions_document,
)

LAST = (1 << 63) - 1


@pytest.mark.parametrize(
    ("text", "number"), [("1", 1), ("1352", 1352), ("007", 7), ("9" * 18, int("9" * 18)), ("9" * 5000, LAST)]
)
def test_a_version_is_a_number_however_large(text: str, number: int) -> None:
    assert read_version_number(text) == number


@pytest.mark.parametrize("text", ["", "0", "000", "-1", "+1", "1.5", "1e3", "list", "latest", "٣", "1 ", "0x1", "1_0"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        read_version_number(text)


@pytest.mark.parametrize(
    ("text", "moment", "whole"),
    [
        ("0", 0, True),
        ("1371628999", 1371628999_000000, True),
        ("1371628999.12", 1371628999_120000, False),
        ("1371628999.1234567", 1371628999_123456, False),
        ("1371628999.", 1371628999_000000, False),
        ("9" * 12, int("9" * 12) * 1_000_000, True),
        ("9" * 13, LAST, True),
        ("9" * 5000, LAST, True),
    ],
)
def test_a_time_is_said_in_seconds(text: str, moment: int, whole: bool) -> None:
    assert read_time(text) == moment
    assert is_whole_time(text) == whole


@pytest.mark.parametrize("text", ["", "-1", "+5", "now", "nan", "inf", "1e9", ".5", "1.5.5", "٣", " 1", "1,5", "0x10"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        read_time(text)
    assert not is_whole_time(text)


@pytest.mark.parametrize(
    ("text", "splice"),
    [
        ("bytes */*", Splice()),
        (" bytes */* ", Splice()),
        ("bytes 0-4/*", Splice(start=0, length=5)),
        ("bytes 5-5/*", Splice(start=5, length=1)),
        ("bytes 5-/*", Splice(start=5)),
        ("bytes 5-9/20", Splice(start=5, length=5, within=20)),
        ("bytes 0-" + "9" * 5000 + "/*", Splice(start=0, length=LAST + 1)),
        ("bytes " + "9" * 5000 + "-/*", Splice(start=LAST)),
    ],
)
def test_a_range_says_where_bytes_go(text: str, splice: Splice) -> None:
    assert read_splice(text, None) == splice


@pytest.mark.parametrize(
    "text",
    [
        *[None, "", "bytes", "bytes=0-4", "bytes 4-0/*", "bytes -4/*", "bytes */5", "bytes a-b/*", "bytes 1-2"],
        *["bytes 1-2/", "bytes 1-2/x", "bits 1-2/*", "bytes 0-4/*, 5-9/*", "bytes -1--5/*", "bytes ٣-٤/*"],
    ],
)
def test_what_says_it_in_no_such_way_is_refused(text: str | None) -> None:
    with pytest.raises(BadInput):
        read_splice(text, None)


def test_an_object_is_cut_to_a_number_of_bytes() -> None:
    assert read_splice("bytes */*", "7").cut == 7
    assert read_splice("bytes */*", "0").cut == 0
    assert read_splice("bytes */*", "9" * 5000).cut == LAST
    for text in ("", "-1", "x", "1.5", "+1"):
        with pytest.raises(BadInput):
            read_splice("bytes */*", text)


def test_versions_are_told_as_numbers_and_seconds() -> None:
    states = [(VersionId(1352), Moment(1371628822_123456)), (VersionId(1359), Moment(1371628860_000000))]
    assert versions_document(states) == {"versions": [(1352, "1371628822.123456"), (1359, "1371628860.000000")]}
