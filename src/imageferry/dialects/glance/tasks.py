"""Tasks: start, list, show and forget, whatever door they came in by. A member sees those of the own project.

Source: specs/openstack.md, sections 5.1 and 5.3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from imageferry.dialects.edge.http import Answer, Handler, Path, Query, Request
from imageferry.dialects.glance import task_inputs
from imageferry.dialects.glance.importing import SOURCE
from imageferry.domain.access import Act, Caller, ProjectId, allow
from imageferry.domain.errors import BadInput, Forbidden, NotFound
from imageferry.domain.task import Task, TaskId
from imageferry.service.services import Services
from imageferry.wire import glance_tasks
from imageferry.wire.glance import LARGEST_PAGE, PAGE

_Meaning = TypeVar("_Meaning")

_SORT_KEYS = {name: name for name in ("created_at", "expires_at", "status", "updated_at")} | {"type": "kind"}
_DIRECTIONS = {name: name for name in ("asc", "desc")}


Start = Callable[[Services, Caller, Mapping[str, Any], Mapping[str, Any]], Task]


def paths(root: Callable[[Request], str], tasks_for: str) -> list[Path]:
    """The rows of the table of paths.

    Args:
        root: where ``/v2`` hangs, as the client reaches it.
        tasks_for: "admins" or "members", see settings.
    """
    rows: Mapping[str, Mapping[str, Handler]] = {
        "/v2/tasks": {"POST": _create(root), "GET": listing},
        "/v2/tasks/{task_id}": {"GET": show, "DELETE": delete},
    }
    guard = _for_admins if tasks_for == "admins" else lambda handler: handler
    return [Path(path, {method: guard(handler) for method, handler in row.items()}) for path, row in rows.items()]


def _for_admins(handler: Handler) -> Handler:
    def guarded(request: Request, services: Services) -> Answer:
        if not allow(request.caller, Act.READ_TASKS).is_admin:
            raise Forbidden("use tasks", "Here they are for administrators.")
        return handler(request, services)

    return guarded


def _create(root: Callable[[Request], str]) -> Handler:
    def handler(request: Request, services: Services) -> Answer:
        caller = allow(request.caller, Act.START_TASKS)
        kind, asked = task_inputs.read(request.json())
        echo = {"request_id": f"req-{UUID(request.id)}", "input": asked, **task_inputs.keeping(asked)}
        task = _STARTS[kind](services, caller, asked, echo)
        headers = [("location", f"{root(request)}/v2/tasks/{task.id}")]
        return Answer.of_json(201, glance_tasks.task(task), headers)

    return handler


def _import(services: Services, caller: Caller, asked: Mapping[str, Any], echo: Mapping[str, Any]) -> Task:
    lookup = partial(services.identity.project_called, by=caller.project)
    wish = task_inputs.import_request(asked, caller.project, lookup, echo)
    return services.imports.start(caller, SOURCE, wish)


def _export(services: Services, caller: Caller, asked: Mapping[str, Any], echo: Mapping[str, Any]) -> Task:
    return services.exports.start(caller, SOURCE, task_inputs.export_request(asked, echo))


def _convert(services: Services, caller: Caller, asked: Mapping[str, Any], echo: Mapping[str, Any]) -> Task:
    return services.conversions.convert(caller, SOURCE, task_inputs.convert_request(asked, echo))


def _check(services: Services, caller: Caller, asked: Mapping[str, Any], echo: Mapping[str, Any]) -> Task:
    return services.conversions.check(caller, SOURCE, task_inputs.image_to_check(asked), echo)


_STARTS: Mapping[str, Start] = {
    "import": _import,
    "export": _export,
    "convert": _convert,
    "check": _check,
    "verify": _check,  # another name that is in use for it
}


def listing(request: Request, services: Services) -> Answer:
    query = request.query
    limit = _limit(query)
    owner, marker, status = query.get("owner"), query.get("marker"), _word(query, "status", glance_tasks.MEANT)
    page = services.tasks.page(
        request.caller,
        plans=_word(query, "type", glance_tasks.PLANS),
        owner=None if owner is None else ProjectId(owner),
        statuses=status,
        before=None if marker is None else TaskId(marker),
        limit=limit,
        sort=(
            _word(query, "sort_key", _SORT_KEYS) or "created_at",
            _word(query, "sort_dir", _DIRECTIONS) or "desc",
        ),
    )
    return Answer.of_json(200, glance_tasks.tasks(page, query.pairs, limit))


def show(request: Request, services: Services) -> Answer:
    task, log = services.tasks.account(request.caller, _task_id(request))
    return Answer.of_json(200, glance_tasks.task(task, log))


def delete(request: Request, services: Services) -> Answer:
    """Once it is over. Glance has this call too, and refuses it always."""
    services.tasks.delete(request.caller, _task_id(request))
    return Answer(status=204)


def _task_id(request: Request) -> TaskId:
    text = request.params["task_id"]
    try:
        return TaskId(str(UUID(text)))
    except ValueError as error:
        raise NotFound("task", text) from error


def _word(query: Query, name: str, meanings: dict[str, _Meaning]) -> _Meaning | None:
    text = query.get(name)
    if text is None:
        return None
    if text not in meanings:
        raise BadInput(name, text, f"one of {', '.join(meanings)}")
    return meanings[text]


def _limit(query: Query) -> int:
    text = query.get("limit")
    if text is None:
        return PAGE
    if not re.fullmatch(r"[0-9]{1,30}", text):
        raise BadInput("limit", text, "a whole number, 0 or more")
    return min(int(text), LARGEST_PAGE)
