"""What Pithos knows of an object besides its bytes: old states, who may read it, its public address.

Source: specs/synnefo.md, 3.8, 4.10 and 4.11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urljoin

from imageferry.clouds.http import Http
from imageferry.clouds.pithos_words import PUBLIC, SHARING, VERSION, VERSIONING, read_sharing, sharing_header
from imageferry.clouds.trouble import Call, Reply
from imageferry.domain.errors import NotFound, Refused, Unavailable
from imageferry.domain.moment import SECOND, Moment, to_datetime
from imageferry.ports.cloud import Access, VersionInfo


class At(Protocol):
    """The URL of a container or an object."""

    def __call__(self, container: str, name: str | None = None) -> str: ...


class PithosVersions:
    """``ports.cloud.Versions`` over Pithos."""

    def __init__(self, http: Http, at: At) -> None:
        self._http = http
        self._at = at

    def of(self, container: str, name: str) -> list[VersionInfo]:
        call = Call(self._http.cloud, f"list versions of {container}/{name}", "object", f"{container}/{name}")
        params = {"version": "list", "format": "json"}
        document = self._http.call("GET", self._at(container, name), call, params=params).document()
        rows = document.get("versions") if isinstance(document, dict) else None
        if not isinstance(rows, list):
            raise Unavailable(f"cloud {self._http.cloud}", reason=f"{call.act}: the answer is no list of versions")
        pairs = [row for row in rows if isinstance(row, list) and len(row) == 2]
        if not pairs:
            raise NotFound("object", f"{container}/{name}")
        now = _head(self._http, self._at(container, name), container, name, missing=True).headers.get(VERSION, "")
        return [
            VersionInfo(id=str(number), updated_at=_time(seconds), latest=str(number) == now)
            for number, seconds in pairs
        ]

    def kept(self, container: str) -> bool:
        call = Call(self._http.cloud, f"look at container {container}", "container", container)
        return self._http.call("HEAD", self._at(container), call).headers.get(VERSIONING, "").lower() == "auto"

    def keep(self, container: str, on: bool) -> None:
        call = Call(self._http.cloud, f"change container {container}", "container", container)
        headers = {VERSIONING: "auto" if on else "none"}
        self._http.call("POST", self._at(container), call, headers=headers, params={"update": ""}, repeat=True)


class PithosSharing:
    """``ports.cloud.Sharing`` over Pithos."""

    def __init__(self, http: Http, at: At) -> None:
        self._http = http
        self._at = at

    def show(self, container: str, name: str) -> Access:
        return read_sharing(_head(self._http, self._at(container, name), container, name).headers)

    def change(self, container: str, name: str, access: Access) -> Access:
        headers = {SHARING: sharing_header(access)}
        _post(self._http, self._at(container, name), f"share {container}/{name}", f"{container}/{name}", headers)
        return self.show(container, name)


class PithosPublishing:
    """``ports.cloud.Publishing`` over Pithos."""

    def __init__(self, http: Http, at: At) -> None:
        self._http = http
        self._at = at

    def publish(self, container: str, name: str) -> str:
        at = self._at(container, name)
        _post(self._http, at, f"publish {container}/{name}", f"{container}/{name}", {PUBLIC: "true"})
        found = _head(self._http, at, container, name).headers.get(PUBLIC, "")
        if not found:
            raise Refused(f"cloud {self._http.cloud}, publish {container}/{name}", "no address", "it told none")
        return urljoin(at, found)  # some services tell a path only

    def unpublish(self, container: str, name: str) -> None:
        at = self._at(container, name)
        _post(self._http, at, f"unpublish {container}/{name}", f"{container}/{name}", {PUBLIC: "false"})


def _head(http: Http, url: str, container: str, name: str, *, missing: bool = False) -> Reply:
    """What the headers of an object say. ``missing``: one that is not there is no error."""
    call = Call(http.cloud, f"look at {container}/{name}", "object", f"{container}/{name}")
    return http.call("HEAD", url, call, expect=frozenset({404} if missing else ()))


def _post(http: Http, url: str, act: str, key: str, headers: Mapping[str, str]) -> None:
    http.call("POST", url, Call(http.cloud, act, "object", key), headers=headers, params={"update": ""}, repeat=True)


def _time(seconds: object) -> str:
    """Seconds since 1970, as text or a number, as a time; what is neither stays as it is."""
    try:
        return to_datetime(Moment(round(float(str(seconds)) * SECOND))).isoformat()
    except (ValueError, OverflowError, OSError):
        return str(seconds)[:40]
