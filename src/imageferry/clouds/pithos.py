"""Objects in Pithos+, Synnefo's object storage, which our own service answers as well.

Files go up by the names of their blocks (``hash_upload``). A container has versions, an object its own
readers and writers, and may be published.

Source: specs/synnefo.md, sections 3, 4 and 9.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from imageferry.clouds.addresses import place_of
from imageferry.clouds.hash_upload import upload
from imageferry.clouds.http import UPLOAD_READ_S, Http
from imageferry.clouds.pages import rows_of
from imageferry.clouds.pithos_blocks import PithosBlocks
from imageferry.clouds.pithos_more import PithosPublishing, PithosSharing, PithosVersions
from imageferry.clouds.pithos_words import TOP, container_info, encoded, listed, shown
from imageferry.clouds.source import Source
from imageferry.clouds.stream import resumed
from imageferry.clouds.swift_words import dress_headers
from imageferry.clouds.trouble import Call, Reply, error_for
from imageferry.domain.block_names import BlockNames, BlockRule
from imageferry.domain.digest import Algorithm
from imageferry.domain.errors import AlreadyExists, DigestMismatch, Incomplete, Unavailable
from imageferry.domain.object import checked_container_name, checked_object_name
from imageferry.ports.cloud import (
    DIRECTORY,
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

_BLOCKS = "application/octet-stream"  # exactly this, or the body is not taken for blocks


class PithosObjects:
    """``ports.cloud.Objects`` over Pithos.

    Args:
        url: of the account; asked for at the first call.
    """

    def __init__(self, http: Http, url: Callable[[], str]) -> None:
        self._http = http
        self._url = url
        self._lock = threading.Lock()
        self._rules: dict[str, BlockRule] = {}  # by container
        self.versions: Versions = PithosVersions(http, self.at)
        self.sharing: Sharing = PithosSharing(http, self.at)
        self.publishing: Publishing = PithosPublishing(http, self.at)

    def containers(self) -> Iterator[ContainerInfo]:
        return map(container_info, rows_of(self._http, self._url(), self._doing("list containers"), "containers"))

    def search(self, container: str, prefix: str = "") -> Iterator[ObjectInfo]:
        call = self._doing(f"list objects in {container}", "container", container)
        for row in rows_of(self._http, self.at(container), call, "objects", prefix=prefix):
            if row["name"].startswith(prefix):
                yield listed(container, row)

    def show(self, container: str, name: str, *, version: str = "") -> ObjectInfo:
        call = self._doing(f"look at {container}/{name}", "object", f"{container}/{name}")
        params = {"version": version} if version else None
        return shown(container, name, self._http.call("HEAD", self.at(container, name), call, params=params).headers)

    def make_container(self, name: str) -> None:
        checked_container_name(name)
        self._http.call("PUT", self.at(name), self._doing(f"create container {name}", "container", name))

    def put(
        self,
        path: Path,
        container: str,
        name: str,
        *,
        watch: Watch,
        segment_size: int = SEGMENT_SIZE,  # noqa: ARG002 -- blocks have the cloud's own size
        stamp: str = "",  # noqa: ARG002 -- blocks are known by their names
        keep_parts: bool = False,  # noqa: ARG002 -- blocks that arrived stay for a while by themselves
        dress: Dress = PLAIN,
        only_new: bool = False,
    ) -> Stored:
        checked_object_name(name)
        headers = dress_headers(dress, encoded)
        with Source.opened(path) as source:
            rule = self._rule(container)
            sink = _Sink(self._http, self.at(container), self.at(container, name), f"{container}/{name}", headers)
            sink.only_new = only_new
            with self._nothing_false(container, name):
                _, progress = upload(source, sink, rule, watch)
        return Stored(
            info=self._settled(container, name, source.size),
            digests={},
            sent=progress.sent,
            already_there=progress.already_there,
            skipped=progress.skipped,
        )

    def put_bytes(
        self, data: bytes, container: str, name: str, *, dress: Dress = PLAIN, only_new: bool = False
    ) -> ObjectInfo:
        checked_object_name(name)
        headers = dress_headers(dress, encoded)
        rule = self._rule(container)
        call = self._doing(f"upload {container}/{name}", "container", container)
        reply = _put(self._http, self.at(container, name), call, headers, lambda: data, only_new=only_new)
        pieces = [data[at : at + rule.size] for at in range(0, len(data), rule.size)]
        made = BlockNames(rule=rule, size=len(data), names=[rule.name_of(piece) for piece in pieces])
        with self._nothing_false(container, name):
            _compare(reply, made, f"object {container}/{name}", data)
        return self._settled(container, name, len(data))

    def make_directory(self, container: str, name: str) -> None:
        try:
            self.put_bytes(b"", container, name, dress=Dress(content_type=DIRECTORY), only_new=True)
        except AlreadyExists:
            return

    @contextmanager
    def read(self, container: str, name: str, *, version: str = "") -> Iterator[Download]:
        call = self._doing(f"download {container}/{name}", "object", f"{container}/{name}")
        at = self.at(container, name) + (f"?version={quote(version, safe='')}" if version else "")
        with resumed(self._http, at, call) as (headers, size, chunks):
            tag = headers.get("Etag", "").strip('"').lower()
            promised = {Algorithm.MD5: tag} if len(tag) == Algorithm.MD5.hex_length else {}
            yield Download(size=size, promised=promised, chunks=chunks)

    def blocks(self, container: str, name: str, *, version: str = "") -> BlockSource | None:
        """None for an object that is joined from others, which has no blocks of its own."""
        call = self._doing(f"ask for the blocks of {container}/{name}", "object", f"{container}/{name}")
        return PithosBlocks.asked(self._http, self.at(container, name), call, version)

    def delete(self, container: str, name: str) -> None:
        call = self._doing(f"delete {container}/{name}", "object", f"{container}/{name}")
        self._http.call("DELETE", self.at(container, name), call)

    def at(self, container: str, name: str | None = None) -> str:
        """The URL of a container or an object."""
        return place_of(self._url(), container, name)

    # --- inside ----------------------------------------------------------------------------------

    def _rule(self, container: str) -> BlockRule:
        """How the container's blocks are cut and named; it is made when missing."""
        with self._lock:
            if container in self._rules:
                return self._rules[container]
        call = self._doing(f"look at container {container}", "container", container)
        reply = self._http.call("HEAD", self.at(container), call, expect=frozenset({404}))
        if reply.status == 404:
            self.make_container(container)
            reply = self._http.call("HEAD", self.at(container), call)
        headers = reply.headers
        rule = BlockRule.told(headers.get("X-Container-Block-Size", ""), headers.get("X-Container-Block-Hash", ""))
        with self._lock:
            self._rules[container] = rule
        return rule

    @contextmanager
    def _nothing_false(self, container: str, name: str) -> Iterator[None]:
        """What the cloud made of other bytes does not stay."""
        try:
            yield
        except DigestMismatch:
            self.delete(container, name)
            raise

    def _settled(self, container: str, name: str, size: int) -> ObjectInfo:
        info = self.show(container, name)
        if info.size != size:
            raise Incomplete(f"object {container}/{name}", size, info.size)
        return info

    def _doing(self, act: str, kind: str = "", key: str = "") -> Call:
        return Call(self._http.cloud, act, kind, key)


