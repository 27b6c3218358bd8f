"""What is left of a disk when parts of it have been looked at."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.domain.spans import Span, joined, without

SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda pair: Span(*pair)), max_size=8)


@pytest.mark.parametrize(
    ("taken", "but", "left"),
    [
        ([], [], [(0, 100)]),
        ([(0, 100)], [], []),
        ([(10, 20), (30, 40)], [], [(0, 10), (20, 30), (40, 100)]),
        ([(10, 30), (20, 40)], [], [(0, 10), (40, 100)]),
        ([(0, 100)], [(50, 60)], [(50, 60)]),
        ([(10, 90)], [(5, 20), (80, 95)], [(0, 20), (80, 100)]),
        ([(90, 200)], [(95, 300)], [(0, 90), (95, 100)]),
        ([(50, 50), (60, 40)], [], [(0, 100)]),
    ],
)
def test_what_is_left(taken: list[tuple[int, int]], but: list[tuple[int, int]], left: list[tuple[int, int]]) -> None:
    found = without(Span(0, 100), [Span(*pair) for pair in taken], but=[Span(*pair) for pair in but])
    assert list(found) == [Span(*pair) for pair in left]


@given(SPANS, SPANS)
def test_it_is_what_a_set_of_bytes_would_be(taken: list[Span], but: list[Span]) -> None:
    def numbers(spans: list[Span]) -> set[int]:
        return {number for span in spans for number in range(span.start, span.stop)} & set(range(30))

    left = list(without(Span(0, 30), taken, but=but))
    assert numbers(left) == (set(range(30)) - numbers(taken)) | numbers(but)
    assert left == list(joined(left))
    assert all(before.stop < after.start for before, after in pairwise(left))
