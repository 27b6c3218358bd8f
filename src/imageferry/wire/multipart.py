"""Forms as browsers send them: ``multipart/form-data``, taken apart while it comes in.

Pure: bytes go in, parts come out, and no more is held than the head of one part and what may
be the beginning of a boundary.

Source: RFC 7578, RFC 2046 5.1.1. Swift's leniency is followed where browsers may need it: line
breaks before the first boundary. What comes after the closing one is ignored, as RFC 2046 asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from imageferry.domain.errors import BadInput

MAX_PART_HEAD = 8192  # bytes of the headers of one part
MAX_BOUNDARY = 200  # bytes; RFC 2046 allows 70

_BREAK = b"\r\n"
_PARAMETER = re.compile(r'([\w-]+)=("[^"]*(?:"(?! *(?:;|$))[^"]*)*"|[^";]*)(?:; *|$)')
_BAD_CHARACTER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class NoForm(BadInput):
    """The body does not begin as the boundary of its type promises."""


@dataclass(frozen=True, slots=True)
class Part:
    """The head of a part; its bytes follow, then ``End``."""

    headers: Mapping[str, str]  # lower-case names, the first of each
    parameters: Mapping[str, str] = field(default_factory=dict)  # of a form-data disposition: name, filename

    @property
    def name(self) -> str:
        return self.parameters.get("name", "")

    @property
    def filename(self) -> str:
        """What the file is called on the sender's side; "" for a plain field, and for no file chosen."""
        return self.parameters.get("filename", "")


@dataclass(frozen=True, slots=True)
class End:
    """The part is whole."""


class _At(Enum):
    START = auto()
    BOUNDARY = auto()  # behind one: another part, or the end
    HEAD = auto()
    BODY = auto()
    DONE = auto()


def boundary_of(content_type: str) -> bytes | None:
    """The boundary that a ``Content-Type`` names, None where it is no form.

    Raises:
        NoForm: one that cannot be.
    """
    kind, parameters = split_value(content_type)
    boundary = parameters.get("boundary", "").encode("utf-8", "replace")
    if kind.lower() != "multipart/form-data" or not boundary:
        return None
    if len(boundary) > MAX_BOUNDARY:
        raise NoForm("boundary", f"{len(boundary)} bytes", f"at most {MAX_BOUNDARY} bytes")
    return boundary


def split_value(text: str) -> tuple[str, Mapping[str, str]]:
    """``form-data; name="a"; filename="b"`` as its word and its parameters. Backslashes are no escapes, as in Swift."""
    word, _, rest = text.partition(";")
    rest = rest.strip()
    found: dict[str, str] = {}
    at = 0
    while match := _PARAMETER.match(rest, at):
        value = match[2]
        found.setdefault(match[1].lower(), value[1:-1] if value.startswith('"') else value.strip())
        at = match.end()
    return word.strip(), found


class FormStream:
    """Takes a body in pieces of any size."""

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = _BREAK + b"--" + boundary
        self._held = b""
        self._at = _At.START

    def feed(self, data: bytes | bytearray) -> Iterator[Part | bytes | End]:
        """What is known by now: for each part its head, its bytes and its end.

        Raises:
            NoForm: it does not begin with the boundary.
            BadInput: a head too long or no head, or a boundary that goes on.
        """
        held = self._held + data
        self._held = b""
        at = 0  # a cursor: to cut off what is done would copy the rest for every part
        while self._at is not _At.DONE:
            before, state = at, self._at
            if state is _At.START:
                at = self._start(held, at)
            elif state is _At.BOUNDARY:
                self._boundary(held[at : at + 2])
                if self._at is not state:
                    yield End()
            elif state is _At.HEAD:
                end = held.find(_BREAK * 2, at)
                _check_head(held, at, end)
                if end >= 0:
                    yield _part(held[at:end])
                    at, self._at = end + 4, _At.BODY
            else:
                found = held.find(self._delimiter, at)
                stop = max(at, len(held) - len(self._delimiter) + 1) if found < 0 else found
                if stop > at:
                    yield held[at:stop]
                at = stop
                if found >= 0:
                    at, self._at = found + len(self._delimiter), _At.BOUNDARY
            if at == before and self._at is state:
                self._held = held[at:]
                return

    def finish(self) -> None:
        """All bytes are in. Raises NoForm, or BadInput: the closing boundary is missing."""
        if self._at is _At.START:
            raise NoForm("form", self._held[:60].decode("utf-8", "replace"), "its boundary at the start")
        if self._at is not _At.DONE:
            raise BadInput("form", "its end", "the closing boundary before it")

    def _start(self, held: bytes, at: int) -> int:
        while held.startswith(_BREAK, at):
            at += len(_BREAK)
        wanted = self._delimiter[len(_BREAK) :] + _BREAK
        there = held[at : at + len(wanted)]
        if not wanted.startswith(there):
            raise NoForm("form", there[:60].decode("utf-8", "replace"), "its boundary at the start")
        if there == wanted:
            self._at = _At.HEAD
            return at + len(wanted) - len(_BREAK)  # the line break may begin the empty line that ends an empty head
        return at

    def _boundary(self, behind: bytes) -> None:
        if behind == b"--":
            self._at = _At.DONE
        elif behind == _BREAK:
            self._at = _At.HEAD
        elif behind not in (b"", b"-", b"\r"):
            raise BadInput("form", behind.decode("latin-1"), "a line break or -- behind a boundary")


def _check_head(held: bytes, at: int, end: int) -> None:
    """Raises BadInput when a head is longer than any should be, whether or not its end has come."""
    if (len(held) if end < 0 else end) - at > MAX_PART_HEAD + len(_BREAK):
        raise BadInput("form", "a longer head", f"at most {MAX_PART_HEAD} bytes before the bytes of a part")


def _part(head: bytes) -> Part:
    """``head`` begins with the line break behind the boundary, if it is not empty."""
    headers: dict[str, str] = {}
    try:
        lines = head.decode().split("\r\n")
    except UnicodeDecodeError:
        lines = head.decode("latin-1").split("\r\n")
    name = ""
    for line in lines[1:]:
        if _BAD_CHARACTER.search(line):
            raise BadInput("form", line[:60], "no control characters in the head of a part")
        if line[:1] in (" ", "\t"):
            if name:
                headers[name] += f" {line.strip()}"  # a folded line
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon or not name or name in headers:
            name = ""
        else:
            headers[name] = value.strip()
    word, parameters = split_value(headers.get("content-disposition", ""))
    return Part(headers, parameters if word == "form-data" else {})
