"""Stretches of bytes: which part of a whole is left when some have been dealt with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """Bytes from ``start`` (inclusive) to ``stop`` (exclusive)."""

    start: int
    stop: int

    @property
    def size(self) -> int:
        return self.stop - self.start


def joined(spans: Iterable[Span]) -> Iterator[Span]:
    """The same bytes in order, each once."""
    start, stop = 0, 0
    for span in sorted(span for span in spans if span.start < span.stop):
        if span.start > stop or start == stop:
            if start < stop:
                yield Span(start, stop)
            start, stop = span.start, span.stop
        stop = max(stop, span.stop)
    if start < stop:
        yield Span(start, stop)


def without(whole: Span, taken: Iterable[Span], *, but: Iterable[Span] = ()) -> Iterator[Span]:
    """What is left of ``whole`` without ``taken``, in order; what is in ``but`` too is left all the same."""
    left = list(_outside(whole, taken))
    left += (Span(max(span.start, whole.start), min(span.stop, whole.stop)) for span in but)
    return joined(left)


def _outside(whole: Span, taken: Iterable[Span]) -> Iterator[Span]:
    position = whole.start
    for span in joined(taken):
        if position < min(span.start, whole.stop):
            yield Span(position, min(span.start, whole.stop))
        position = max(position, span.stop)
    if position < whole.stop:
        yield Span(position, whole.stop)
