"""Requests and answers as handlers see them, and the table that leads from one to the other.

A handler is a plain function ``(request, services) -> Answer``. It runs on a thread, may
wait, and knows nothing of the event loop. One that takes a large body is wrapped in
``Streamed`` and returns a ``Receiving``: where the bytes go, and what to say afterwards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import msgspec

from imageferry.domain.access import Caller
from imageferry.domain.errors import BadInput, FerryError
from imageferry.domain.identity import Token

Headers = Sequence[tuple[str, str]]

_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")


class Query:
    """The query of a URL: names may come several times, with or without a value."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs = pairs

    def get(self, name: str, default: str | None = None) -> str | None:
        """The last value of that name."""
        values = self.all(name)
        return values[-1] if values else default

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.pairs if key == name]

    def __contains__(self, name: str) -> bool:
        return any(key == name for key, _ in self.pairs)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request. Header names are lower case, values decoded as UTF-8 (else Latin-1)."""

    id: str  # 32 hex digits
    method: str
    path: str  # percent-decoded, UTF-8
    raw_path: str  # as it came, without the query
    params: Mapping[str, str]  # what the path table found, percent-decoded
    query: Query
    headers: Mapping[str, str]  # of a name that came several times the values with commas between them
    scheme: str
    host: str  # "name:port" as the client calls us
    public_url: str = ""  # how clients reach us, where that is set
    body: bytes = b""  # empty for a Streamed handler
    length: int | None = None  # Content-Length
    chunked: bool = False  # the body comes in chunks; neither length nor chunks: there is none
    token: Token | None = None  # None: no token, or not a valid one
    client: str = ""  # IP address of the other end
    lines: Headers = ()  # the headers as they came: names may be there several times
    bearer: Caller | None = None  # who asks by other means than a token alone

    @property
    def caller(self) -> Caller | None:
        if self.bearer is not None:
            return self.bearer
        return None if self.token is None else self.token.caller

    @property
    def base_url(self) -> str:
        """How the client reaches us, without a trailing slash. Safe to write into any answer."""
        if self.public_url:
            return self.public_url.rstrip("/")
        return f"{self.scheme}://{self.host if _HOST.fullmatch(self.host) else 'localhost'}"

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            BadInput: it is not JSON in UTF-8, or nested beyond reason.
        """
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise BadInput("request body", self.body[:60].decode("utf-8", "replace"), "JSON") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What goes back: a body at hand, or a stream of known or unknown length."""

    status: int
    headers: Headers = ()
    body: bytes = b""
    stream: Iterator[bytes] | None = None
    length: int | None = None  # of the stream, or of a body that HEAD leaves out

    @classmethod
    def of_json(cls, status: int, document: object, headers: Headers = ()) -> Self:
        """One line of JSON in UTF-8: old shell clients read only the line they look for."""
        body = json.dumps(document, ensure_ascii=False, separators=(", ", ": ")).encode("utf-8", "replace")
        return cls(status=status, headers=[("content-type", "application/json"), *headers], body=body)


class Sink(Protocol):
    """Where a body goes. Leaving the ``with`` early keeps nothing."""

    def write(self, part: bytes | bytearray) -> None: ...
    def __enter__(self) -> object: ...
    def __exit__(self, *_: object) -> None: ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """An answer that is not there yet. ``poll`` is asked for it now and then, and no thread is held meanwhile."""

    poll: Callable[[], Answer | None]


@dataclass(frozen=True, slots=True)
class Receiving:
    """A handler's wish to take the body: whole blocks go to ``sink``, then ``answer`` is asked.

    The first ``first_bytes`` of a body that has so many are shown to ``look`` as soon as they are in.
    """

    sink: Sink
    answer: Callable[[], Answer | Waiting]
    first_bytes: int = 0
    look: Callable[[bytes], None] = lambda _: None


Handler = Callable[[Request, Any], Answer]
StreamHandler = Callable[[Request, Any], Answer | Receiving]


@dataclass(frozen=True, slots=True)
class Streamed:
    """Marks a handler that takes its body in blocks instead of at once."""

    handler: StreamHandler


@dataclass(frozen=True, slots=True)
class Path:
    """A row of a dialect's table: a path and a handler for each method.

    ``{name}`` stands for one segment, ``{name:rest}`` for everything that is left, slashes
    included. A method that is not in the row is a 405 in the dialect's words. ``host`` makes
    the row hold only where the first label of the host name is that word; it then goes before
    rows without one. ``secret``: who knows the path needs no more, so logs show the row's instead.
    """

    path: str
    methods: Mapping[str, Handler | Streamed]
    host: str = ""
    secret: bool = False


def header_token(request: Request) -> str:
    return request.headers.get("x-auth-token", "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """An API as the edge needs it."""

    name: str
    service: str = ""  # its type in the catalog, which access rules name
    mount: str = ""  # where its paths stand once more
    paths: Sequence[Path]
    error: Callable[[FerryError, Request], Answer]
    refuse: Callable[[int, str, Request, Headers], Answer]  # 404 and 405: (status, sentence, request, headers)
    prefixes: Sequence[str]  # unknown paths below these are answered in this dialect's words
    token_of: Callable[[Request], str] = header_token  # "": none was sent
    headers: Callable[[Request], Headers] = field(default=lambda _: ())  # on every answer
    afterwards: Callable[[Request], Callable[[Answer, Any], Answer] | None] = field(default=lambda _: None)
    """What else is to be done to the answer of this request, errors too: ``(answer, services)``, on a thread."""
    body_limit: int = 1 << 20  # bytes, of bodies that are not streamed


def status_for(error: FerryError, rows: Mapping[type[FerryError], tuple[int, str]]) -> tuple[int, str]:
    """The row of the error's class, or of the nearest class above it that has one."""
    for kind in type(error).__mro__:
        if kind in rows:
            return rows[kind]
    raise LookupError(f"no row for {type(error).__name__}")
