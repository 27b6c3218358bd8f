"""What bulk calls of Object storage v1 answer: totals, and an error for each path that failed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from urllib.parse import quote
from xml.sax.saxutils import escape

Problem = tuple[str, str]  # a path, and the status line that a call for it alone would have had


class Form(StrEnum):
    """In which form an answer can be written. The value is its media type; the first is the usual one."""

    TEXT = "text/plain"
    JSON = "application/json"
    XML = "application/xml"
    TEXT_XML = "text/xml"

    @property
    def is_xml(self) -> bool:
        return self in (Form.XML, Form.TEXT_XML)


def best_form(accept: str) -> Form | None:
    """The form that an ``Accept`` header likes best; text where it names no kind, None where it likes none of ours."""
    if "/" not in accept:
        return Form.TEXT
    best, best_weight = None, 0.0
    for form, weight in _weights(accept).items():
        if weight > best_weight:
            best, best_weight = form, weight
    return best


def takes(accept: str, form: Form) -> bool:
    """Whether an ``Accept`` header lets this form come at all."""
    return "/" not in accept or _weights(accept)[form] > 0


def _weights(accept: str) -> dict[Form, float]:
    weights = dict.fromkeys(Form, 0.0)
    exactness = dict.fromkeys(Form, -1)
    for wish in accept.split(","):
        media_type, *parameters = (part.strip().lower() for part in wish.split(";"))
        weight = _weight(parameters)
        for form in Form:
            patterns = ("*/*", f"{form.partition('/')[0]}/*", form.value)
            if media_type in patterns and patterns.index(media_type) > exactness[form]:
                exactness[form] = patterns.index(media_type)
                weights[form] = weight
    return weights


def prologue(form: Form) -> bytes:
    """What may go out while the work is still under way. Blanks may follow it."""
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' if form.is_xml else b""


def report(form: Form, root: str, facts: Mapping[str, object], errors: Iterable[Problem]) -> bytes:
    """Totals and errors, after the prologue.

    Paths are percent-encoded in it, as Swift has them, so that any name fits in a line.

    Source: OpenStack Swift, swift/common/middleware/bulk.py, get_response_body.
    """
    rows = [(quote(path, errors="surrogateescape"), status) for path, status in errors]
    if form is Form.JSON:
        return json.dumps({**facts, "Errors": rows}).encode()
    if form.is_xml:
        tags = [(name.replace(" ", "_").lower(), str(facts[name])) for name in sorted(facts)]
        lines = [f"<{root}>", *(f"<{tag}>{escape(value)}</{tag}>" for tag, value in tags), "<errors>"]
        lines += [
            f"<object><name>{escape(path)}</name><status>{escape(status)}</status></object>" for path, status in rows
        ]
        return "\n".join([*lines, "</errors>", f"</{root}>", ""]).encode("utf-8", "replace")
    lines = [f"{name}: {facts[name]}" for name in sorted(facts)]
    lines += ["Errors:", *(f"{path}, {status}" for path, status in rows), ""]
    return "\n".join(lines).encode("utf-8", "replace")


def _weight(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
