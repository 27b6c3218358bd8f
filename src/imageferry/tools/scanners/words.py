"""What scanners say, as it may be passed on."""

from __future__ import annotations

from imageferry.tools.qemu_img_words import printable

_LONGEST = 200  # characters of a name or a reason


def short(text: bytes | str) -> str:
    """One printable line of what a scanner said."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return printable(" ".join(text.split()))[:_LONGEST]
