"""One request, and its answer read with suspicion.

Heads and chunks are parsed by h11, which is strict and bounded; a body of known length goes
from the socket into the caller's buffer without passing it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import h11

from imageferry.domain.errors import BadSource
from imageferry.domain.source_url import SourceUrl
from imageferry.fetchers.line import Broken, Line

_MOST_HEAD = 64 << 10  # bytes of a head, of a chunk's line, of a trailer
_MOST_PRELUDES = 8  # interim answers (1xx)
_PIECE = 64 << 10  # bytes read at once where they are parsed
_MOST_WRAPPING = 256 << 10  # bytes of chunk lines beyond as many as there are of content


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)  # lower-case names, the first of each


class Answer:
    """The answer to one GET."""

    def __init__(self, line: Line, url: SourceUrl, headers: Mapping[str, str]) -> None:
        """Ask, and read the head. Raises Broken, TimedOut, BadSource."""
        self._line = line
        self._url = url
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEAD)
        self._scratch = bytearray(_PIECE)
        self._wrapping = 0
        request = h11.Request(
            method="GET",
            target=url.target,
            headers=[("Host", url.authority), *headers.items(), ("Connection", "close")],
        )
        line.send((self._http.send(request) or b"") + (self._http.send(h11.EndOfMessage()) or b""))
        self.head = self._read_head()
        self._piece = memoryview(b"")  # of the body, read but not handed out
        self._chunked = "transfer-encoding" in self.head.headers
        length = self.head.headers.get("content-length")
        self.length = None if self._chunked or length is None else int(length)  # h11 has seen that it is a number
        self._left = self.length
        if not self._chunked:
            self._piece = memoryview(self._http.trailing_data[0])

    def readinto(self, view: memoryview) -> int:
        """Some of the body, 0 at its end. Raises Broken, TimedOut, BadSource."""
        if self._chunked:
            return self._unchunked(view)
        if self._left is not None:
            view = view[: self._left]
            if not self._left:
                return self._at_end()
        count = self._handed_out(view) if self._piece else self._line.receive_into(view)
        if self._left is not None:
            if not count:
                raise Broken(f"it ended {self._left} bytes early")
            self._left -= count
        return count

    def close(self) -> None:
        self._line.close()

    def _handed_out(self, view: memoryview) -> int:
        count = min(len(view), len(self._piece))
        view[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count

    def _at_end(self) -> int:
        if self._piece or self._line.says_more():
            raise self._bad(f"{self.length} bytes, as it announced", "more")
        return 0

    def _unchunked(self, view: memoryview) -> int:
        while not self._piece:
            event = self._next()
            if event is h11.NEED_DATA:
                self._feed()
            elif isinstance(event, h11.Data):
                self._piece = memoryview(event.data)
                self._wrapping -= 2 * len(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return 0
            else:
                raise Broken("it ended early")
        return self._handed_out(view)

    def _feed(self) -> None:
        count = self._line.receive_into(memoryview(self._scratch))
        self._wrapping = max(self._wrapping, 0) + count
        if self._wrapping > _MOST_WRAPPING:
            raise self._bad("content", "chunks with next to nothing in them")
        try:
            self._http.receive_data(bytes(memoryview(self._scratch)[:count]))
        except h11.RemoteProtocolError as error:
            raise self._bad("an answer in HTTP/1.1", f"something else ({str(error)[:80]})") from error

    def _next(self) -> object:
        try:
            return self._http.next_event()
        except h11.RemoteProtocolError as error:
            if self._http.trailing_data[1]:
                raise Broken("it ended early") from error  # cut off in the middle
            raise self._bad("an answer in HTTP/1.1", f"something else ({str(error)[:80]})") from error

    def _read_head(self) -> Head:
        preludes = 0
        while True:
            event = self._next()
            if event is h11.NEED_DATA:
                self._feed()
            elif isinstance(event, h11.Response):
                headers: dict[str, str] = {}
                for name, value in event.headers:
                    headers.setdefault(name.decode("latin-1"), value.decode("latin-1"))
                return Head(status=event.status_code, headers=headers)
            elif isinstance(event, h11.InformationalResponse) and preludes < _MOST_PRELUDES:
                preludes += 1
            elif isinstance(event, h11.ConnectionClosed):
                raise Broken("it hung up without an answer")
            else:
                raise self._bad("an answer", "nothing but announcements of one")

    def _bad(self, expected: str, found: str) -> BadSource:
        return BadSource(str(self._url), "answer", expected, found, "The server is at fault; try another one.")
