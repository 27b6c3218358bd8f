"""What requests of Pithos+ say of the past, and of parts of an object."""

from __future__ import annotations

import re
from collections.abc import Iterable

from imageferry.domain.errors import BadInput
from imageferry.domain.moment import SECOND, Moment
from imageferry.domain.splice import Splice
from imageferry.domain.versioning import VersionId
from imageferry.wire.pithos import seconds

_LAST = (1 << 63) - 1  # the largest number that records keep
_MAX_DIGITS = 19  # more than any size or time has; int() of a header full of digits takes long

_TIME = re.compile(r"([0-9]+)(?:\.([0-9]*))?")
_RANGE = re.compile(r"bytes[ \t]*(?:\*|([0-9]+)-([0-9]*))/(\*|[0-9]+)")


def read_version_number(text: str) -> VersionId:
    """``1352``. One that is larger than any there can be is the largest.

    Raises:
        BadInput: no number of a version.
    """
    if not (text.isascii() and text.isdigit()) or not text.strip("0"):
        raise BadInput("version", text, "a version's number")
    return VersionId(_number(text))


def is_whole_time(text: str) -> bool:
    """Whether a time is said in whole seconds."""
    return text.isascii() and text.isdigit()


def read_time(text: str) -> Moment:
    """``1371628999`` or ``1371628999.12``: seconds since 1970; a time that is too far off is as far as possible.

    Raises:
        BadInput: something else.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise BadInput("until", text, "seconds since 1970")
    whole, fraction = found[1], f"{(found[2] or '')[:6]:0<6}"
    return Moment(min(_number(whole) * SECOND + int(fraction), _LAST))


def read_splice(content_range: str | None, object_bytes: str | None) -> Splice:
    """``bytes */*`` appends, ``bytes 5-9/*`` overwrites, ``bytes 5-/*`` too, with as many bytes as come.

    A size instead of the last asterisk must be that of the object, which then keeps it. ``object_bytes`` is the size to
    which it is cut afterwards.

    Raises:
        BadInput: something else, or nothing.
    """
    found = _RANGE.fullmatch((content_range or "").strip())
    if found is None or (found[1] is None and found[3] != "*"):
        raise BadInput("Content-Range", content_range or "", "bytes */* to append, bytes 5-9/* to overwrite")
    start = None if found[1] is None else _number(found[1])
    length = None
    if start is not None and found[2]:
        length = _number(found[2]) - start + 1
        if length < 1:
            raise BadInput("Content-Range", content_range, "a last byte that is not before the first")
    within = None if found[3] == "*" else _number(found[3])
    return Splice(start=start, length=length, within=within, cut=_size(object_bytes))


def versions_document(states: Iterable[tuple[VersionId, Moment]]) -> dict[str, list[tuple[int, str]]]:
    """The states of an object: numbers, and when each came to be."""
    return {"versions": [(number, seconds(at)) for number, at in states]}


def _size(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise BadInput("X-Object-Bytes", text, "a number of bytes")
    return _number(text)


def _number(digits: str) -> int:
    kept = digits.lstrip("0")
    return _LAST if len(kept) > _MAX_DIGITS else min(int(kept or "0"), _LAST)
