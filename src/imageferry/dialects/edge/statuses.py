"""The HTTP status of each error, and its name, where a dialect does not say otherwise.

A class that has no row has that of the nearest class above it (``status_for``).
"""

from __future__ import annotations

from collections.abc import Mapping

from imageferry.domain.errors import (
    AccessDenied,
    Cancelled,
    Conflict,
    FerryError,
    LengthRequired,
    NotAuthenticated,
    NotFound,
    PreconditionFailed,
    RangeNotSatisfiable,
    Rejected,
    TooLarge,
    Unavailable,
)

Rows = Mapping[type[FerryError], tuple[int, str]]

STATUSES: Rows = {
    FerryError: (500, "Internal Server Error"),
    Rejected: (400, "Bad Request"),
    TooLarge: (413, "Request Entity Too Large"),
    LengthRequired: (411, "Length Required"),
    NotFound: (404, "Not Found"),
    Conflict: (409, "Conflict"),
    PreconditionFailed: (412, "Precondition Failed"),
    RangeNotSatisfiable: (416, "Requested Range Not Satisfiable"),
    AccessDenied: (403, "Forbidden"),
    NotAuthenticated: (401, "Unauthorized"),
    Unavailable: (503, "Service Unavailable"),
    Cancelled: (409, "Conflict"),
}
