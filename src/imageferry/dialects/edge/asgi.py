"""From ASGI to handlers: the only place where code is async.

What was found out about the server underneath (Granian), and is relied on here:
  - a body is complete only when a message says ``more_body: False``; ``http.disconnect``
    means that it was cut off, whether it had a length or came in chunks;
  - ``send`` never fails, it drops what nobody reads: a long answer watches ``receive``;
  - a handler that raises in the middle of an answer closes the connection, which is how the
    client learns that the answer is not whole;
  - ``100 Continue`` goes out at the first ``receive``: a refusal before that saves the upload;
  - what is left of a body can be received after the answer is out, and the connection is closed
    when the application ends before it has all of it.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote_to_bytes

from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import Match, Route, Router

from imageferry.dialects.edge.body import Body, Message, Receive
from imageferry.dialects.edge.http import (
    Answer,
    Dialect,
    Handler,
    Path,
    Query,
    Receiving,
    Request,
    Sink,
    Streamed,
    Waiting,
)
from imageferry.domain.errors import BadInput, FerryError, NotAuthenticated
from imageferry.domain.identity import Token
from imageferry.domain.region import host_labels

Scope = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

_T = TypeVar("_T")

_SEND_PIECE = 1 << 18  # bytes a message; the server below holds some eight of them for a client that does not read
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.05, 1.0  # between two looks whether an answer is there
_FEW = 1 << 16  # bytes of an answer that no further thread is worth its while for
_SPEECHLESS = Answer(
    status=500,
    headers=[("content-type", "text/plain; charset=utf-8")],
    body=b"Something went wrong here; the service's log has the details.\n",
)
_log = logging.getLogger("imageferry.http")


class Edge:
    """Answers requests by dialects' tables, handlers on threads."""

    def __init__(
        self,
        dialects: list[Dialect],
        services: Any,
        validate: Callable[[str], Token],
        *,
        threads: int = 32,
        body_idle_s: float = 60.0,
    ) -> None:
        self._services = services
        self._validate = validate
        self._body_idle_s = body_idle_s
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="handler")
        # Bodies have threads of their own: many that wait for the disk keep no short request waiting.
        self._bodies = ThreadPoolExecutor(threads, thread_name_prefix="body")
        self.dialects = dialects
        register_url_convertor("rest", _Rest())
        rows = [(dialect, path) for dialect in dialects for path in dialect.paths]
        rows.sort(key=lambda row: not row[1].host)  # stable: rows for one host go first
        routes = [_HostRoute(path.path, _Endpoint(self, dialect, path), path.host) for dialect, path in rows]
        self._router = Router(routes, redirect_slashes=False, default=self._unknown)

    def close(self) -> None:
        for pool in (self._pool, self._bodies):
            pool.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        raw = scope.get("raw_path") or scope["path"].encode()
        scope["ferry_path_ok"] = True
        try:
            scope["path"] = unquote_to_bytes(raw).decode()
        except UnicodeDecodeError:
            scope["path"] = unquote_to_bytes(raw).decode("utf-8", "replace")
            scope["ferry_path_ok"] = False
        await self._router(scope, receive, send)

    async def _unknown(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        dialect = next((d for d in self.dialects if any(path.startswith(p) for p in d.prefixes)), self.dialects[0])
        row = Path(path, {})
        await self.serve(dialect, row, scope, receive, send, refusal=(404, f"There is nothing at {path[:200]!r}."))

    async def serve(
        self,
        dialect: Dialect,
        row: Path,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        refusal: tuple[int, str] | None = None,
    ) -> None:
        """One request, from its first byte to the last of the answer."""
        started = time.monotonic()
        request = _request(scope)
        shown = row.path if row.secret else request.path
        body = Body(receive, replace(request, path=shown), self._body_idle_s)
        try:
            answer = await self._answered(dialect, row, scope, request, body, refusal)
        except Exception:  # in what makes answers of errors: nothing of it is to be trusted with another one
            _log.exception("no answer was found", extra={"request_id": request.id})
            answer = _SPEECHLESS
        await body.drain()
        if not body.complete:
            answer = replace(answer, headers=[*answer.headers, ("connection", "close")])
        try:
            sent = await self._send(dialect, request, answer, receive, send)
        except TimeoutError:
            _log.info("the client stopped reading the answer", extra={"request_id": request.id})
            raise  # which is how the server below learns that the answer ends here
        _log.info(
            "%s %s",
            request.method,
            shown,
            extra={
                "request_id": request.id,
                "status": answer.status,
                "ms": round((time.monotonic() - started) * 1000, 1),
                "received": body.received,
                "sent": sent,
            },
        )
        await body.linger()

    async def _answered(
        self,
        dialect: Dialect,
        row: Path,
        scope: Scope,
        request: Request,
        body: Body,
        refusal: tuple[int, str] | None,
    ) -> Answer:
        """The answer of a handler, or the words of the dialect for why there is none."""
        handler = row.methods.get(request.method)
        try:
            if refusal is not None:
                answer = dialect.refuse(*refusal, request, ())
            elif handler is None:
                allowed = ", ".join(sorted(row.methods))
                sentence = f"{request.method} is not possible here; {allowed} are."
                answer = dialect.refuse(405, sentence, request, [("allow", allowed)])
            else:
                if not scope["ferry_path_ok"]:
                    raise BadInput("path", request.raw_path[:200], "valid UTF-8 when decoded")
                answer = await self._answer(dialect, handler, request, body)
        except FerryError as error:
            if isinstance(error, NotAuthenticated) and error.why:
                _log.info("not authenticated", extra={"request_id": request.id, "why": error.why})
            if error.__cause__ is not None and error.exit_code in (1, 7, 8):
                _log.warning("%s", error, extra={"request_id": request.id}, exc_info=error.__cause__)
            answer = dialect.error(error, request)
        except Exception:
            _log.exception("unexpected", extra={"request_id": request.id})
            answer = dialect.error(FerryError("something went wrong here; the service's log has the details"), request)
        afterwards = dialect.afterwards(request)
        return answer if afterwards is None else await self._run(afterwards, answer, self._services)

    async def _answer(self, dialect: Dialect, handler: Handler | Streamed, request: Request, body: Body) -> Answer:
        if not isinstance(handler, Streamed):
            whole = await body.whole(dialect.body_limit)
            return await self._run(self._call, dialect, handler, replace(request, body=whole))
        result = await self._run(self._call, dialect, handler.handler, request)
        if isinstance(result, Answer):
            return result
        return await self._receive(result, body)

    def _call(self, dialect: Dialect, handler: Callable[[Request, Any], _T], request: Request) -> _T:
        secret = dialect.token_of(request)
        if secret:
            try:
                token = self._validate(secret)
                if token.opens(dialect.service, request.method, request.path.removeprefix(dialect.mount)):
                    request = replace(request, token=token)
                else:
                    _log.info("token refused", extra={"request_id": request.id, "why": "not among its access rules"})
            except NotAuthenticated as error:
                _log.info("token refused", extra={"request_id": request.id, "why": error.why})
        return _at_hand(handler(request, self._services))

    async def _receive(self, wish: Receiving, body: Body) -> Answer:
        try:
            if wish.first_bytes and len(head := await body.head(wish.first_bytes)) == wish.first_bytes:
                await self._move(wish.look, head)
            block = await body.block()
            while not body.ended:
                await self._move(wish.sink.write, block)
                del block  # it may be long before there is another: hold one, not two
                block = await body.block()
        except BaseException:
            await asyncio.shield(self._run(_leave, wish.sink))
            raise
        # All that is left is done on one thread: with small bodies, going to another costs more than the work.
        answer = await asyncio.shield(self._run(_finish, wish, block))
        return await self._awaited(answer) if isinstance(answer, Waiting) else answer

    async def _awaited(self, waiting: Waiting) -> Answer:
        pause = _FIRST_PAUSE_S
        while (answer := await self._run(waiting.poll)) is None:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LAST_PAUSE_S)
        return answer

    async def _send(self, dialect: Dialect, request: Request, answer: Answer, receive: Receive, send: Send) -> int:
        stream = answer.stream
        headers = [*answer.headers, *dialect.headers(request)]
        length = answer.length if stream is not None or answer.length is not None else len(answer.body)
        if length is not None and not (answer.status == 204 or 100 <= answer.status < 200):
            headers.append(("content-length", str(length)))
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [(name.lower().encode(), _clean(value)) for name, value in headers],
            }
        )
        if request.method == "HEAD" or stream is None:
            _close(stream)
            body = b"" if request.method == "HEAD" else answer.body
            await send({"type": "http.response.body", "body": body})
            return len(body)
        return await self._send_stream(stream, receive, send)

    async def _send_stream(self, stream: Iterator[bytes], receive: Receive, send: Send) -> int:
        gone = asyncio.ensure_future(receive())
        sent = 0
        try:
            while not gone.done() and (part := await self._move(next, stream, None)) is not None:
                for start in range(0, len(part), _SEND_PIECE):
                    # Bytes, though sliced by copying: the server below takes a memoryview apart byte by byte.
                    piece = part[start : start + _SEND_PIECE]
                    async with asyncio.timeout(self._body_idle_s):  # nobody holds blocks who does not read
                        await send({"type": "http.response.body", "body": piece, "more_body": True})
                sent += len(part)
            if not gone.done():
                await send({"type": "http.response.body", "body": b""})
            return sent
        finally:
            gone.cancel()
            await self._run(_close, stream)

    async def _run(self, function: Callable[..., _T], *args: Any) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)

    async def _move(self, function: Callable[..., _T], *args: Any) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._bodies, function, *args)


