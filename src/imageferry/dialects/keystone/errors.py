"""Errors as Keystone says them: ``{"error": {"code", "message", "title"}}``."""

from __future__ import annotations

from http import HTTPStatus

from imageferry.dialects.edge.http import Answer, Headers, Request, status_for
from imageferry.dialects.edge.statuses import STATUSES
from imageferry.domain.errors import (
    BadInput,
    FerryError,
    NotFound,
)
from imageferry.wire import keystone


def answer(error: FerryError, base: str) -> Answer:
    status, title = status_for(error, STATUSES)
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
