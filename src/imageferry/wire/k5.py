"""K5 image import and export on paper: the words of both ends, and what a service writes.

What a client sends and reads is in ``k5_calls``. Field names and types: specs/k5.md, sections 5 to 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from imageferry.domain.image import Image, Visibility
from imageferry.domain.task import StepLog, Task, TaskStatus
from imageferry.wire import standing
from imageferry.wire.dates import iso_seconds

Document = dict[str, Any]

IMPORTS = "/v1/imageimport"
EXPORTS = "/v1/imageexport"
MOST_IMPORTS = 100  # rows of a list
MOST_EXPORTS = 200
MASK = "*"  # stands where a password was


class JobStatus(StrEnum):
    """Where an import or an export stands. A job may go back from processing to queued."""

    QUEUED = "queued"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLING = "cancelling"  # exports only
    CANCELED = "canceled"  # spelled so

    @property
    def is_final(self) -> bool:
        return self in (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELED)


_STATUSES: Mapping[TaskStatus, JobStatus] = {
    TaskStatus.QUEUED: JobStatus.QUEUED,
    TaskStatus.RUNNING: JobStatus.PROCESSING,
    TaskStatus.SUCCEEDED: JobStatus.SUCCEEDED,
    TaskStatus.FAILED: JobStatus.FAILED,
    TaskStatus.CANCELLED: JobStatus.CANCELED,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed: five digits and a sentence."""

    code: str
    message: str


def error(code: str, message: str) -> Document:
    """The import reference calls the text ``message``, the export reference ``error_message``: both."""
    return {"error_code": code, "error_message": message, "message": message}


def import_status(
    task: Task,
    image: Image | None = None,
    failure: Failure | None = None,
    log: Sequence[StepLog] = (),
    *,
    text_numbers: bool = False,
) -> Document:
    """An import as its status call shows it.

    Args:
        task: its input holds ``image_id``, and under ``echo`` the keys that every answer repeats.
        image: merged in once the import has succeeded.
        failure: of one that has failed.
        log: its steps so far.
        text_numbers: numbers as strings where the original service had them so.
    """
    status = import_job_status(task)
    echo = dict(task.input["echo"])
    if "user_name" in echo:  # profile A
        echo["password"] = MASK
    if text_numbers and status is not JobStatus.SUCCEEDED:
        echo |= {name: str(echo[name]) for name in ("min_ram", "min_disk")}
    document: Document = {} if image is None else _record(image)
    document |= {
        "import_status": status.value,
        "progress": str(task.percent) if text_numbers and status is JobStatus.QUEUED else task.percent,
        "id": task.input["image_id"],
        **echo,
        "conversion": True,
        "disk_format": "raw",
        "container_format": "bare",
        **_told(task, log),
    }
    return document if failure is None else document | error(failure.code, failure.message)


def _told(task: Task, log: Sequence[StepLog]) -> Document:
    """What the original does not tell, under one key of ours once there is something to tell."""
    if not log:
        return {}
    told = {"message": standing.message(task), "progress": standing.progress(task), "steps": standing.steps(task, log)}
    return {"task": told}


def import_job_status(task: Task) -> JobStatus:
    """Imports know no cancelling: one that was cancelled by another door has failed."""
    return JobStatus.FAILED if task.status is TaskStatus.CANCELLED else _STATUSES[task.status]


def export_job_status(task: Task) -> JobStatus:
    if task.cancel_requested and not task.status.is_final:
        return JobStatus.CANCELLING
    return _STATUSES[task.status]


def import_list(tasks: Iterable[Task]) -> Document:
    return {
        "imports": [
            {
                "import_id": task.id,
                "import_status": import_job_status(task).value,
                "status": f"{IMPORTS}/{task.id}/status",
            }
            for task in tasks
        ]
    }


def export_status(task: Task, failure: Failure | None = None, log: Sequence[StepLog] = ()) -> Document:
    document: Document = {
        "export_status": export_job_status(task).value,
        "progress": task.percent,
        "image_id": task.input["image_id"],
        "image_name": task.input["image_name"],
        "storage_container": task.input["echo"]["storage_container"],
        "request_time": iso_seconds(task.created_at),
        **_told(task, log),
    }
    return document if failure is None else document | error(failure.code, failure.message)


def export_list(tasks: Iterable[Task]) -> Document:
    return {
        "exports": [
            {
                "export_id": task.id,
                "export_status": export_job_status(task).value,
                "status": f"{EXPORTS}/{task.id}/status",
                "image_id": task.input["image_id"],
                "request_time": iso_seconds(task.created_at),
            }
            for task in tasks
        ]
    }


def _record(image: Image) -> Document:
    """The Glance record as it was in that cloud's time, when a private image could have members."""
    private = image.visibility in (Visibility.SHARED, Visibility.COMMUNITY)
    return {
        **image.properties,
        "status": image.status.value,
        "size": image.size,
        "owner": image.owner,
        "visibility": Visibility.PRIVATE.value if private else image.visibility.value,
        "protected": image.protected,
        "tags": sorted(image.tags),
        "self": f"/v2/images/{image.id}",
        "file": f"/v2/images/{image.id}/file",
        "schema": "/v2/schemas/image",
        "created_at": iso_seconds(image.created_at),
        "updated_at": iso_seconds(image.updated_at),
    }
