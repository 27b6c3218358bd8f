"""Deleting many objects and containers with one call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from imageferry.dialects.edge.http import Answer, Receiving, Request
from imageferry.dialects.swift.errors import Reported, status_line
from imageferry.dialects.swift.paths import account_of, refuse_what_is_not_offered
from imageferry.dialects.swift.report import MAX_FAILURES, Deletions, content_type, form_of
from imageferry.domain.access import Act, allow
from imageferry.domain.errors import FerryError, LengthRequired, NotFound
from imageferry.domain.object import MAX_CONTAINER_NAME, MAX_OBJECT_NAME
from imageferry.service.objects import Objects
from imageferry.service.services import Services
from imageferry.wire.swift_reports import prologue

MAX_DELETES = 10_000  # lines of one call
QUERY = "bulk-delete"

_MAX_PATH = MAX_CONTAINER_NAME + MAX_OBJECT_NAME + 2  # bytes
_MAX_LINE = 3 * _MAX_PATH  # bytes: every one of a name may be percent-encoded
_LINE = re.compile(rb"[^\n]+")  # found one by one: a list of all lines would be many times the body
_BLANK_EVERY = 100  # deletions, so that nobody in between takes the connection for dead


class _Lines:
    """The body as paths, as it comes in; never more in memory than the limits allow."""

    def __init__(self, request: Request) -> None:
        self.paths: list[bytes] = []
        self._request = request
        self._rest = b""

    def write(self, part: bytes | bytearray) -> None:
        data, self._rest = self._rest + part, b""
        for line in _LINE.finditer(data):
            if line.end() == len(data):
                self._rest = line[0]
            else:
                self._take(line[0])
        if len(self._rest) > 2 * _MAX_LINE:
            self._refuse("400 Bad Request", "Invalid File Name")

    def finish(self) -> list[bytes]:
        self._take(self._rest)
        self._rest = b""
        return self.paths

    def _take(self, line: bytes) -> None:
        line = line.strip()
        if not line:
            return
        path = unquote_to_bytes(line) if len(line) <= _MAX_LINE else line
        if len(path) > _MAX_PATH:
            self._refuse("400 Bad Request", "Invalid File Name")
        if len(self.paths) == MAX_DELETES:
            self._refuse("413 Request Entity Too Large", f"Maximum Bulk Deletes: {MAX_DELETES} per request")
        self.paths.append(path)

    def _refuse(self, status: str, sentence: str) -> None:
        raise Reported(Deletions(status=status, sentence=sentence).answer(self._request))

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self._rest = b""


def delete(request: Request, services: Services) -> Receiving:
    """Nothing is deleted before the whole list is in."""
    project = account_of(request)
    allow(request.caller, Act.WRITE_OBJECTS, owner=project)
    refuse_what_is_not_offered(request, but=QUERY)
    if request.length is None and not request.chunked:
        raise LengthRequired("the list of what to delete")
    lines = _Lines(request)

    def answer() -> Answer:
        stream = _deleted(request, services.objects, lines.finish())
        return Answer(status=200, headers=[content_type(form_of(request))], stream=stream)

    return Receiving(lines, answer)


def _deleted(request: Request, objects: Objects, paths: list[bytes]) -> Iterator[bytes]:
    """Delete objects, then containers, which may be empty by then."""
    form = form_of(request)
    yield prologue(form)
    done = Deletions()
    there: list[tuple[str, str]] = []
    for raw in paths:
        path = raw.decode(errors="surrogateescape")
        if _is_text(path):
            container, _, name = path.lstrip("/").partition("/")
            there.append((container, name))
        else:
            done.errors.append((path, "412 Precondition Failed"))
    for number, (container, name) in enumerate(sorted(there, key=lambda parts: not parts[1])):
        if len(done.errors) >= MAX_FAILURES:
            done.status, done.sentence = "400 Bad Request", "Max delete failures exceeded"
            break
        if number % _BLANK_EVERY == _BLANK_EVERY - 1:
            yield b" "
        _delete(request, objects, container, name, done)
    if done.errors and not done.sentence:
        broken = any(status.startswith("5") for _, status in done.errors)
        done.status = "502 Bad Gateway" if broken else "400 Bad Request"
    elif not (done.deleted or done.missing or done.sentence):
        done.status, done.sentence = "400 Bad Request", "Invalid bulk delete."
    del done.errors[MAX_FAILURES:]
    yield done.body(form)


def _delete(request: Request, objects: Objects, container: str, name: str, done: Deletions) -> None:
    project = account_of(request)
    try:
        if name:
            if objects.delete(request.caller, project, container, name).item is None:
                done.missing += 1
                return
        elif container:
            objects.delete_container(request.caller, project, container)
        else:
            done.errors.append(("/", "400 Bad Request"))
            return
        done.deleted += 1
    except NotFound:
        done.missing += 1
    except FerryError as error:
        done.errors.append((f"/{container}/{name}" if name else f"/{container}", status_line(error)))


def _is_text(path: str) -> bool:
    return "\0" not in path and not any("\ud800" <= character <= "\udfff" for character in path)
