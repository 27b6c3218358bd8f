"""Sizes and durations as people write them."""

from __future__ import annotations

import pytest

from imageferry.cli.units import parse_duration, parse_size
from imageferry.domain.errors import BadInput


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("4096", 4096),
        ("4096B", 4096),
        ("1K", 1 << 10),
        ("1KiB", 1 << 10),
        ("1kB", 1000),
        ("500MB", 500_000_000),
        ("512mib", 512 << 20),
        ("1G", 1 << 30),
        ("1GiB", 1 << 30),
        (" 1 GiB ", 1 << 30),
        ("1.5GiB", 3 << 29),
        ("0.1kB", 100),
        ("2TiB", 2 << 40),
        ("7PiB", 7 << 50),
    ],
)
def test_a_size_is_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    ["", "GiB", "-1", "+1", "1e3", "1XB", "1 G B", "1,5GiB", "0x10", "\u0661GiB", "1.5", "0.0001kB", "9000PiB", "nan"],
)
def test_what_is_no_size_is_refused_with_the_field_and_an_example(text: str) -> None:
    with pytest.raises(BadInput, match=r"--segment-size: expected .*, found ") as raised:
        parse_size(text, field="--segment-size")
    assert raised.value.found == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("90", 90),
        ("1.5", 1.5),
        ("90s", 90),
        ("10m", 600),
        ("2H", 7200),
        ("1d", 86400),
        ("1h30m", 5400),
        ("250ms", 0.25),
    ],
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "m", "-5m", "10 m", "10min", "1h30", "ten", "1..5s", "inf", "1w"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"--timeout: expected a duration such as 90s"):
        parse_duration(text, field="--timeout")
