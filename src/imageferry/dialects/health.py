"""Whether the service is well: ``GET /healthz``, for whoever watches it. Needs no token."""

from __future__ import annotations

from typing import Any

from imageferry.dialects.edge.http import Answer, Dialect, Headers, Path, Request
from imageferry.domain.errors import FerryError


def _healthz(_: Request, __: Any) -> Answer:
    return Answer.of_json(200, {"status": "ok"})


def _error(error: FerryError, _: Request) -> Answer:
    return Answer.of_json(500, {"message": str(error)})


def _refuse(status: int, sentence: str, _: Request, headers: Headers) -> Answer:
    return Answer.of_json(status, {"message": sentence}, headers)


def dialect() -> Dialect:
    return Dialect(
        name="health",
        paths=[Path("/healthz", {"GET": _healthz, "HEAD": _healthz})],
        error=_error,
        refuse=_refuse,
        prefixes=[],
    )
