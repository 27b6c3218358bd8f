"""Bodies as they come in: in blocks or whole, with an eye on how fast they come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from imageferry.dialects.edge.http import Request
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.errors import FerryError, Incomplete, TimedOut, TooLarge

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

_DRAIN = 1 << 20  # bytes of an unwanted body that are read before the answer, so that the connection can go on
_DRAIN_S = 0.5
_LINGER = 64 << 20  # bytes that are read after the answer, so that who still sends comes to read it
_LINGER_S = 5.0
_LEAST = 16 << 10  # bytes of a body that must come in each idle time: fewer only hold a connection


class Body:
    """A request's body: read once, in blocks or whole, or not at all."""

    def __init__(self, receive: Receive, request: Request, idle_s: float) -> None:
        self._receive = receive
        self._what = f"{request.method} {request.path}"
        self._length = request.length
        self._continues = "expect" in request.headers
        self._idle_s = idle_s
        self._window = (0.0, 0)  # when the idle time at hand ends, and the bytes that must be in by then
        self._ended = False
        self._rest = b""  # what came beyond the last block
        self.received = 0
        self.complete = False  # the last byte has come

    async def _next(self) -> bytes:
        """The next piece; sets ``_ended`` with the last.

        A time-out cancels ``receive`` and may lose bytes, which does not matter: it ends the request.
        """
        try:
            async with asyncio.timeout(self._idle_s):
                message = await self._receive()
        except TimeoutError as error:
            self._ended = True
            reason = "no byte of the body came in that time"
            raise TimedOut(self._what, reason=reason, seconds=self._idle_s) from error
        if message["type"] != "http.request":
            self._ended = True
            raise Incomplete(self._what, promised=self._length, found=self.received)
        piece: bytes = message.get("body", b"")
        self.received += len(piece)
        if message.get("more_body"):
            self._check_pace()
        else:
            self._ended = self.complete = True
            if self._length is not None and self.received != self._length:
                raise Incomplete(self._what, promised=self._length, found=self.received)
        return piece

    def _check_pace(self) -> None:
        """Raises TimedOut: the body trickles. What our own side takes its time for is not held against it."""
        now = time.monotonic()
        ends, least = self._window
        if ends and now > ends and self.received < least:
            self._ended = True
            reason = f"fewer than {_LEAST} bytes of the body came in that time"
            raise TimedOut(self._what, reason=reason, seconds=self._idle_s)
        if now > ends:
            self._window = (now + self._idle_s, self.received + _LEAST)

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to take."""
        return self._ended and not self._rest

    async def head(self, size: int) -> bytes:
        """So many of the first bytes, fewer where there are no more; blocks begin with them all the same."""
        self._rest = b"".join(await self._gathered(size))
        return self._rest[:size]

    async def block(self) -> bytes:
        """The next whole block; the last one is shorter, and empty where there is none. Raises Incomplete, TimedOut."""
        held = await self._gathered(BLOCK_SIZE)
        beyond = sum(map(len, held)) - BLOCK_SIZE
        if beyond > 0:
            cut = len(held[-1]) - beyond
            held[-1], self._rest = held[-1][:cut], held[-1][cut:]
        return b"".join(held)

    async def _gathered(self, size: int) -> list[bytes]:
        """Pieces that make at least so many bytes, but for the end; only the last one reaches beyond."""
        held, count = [self._rest], len(self._rest)
        self._rest = b""
        while count < size and not self._ended:
            piece = await self._next()
            held.append(piece)
            count += len(piece)
        return held

    async def whole(self, limit: int) -> bytes:
        """All of it. Raises TooLarge as soon as that is known."""
        if self._length is not None and self._length > limit:
            raise TooLarge(self._what, limit, self._length)
        held: list[bytes] = []
        while not self._ended:
            held.append(await self._next())
            if self.received > limit:
                raise TooLarge(self._what, limit)
        return b"".join(held)

    async def drain(self) -> None:
        """Before the answer: read what is left of a small body."""
        if (self._length or 0) <= _DRAIN:  # one in chunks says its length only at its end
            await self._throw_away(_DRAIN, _DRAIN_S)

    async def linger(self) -> None:
        """After the answer: go on reading for a while.

        A connection that is closed over bytes that nobody has read is reset, and a reset may take away the
        answer from who has not read it yet.
        """
        await self._throw_away(_LINGER, _LINGER_S)

    async def _throw_away(self, most: int, seconds: float) -> None:
        if self._continues and not self.received:
            return  # reading would ask for the body
        most += self.received
        try:
            async with asyncio.timeout(seconds):
                while not self._ended and self.received <= most:
                    await self._next()
        except (FerryError, TimeoutError):
            return
