"""HTTP ranges: which bytes are asked for, and how several of them travel in one answer.

Source: RFC 9110, section 14. Bounds as in Swift (swob.Range), whose users meet them there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from imageferry.domain.errors import RangeNotSatisfiable

Span = tuple[int, int]
"""First byte, and the one after the last."""

MAX_RANGES = 50
MAX_OVERLAPS = 2
MAX_UNORDERED = 8  # ranges that do not ascend; more of them cost more than they are worth

_SPEC = re.compile(r"([0-9]*)[ \t]*-[ \t]*([0-9]*)")
_MAX_DIGITS = 20  # more than any size has; int() of a header full of digits takes seconds


def parse_range(header: str | None, size: int) -> list[Span] | None:
    """What a Range header asks for of ``size`` bytes.

    Returns:
        The spans in the order asked for, each within the size. None: all of it, because
        nothing was asked for, or nonsense, which counts as nothing.

    Raises:
        RangeNotSatisfiable: all of them lie outside, or they are more than anybody needs.
    """
    asked = _parsed(header)
    if asked is None:
        return None
    spans = [span for first, last in asked if (span := _within(first, last, size)) is not None]
    if not spans and size == 0 and all(first is None and last for first, last in asked):
        return None  # the last bytes of nothing: all of it
    if not spans or _too_many(spans):
        raise RangeNotSatisfiable(size)
    return spans


def content_range(span: Span, size: int) -> str:
    """``bytes 0-4/10``"""
    return f"bytes {span[0]}-{span[1] - 1}/{size}"


def part_head(span: Span, size: int, content_type: str, boundary: str) -> bytes:
    """What stands before a part of ``multipart/byteranges``; a line feed pair follows each part."""
    lines = (f"--{boundary}", f"Content-Type: {content_type}", f"Content-Range: {content_range(span, size)}", "", "")
    return "\r\n".join(lines).encode()


def parts_end(boundary: str) -> bytes:
    return f"--{boundary}--".encode()


def multipart_length(spans: Sequence[Span], size: int, content_type: str, boundary: str) -> int:
    """Bytes of the whole multipart body."""
    parts = sum(len(part_head(span, size, content_type, boundary)) + span[1] - span[0] + 2 for span in spans)
    return parts + len(parts_end(boundary))


def _parsed(header: str | None) -> list[tuple[int | None, int | None]] | None:
    unit, equals, listed = (header or "").partition("=")
    if not equals or unit.strip().lower() != "bytes":
        return None
    asked = []
    for spec in listed.split(","):
        match = _SPEC.fullmatch(spec.strip(" \t"))
        if match is None or match.group(0).strip() == "-" or max(map(len, match.groups())) > _MAX_DIGITS:
            return None
        first, last = (int(text) if text else None for text in match.groups())
        if first is not None and last is not None and last < first:
            return None
        asked.append((first, last))
    return asked


def _within(first: int | None, last: int | None, size: int) -> Span | None:
    if first is None:
        return (max(size - (last or 0), 0), size) if last and size else None
    return (first, size if last is None else min(last + 1, size)) if first < size else None


def _too_many(spans: Sequence[Span]) -> bool:
    if len(spans) > MAX_RANGES:
        return True
    overlaps, reached = 0, 0
    for start, stop in sorted(spans):
        overlaps += start < reached
        reached = max(reached, stop)
    ascending = all(one[0] < other[0] for one, other in pairwise(spans))
    return overlaps > MAX_OVERLAPS or (not ascending and len(spans) >= MAX_UNORDERED)