class _Endpoint:
    """A class, so that Starlette takes it for an ASGI app and hands the bare request over."""

    def __init__(self, edge: Edge, dialect: Dialect, row: Path) -> None:
        self._edge = edge
        self._dialect = dialect
        self._row = row

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._edge.serve(self._dialect, self._row, scope, receive, send)


class _HostRoute(Route):
    """A route that may be bound to the first label of the Host header."""

    def __init__(self, path: str, endpoint: Callable[..., Any], host: str) -> None:
        super().__init__(path, endpoint)
        self._host = host

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if self._host and self._host != host_labels(_header(scope, b"host"))[0]:
            return Match.NONE, {}
        return super().matches(scope)


class _Rest(Convertor[str]):
    """All that is left of a path, line feeds included."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


def _request(scope: Scope) -> Request:
    headers: dict[str, str] = {}
    lines = [(raw_name.decode("latin-1"), _text(raw_value)) for raw_name, raw_value in scope["headers"]]
    for name, value in lines:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    length = headers.get("content-length")
    chunked = "chunked" in headers.get("transfer-encoding", "").lower()
    raw_path = (scope.get("raw_path") or b"").decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    return Request(
        id=uuid.uuid4().hex,
        method=scope["method"],
        path=scope["path"],
        raw_path=raw_path,
        params=dict(scope.get("path_params", {})),
        query=Query(parse_qsl(query, keep_blank_values=True, errors="replace")),
        headers=headers,
        lines=lines,
        scheme=scope.get("scheme", "http"),
        host=headers.get("host", ""),
        length=int(length) if length is not None and length.isdigit() and not chunked else None,
        chunked=chunked,
        client=(scope.get("client") or ("",))[0],
    )


def _header(scope: Scope, wanted: bytes) -> str:
    return next((_text(value) for name, value in scope["headers"] if name == wanted), "")


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


_CONTROLS: Mapping[int, str] = dict.fromkeys([*range(32), 127], "?")


def _clean(value: str) -> bytes:
    """A header value that cannot start a header of its own."""
    return value.translate(_CONTROLS).encode("utf-8", "replace")


def _finish(wish: Receiving, block: bytes) -> Answer | Waiting:
    try:
        if block:
            wish.sink.write(block)
        return wish.answer()
    finally:
        _leave(wish.sink)


def _leave(sink: Sink) -> None:
    sink.__exit__(None, None, None)


def _at_hand(result: _T) -> _T:
    """An answer whose few bytes are read where it was made; anything else as it is."""
    if not isinstance(result, Answer) or result.stream is None or result.length is None or result.length > _FEW:
        return result
    try:
        body = b"".join(result.stream)
    finally:
        _close(result.stream)
    return replace(result, stream=None, body=body)


def _close(stream: Iterator[bytes] | None) -> None:
    close = getattr(stream, "close", None)
    if close is not None:
        close()
