"""Listings of object storage, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from imageferry.clouds.http import Http
from imageferry.clouds.trouble import Call
from imageferry.domain.errors import Unavailable

PAGE = 10_000  # rows asked for at once


def rows_of(http: Http, url: str, call: Call, what: str, *, prefix: str = "") -> Iterator[dict[str, Any]]:
    """All rows with a name. Names must grow: a cloud that repeats itself is not followed for ever.

    Raises:
        Unavailable: the answer is no listing, or the same page comes again.
    """
    marker = ""
    while True:
        params = {"format": "json", "limit": str(PAGE), "marker": marker, "prefix": prefix}
        reply = http.call("GET", url, call, params={k: v for k, v in params.items() if v})
        page = [] if reply.status == 204 else reply.document()
        if not isinstance(page, list):
            raise Unavailable(f"cloud {http.cloud}", reason=f"{call.act}: the answer is no list of {what}")
        rows = [row for row in page if isinstance(row, dict) and isinstance(row.get("name"), str)]
        yield from rows
        last = rows[-1]["name"] if rows else ""
        if not rows:
            return
        if last.encode("utf-8", "replace") <= marker.encode("utf-8", "replace"):
            raise Unavailable(f"cloud {http.cloud}", reason=f"{call.act}: the same page comes again")
        marker = last
