"""Objects in Swift, for every cloud that has it.

Source: specs/openstack.md, section 3; specs/k5.md, section 4.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from imageferry.clouds.http import UPLOAD_READ_S, Http
from imageferry.clouds.segments import SegmentedUpload
from imageferry.clouds.source import Attempts, Part, Progress, Source
from imageferry.clouds.stream import resumed
from imageferry.clouds.trouble import Call, Reply
from imageferry.domain.digest import Algorithm, Digest, Digests
from imageferry.domain.errors import BadInput, DigestMismatch, Incomplete, NotFound, Rejected, TooLarge, Unavailable
from imageferry.domain.object import checked_container_name, checked_object_name
from imageferry.ports.cloud import (
    MAX_SEGMENT_SIZE,
    SEGMENT_SIZE,
    ContainerInfo,
    Download,
    ObjectInfo,
    Stored,
    Watch,
)

PAGE = 10_000  # rows asked for at once
_SETTLE_TRIES = 5  # Swift's listings, and so large objects, may lag behind


class SwiftObjects:
    """``ports.cloud.Objects`` over Swift v1.

    Args:
        url: where the account is, ``.../v1/AUTH_<project>``; asked for at the first call.
        segments: whether large objects are offered.
    """

    def __init__(self, http: Http, url: Callable[[], str], *, segments: bool = True) -> None:
        self._http = http
        self._url = url
        self._segments = segments

    def containers(self) -> Iterator[ContainerInfo]:
        for row in self._rows(self._url(), self._doing("list containers"), "", "containers"):
            yield ContainerInfo(name=row["name"], count=_number(row.get("count")), size=_number(row.get("bytes")))

    def search(self, container: str, prefix: str = "") -> Iterator[ObjectInfo]:
        call = self._doing(f"list objects in {container}", "container", container)
        for row in self._rows(self._at(container), call, prefix, "objects"):
            yield ObjectInfo(
                container=container,
                name=row["name"],
                size=_number(row.get("bytes")),
                etag=_text(row.get("hash")).strip('"'),
                content_type=_text(row.get("content_type")),
                updated_at=_text(row.get("last_modified")),
            )

    def show(self, container: str, name: str) -> ObjectInfo:
        return _info(container, name, self._head(container, name))

    def make_container(self, name: str) -> None:
        checked_container_name(name)
        self._http.call("PUT", self._at(name), self._doing(f"create container {name}", "container", name))

    def put(
        self,
        path: Path,
        container: str,
        name: str,
        *,
        watch: Watch,
        segment_size: int = SEGMENT_SIZE,
        stamp: str = "",
        keep_parts: bool = False,
        also: Collection[Algorithm] = (),
    ) -> Stored:
        """As the port says. ``also``: digests of the whole to work out on the way, besides MD5 of what is sent."""
        checked_object_name(name)
        check_segment_size(segment_size)
        with Source.opened(path) as source:
            self.check_size(source.size, segment_size, source.name)
            progress = Progress(watch, "upload", source.size)
            self.make_container(container)
            before = self._parts_of(container, name)
            if source.size <= segment_size or not self._segments:
                digests = self._put_whole(source, container, name, progress, also)
                prefix = ""
            else:
                upload = SegmentedUpload(self, source, container, name, segment_size, stamp or source.stamp)
                digests = upload.run(progress, also, keep_parts=keep_parts)
                prefix = upload.prefix
            info = self._settled(container, name, source.size)
        if before is not None and before != (f"{container}_segments", prefix):
            self.delete_parts(*before)
        return Stored(info=info, digests=digests, sent=progress.sent, already_there=progress.already_there)

    def check_size(self, size: int, segment_size: int, what: str) -> None:
        """Raises TooLarge for a file that cannot be stored here."""
        if size > segment_size and not self._segments and size > MAX_SEGMENT_SIZE:
            raise TooLarge(f"{what} (this cloud takes no segments)", MAX_SEGMENT_SIZE, size)

    @contextmanager
    def read(self, container: str, name: str) -> Iterator[Download]:
        call = self._doing(f"download {container}/{name}", "object", f"{container}/{name}")
        with resumed(self._http, self._at(container, name), call) as (headers, size, chunks):
            plain = not _is_large(headers)
            tag = headers.get("Etag", "").strip('"').lower()
            promised = {Algorithm.MD5: tag} if plain and len(tag) == Algorithm.MD5.hex_length else {}
            yield Download(size=size, promised=promised, chunks=chunks)

    def delete(self, container: str, name: str) -> None:
        reply = self._head(container, name)
        call = self._doing(f"delete {container}/{name}", "object", f"{container}/{name}")
        if reply.headers.get("X-Static-Large-Object", "").lower() == "true":
            url = self._at(container, name)
            self._http.call("DELETE", url, call, params={"multipart-manifest": "delete"})
            return
        self.remove(container, name)
        if (parts := _parts(container, name, reply)) is not None:
            self.delete_parts(*parts)

    # --- for uploads in this package -----------------------------------------------------------

    def send(self, part: Callable[[], Part | bytes], container: str, name: str, **headers: str) -> str:
        """PUT once or, after a broken connection, again; returns the Etag that came back."""
        call = self._doing(f"upload {container}/{name}", "container", container)
        wanted = {"Content-Type": "application/octet-stream", **{k.replace("_", "-"): v for k, v in headers.items()}}
        url = self._at(container, name)
        reply = self._http.call("PUT", url, call, headers=wanted, body=part, read_s=UPLOAD_READ_S)
        return reply.headers.get("Etag", "").strip('"').lower()

    def remove(self, container: str, name: str) -> None:
        """Delete one object, not what it leans on. Gone already is no error."""
        call = self._doing(f"delete {container}/{name}", "object", f"{container}/{name}")
        self._http.call("DELETE", self._at(container, name), call, expect=frozenset({404}))

    def delete_parts(self, container: str, prefix: str) -> None:
        """Remove all objects with that prefix. None there is no error."""
        try:
            names = [found.name for found in self.search(container, prefix)]
        except NotFound:
            return
        for name in names:
            self.remove(container, name)

    # --- inside ----------------------------------------------------------------------------------

    def _put_whole(
        self, source: Source, container: str, name: str, progress: Progress, also: Collection[Algorithm]
    ) -> Digests:
        body = Attempts(source, progress, {Algorithm.MD5, *also})
        try:
            etag = self.send(body.make if source.size else lambda: b"", container, name)
            digests = body.finish()
        finally:
            body.abandon()
        try:
            source.check_same()
            found = Digest(Algorithm.MD5, digests[Algorithm.MD5])
            if etag != found.value:
                raise DigestMismatch(f"object {container}/{name}", found, Digest(Algorithm.MD5, etag or "none"))
        except Rejected:
            self.remove(container, name)
            raise
        return digests

    def _settled(self, container: str, name: str, size: int) -> ObjectInfo:
        """What is stored, once it is of the right size; what stays of another size is removed."""
        for attempt in range(1, _SETTLE_TRIES + 1):
            info = self.show(container, name)
            if info.size == size:
                return info
            if not info.segments:
                break
            self._http.pause(attempt)
        self.delete(container, name)
        raise Incomplete(f"object {container}/{name}", size, info.size)

    def _parts_of(self, container: str, name: str) -> tuple[str, str] | None:
        try:
            return _parts(container, name, self._head(container, name))
        except NotFound:
            return None

    def _head(self, container: str, name: str) -> Reply:
        call = self._doing(f"look at {container}/{name}", "object", f"{container}/{name}")
        return self._http.call("HEAD", self._at(container, name), call)

    def _rows(self, url: str, call: Call, prefix: str, what: str) -> Iterator[dict[str, Any]]:
        """All rows, page by page. Names must grow: a cloud that repeats itself is not followed for ever."""
        marker = ""
        while True:
            params = {"format": "json", "limit": str(PAGE), "marker": marker, "prefix": prefix}
            reply = self._http.call("GET", url, call, params={k: v for k, v in params.items() if v})
            page = [] if reply.status == 204 else reply.document()
            if not isinstance(page, list):
                raise Unavailable(f"cloud {self._http.cloud}", reason=f"{call.act}: the answer is no list of {what}")
            rows = [row for row in page if isinstance(row, dict) and isinstance(row.get("name"), str)]
            yield from rows
            last = rows[-1]["name"] if rows else ""
            if not rows:
                return
            if last.encode("utf-8", "replace") <= marker.encode("utf-8", "replace"):
                raise Unavailable(f"cloud {self._http.cloud}", reason=f"{call.act}: the same page comes again")
            marker = last

    def _at(self, container: str, name: str | None = None) -> str:
        """The URL of a container or an object.

        HTTP libraries take "." and ".." between slashes for directions, also when percent-encoded,
        so that deleting the object ".." would be asked of the account: such names are not sent.
        """
        path = container if name is None else f"{container}/{name}"
        if {".", ".."} & set(path.split("/")):
            raise BadInput("name", path, 'no "." or ".." between slashes')
        return f"{self._url().rstrip('/')}/{quote(container, safe='')}" + ("" if name is None else f"/{quote(name)}")

    def _doing(self, act: str, kind: str = "", key: str = "") -> Call:
        return Call(self._http.cloud, act, kind, key)


def check_segment_size(size: int) -> None:
    """Raises BadInput unless a cloud takes segments of that size."""
    if not 0 < size <= MAX_SEGMENT_SIZE:
        raise BadInput("segment size", size, f"1 to {MAX_SEGMENT_SIZE} bytes")


def _info(container: str, name: str, reply: Reply) -> ObjectInfo:
    headers = reply.headers
    return ObjectInfo(
        container=container,
        name=name,
        size=_number(headers.get("Content-Length")),
        etag=headers.get("Etag", "").strip('"'),
        content_type=headers.get("Content-Type", ""),
        updated_at=headers.get("Last-Modified", ""),
        segments=unquote(headers.get("X-Object-Manifest", "")),
    )


def _is_large(headers: Any) -> bool:
    return bool(headers.get("X-Object-Manifest")) or headers.get("X-Static-Large-Object", "").lower() == "true"


def _parts(container: str, name: str, reply: Reply) -> tuple[str, str] | None:
    """Container and prefix of a dynamic large object's parts, if they are its own and nobody else's.

    A manifest may point anywhere, to a whole container even: only what lies where uploads put
    parts of this very object is taken for its own.
    """
    place, _, prefix = unquote(reply.headers.get("X-Object-Manifest", "")).partition("/")
    own = place == f"{container}_segments" and prefix.startswith(f"{name}/") and prefix.endswith("/")
    return (place, prefix) if own else None


def _number(value: object) -> int:
    try:
        return max(0, int(value))  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError):
        return 0


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
