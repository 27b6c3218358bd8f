"""Errors as Keystone says them: ``{"error": {"code", "message", "title"}}``."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from imageferry.dialects.edge.http import Answer, Headers, Request, status_for
from imageferry.domain.errors import (
    BadInput,
    Cancelled,
    Conflict,
    Damaged,
    FerryError,
    Forbidden,
    LengthRequired,
    NotAuthenticated,
    NotFound,
    PreconditionFailed,
    RangeNotSatisfiable,
    Rejected,
    TaskFailed,
    TooLarge,
    Unavailable,
)
from imageferry.wire import keystone

ROWS: Mapping[type[FerryError], tuple[int, str]] = {
    FerryError: (500, "Internal Server Error"),
    Rejected: (400, "Bad Request"),
    BadInput: (400, "Bad Request"),
    TooLarge: (413, "Request Entity Too Large"),
    LengthRequired: (411, "Length Required"),
    NotFound: (404, "Not Found"),
    Conflict: (409, "Conflict"),
    PreconditionFailed: (412, "Precondition Failed"),
    RangeNotSatisfiable: (416, "Requested Range Not Satisfiable"),
    NotAuthenticated: (401, "Unauthorized"),
    Forbidden: (403, "Forbidden"),
    Damaged: (500, "Internal Server Error"),
    Unavailable: (503, "Service Unavailable"),
    TaskFailed: (500, "Internal Server Error"),
    Cancelled: (409, "Conflict"),
}


def answer(error: FerryError, base: str) -> Answer:
    status, title = status_for(error, ROWS)
    sentence = str(error) if isinstance(error, BadInput) else _capital(str(error))  # that begins with a name
    if isinstance(error, NotFound):
        sentence = f"Could not find {error.kind}: {error.key[:255]}."  # Keystone's own words, which scripts look for
    headers = challenge(base) if status == 401 else []
    return Answer.of_json(status, keystone.error(status, title, sentence), headers)


def refusal(status: int, sentence: str, _: Request, headers: Headers) -> Answer:
    """What the path table itself refuses."""
    return Answer.of_json(status, keystone.error(status, HTTPStatus(status).phrase, _capital(sentence)), headers)


def challenge(base: str) -> list[tuple[str, str]]:
    """Where a client that came without a good token should get one."""
    return [("www-authenticate", f'Keystone uri="{base}/v3"')]


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
