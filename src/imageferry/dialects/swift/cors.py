"""Pages of other sites: what browsers ask before they let them, and what the answers say to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from imageferry.dialects.edge.http import Answer, Handler, Request
from imageferry.dialects.swift import errors
from imageferry.dialects.swift.paths import container_of
from imageferry.dialects.swift.put_reply import HTML
from imageferry.domain.errors import FerryError, NotAuthenticated
from imageferry.service.services import Services
from imageferry.wire import cors as wire


def options(methods: Iterable[str]) -> Handler:
    """OPTIONS for what answers to ``methods``: those, and to a page whether it may."""
    possible = sorted({*methods, "OPTIONS"})
    allow = ("allow", ", ".join(possible))

    def answer(request: Request, services: Services) -> Answer:
        origin = request.headers.get("origin")
        if not origin or "container" not in request.params:
            return Answer(status=200, headers=[HTML, allow])
        metadata = services.objects.metadata_of(*container_of(request))[1]
        headers = wire.for_preflight(metadata, origin, methods=possible, asked=request.headers)
        if headers is None:
            refused = errors.answer(NotAuthenticated(), request)
            return replace(refused, headers=[*refused.headers, allow])
        return Answer(status=200, headers=[allow, *headers])

    return answer


def afterwards(request: Request) -> Callable[[Answer, Any], Answer] | None:
    """What is to be added to an answer, errors too, that a page of another site waits for."""
    origin = request.headers.get("origin")
    if not origin or "container" not in request.params or request.method == "OPTIONS":
        return None

    def add(answer: Answer, services: Services) -> Answer:
        try:
            metadata = services.objects.metadata_of(*container_of(request))[1]
        except FerryError:
            return answer
        return replace(answer, headers=wire.for_answer(metadata, origin, answer.headers))

    return add
