"""Old states of objects in Swift: object versioning.

Source: Swift, middleware ``object_versioning``, asked over HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from imageferry.clouds.http import Http
from imageferry.clouds.swift_words import number, text
from imageferry.clouds.trouble import Call
from imageferry.domain.errors import NotFound, Unavailable, Unsupported
from imageferry.domain.versioning import DELETED_TYPE
from imageferry.ports.cloud import VersionInfo

_ENABLED = "X-Versions-Enabled"
_PAGE = 1000


class SwiftVersions:
    """``ports.cloud.Versions`` over Swift.

    Args:
        at: the URL of a container.
    """

    def __init__(self, http: Http, at: Callable[[str], str]) -> None:
        self._http = http
        self._at = at

    def of(self, container: str, name: str) -> list[VersionInfo]:
        rows = list(self._rows(container, name))
        if not rows:
            raise NotFound("object", f"{container}/{name}")
        return [
            VersionInfo(
                id=text(row.get("version_id")),
                updated_at=text(row.get("last_modified")),
                size=number(row.get("bytes")),
                latest=row.get("is_latest") is True,
            )
            for row in reversed(rows)
            if text(row.get("content_type")) != DELETED_TYPE
        ]

    def kept(self, container: str) -> bool:
        call = self._doing(f"look at container {container}", container)
        return self._http.call("HEAD", self._at(container), call).headers.get(_ENABLED, "").lower() == "true"

    def keep(self, container: str, on: bool) -> None:
        """A Swift without versions takes the header and does nothing, so it is asked afterwards."""
        call = self._doing(f"change container {container}", container)
        self._http.call("POST", self._at(container), call, headers={_ENABLED: str(on).lower()}, repeat=True)
        if on and not self.kept(container):
            raise Unsupported(self._http.cloud, "keep old states of objects", "Give each state a name of its own.")

    def _rows(self, container: str, name: str) -> Iterator[dict[str, Any]]:
        """All states, newest first. Of pages that come again the second is the last."""
        call = self._doing(f"list versions of {container}/{name}", container)
        params = {"versions": "true", "format": "json", "limit": str(_PAGE), "prefix": name}
        seen: set[str] = set()
        while True:
            page = self._http.call("GET", self._at(container), call, params=params).document()
            rows = [row for row in page or () if isinstance(row, dict)] if isinstance(page, list | None) else []
            mine = [row for row in rows if row.get("name") == name]
            yield from mine
            if len(mine) < len(rows) or not rows:
                return
            marker = text(rows[-1].get("version_id"))
            if marker in seen:
                raise Unavailable(f"cloud {self._http.cloud}", reason=f"{call.act}: the same page comes again")
            seen.add(marker)
            params |= {"marker": name, "version_marker": marker}

    def _doing(self, act: str, container: str) -> Call:
        return Call(self._http.cloud, act, "container", container)
