"""Errors as Pithos says them: a fault in JSON."""

from __future__ import annotations

from dataclasses import dataclass

from imageferry.dialects.edge import synnefo
from imageferry.dialects.edge.http import Answer, Request, status_for
from imageferry.dialects.edge.statuses import STATUSES, Rows
from imageferry.domain.errors import DigestMismatch, FerryError, RangeNotSatisfiable
from imageferry.wire.synnefo import fault

ROWS: Rows = {**STATUSES, DigestMismatch: (422, "Unprocessable Entity")}


@dataclass(eq=False)
class Refusal(FerryError):
    """What only this dialect refuses, with its status."""

    status: int
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def answer(error: FerryError, _: Request) -> Answer:
    status = error.status if isinstance(error, Refusal) else status_for(error, ROWS)[0]
    headers = [("content-range", f"bytes */{error.size}")] if isinstance(error, RangeNotSatisfiable) else []
    return synnefo.answer(status, fault(status, str(error)), headers)
