"""Listings of Pithos+ in XML: the same facts as in JSON, an element each.

Source: specs/synnefo.md, 3.3 and 3.6.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from imageferry.wire.xml import document, element, text


def account_listing(name: str, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """``rows`` as in JSON. Raises BadInput: a name that XML cannot hold."""
    return document("account", name, (element("container", row) for row in rows))


def container_listing(name: str, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """``rows`` as in JSON. Raises BadInput: a name that XML cannot hold."""
    return document(
        "container",
        name,
        (
            f'<subdir name="{text(row["subdir"])}"><name>{text(row["subdir"])}</name></subdir>'
            if "subdir" in row
            else element("object", row)
            for row in rows
        ),
    )
