"""The root of the tree, and how a value is shown in a sentence."""

from __future__ import annotations

from typing import ClassVar


class FerryError(Exception):
    """The root of all errors that are meant for a person."""

    exit_code: ClassVar[int] = 1


def shown(value: object) -> str:
    """A value as it may stand in a sentence: quoted, control characters escaped, not endless."""
    try:
        text = repr(value)
    except RecursionError:
        return f"a {type(value).__name__} that is nested beyond reason"
    return text if len(text) <= 120 else f"{text[:110]}... ({len(text)} characters)"
