"""Answers in the form of this API, refusals among them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar
from uuid import UUID

from imageferry.dialects.edge.http import Answer, Headers, Request, status_for
from imageferry.dialects.k5.codes import EXPORT, IMPORT, ROWS
from imageferry.domain.access import Caller
from imageferry.domain.errors import BadInput, FerryError, NotAuthenticated, NotFound
from imageferry.domain.task import Task, TaskId
from imageferry.service.services import Services
from imageferry.wire import k5, keystone

_Calls = TypeVar("_Calls")


class Fault(Exception):
    """A refusal by its code. What it says depends on the call: imports and exports have tables of their own."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def guarded(handler: Callable[[_Calls, Request, Services], Answer]) -> Callable[[_Calls, Request, Services], Answer]:
    """A handler whose faults become answers."""

    @functools.wraps(handler)
    def guard(self: _Calls, request: Request, services: Services) -> Answer:
        try:
            return handler(self, request, services)
        except Fault as fault:
            return coded(request, fault.code)

    return guard


def done(request: Request, status: int, document: object | None = None) -> Answer:
    """The service's own header tells the number of a request, which old clients log."""
    headers = [("X-Fcx-Endpoint-Request", f"EXECUTED_{UUID(request.id)}_{status}")]
    if document is None:
        return Answer(status=status, headers=headers)
    return Answer.of_json(status, document, headers)


def coded(request: Request, code: str) -> Answer:
    text = (EXPORT if request.path.startswith(k5.EXPORTS) else IMPORT)[code]
    return done(request, int(code[:3]), k5.error(code, text))


def error(error: FerryError, request: Request) -> Answer:
    """What a handler did not meet itself."""
    if isinstance(error, NotAuthenticated):
        headers = [("www-authenticate", f'Keystone uri="{request.base_url}/v3"')]
        sentence = str(error)
        return Answer.of_json(401, keystone.error(401, "Unauthorized", sentence[:1].upper() + sentence[1:]), headers)
    if isinstance(error, BadInput) and error.field == "path":
        return coded(request, "40401")
    return coded(request, status_for(error, ROWS)[1])


def refuse(status: int, sentence: str, request: Request, headers: Headers) -> Answer:
    """What the path table itself refuses."""
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        sentence = f"{request.method} is not possible here."
    return Answer.of_json(status, k5.error(f"{status}00", sentence), headers)


def scoped(request: Request) -> Caller:
    """Who asks, in which project.

    Raises:
        NotAuthenticated: nobody that is known here.
        Fault: the token has no project.
    """
    caller = request.caller
    if caller is None:
        raise NotAuthenticated("no token, or none that is good")
    if caller.project_id is None:
        raise Fault("40005")
    return caller


def json_object(request: Request) -> Mapping[str, Any]:
    document = request.json()
    if not isinstance(document, dict):
        raise Fault("40030")
    return document


def job_id(request: Request) -> TaskId:
    """The id in the path; what is no UUID is nobody's."""
    try:
        return TaskId(str(UUID(request.params["job"])))
    except ValueError as error:
        raise NotFound("task", request.params["job"]) from error


def page_of(request: Request, most: int, *, start_fault: str, limit_fault: str) -> tuple[int, int]:
    """``start`` and ``limit`` of a list: zero-based, and at most ``most``."""
    start = _whole_number(request.query.get("start", "0"), start_fault)
    limit = _whole_number(request.query.get("limit", str(most)), limit_fault)
    if limit < 1:
        raise Fault(limit_fault)
    return start, min(limit, most)


def failure_of(task: Task, codes: Callable[[str], str]) -> k5.Failure | None:
    if not task.error_code:
        return None
    return k5.Failure(codes(task.error_code), task.message)


def _whole_number(text: str | None, fault: str) -> int:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Fault(fault)
    return int(text)
