"""Tasks as Glance shows them.

Members beyond the original's (``error``, ``progress``) do not disturb its clients.

Source: specs/openstack.md, sections 4.14 and 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from imageferry.domain.image import ImageId
from imageferry.domain.task import Task, TaskStatus
from imageferry.wire.dates import iso_micros

Document = dict[str, Any]

STATUSES: Mapping[TaskStatus, str] = {
    TaskStatus.QUEUED: "pending",
    TaskStatus.RUNNING: "processing",
    TaskStatus.SUCCEEDED: "success",
    TaskStatus.FAILED: "failure",
    TaskStatus.CANCELLED: "failure",
}

IMAGE_IMPORT = "api_image_import"  # the type of imports that were asked for at an image


def image_tasks(items: Iterable[Task], image_id: ImageId) -> Document:
    """The owner's window on the imports of an image."""
    return {"tasks": [_image_task(item, image_id) for item in items]}


def more_of(item: Task) -> Document:
    """What Glance does not tell: why it failed, how far it is."""
    progress: Document = {
        "done": item.progress.done,
        "total": item.progress.total,
        "unit": item.progress.unit,
        "step": item.step,
        "steps": item.step_count,
        "percent": item.percent,
    }
    failed = STATUSES[item.status] == "failure"
    error = {"code": item.error_code, "reason": item.message, "where": item.step} if failed else None
    return {"progress": progress, "error": error}


def message_of(item: Task) -> str:
    """One sentence for a person."""
    if item.status is TaskStatus.RUNNING:
        return f"Step {item.step_number} of {item.step_count}: {item.step}, {item.progress.done} bytes so far."
    return item.message


def _image_task(item: Task, image_id: ImageId) -> Document:
    echo = item.input.get("echo", {})
    return {
        "id": item.id,
        "type": IMAGE_IMPORT,
        "status": STATUSES[item.status],
        "owner": item.project_id,
        "expires_at": None if item.expires_at is None else iso_micros(item.expires_at),
        "created_at": iso_micros(item.created_at),
        "updated_at": iso_micros(item.updated_at),
        "deleted_at": None,
        "deleted": False,
        "image_id": image_id,
        "request_id": echo.get("request_id"),
        "user_id": item.user_id,
        "input": {"image_id": image_id, "import_req": echo.get("import_req"), "backend": echo.get("backend", [])},
        "result": {"image_id": image_id} if item.status is TaskStatus.SUCCEEDED else None,
        "message": message_of(item),
        **more_of(item),
    }
