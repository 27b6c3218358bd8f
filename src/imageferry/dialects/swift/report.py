"""Answers of bulk calls: always 200, with the truth in the body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from imageferry.dialects.edge.http import Answer, Request
from imageferry.wire import swift_reports as reports
from imageferry.wire.swift_reports import Form, Problem

MAX_FAILURES = 1000  # errors in one answer; more, and the work ends there


def form_of(request: Request) -> Form:
    return reports.best_form(request.headers.get("accept", "")) or Form.TEXT


@dataclass
class Deletions:
    """How far a deletion of many has come."""

    status: str = "200 OK"
    sentence: str = ""
    deleted: int = 0
    missing: int = 0
    errors: list[Problem] = field(default_factory=list)

    def body(self, form: Form) -> bytes:
        facts = {
            "Number Deleted": self.deleted,
            "Number Not Found": self.missing,
            "Response Body": self.sentence,
            "Response Status": self.status,
        }
        return reports.report(form, "delete", facts, self.errors)

    def answer(self, request: Request) -> Answer:
        form = form_of(request)
        return _answer(form, self.body(form))


def extraction(request: Request, status: str, sentence: str, created: int, errors: Sequence[Problem]) -> Answer:
    """What became of an archive."""
    form = form_of(request)
    facts = {"Number Files Created": created, "Response Body": sentence, "Response Status": status}
    return _answer(form, reports.report(form, "extract", facts, errors))


def content_type(form: Form) -> tuple[str, str]:
    return ("content-type", form.value)


def _answer(form: Form, body: bytes) -> Answer:
    return Answer(status=200, headers=[content_type(form)], body=reports.prologue(form) + body)
