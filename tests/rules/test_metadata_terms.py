"""What can be asked of the metadata of objects in a listing."""

from __future__ import annotations

import pytest

from imageferry.domain.errors import BadInput
from imageferry.domain.metadata_terms import Term, all_hold, read_terms

THINGS = {"colour": "deep blue", "size": "10", "half": "0.5", "empty": ""}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("", True),
        (" , ,", True),
        ("colour", True),
        ("COLOUR", True),
        ("empty", True),
        ("shape", False),
        ("!shape", True),
        ("!colour", False),
        ("colour=deep blue", True),
        ("colour = deep blue", True),
        ("colour=Deep blue", False),
        ("colour!=red", True),
        ("colour!=deep blue", False),
        ("colour>a", True),
        ("colour<a", False),
        ("size=10", True),
        ("size=10.0", True),
        ("size>9", True),
        ("size<9", False),
        ("size>=10", True),
        ("size<=10", True),
        ("size>10", False),
        ("half<1", True),
        ("size>x", False),
        ("shape=x", False),
        ("shape!=x", False),
        ("colour,size>9", True),
        ("colour,size>9,shape", False),
        ("colour=a=b", False),
        ("empty=", True),
    ],
)
def test_terms(text: str, holds: bool) -> None:
    assert all_hold(read_terms(text), THINGS) is holds


@pytest.mark.parametrize("text", ["=", "!", "<3", "!colour=red", "a,=b", "!!a", "  >= 4"])
def test_what_is_no_term_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="meta"):
        read_terms(text)


def test_a_value_may_hold_any_sign() -> None:
    assert read_terms("a>=<=b") == [Term("a", ">=", "<=b")]
    assert Term("a", "=", "<=b").holds({"a": "<=b"})


def test_numbers_are_exact() -> None:
    assert Term("a", "<", "123456789012345679").holds({"a": "123456789012345678"})


def test_long_values_are_compared_as_text_not_as_numbers() -> None:
    assert Term("a", "<", "1" * 300).holds({"a": "1" * 299})
