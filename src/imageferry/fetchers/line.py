"""One connection, and the patience we have with its other end."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from imageferry.domain.errors import TimedOut

TICK_S = 1.0  # how often somebody who waits looks up


class Broken(Exception):
    """The connection came to nothing, or to an early end; asking again may help. The text says how."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long we wait for others. Only time spent waiting counts, not our own work."""

    connect_s: float = 10.0  # look-up, connection and TLS, each
    stall_s: float = 60.0  # within it an answer must begin, and ``least_bytes`` of it come each time
    least_bytes: int = 64 << 10
    total_s: float = 24 * 3600.0
    pause_s: float = 0.5  # before the first try to go on after a break; doubled for the next


class Watch:
    """The clock of one fetch: its end, and the pace that bytes come in."""

    def __init__(self, what: str, patience: Patience, tick: Callable[[], None]) -> None:
        self._what = what
        self._tick = tick
        self._end = time.monotonic() + patience.total_s
        self.patience = patience
        self.begin()

    def begin(self) -> None:
        """A new answer: patience begins anew."""
        self._waited = self._silent = 0.0  # seconds
        self._came = 0  # bytes

    def next_s(self) -> float:
        """How long to wait before looking up."""
        return max(0.001, min(TICK_S, self.patience.stall_s - self._waited, self._end - time.monotonic()))

    def look(self) -> None:
        """A sign of life, and the end of all time. Raises TimedOut, and what the one who watches raises."""
        self._tick()
        if time.monotonic() >= self._end:
            raise TimedOut(self._what, reason="it came too slowly", seconds=self.patience.total_s)

    def note(self, seconds: float, count: int) -> None:
        """So long was waited, and so many bytes came of it.

        Raises:
            Broken: nothing comes any more.
            TimedOut: too little comes for it ever to end.
        """
        self._silent = 0.0 if count else self._silent + seconds
        self._waited += seconds
        self._came += count
        if self._came >= self.patience.least_bytes:
            self.begin()
        elif self._waited >= self.patience.stall_s:
            if self._silent >= self.patience.stall_s / 2:
                raise Broken(f"nothing came for {self._silent:.3g} s")
            reason = f"only {self._came} bytes came in {self._waited:.3g} s"
            raise TimedOut(self._what, reason=reason, seconds=self.patience.stall_s)

    def pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.look()
            time.sleep(min(TICK_S, left))


class Line:
    """A connection that is read with patience."""

    def __init__(self, sock: socket.socket, watch: Watch) -> None:
        self._socket = sock
        self._watch = watch

    def send(self, data: bytes) -> None:
        self._socket.settimeout(self._watch.patience.connect_s)
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise Broken(words_of(error)) from error

    def receive_into(self, view: memoryview) -> int:
        """Some bytes; 0 when the other end has closed. Raises Broken, TimedOut."""
        while True:
            began = time.monotonic()
            self._socket.settimeout(self._watch.next_s())
            try:
                count = self._socket.recv_into(view)
            except TimeoutError:
                self._watch.look()
                self._watch.note(time.monotonic() - began, 0)
                continue
            except OSError as error:
                raise Broken(words_of(error)) from error
            waited = time.monotonic() - began
            if waited > TICK_S / 2:
                self._watch.look()
            self._watch.note(waited, count)
            return count

    def says_more(self) -> bool:
        """Whether there is anything after what should have been the end."""
        self._socket.settimeout(0.05)
        try:
            return bool(self._socket.recv(1))
        except OSError:
            return False

    def close(self) -> None:
        self._socket.close()


def words_of(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason or 'a broken record'})"
    return error.strerror or type(error).__name__
