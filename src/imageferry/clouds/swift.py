"""Objects in Swift, for every cloud that has it.

Source: specs/openstack.md, section 3; specs/k5.md, section 4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from imageferry.clouds.addresses import place_of
from imageferry.clouds.http import UPLOAD_READ_S, Http
from imageferry.clouds.pages import rows_of
from imageferry.clouds.pithos import PithosObjects
from imageferry.clouds.segments import NAKED, SegmentedUpload, Wearing
from imageferry.clouds.source import Attempts, Part, Progress, Source
from imageferry.clouds.stream import resumed
from imageferry.clouds.swift_versions import SwiftVersions
from imageferry.clouds.swift_words import OCTETS, dress_headers, is_large, number, object_info, parts_of, text
from imageferry.clouds.trouble import Call, Reply
from imageferry.domain.block_names import OURS
from imageferry.domain.digest import Algorithm, Digest, Digests
from imageferry.domain.errors import (
    AccessDenied,
    AlreadyExists,
    BadInput,
    DigestMismatch,
    Incomplete,
    NotFound,
    Rejected,
    TooLarge,
    Unsupported,
)
from imageferry.domain.object import checked_container_name, checked_object_name
from imageferry.ports.cloud import (
    DIRECTORY,
    MAX_SEGMENT_SIZE,
    PLAIN,
    SEGMENT_SIZE,
    BlockSource,
    ContainerInfo,
    Download,
    Dress,
    ObjectInfo,
    Publishing,
    Sharing,
    Stored,
    Versions,
    Watch,
)

_SETTLE_TRIES = 5  # Swift's listings, and so large objects, may lag behind


class SwiftObjects:
    """``ports.cloud.Objects`` over Swift v1.

    Args:
        url: where the account is, ``.../v1/AUTH_<project>``; asked for at the first call.
        segments: whether large objects are offered.
        versions: whether containers can keep old states.
        by_blocks: the same account by the names of its blocks, where the cloud has such a door; asked when needed.
    """

    def __init__(
        self,
        http: Http,
        url: Callable[[], str],
        *,
        segments: bool = True,
        versions: bool = True,
        by_blocks: Callable[[], PithosObjects | None] = lambda: None,
    ) -> None:
        self._http = http
        self._url = url
        self._segments = segments
        self._versions = versions
        self._by_blocks = by_blocks

    def containers(self) -> Iterator[ContainerInfo]:
        for row in rows_of(self._http, self._url(), self._doing("list containers"), "containers"):
            yield ContainerInfo(name=row["name"], count=number(row.get("count")), size=number(row.get("bytes")))

    def search(self, container: str, prefix: str = "") -> Iterator[ObjectInfo]:
        call = self._doing(f"list objects in {container}", "container", container)
        for row in rows_of(self._http, self._at(container), call, "objects", prefix=prefix):
            yield ObjectInfo(
                container=container,
                name=row["name"],
                size=number(row.get("bytes")),
                etag=text(row.get("hash")).strip('"'),
                content_type=text(row.get("content_type")),
                updated_at=text(row.get("last_modified")),
            )

    def show(self, container: str, name: str, *, version: str = "") -> ObjectInfo:
        return object_info(container, name, self._head(container, name, version))

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
        dress: Dress = PLAIN,
        only_new: bool = False,
        also: Collection[Algorithm] = (),
    ) -> Stored:
        """As the port says. ``also``: digests of the whole to work out on the way, besides MD5 of what is sent.

        What goes by its blocks has no MD5 here: nobody has read all of it.
        """
        checked_object_name(name)
        check_segment_size(segment_size)
        wearing = Wearing(dress_headers(dress), only_new)
        with Source.opened(path) as source:
            self.check_size(source.size, segment_size, source.name)
            self.make_container(container)
            before = self._parts_before(container, name, only_new=only_new)
            if source.size > OURS.size and (by_blocks := self._by_blocks()) is not None:
                stored = None
                with suppress(AccessDenied):  # who may write here need not be let in by that door
                    stored = by_blocks.put(path, container, name, watch=watch, dress=dress, only_new=only_new)
                if stored is not None:
                    if before is not None:
                        self.delete_parts(*before)
                    return stored
            progress = Progress(watch, "upload", source.size)
            if source.size <= segment_size or not self._segments:
                digests = self._put_whole(source, container, name, progress, also, wearing)
                prefix = ""
            else:
                upload = SegmentedUpload(self, source, container, name, segment_size, stamp or source.stamp)
                digests = upload.run(progress, also, wearing, keep_parts=keep_parts)
                prefix = upload.prefix
            info = self._settled(container, name, source.size)
        if before is not None and before != (f"{container}_segments", prefix):
            self.delete_parts(*before)
        return Stored(info=info, digests=digests, sent=progress.sent, already_there=progress.already_there)

    def check_size(self, size: int, segment_size: int, what: str) -> None:
        """Raises TooLarge for a file that cannot be stored here."""
        if size > segment_size and not self._segments and size > MAX_SEGMENT_SIZE:
            raise TooLarge(f"{what} (this cloud takes no segments)", MAX_SEGMENT_SIZE, size)

    def put_bytes(
        self, data: bytes, container: str, name: str, *, dress: Dress = PLAIN, only_new: bool = False
    ) -> ObjectInfo:
        checked_object_name(name)
        wearing = Wearing(dress_headers(dress), only_new)
        self.make_container(container)
        etag = self.send(lambda: data, container, name, wearing)
        self._check_tag(container, name, hashlib.md5(data, usedforsecurity=False).hexdigest(), etag)
        return self._settled(container, name, len(data))

    def make_directory(self, container: str, name: str) -> None:
        with suppress(AlreadyExists):
            self.put_bytes(b"", container, name, dress=Dress(content_type=DIRECTORY), only_new=True)

    def account_url(self, account: str) -> str:
        """Where another project's objects are: its id stands at the end of Swift's address of an account.

        Raises:
            Unsupported: this cloud's addresses have another form.
        """
        prefix, own, rest = self._url().rstrip("/").rpartition(self._http.project_id)
        if not own or rest:
            instead = "Open the cloud for that project."
            raise Unsupported(self._http.cloud, "be asked for another project's objects", instead)
        return prefix + account

    def blocks(self, container: str, name: str, *, version: str = "") -> BlockSource | None:
        by_blocks = None if version else self._by_blocks()
        with suppress(AccessDenied):
            return None if by_blocks is None else by_blocks.blocks(container, name)
        return None

    @property
    def versions(self) -> Versions:
        if not self._versions:
            instead = "Give each state a name of its own."
            raise Unsupported(self._http.cloud, "keep old states of objects", instead)
        return SwiftVersions(self._http, self._at)

    @property
    def sharing(self) -> Sharing:
        if (by_blocks := self._by_blocks()) is not None:
            return by_blocks.sharing
        instead = "Share a container of its own: 'swift post CONTAINER --read-acl PROJECT:*'."
        raise Unsupported(self._http.cloud, "share single objects", instead)

    @property
    def publishing(self) -> Publishing:
        if (by_blocks := self._by_blocks()) is not None:
            return by_blocks.publishing
        instead = "Make an address that ends with 'swift tempurl', or let all read a container: --read-acl '.r:*'."
        raise Unsupported(self._http.cloud, "publish single objects", instead)

    @contextmanager
    def read(self, container: str, name: str, *, version: str = "") -> Iterator[Download]:
        call = self._doing(f"download {container}/{name}", "object", f"{container}/{name}")
        at = self._at(container, name) + (f"?version-id={quote(version, safe='')}" if version else "")
        with resumed(self._http, at, call) as (headers, size, chunks):
            plain = not is_large(headers)
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
        if (parts := parts_of(container, name, reply)) is not None:
            self.delete_parts(*parts)

    # --- for uploads in this package -----------------------------------------------------------

    def send(self, part: Callable[[], Part | bytes], container: str, name: str, wearing: Wearing = NAKED) -> str:
        """PUT once or, after a broken connection, again; returns the Etag that came back.

        Raises:
            AlreadyExists: there is one, and it was to be new.
        """
        call = self._doing(f"upload {container}/{name}", "container", container)
        headers = {"Content-Type": OCTETS, **wearing.headers, **({"If-None-Match": "*"} if wearing.only_new else {})}
        url, expect = self._at(container, name), frozenset({412} if wearing.only_new else ())
        reply = self._http.call("PUT", url, call, headers=headers, body=part, expect=expect, read_s=UPLOAD_READ_S)
        if reply.status == 412:
            raise AlreadyExists("object", f"{container}/{name}")
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
        self,
        source: Source,
        container: str,
        name: str,
        progress: Progress,
        also: Collection[Algorithm],
        wearing: Wearing,
    ) -> Digests:
        body = Attempts(source, progress, {Algorithm.MD5, *also})
        try:
            etag = self.send(body.make if source.size else lambda: b"", container, name, wearing)
            digests = body.finish()
        finally:
            body.abandon()
        try:
            source.check_same()
        except Rejected:
            self.remove(container, name)
            raise
        self._check_tag(container, name, digests[Algorithm.MD5], etag)
        return digests

    def _check_tag(self, container: str, name: str, wanted: str, found: str) -> None:
        """What was stored is what was sent; else it is removed."""
        if found != wanted:
            self.remove(container, name)
            promised = Digest(Algorithm.MD5, wanted)
            raise DigestMismatch(f"object {container}/{name}", promised, Digest(Algorithm.MD5, found or "none"))

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

    def _parts_before(self, container: str, name: str, *, only_new: bool) -> tuple[str, str] | None:
        """Where the parts of the object lie that is to be replaced. A refusal comes before anything travels."""
        try:
            there = self._head(container, name)
        except NotFound:
            return None
        if only_new:
            raise AlreadyExists("object", f"{container}/{name}")
        return parts_of(container, name, there)

    def _head(self, container: str, name: str, version: str = "") -> Reply:
        call = self._doing(f"look at {container}/{name}", "object", f"{container}/{name}")
        params = {"version-id": version} if version else None
        return self._http.call("HEAD", self._at(container, name), call, params=params)

    def _at(self, container: str, name: str | None = None) -> str:
        return place_of(self._url(), container, name)

    def _doing(self, act: str, kind: str = "", key: str = "") -> Call:
        return Call(self._http.cloud, act, kind, key)


def check_segment_size(size: int) -> None:
    """Raises BadInput unless a cloud takes segments of that size."""
    if not 0 < size <= MAX_SEGMENT_SIZE:
        raise BadInput("segment size", size, f"1 to {MAX_SEGMENT_SIZE} bytes")
