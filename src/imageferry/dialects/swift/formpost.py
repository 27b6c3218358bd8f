"""Files sent by a form in somebody's page, without a token: its owner's signature stands in the form itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from html import escape

from imageferry.dialects.edge.http import Answer, Handler, Receiving, Request, Streamed
from imageferry.dialects.swift.errors import Refusal, Reported, status_line, text
from imageferry.dialects.swift.metadata import fresh_traits
from imageferry.dialects.swift.paths import account_of, container_of, object_of
from imageferry.dialects.swift.signed import keys_for
from imageferry.domain.access import Act, Caller, Pass
from imageferry.domain.errors import BadInput, Damaged, FerryError, TooLarge, Unavailable
from imageferry.ports.clock import Clock
from imageferry.service.objects import Objects
from imageferry.service.objects.uploads import Upload
from imageferry.service.services import Services
from imageferry.wire import formpost as wire
from imageferry.wire import tempurl
from imageferry.wire.multipart import End, FormStream, NoForm, Part, boundary_of

_CREATED = "201 Created"
_OF_FILES = {  # a header of the upload: the field of the form that goes before the part's own header
    "content-type": "content-type",
    "content-encoding": "content-encoding",
    "x-delete-at": "x_delete_at",
    "x-delete-after": "x_delete_after",
}


def formpost_info() -> dict[str, object]:
    return {"allowed_digests": list(tempurl.DIGESTS), "deprecated_digests": ["sha1"]}


def also_forms(handler: Handler | Streamed, clock: Clock) -> Streamed:
    """The handler of a POST, for forms with files as well."""
    plain = handler.handler if isinstance(handler, Streamed) else handler

    def answer(request: Request, services: Services) -> Answer | Receiving:
        try:
            boundary = boundary_of(request.headers.get("content-type", ""))
        except NoForm:
            return _said_plainly("invalid starting boundary")
        if boundary is None or tempurl.is_temp_url(request.query.__contains__):
            return plain(request, services)
        form = _Form(request, services.objects, clock, keys_for(services, *container_of(request))[0])
        sink = _Sink(FormStream(boundary), form)
        return Receiving(sink, sink.answer)

    return Streamed(answer)


class _Form:
    """What the form has said so far, and the file that is coming in."""

    def __init__(self, request: Request, objects: Objects, clock: Clock, keys: Sequence[str]) -> None:
        self._request = request
        self._objects = objects
        self._clock = clock
        self._keys = keys
        self._fields: dict[str, str] = {}
        self._parts = 0  # that are no files
        self._files = 0
        self._field: tuple[str, bytearray] | None = None
        self._upload: Upload | None = None
        self._left = 0  # bytes that the file may still have

    def begin(self, part: Part) -> None:
        """Raises Reported, Refusal, BadField: the form goes no further."""
        if not part.filename:
            self._parts += 1
            if self._parts > wire.MAX_FIELDS:
                raise BadInput("form", "more fields", f"at most {wire.MAX_FIELDS} fields")
            self._field = (part.name.lower(), bytearray())
            return
        self._files += 1
        if self._files > wire.number(self._fields, "max_file_count"):
            raise Reported(self._said("400 Bad Request", "max file count exceeded"))
        self._left = self._checked()
        try:
            self._upload = self._opened(part)
        except FerryError as error:
            raise self._failed(error) from None

    def take(self, data: bytes) -> None:
        if self._upload is not None:
            self._left -= len(data)
            if self._left < 0:
                self.give_up()
                raise Reported(_said_plainly("max_file_size exceeded"))
            try:
                self._upload.write(data)
            except FerryError as error:
                raise self._failed(error) from None
        elif self._field is not None:
            self._field[1].extend(data[: wire.MAX_VALUE - len(self._field[1])])

    def end(self) -> None:
        if self._upload is not None:
            try:
                self._upload.commit()
            except FerryError as error:
                raise self._failed(error) from None
            self._upload = None
        elif self._field is not None:
            (name, value), self._field = self._field, None
            try:
                self._fields[name] = value.decode().rstrip("\r\n")
            except UnicodeDecodeError as error:
                raise BadInput("form", f"field {name[:60]!r}", "UTF-8") from error

    def finish(self) -> Answer:
        if self._files:
            return self._said(_CREATED, "")
        return self._said("400 Bad Request", "no files to process")

    def give_up(self) -> None:
        """What is not whole is not kept."""
        if self._upload is not None:
            upload, self._upload = self._upload, None
            upload.__exit__(None, None, None)

    def _checked(self) -> int:
        """The bytes that a file may have, by a form that is signed and whose time is not over."""
        size = wire.number(self._fields, "max_file_size")
        for name in ("x_delete_at", "x_delete_after"):
            wire.number(self._fields, name)
        if wire.is_over(self._fields, self._clock()):
            raise Refusal(401, "FormPost: Form Expired")
        if not self._is_signed():
            raise Refusal(401, "FormPost: Invalid Signature")
        if size < 0:
            raise Reported(_said_plainly("max_file_size exceeded"))
        return size

    def _is_signed(self) -> bool:
        return wire.is_signed(self._fields, self._keys, self._request.path)

    def _opened(self, part: Part) -> Upload:
        project, container = container_of(self._request)
        name = (object_of(self._request)[2] if "object" in self._request.params else "") + part.filename
        headers = {
            header: value
            for header, field in _OF_FILES.items()
            if (value := self._fields.get(field) or (part.headers.get(header, "") if field == header else ""))
        }
        may = Pass(act=Act.WRITE_OBJECTS, project_id=project, container=container, name=name, whole_account=False)
        return self._objects.upload(
            Caller.guest(signed=may),
            account_of(self._request),
            container,
            name,
            traits=fresh_traits(replace(self._request, headers=headers), name),
        )

    def _failed(self, error: FerryError) -> Reported:
        """Refused as an ordinary upload would be, in the form's own way. Our own troubles go on as they are."""
        self.give_up()
        if isinstance(error, Unavailable | Damaged):
            raise error
        sentence = str(error) if isinstance(error, TooLarge) else ""
        return Reported(self._said(status_line(error), "", sentence))

    def _said(self, status: str, message: str, sentence: str = "") -> Answer:
        """The end of the form, as the page wants it.

        A page that nobody signed sends nobody elsewhere: else any link to us could.
        """
        code = int(status.partition(" ")[0])
        redirect = self._fields.get("redirect")
        if redirect and self._is_signed():
            target = wire.redirection(redirect, code, message)
            page = f'<html><body><p><a href="{escape(target)}">Click to continue...</a></p></body></html>'
            headers = [("location", target), ("content-type", "text/html; charset=UTF-8")]
            return Answer(status=303, headers=headers, body=page.encode("utf-8", "replace"))
        if message:
            sentence = f"{status}\r\nFormPost: {message.title()}"
        if code < 300:
            return Answer(status=code, headers=[("content-type", "text/plain")], body=(sentence or status).encode())
        return text(code, sentence or status)


class _Sink:
    """Where a form's body goes."""

    def __init__(self, stream: FormStream, form: _Form) -> None:
        self._stream = stream
        self._form = form

    def write(self, part: bytes | bytearray) -> None:
        self._in_our_words(lambda: self._take(part))

    def answer(self) -> Answer:
        self._in_our_words(self._stream.finish)
        return self._form.finish()

    def _take(self, data: bytes | bytearray) -> None:
        for event in self._stream.feed(data):
            if isinstance(event, Part):
                self._form.begin(event)
            elif isinstance(event, End):
                self._form.end()
            else:
                self._form.take(event)

    def _in_our_words(self, move: Callable[[], None]) -> None:
        """A form that is none is refused as Swift refuses it."""
        try:
            move()
        except NoForm:
            raise Reported(_said_plainly("invalid starting boundary")) from None
        except wire.BadField as error:
            raise Reported(_said_plainly(error.expected)) from None
        except BadInput as error:
            raise Reported(_said_plainly(str(error))) from None

    def __enter__(self) -> _Sink:
        return self

    def __exit__(self, *_: object) -> None:
        self._form.give_up()


def _said_plainly(sentence: str) -> Answer:
    return text(400, f"FormPost: {sentence}")
