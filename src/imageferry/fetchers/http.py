"""The driver of ``ports.fetcher``: HTTP, redirects followed by rule, breaks mended by ranges.

Why not a library's client: the address that is connected to must be the one that was judged, on
every hop, and every wait must end. h11 parses (see ``answer``); sockets are our own (see ``line``).

Source: RFC 9110, sections 13.1.5 (If-Range), 14 (ranges), 15.4 (redirects).
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from imageferry.domain.addresses import NetworkRules
from imageferry.domain.errors import BadSource, TooLarge, Unavailable
from imageferry.domain.source_url import SourceUrl, read_source, redirected
from imageferry.fetchers.connecting import Resolve, connect, look_up
from imageferry.fetchers.line import Broken, Patience, Watch
from imageferry.ports.fetcher import Mark

if TYPE_CHECKING:
    from imageferry.fetchers.answer import Answer, Head

MAX_REDIRECTS = 5
_TRIES = 3  # to go on after a break, without getting any further meanwhile
_FURTHER = 1 << 20  # bytes

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_LOCKED = frozenset({401, 402, 403, 407})
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII)


class HttpFetcher:
    """Fetches by http and https. Safe to use from many threads."""

    def __init__(
        self, rules: NetworkRules, patience: Patience, *, ca_file: str = "", resolve: Resolve = look_up
    ) -> None:
        """``ca_file``: certificates to trust beside the system's."""
        self._rules = rules
        self._patience = patience
        self._ca_file = ca_file
        self._resolve = resolve

    def check(self, url: object, *, field: str = "uri") -> SourceUrl:
        return read_source(url, self._rules, field=field)

    @contextmanager
    def open(
        self, url: str, *, max_bytes: int, watch: Callable[[], None], after: int = 0, mark: Mark | None = None
    ) -> Iterator[Download]:
        source = self.check(url)
        download = Download(self, source, Watch(str(source), self._patience, watch), max_bytes)
        if after and mark is not None:
            download.go_on(after, mark)
        try:
            download.begin()
            yield download
        finally:
            download.close()

    def ask(self, url: SourceUrl, headers: Mapping[str, str], watch: Watch) -> Answer:
        """The answer at the end of the redirects. Raises Broken, BadSource, TimedOut."""
        from imageferry.fetchers.answer import Answer  # with h11, which the service need not load to start

        sent = {"User-Agent": "imageferry", "Accept": "*/*", "Accept-Encoding": "identity", **headers}
        for _ in range(MAX_REDIRECTS + 1):
            watch.begin()
            line = connect(url, self._rules, self._resolve, self._tls if url.scheme == "https" else None, watch)
            try:
                answer = Answer(line, url, sent)
            except BaseException:
                line.close()
                raise
            location = answer.head.headers.get("location")
            if answer.head.status not in _REDIRECTS or location is None:
                return answer
            answer.close()
            url = redirected(url, location, self._rules)
        raise BadSource(str(url), "redirect", f"the file after at most {MAX_REDIRECTS} redirects", "another redirect")

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._ca_file:
            context.load_verify_locations(self._ca_file)
        return context


