"""Uploads by a form in a page: what its owner signed, whoever sends it may do, until a given time.

Pure rules. Keys and signatures are never part of an error.

Source: Swift, middleware/formpost. Signed are the path and four fields of the form, as text.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from imageferry.domain.errors import BadInput
from imageferry.domain.moment import SECOND, Moment
from imageferry.wire import tempurl

MAX_VALUE = 4096  # bytes of a field; more is cut off, as in Swift
MAX_FIELDS = 1000

_MAX_DIGITS = 18
_NUMBERS = {
    "max_file_size": "max_file_size not an integer",
    "max_file_count": "max_file_count not an integer",
    "expires": "expired not an integer",
    "x_delete_at": "x_delete_at not an integer: Unix timestamp required.",
    "x_delete_after": "x_delete_after not an integer: Number of seconds required.",
}


class BadField(BadInput):
    """A field has no number where one should be. ``expected`` is Swift's sentence."""


def number(fields: Mapping[str, str], name: str) -> int:
    """The whole number of a field, 0 where there is none. Raises BadField."""
    text = fields.get(name, "").strip()
    digits = text.removeprefix("-").removeprefix("+")
    if not text:
        return 0
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS and len(text) - len(digits) < 2):
        raise BadField(name, text, _NUMBERS[name])
    return int(text)


def is_signed(fields: Mapping[str, str], keys: Sequence[str], path: str) -> bool:
    """Whether one of the keys signed this form for this path (percent-decoded, as the request names it).

    Time does not depend on how much of a signature is right.
    """
    try:
        digest, sent = tempurl.read_signature(fields.get("signature", ""))
    except BadInput:
        return False
    text = "\n".join(
        [
            path,
            fields.get("redirect", ""),
            *(fields.get(name) or "0" for name in ("max_file_size", "max_file_count", "expires")),
        ]
    )
    held = [hmac.compare_digest(tempurl.mac(key, text, digest), sent) for key in keys]
    return any(held)


def is_over(fields: Mapping[str, str], now: Moment) -> bool:
    """Whether the form's time is over. Raises BadField."""
    return number(fields, "expires") * SECOND < now


def redirection(redirect: str, status: int, message: str) -> str:
    """Where the page wants its sender to go on, told how it went."""
    return f"{redirect}{'&' if '?' in redirect else '?'}status={status}&message={quote(message)}"
