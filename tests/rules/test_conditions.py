"""Conditional requests."""

from __future__ import annotations

import pytest

from imageferry.domain.moment import SECOND, Moment
from imageferry.wire.conditions import Verdict, judge, range_holds

MODIFIED = Moment(1795159903 * SECOND + 1)  # shown as 07:31:44
BEFORE, SHOWN, AFTER = (f"Fri, 20 Nov 2026 07:31:{second} GMT" for second in (43, 44, 45))
GO_ON, KNOWN, FAILED = Verdict.GO_ON, Verdict.NOT_MODIFIED, Verdict.FAILED


@pytest.mark.parametrize(
    ("headers", "verdict"),
    [
        ({}, GO_ON),
        ({"if-match": "abc"}, GO_ON),
        ({"if-match": '"abc"'}, GO_ON),
        ({"if-match": '"x", "abc"'}, GO_ON),
        ({"if-match": "*"}, GO_ON),
        ({"if-match": "x"}, FAILED),
        ({"if-match": ""}, FAILED),
        ({"if-none-match": "abc"}, KNOWN),
        ({"if-none-match": 'W/"abc"'}, KNOWN),
        ({"if-none-match": "x, abc"}, KNOWN),
        ({"if-none-match": "*"}, KNOWN),
        ({"if-none-match": "x"}, GO_ON),
        ({"if-modified-since": BEFORE}, GO_ON),
        ({"if-modified-since": SHOWN}, KNOWN),
        ({"if-modified-since": AFTER}, KNOWN),
        ({"if-modified-since": "soon"}, GO_ON),
        ({"if-unmodified-since": BEFORE}, FAILED),
        ({"if-unmodified-since": SHOWN}, GO_ON),
        ({"if-unmodified-since": "soon"}, GO_ON),
        ({"if-match": "abc", "if-unmodified-since": BEFORE}, GO_ON),
        ({"if-match": "x", "if-none-match": "abc"}, FAILED),
        ({"if-match": "abc", "if-none-match": "abc"}, KNOWN),
        ({"if-none-match": "x", "if-modified-since": AFTER}, GO_ON),
    ],
)
def test_the_verdict(headers: dict[str, str], verdict: Verdict) -> None:
    assert judge(headers, etag="abc", modified=MODIFIED) is verdict


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ('"abc"', True),
        ("abc", True),
        ('"x"', False),
        ('W/"abc"', False),
        (SHOWN, True),
        (BEFORE, False),
        (AFTER, False),
    ],
)
def test_a_part_is_given_of_what_the_client_knows_only(condition: str, holds: bool) -> None:
    assert range_holds({"if-range": condition}, etag="abc", modified=MODIFIED) is holds
    assert range_holds({}, etag="abc", modified=MODIFIED)
