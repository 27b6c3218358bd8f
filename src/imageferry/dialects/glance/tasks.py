"""Tasks: start, list and show, whatever door they came in by. A member sees those of the own project.

Source: specs/openstack.md, sections 5.1 and 5.3.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TypeVar
from uuid import UUID

from imageferry.dialects.edge.http import Answer, Query, Request
from imageferry.dialects.glance import task_inputs
from imageferry.dialects.glance.importing import SOURCE
from imageferry.domain.access import Act, ProjectId, allow
from imageferry.domain.errors import BadInput, NotFound
from imageferry.domain.task import TaskId
from imageferry.service.services import Services
from imageferry.wire import glance_tasks
from imageferry.wire.glance import LARGEST_PAGE, PAGE

_Meaning = TypeVar("_Meaning")

_SORT_KEYS = {name: name for name in ("created_at", "expires_at", "status", "updated_at")} | {"type": "kind"}
_DIRECTIONS = {name: name for name in ("asc", "desc")}


def create(root: Callable[[Request], str]) -> Callable[[Request, Services], Answer]:
    """The handler of POST. ``root``: where ``/v2`` hangs, as the client reaches it."""

    def handler(request: Request, services: Services) -> Answer:
        caller = allow(request.caller, Act.START_TASKS)
        kind, asked = task_inputs.read(request.json())
        echo = {"request_id": f"req-{UUID(request.id)}", "input": asked}
        if kind == "export":
            task = services.exports.start(caller, SOURCE, task_inputs.export_request(asked, echo))
        else:
            lookup = partial(services.identity.project_called, by=caller.project)
            wish = task_inputs.import_request(asked, caller.project, lookup, echo)
            task = services.imports.start(caller, SOURCE, wish)
        headers = [("location", f"{root(request)}/v2/tasks/{task.id}")]
        return Answer.of_json(201, glance_tasks.task(task), headers)

    return handler


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
    text = request.params["task_id"]
    try:
        task_id = TaskId(str(UUID(text)))
    except ValueError as error:
        raise NotFound("task", text) from error
    return Answer.of_json(200, glance_tasks.task(services.tasks.show(request.caller, task_id)))


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
