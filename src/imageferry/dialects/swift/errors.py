"""Errors as Swift says them: an HTML fragment, or one line of text where there is more to say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from imageferry.dialects.edge.http import Answer, Headers, Request, status_for
from imageferry.dialects.edge.statuses import STATUSES, Rows
from imageferry.domain.errors import (
    BadInput,
    BadSegments,
    Cancelled,
    DeletedThen,
    DigestMismatch,
    FerryError,
    Incomplete,
    NoRoom,
    NotAuthenticated,
    NotEmpty,
    NoVersions,
    RangeNotSatisfiable,
    TimedOut,
)
from imageferry.domain.object import MAX_CONTAINER_NAME, MAX_METADATA_COUNT, MAX_METADATA_VALUE
from imageferry.domain.versioning import DELETED_TYPE
from imageferry.wire import swift

ROWS: Rows = {
    **STATUSES,
    FerryError: (500, "Internal Error"),
    NoVersions: (400, "Bad Request"),
    DigestMismatch: (422, "Unprocessable Entity"),
    Incomplete: (499, "Client Disconnect"),
    NoRoom: (507, "Insufficient Storage"),
    TimedOut: (408, "Request Timeout"),
    Cancelled: (500, "Internal Error"),
}

_PAGES: Mapping[int, str] = {  # Swift's own words, which scripts look for
    401: "This server could not verify that you are authorized to access the document you requested.",
    404: "The resource could not be found.",
    416: "The Range requested is not available.",
    422: "Unable to process the contained instructions",
}

_SEGMENT_PROBLEMS: Mapping[str, str] = {
    "not found": "404 Not Found",
    "has another digest": "Etag Mismatch",
    "has another size": "Size Mismatch",
    "has no such range": "Unsatisfiable Range",
}


@dataclass(eq=False)
class Refusal(FerryError):
    """What only this dialect refuses, with its status."""

    status: int
    sentence: str

    def __str__(self) -> str:
        return self.sentence


@dataclass(eq=False)
class Reported(FerryError):
    """The work ended early, and what is to be said about it is written already."""

    answer: Answer


def answer(error: FerryError, request: Request) -> Answer:
    if isinstance(error, Reported):
        return error.answer
    if isinstance(error, Refusal):
        challenge = [("www-authenticate", f'Swift realm="{_realm(request)}"')] if error.status == 401 else []
        return text(error.status, error.sentence, challenge)
    if isinstance(error, BadInput) and error.field == "path":
        return text(412, "Invalid UTF8 or contains NULL")
    if isinstance(error, DeletedThen):
        headers = [("content-type", DELETED_TYPE), ("x-object-version-id", error.version)]
        return Answer(status=404, headers=headers, body=swift.error_page("Not Found", _PAGES[404]))
    if isinstance(error, BadSegments):
        return _bad_segments(error, request)
    status, reason = status_for(error, ROWS)
    if status not in _PAGES:
        return text(status, f"{_first_words(error)}{error}")
    headers = [("content-type", "text/html; charset=UTF-8")]
    if isinstance(error, NotAuthenticated):
        headers.append(("www-authenticate", f'Swift realm="{_realm(request)}"'))
    if isinstance(error, RangeNotSatisfiable):
        headers.append(("content-range", f"bytes */{error.size}"))
    return Answer(status=status, headers=headers, body=swift.error_page(reason, _PAGES[status]))


def _first_words(error: FerryError) -> str:
    """What Swift says, where clients and conformance tests look for its words; our sentence follows."""
    if isinstance(error, NotEmpty):
        if error.inside == "all versions":
            return "Delete all versions before deleting container. "
        return "There was a conflict when trying to complete your request. "
    if not isinstance(error, BadInput):
        return ""
    if (
        error.field == "container name"
        and isinstance(error.found, str)
        and len(error.found.encode()) > MAX_CONTAINER_NAME
    ):
        return f"Container name length of {len(error.found.encode())} longer than {MAX_CONTAINER_NAME}. "
    if error.field == "metadata" and "items" in error.expected:
        return f"Too many metadata items; max {MAX_METADATA_COUNT}. "
    if error.field == "metadata name":
        return "Metadata name too long. "
    if error.field.startswith("metadata ") and "bytes" in error.expected:
        return f"Metadata value longer than {MAX_METADATA_VALUE}. "
    return ""


def status_line(error: FerryError) -> str:
    """The error as one row of a bulk answer says it: ``404 Not Found``."""
    if isinstance(error, Refusal):
        reasons = dict(ROWS.values())
        return f"{error.status} {reasons.get(error.status, 'Bad Request')}"
    if isinstance(error, BadInput) and error.field == "path":
        return "412 Precondition Failed"
    status, reason = status_for(error, ROWS)
    return f"{status} {reason}"


def refusal(status: int, sentence: str, request: Request, headers: Headers) -> Answer:
    """What the path table itself refuses."""
    if status == 404 and request.path.startswith("/v1/AUTH_"):
        return text(412, "Bad URL")
    return text(status, sentence, headers)


def text(status: int, sentence: str, headers: Headers = ()) -> Answer:
    body = sentence.encode("utf-8", "replace")
    return Answer(status=status, headers=[("content-type", "text/plain; charset=UTF-8"), *headers], body=body)


def segment_problems(error: BadSegments) -> list[tuple[str, str]]:
    """What is wrong with which segment, in Swift's words."""
    return [(path, _SEGMENT_PROBLEMS.get(problem, problem)) for path, problem in error.problems]


def _bad_segments(error: BadSegments, request: Request) -> Answer:
    problems = segment_problems(error)
    if "application/json" in request.headers.get("accept", ""):
        body = json.dumps({"Errors": problems}).encode()
        return Answer(status=400, headers=[("content-type", "application/json; charset=utf-8")], body=body)
    return text(400, "Errors:\n" + "".join(f"{path}, {problem}\n" for path, problem in problems))


def _realm(request: Request) -> str:
    """The account that was asked for, if it cannot break out of its quotes."""
    account = request.path.removeprefix("/v1/").partition("/")[0]
    return account if account.replace("_", "").replace("-", "").isalnum() and account.isascii() else "unknown"
