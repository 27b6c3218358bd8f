"""XML as listings have it: one element a row, one element a fact."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

from imageferry.domain.errors import BadInput

# XML 1.0 has no way at all to write these, not even as a reference.
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ENTITIES = {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}  # parsers turn bare ones into other blanks


def document(root: str, name: str, rows: Iterable[str]) -> bytes:
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} name="{text(name)}">'
    return f"{head}{''.join(rows)}</{root}>".encode()


def element(tag: str, fields: Mapping[str, object]) -> str:
    """Facts within facts are elements within elements. Raises BadInput, as ``text`` does."""
    inner = (
        element(name, value) if isinstance(value, Mapping) else f"<{name}>{text(str(value))}</{name}>"
        for name, value in fields.items()
    )
    return f"<{tag}>{''.join(inner)}</{tag}>"


def text(value: str) -> str:
    """Raises BadInput: XML cannot hold it."""
    if _IMPOSSIBLE.search(value):
        raise BadInput("XML listing", value, "names without control characters (ask for format=json)")
    return escape(value, _ENTITIES)
