"""Tasks as Glance shows them.

Members beyond the original's (``error``, ``progress``, ``steps``) do not disturb its clients.

Source: specs/openstack.md, sections 4.14 and 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from imageferry.domain.image import ImageId
from imageferry.domain.task import (
    COPIED_IMPORT,
    FETCHED_IMPORT,
    STAGED_IMPORT,
    UPLOADED_IMPORT,
    URL_IMPORT,
    StepLog,
    Task,
    TaskKind,
    TaskStatus,
)
from imageferry.wire import standing
from imageferry.wire.dates import iso_seconds, swift_listing
from imageferry.wire.glance import link

Document = dict[str, Any]

STATUSES: Mapping[TaskStatus, str] = {
    TaskStatus.QUEUED: "pending",
    TaskStatus.RUNNING: "processing",
    TaskStatus.SUCCEEDED: "success",
    TaskStatus.FAILED: "failure",
    TaskStatus.CANCELLED: "failure",
}

MEANT: dict[str, list[TaskStatus]] = {
    word: [status for status in TaskStatus if STATUSES[status] == word] for word in dict.fromkeys(STATUSES.values())
}
"""What of ours a status of Glance's stands for."""

IMAGE_IMPORT = "api_image_import"  # the type of imports that were asked for at an image

PLANS: dict[str, tuple[str, ...]] = {
    "import": (TaskKind.IMPORT.value, URL_IMPORT),
    IMAGE_IMPORT: (STAGED_IMPORT, FETCHED_IMPORT, UPLOADED_IMPORT, COPIED_IMPORT),
    "export": (TaskKind.EXPORT.value,),
    "convert": (TaskKind.CONVERT.value,),
    "check": (TaskKind.CHECK.value,),
}
"""By type: the plans that such tasks are done by."""

_TYPES = {plan: name for name, plans in PLANS.items() for plan in plans}


def task(item: Task, log: Sequence[StepLog] = ()) -> Document:
    """All that is told of a task. ``log``: its steps so far."""
    echo = item.input.get("echo", {})
    return {
        **_brief(item),
        "input": _input(item),
        "result": _result(item) if item.status is TaskStatus.SUCCEEDED else None,
        "message": standing.message(item),
        "request_id": echo.get("request_id"),
        "user_id": item.user_id,
        **more_of(item, log),
    }


def tasks(page: Sequence[Task], query: Sequence[tuple[str, str]], limit: int) -> Document:
    """A page of tasks. ``query``: what was asked with; both links repeat it."""
    wanted = [(name, value) for name, value in query if name != "marker"]
    document: Document = {"tasks": [_brief(item) for item in page], "first": link("/v2/tasks", wanted)}
    if page and len(page) == limit:
        document["next"] = link("/v2/tasks", [*wanted, ("marker", page[-1].id)])
    return {**document, "schema": "/v2/schemas/tasks"}


def image_tasks(items: Iterable[tuple[Task, Sequence[StepLog]]], image_id: ImageId) -> Document:
    """The owner's window on the imports of an image, each with its steps so far."""
    return {"tasks": [_image_task(item, log, image_id) for item, log in items]}


def more_of(item: Task, log: Sequence[StepLog]) -> Document:
    """What Glance does not tell: why it failed, how far it is, and what took how long."""
    failed = STATUSES[item.status] == "failure"
    error = {"code": item.error_code, "reason": item.message, "where": item.step} if failed else None
    return {"progress": standing.progress(item), "steps": standing.steps(item, log), "error": error}


def _brief(item: Task) -> Document:
    ended = {} if item.expires_at is None else {"expires_at": iso_seconds(item.expires_at)}
    return {
        "id": item.id,
        "type": _TYPES[item.plan],
        "status": STATUSES[item.status],
        "owner": item.project_id,
        "created_at": iso_seconds(item.created_at),
        "updated_at": iso_seconds(item.updated_at),
        "self": f"/v2/tasks/{item.id}",
        "schema": "/v2/schemas/task",
        **ended,
    }


def _input(item: Task) -> Document:
    """What was asked for: in the caller's own words where they are Glance's, else said in them."""
    asked, echo = item.input, item.input.get("echo", {})
    if "input" in echo:
        return dict(echo["input"])
    if item.kind is TaskKind.EXPORT:
        return {"image_uuid": asked["image_id"], "receiving_swift_container": asked["container"]}
    if item.plan in PLANS[IMAGE_IMPORT]:
        return {
            "image_id": asked["image_id"],
            "import_req": echo.get("import_req"),
            "backend": echo.get("backend", []),
        }
    return {
        "import_from": f"{asked['container']}/{asked['object']}",
        "import_from_format": asked["source_format"] or "",
        "image_properties": {"name": asked["name"]},
    }


def _result(item: Task) -> Document:
    if item.kind is TaskKind.EXPORT:
        return {"export_location": f"{item.result['container']}/{item.result['object']}"}
    return dict(item.result)


def _image_task(item: Task, log: Sequence[StepLog], image_id: ImageId) -> Document:
    echo = item.input.get("echo", {})
    return {
        "id": item.id,
        "type": _TYPES[item.plan],
        "status": STATUSES[item.status],
        "owner": item.project_id,
        "expires_at": None if item.expires_at is None else swift_listing(item.expires_at),
        "created_at": swift_listing(item.created_at),
        "updated_at": swift_listing(item.updated_at),
        "deleted_at": None,
        "deleted": False,
        "image_id": image_id,
        "request_id": echo.get("request_id"),
        "user_id": item.user_id,
        "input": _input(item),
        "result": {"image_id": image_id} if item.status is TaskStatus.SUCCEEDED else None,
        "message": standing.message(item),
        **more_of(item, log),
    }
