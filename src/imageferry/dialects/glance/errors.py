"""Errors as Glance says them: ``{"message", "code", "title"}``, a page, or plain text.

The form follows ``Accept`` as in the original, because clients are made for it: to ``*/*`` goes a
page. glanceclient and openstacksdk ask so and take the sentence out of the page; a JSON error of
this form stops glanceclient with an AttributeError of its own (it expects an object inside an
object), and openstacksdk does not show plain text.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from http import HTTPStatus

from imageferry.dialects.edge.http import Answer, Headers, Request, status_for
from imageferry.dialects.edge.statuses import STATUSES, Rows
from imageferry.domain.errors import (
    BadDisk,
    BadInput,
    FerryError,
    NotAuthenticated,
    NotFound,
    OverLimit,
    RangeNotSatisfiable,
    TooLarge,
)
from imageferry.formats.reasons import Reason
from imageferry.wire.glance_usage import over_limit

ROWS: Rows = {**STATUSES, BadDisk: (415, "Unsupported Media Type")}

_WORDS: Mapping[str, int] = {
    **{reason.value: 415 for reason in Reason},
    "infected": 400,
    "step-refused": 400,
    "too-large": 413,
    "over-limit": 413,
    "not-found": 404,
    "status-conflict": 409,
    "cancelled": 409,
    "unavailable": 503,
    "timed-out": 503,
    "no-room": 503,
}
"""The status of a request whose task has failed, by the task's own word."""

_PAGE = (
    "<html>\n <head>\n  <title>{title}</title>\n </head>\n <body>\n  <h1>{title}</h1>\n  {message}\n </body>\n</html>\n"
)


def answer(error: FerryError, request: Request, base: str) -> Answer:
    status, title = status_for(error, ROWS)
    headers: list[tuple[str, str]] = []
    if isinstance(error, NotAuthenticated):
        headers = [("www-authenticate", f'Keystone uri="{base}/v3"')]
    if isinstance(error, RangeNotSatisfiable):
        headers = [("content-range", f"bytes */{error.size}")]
    more = {"reason": error.reason, "hint": error.advice} if isinstance(error, BadDisk) else {}
    return _shown(status, title, _sentence(error), request, headers, more)


def status_of_word(word: str) -> int:
    return _WORDS.get(word, 500)


def refusal(status: int, sentence: str, request: Request, headers: Headers = ()) -> Answer:
    """What is refused by the path table, or by a handler before it asks anybody."""
    return _shown(status, HTTPStatus(status).phrase, sentence, request, headers, {})


def _sentence(error: FerryError) -> str:
    if isinstance(error, NotFound) and error.kind == "image":
        return f"No image found with ID {error.key[:255]}"  # Glance's own words, which scripts look for
    if isinstance(error, OverLimit):
        return over_limit(error)
    if isinstance(error, BadInput | BadDisk | TooLarge):
        return str(error)  # begins with a name
    sentence = str(error)
    return sentence[:1].upper() + sentence[1:]


def _shown(
    status: int, title: str, sentence: str, request: Request, headers: Headers, more: Mapping[str, str]
) -> Answer:
    wanted = _form(request.headers.get("accept"))
    if wanted == "application/json":
        document = {"message": sentence, "code": f"{status} {title}", "title": title, **more}
        return Answer.of_json(status, document, headers)
    if wanted == "text/html":
        text = _PAGE.format(title=f"{status} {title}", message=html.escape(sentence, quote=False))
    else:
        text = f"{status} {title}: {sentence}\n"  # one line, as clients show it behind "HTTP"
    kind = ("content-type", f"{wanted}; charset=UTF-8")
    return Answer(status=status, headers=[kind, *headers], body=text.encode("utf-8", "replace"))


def _form(accept: str | None) -> str:
    """The form that the caller names; a page for who takes anything, plain text for who names nothing of ours.

    openstacksdk sends an empty header with uploads: the sentence reaches its user in a page only.
    """
    if accept == "":
        return "text/html"
    accept = accept or ""
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    if "application/json" in kinds:
        return "application/json"
    return "text/html" if {"text/html", "text/*", "*/*"} & set(kinds) else "text/plain"
