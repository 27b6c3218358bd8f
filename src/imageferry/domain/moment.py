"""Points in time: whole microseconds since 1970 in UTC, so that both databases sort them alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NewType

Moment = NewType("Moment", int)

SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_datetime(moment: Moment) -> datetime:
    """The moment as an aware datetime; exact, without going through floats."""
    return _EPOCH + timedelta(microseconds=moment)


def from_datetime(when: datetime) -> Moment:
    return Moment((when - _EPOCH) // timedelta(microseconds=1))


def later(moment: Moment, *, seconds: float) -> Moment:
    return Moment(moment + int(seconds * SECOND))
