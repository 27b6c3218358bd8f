"""Text that strangers wrote, as it may stand on a terminal.

A name may hold escape sequences that paint, retitle or type; a line break that forges a row;
marks that turn the reading direction. What a terminal would obey is written out instead
(``\\x1b``, ``\\n``, ``\\u202e``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

_OBEYED = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories: controls, formats (direction marks too), surrogates, private use, separators."""

_JOINERS = frozenset("\u200c\u200d")  # Persian and emoji need them; they only join their neighbours
_NO_WIDTH = frozenset({"Mn", "Me", "Cf"})


def is_obeyed(character: str) -> bool:
    """Whether a terminal might do something else with it than show it."""
    return unicodedata.category(character) in _OBEYED and character not in _JOINERS


def escaped(text: str, keep: str = "") -> str:
    """The text with everything that a terminal would obey written out, but for characters in ``keep``."""
    return mapped(text, lambda character: character if character in keep else _written_out(character))


def mapped(text: str, write: Callable[[str], str]) -> str:
    """The text, with ``write`` called for each character that a terminal would obey."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(write(character) if is_obeyed(character) else character for character in text)


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def width(text: str) -> int:
    """How many columns a terminal gives to text that is escaped: Chinese takes two each, accents none."""
    if text.isascii():
        return len(text)
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.category(character) in _NO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def padded(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def cut(text: str, columns: int) -> str:
    """The text, or as much of it as fits with a mark that there is more."""
    if width(text) <= columns:
        return text
    kept, used = [], 1  # the mark takes one
    for character in text:
        used += _width(character)
        if used > columns:
            break
        kept.append(character)
    return "".join(kept) + "\u2026"