class _Sink:
    """Where the blocks of one object go (``hash_upload.BlockSink``)."""

    def __init__(self, http: Http, container_url: str, url: str, path: str, headers: dict[str, str]) -> None:
        self._http = http
        self._container_url = container_url
        self._url = url
        self._path = path
        self._headers = headers
        self.only_new = False

    def send_block(self, data: bytes) -> str:
        reply = self._http.call(
            "POST",
            self._container_url,
            Call(self._http.cloud, f"send blocks of {self._path}", "container", self._path.partition("/")[0]),
            headers={"Content-Type": _BLOCKS},
            params={"update": "", "format": "json"},
            body=lambda: data,
            repeat=True,
            read_s=UPLOAD_READ_S,
        )
        found = reply.document()
        return str(found[0]).lower() if isinstance(found, list) and len(found) == 1 else ""

    def make(self, names: BlockNames) -> Sequence[str] | None:
        body = json.dumps({"bytes": names.size, "hashes": list(names.names)}).encode()
        params = {"hashmap": "True", "format": "json"}
        call = Call(self._http.cloud, f"upload {self._path}", "container", self._path.partition("/")[0])
        reply = _put(self._http, self._url, call, self._headers, lambda: body, only_new=self.only_new, params=params)
        if reply.status != 409:
            _compare(reply, names, f"object {self._path}")
            return None
        missing = reply.document()
        if not isinstance(missing, list):
            raise error_for(reply, call)
        if not all(names.rule.is_name(name) for name in missing):
            raise Unavailable(f"cloud {self._http.cloud}", reason=f"{call.act}: it asks for blocks by no name")
        return missing


def _put(
    http: Http,
    url: str,
    call: Call,
    headers: dict[str, str],
    body: Callable[[], bytes],
    *,
    only_new: bool,
    params: dict[str, str] | None = None,
) -> Reply:
    """PUT of an object. 409 with a list is an answer; 412 is AlreadyExists."""
    wanted = {**headers, **({"If-None-Match": "*"} if only_new else {})}
    expect = frozenset({409, 412} if only_new else {409})
    asked: dict[str, Any] = {"params": params or {"format": "json"}, "expect": expect, "read_s": UPLOAD_READ_S}
    reply = http.call("PUT", url, call, headers=wanted, body=body, **asked)
    if reply.status == 412:
        raise AlreadyExists("object", call.act.partition(" ")[2])
    if reply.status == 409 and params is None:
        raise error_for(reply, call)
    return reply


def _compare(reply: Reply, made: BlockNames, what: str, data: bytes | None = None) -> None:
    """What the cloud says it has made is what was meant.

    The tag is an MD5 in some clouds and the top of the tree in others; the header that is always the top
    is not in every answer. An answer without either is believed: the size is compared afterwards.

    Raises:
        DigestMismatch: it made something else.
    """
    tag = reply.headers.get("Etag", "").strip('"').lower()
    top = reply.headers.get(TOP, "").lower() or (tag if len(tag) == len(made.top) else "")
    if top and top != made.top:
        raise DigestMismatch(what, made.top, top)
    if data is not None and not top and len(tag) == Algorithm.MD5.hex_length:
        wanted = Algorithm.MD5.new()
        wanted.update(data)
        if wanted.hexdigest() != tag:
            raise DigestMismatch(what, wanted.hexdigest(), tag)