class Download:
    """``ports.fetcher.Incoming``: one file, over as many connections as it takes."""

    def __init__(self, fetcher: HttpFetcher, url: SourceUrl, watch: Watch, max_bytes: int) -> None:
        self._fetcher = fetcher
        self._url = url
        self._watch = watch
        self._max_bytes = max_bytes
        self._answer: Answer | None = None
        self._first: Head | None = None  # of the first answer: what later ones must agree with
        self._position = 0  # bytes that came
        self._tries = 0
        self._broke_at = 0
        self.size: int | None = None

    def go_on(self, after: int, mark: Mark) -> None:
        """Take it that so many bytes have come, of the file that the mark is of."""
        from imageferry.fetchers.answer import Head

        self._first = Head(status=200, headers={"etag": mark.etag, "last-modified": mark.last_modified})
        self._position = self._broke_at = after
        self.size = mark.size
        if not self._validator:
            raise self._changed("nothing to go on by")

    @property
    def mark(self) -> Mark | None:
        if not self._validator:
            return None
        return Mark(etag=self._known("etag"), last_modified=self._known("last-modified"), size=self.size)

    def begin(self) -> None:
        """Have an answer, the first or the next. Raises what ends it all."""
        while self._answer is None:
            try:
                self._answer = self._continued() if self._position else self._started()
            except Broken as broken:
                self._pause(broken)

    def readinto(self, buffer: memoryview) -> int:
        while True:
            self.begin()
            try:
                count = self._read(buffer)
            except Broken as broken:
                self._check_resumable(broken)
                self._pause(broken)
                continue
            self._position += count
            if self._position > self._max_bytes:
                raise TooLarge(str(self._url), self._max_bytes)
            return count

    def close(self) -> None:
        if self._answer is not None:
            self._answer.close()
            self._answer = None

    def _read(self, buffer: memoryview) -> int:
        count = 0 if self._answer is None else self._answer.readinto(buffer)
        if self.size is not None:
            if self._position + count > self.size:
                raise self._changed("more")
            if not count and self._position < self.size:
                raise Broken(f"it ended {self.size - self._position} bytes early")
        return count

    def _started(self) -> Answer:
        answer = self._fetcher.ask(self._url, {}, self._watch)
        with _closed_on_error(answer):
            self._check_status(answer.head, wanted=200)
            self._check_plain(answer.head)
            if answer.length is not None and answer.length > self._max_bytes:
                raise TooLarge(str(self._url), self._max_bytes, answer.length)
        self._first, self.size = answer.head, answer.length
        return answer

    def _continued(self) -> Answer:
        headers = {"Range": f"bytes={self._position}-", "If-Range": self._validator}
        answer = self._fetcher.ask(self._url, headers, self._watch)
        with _closed_on_error(answer):
            self._check_same(answer.head)
        return answer

    def _check_same(self, head: Head) -> None:
        if head.status in (200, 412, 416):
            raise self._changed("another one")
        self._check_status(head, wanted=206)
        self._check_plain(head)
        match = _RANGE.fullmatch(head.headers.get("content-range", "").strip())
        total = None if match is None or match[3] == "*" else int(match[3])
        if match is None or int(match[1]) != self._position or (None not in (total, self.size) and total != self.size):
            raise self._changed("another part than was asked for")
        for name in ("etag", "last-modified"):
            if name in head.headers and head.headers[name] != self._known(name):
                raise self._changed("another one")
        self.size = self.size if total is None else total

    def _check_status(self, head: Head, *, wanted: int) -> None:
        if head.status == wanted:
            return
        found = f"the answer {head.status}"
        if head.status in HTTPStatus._value2member_map_:
            found += f" {HTTPStatus(head.status).phrase}"
        if head.status in _PASSING:
            raise Broken(f"it gave {found}")
        advice = "It must be readable without logging in." if head.status in _LOCKED else "Check the address."
        raise BadSource(str(self._url), "status", "the file", found, advice)

    def _check_plain(self, head: Head) -> None:
        encoding = head.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", ""):
            found = f"one that is encoded (Content-Encoding: {encoding[:40]})"
            raise BadSource(str(self._url), "encoding", "the file as it lies there", found)

    @property
    def _validator(self) -> str:
        """What says that the file is still the same one; empty if nothing does."""
        etag = self._known("etag")
        return etag if etag.startswith('"') else self._known("last-modified")

    def _known(self, name: str) -> str:
        return "" if self._first is None else self._first.headers.get(name, "")

    def _check_resumable(self, broken: Broken) -> None:
        self.close()
        if self._position and not self._validator:
            found = f"a connection that broke after {self._position} bytes ({broken}), and no ETag to go on by"
            raise BadSource(str(self._url), "broken", "the whole file", found, "Try again.") from broken

    def _pause(self, broken: Broken) -> None:
        self.close()
        if self._position - self._broke_at >= _FURTHER:
            self._tries = 0
        self._broke_at = self._position
        self._tries += 1
        if self._tries > _TRIES:
            came = f" after {self._position} bytes" if self._position else ""
            raise Unavailable(
                str(self._url), reason=f"{broken}{came}, and {_TRIES} more tries did not help"
            ) from broken
        self._watch.pause(self._watch.patience.pause_s * 2.0 ** (self._tries - 1))

    def _changed(self, found: str) -> BadSource:
        expected = f"the rest of the same file after {self._position} bytes"
        return BadSource(str(self._url), "changed", expected, found, "It was replaced meanwhile; import it again.")


@contextmanager
def _closed_on_error(answer: Answer) -> Iterator[None]:
    try:
        yield
    except BaseException:
        answer.close()
        raise
