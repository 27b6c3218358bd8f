"""What the APIs of Synnefo have in common on paper: faults, and tokens and headers as they travel.

Source: specs/synnefo.md, sections 1.1 to 1.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

JSON = "application/json; charset=UTF-8"
TOKEN = "X-Auth-Token"  # noqa: S105 - a name, in the header and in the query

FAULTS: Mapping[int, str] = {
    304: "notModified",
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "notAllowed",
    409: "conflict",
    411: "lengthRequired",
    412: "preconditionFailed",
    413: "requestEntityTooLarge",
    416: "rangeNotSatisfiable",
    422: "unprocessableEntity",
    500: "internalServerError",
    501: "notImplemented",
    503: "serviceUnavailable",
}
"""The one key of a fault's body, which kamaki shows beside the status."""


def fault(status: int, sentence: str) -> dict[str, Any]:
    """Raises KeyError: a status that Synnefo has no fault for."""
    return {FAULTS[status]: {"code": status, "message": sentence, "details": ""}}


def decoded(value: str) -> str:
    """A header value as it was meant: senders percent-encode what a header cannot hold; what does not decode stays."""
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        return value
