"""A large file in parts: sent side by side, each compared, joined by a manifest that comes last.

Parts lie in ``<container>_segments`` under ``<object>/<stamp>-<segment size>/``; the stamp is the
same for the same file, so a run that was interrupted is taken up by the next one: a part that is
there with the right size and MD5 is not sent again. Parts of other files never mix.

Source: specs/k5.md, section 4 (client rules); specs/openstack.md, section 3.8.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import quote

from imageferry.clouds.source import Part, Progress, Source
from imageferry.domain.digest import Algorithm, Digest, Digests
from imageferry.domain.errors import Cancelled, DigestMismatch, FerryError
from imageferry.domain.object import checked_object_name
from imageferry.ports.cloud import ObjectInfo

_LOG = logging.getLogger("imageferry.clouds")

WORKERS = 4  # parts at once: one stream never fills a fast line
_TRIES = 3  # of a part whose Etag is wrong


@dataclass(frozen=True, slots=True)
class Wearing:
    """Headers of an object, and whether there must be none of its name yet."""

    headers: Mapping[str, str]
    only_new: bool = False


NAKED = Wearing({})


class Store(Protocol):
    """What is needed of the object store."""

    def make_container(self, name: str) -> None: ...
    def search(self, container: str, prefix: str = "") -> Iterable[ObjectInfo]: ...
    def show(self, container: str, name: str) -> ObjectInfo: ...
    def send(self, part: Callable[[], Part | bytes], container: str, name: str, wearing: Wearing = ...) -> str: ...
    def remove(self, container: str, name: str) -> None: ...
    def delete_parts(self, container: str, prefix: str) -> None: ...


class SegmentedUpload:
    def __init__(self, store: Store, source: Source, container: str, name: str, segment_size: int, stamp: str) -> None:
        self._store = store
        self._source = source
        self._container = container
        self._name = name
        self._size = segment_size
        self._place = f"{container}_segments"
        self.prefix = f"{name}/{stamp}-{segment_size}/"
        self._stop = threading.Event()
        checked_object_name(f"{self.prefix}{0:08d}")

    def run(
        self, progress: Progress, also: Collection[Algorithm], wearing: Wearing = NAKED, *, keep_parts: bool
    ) -> Digests:
        """Send what is not there, then the manifest.

        Returns:
            Digests of the whole file, by ``also``; the file is read once more for them, in order
            and on threads of their own, while it is in the page cache.
        """
        try:
            digests = self._send_all(progress, also)
            self._source.check_same()
            manifest = quote(f"{self._place}/{self.prefix}", safe="/")
            dressed = replace(wearing, headers={**wearing.headers, "X-Object-Manifest": manifest})
            self._store.send(lambda: b"", self._container, self._name, dressed)
        except Exception:
            if not keep_parts:
                self._clean_up()
            raise
        return digests

    def _send_all(self, progress: Progress, also: Collection[Algorithm]) -> Digests:
        self._store.make_container(self._place)
        there = {found.name: found for found in self._store.search(self._place, self.prefix)}
        count = -(-self._source.size // self._size)
        names = [f"{self.prefix}{number:08d}" for number in range(1, count + 1)]
        for stray in there.keys() - set(names):
            self._store.remove(self._place, stray)
        with ThreadPoolExecutor(WORKERS + len(also), thread_name_prefix="segment") as pool:
            whole = {by: pool.submit(self._source.digest, by, 0, self._source.size, self._stop) for by in also}
            parts = [pool.submit(self._send, number, name, there, progress) for number, name in enumerate(names)]
            self._wait([*whole.values(), *parts])
        return {algorithm: future.result() for algorithm, future in whole.items()}

    def _wait(self, futures: Collection[Future[Any]]) -> None:
        """Until all are done or one has failed; then the others end soon, and the failure comes out."""
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            failures = [future.exception() for future in done]
        finally:
            self._stop.set()
            for future in futures:
                future.cancel()
        for failure in failures:
            if failure is not None:
                raise failure

    def _send(self, number: int, name: str, there: Mapping[str, ObjectInfo], progress: Progress) -> None:
        offset = number * self._size
        length = min(self._size, self._source.size - offset)
        found = there.get(name)
        if found is not None and found.size == length and self._md5(offset, length) == found.etag:
            progress.moved(already_there=length)
            return
        for attempt in range(1, _TRIES + 1):
            sending = _Sending(self._source, offset, length, progress, self._stop)
            etag = self._store.send(sending.make, self._place, name)
            if etag == sending.md5:
                return
            sending.take_back()
            _LOG.debug("segment %s: its Etag is wrong (try %d)", name, attempt)
        found_tag = Digest(Algorithm.MD5, etag or "none")
        raise DigestMismatch(f"segment {self._place}/{name}", Digest(Algorithm.MD5, sending.md5), found_tag)

    def _md5(self, offset: int, length: int) -> str:
        return self._source.digest(Algorithm.MD5, offset, length, self._stop)

    def _clean_up(self) -> None:
        """Leave no parts, and no manifest that points to them; an older object of that name stays."""
        try:
            if self._store.show(self._container, self._name).segments == f"{self._place}/{self.prefix}":
                self._store.remove(self._container, self._name)
        except FerryError:
            _LOG.debug("no object %s/%s yet", self._container, self._name)
        try:
            self._store.delete_parts(self._place, self.prefix)
        except FerryError as error:
            _LOG.warning("parts of the failed upload stay behind at %s/%s: %s", self._place, self.prefix, error)


class _Sending:
    """The bodies for one part, hashed as they leave; other parts leave meanwhile, so no thread is added."""

    def __init__(self, source: Source, offset: int, length: int, progress: Progress, stop: threading.Event) -> None:
        self._source = source
        self._offset = offset
        self._length = length
        self._progress = progress
        self._stop = stop
        self._hasher = Algorithm.MD5.new()
        self._sent = 0

    @property
    def md5(self) -> str:
        return self._hasher.hexdigest()

    def make(self) -> Part:
        self.take_back()
        self._hasher = Algorithm.MD5.new()
        return Part(self._source, self._offset, self._length, self._each)

    def take_back(self) -> None:
        if self._sent:
            self._progress.moved(sent=-self._sent)
            self._sent = 0

    def _each(self, data: bytes) -> None:
        if self._stop.is_set():
            raise Cancelled("the upload")
        self._hasher.update(data)
        self._sent += len(data)
        self._progress.moved(sent=len(data))
