"""What a provider's own step is told on its standard input, and what it answers: one JSON object each.

It is told of the image, of the disk and of what was asked for; of secrets nothing: no token, and
no query and no credentials of a URL, for a signature may be in there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from imageferry.domain.own_step import Verdict

MOST_BYTES = 64 << 10
"""Of an answer."""

_WORDS = 1000  # characters of a text in an answer
_MOST_PROPERTIES = 32
_KEYS = frozenset({"ok", "expected", "found", "hint", "properties"})


class BadAnswer(Exception):
    """What the step said is no answer; its text says why."""


def described(description: Mapping[str, Any]) -> bytes:
    """As one line."""
    return json.dumps(description).encode() + b"\n"


def read_answer(code: int, said: bytes) -> Verdict:
    """What the step decided.

    Args:
        code: that it ended with: 0 takes the disk, 1 refuses it.
        said: all of its standard output.

    Raises:
        BadAnswer: anything but an answer. It refuses as soon as one of both, code and answer,
            does: only for a disk that both take there is a ``Verdict`` with ``ok``.
    """
    if code not in (0, 1):
        raise BadAnswer(f"it ended {_end(code)}")
    if not said.strip():
        raise BadAnswer(f"it ended with {code} and said nothing, where one JSON object was expected")
    try:
        told = json.loads(said)
    except (ValueError, RecursionError) as error:
        raise BadAnswer("what it said is not one JSON object") from error
    if not isinstance(told, dict) or not isinstance(told.get("ok"), bool):
        raise BadAnswer('what it said is not a JSON object with an "ok" that is true or false')
    if unknown := set(told) - _KEYS:
        raise BadAnswer(f"its answer has the key {_text(min(unknown))!r}, which is unknown")
    if code == 1 and told["ok"]:
        raise BadAnswer('it ended with 1 and said "ok": true')
    words = {name: told.get(name, "") for name in ("expected", "found", "hint")}
    for name, value in words.items():
        if not isinstance(value, str):
            raise BadAnswer(f'in its answer "{name}" is no text')
    if not told["ok"] and not (words["expected"] and words["found"]):
        raise BadAnswer('it refused without a reason: "expected" and "found" must say one')
    return Verdict(
        ok=told["ok"],
        **{name: _text(value) for name, value in words.items()},
        properties=_properties(told.get("properties", {})),
    )


def shown_url(url: str) -> str:
    """A URL without what may be a secret."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _properties(told: object) -> dict[str, str]:
    if not isinstance(told, dict) or len(told) > _MOST_PROPERTIES:
        raise BadAnswer(f'its "properties" are no JSON object of at most {_MOST_PROPERTIES} texts')
    for name, value in told.items():
        if not isinstance(value, str) or not name or len(name) > 255 or len(value) > _WORDS:
            raise BadAnswer(f'among its "properties" {_text(name)!r} is no text, or too long')
    return told


def _text(text: str) -> str:
    """As it may stand in a sentence: one line, without control characters, not endless."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return line if len(line) <= _WORDS else f"{line[:_WORDS]}..."


def _end(code: int) -> str:
    return f"by signal {-code}" if code < 0 else f"with {code}"
