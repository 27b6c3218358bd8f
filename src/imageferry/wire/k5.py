"""K5 image import and export on paper: what a service writes and a client reads.

Field names and types: specs/k5.md, sections 5 to 7. A service of that world may leave keys out,
send numbers as strings, and name the text of an error by any of three keys; the readers here
take all of that.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from imageferry.domain.image import Image, Visibility
from imageferry.domain.region import Profile
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


# -- what a service writes ---------------------------------------------------


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


# -- what a client writes ----------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Whose import it is. Profile A wants it in the body; ``password`` is in plain text here."""

    user_name: str
    password: str
    domain_name: str

    def __repr__(self) -> str:
        return f"Account({self.user_name!r})"


def location(profile: Profile, project_id: str, container: str, name: str) -> str:
    """Where an object is, as an import names it: literally, nothing percent-encoded."""
    return f"/{'v2' if profile == 'C' else 'v1'}/AUTH_{project_id}/{container}/{name}"


def import_body(
    profile: Profile,
    *,
    name: str,
    location: str,
    os_type: str,
    image_id: str,
    checksum: str | None = None,
    min_disk: int = 0,
    min_ram: int = 0,
    account: Account | None = None,
) -> Document:
    """What to POST for an import. ``image_id`` always goes along: repeated after a cut, it makes no second image.

    Args:
        checksum: SHA-1 of the file, hex.
        min_disk: GiB.
        min_ram: MiB.
        account: needed by profile A.
    """
    body: Document = {
        "name": name,
        "location": location,
        "os_type": os_type,
        "id": image_id,
        "min_disk": min_disk,
        "min_ram": min_ram,
    }
    if checksum is not None:
        body["checksum"] = checksum
    if profile != "A":
        return body
    if account is None:
        raise ValueError("profile A needs an account")
    return body | {
        "conversion": True,
        "disk_format": "raw",
        "container_format": "bare",
        "user_name": account.user_name,
        "password": base64.b64encode(account.password.encode()).decode(),
        "domain_name": account.domain_name,
    }


def export_body(image_id: str, project_id: str, container: str) -> Document:
    return {"image_id": image_id, "storage_container": f"/v1/AUTH_{project_id}/{container}"}


def status_path(calls: str, job_id: str) -> str:
    """``calls`` is IMPORTS or EXPORTS."""
    return f"{calls}/{quote(job_id, safe='')}/status"


# -- what a client reads -----------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """An import or export as its status call told it."""

    status: JobStatus
    progress: int = 0  # percent
    image_id: str | None = None
    failure: Failure | None = None
    document: Mapping[str, Any]

    def number(self, key: str) -> int | None:
        """A number of the document, which may have come as a string."""
        return _number(self.document.get(key))


def read_job(document: object) -> Job | None:
    """What a status answer says; None where it says no status that is known (an error, an HTML page)."""
    if not isinstance(document, Mapping):
        return None
    word = document.get("import_status", document.get("export_status"))
    try:
        status = JobStatus(word)
    except ValueError:
        return None
    image_id = document.get("id") or document.get("image_id")
    return Job(
        status=status,
        progress=min(100, _number(document.get("progress")) or 0),
        image_id=image_id if isinstance(image_id, str) else None,
        failure=read_error(document) if status is JobStatus.FAILED else None,
        document=document,
    )


def read_id(document: object, key: str) -> str | None:
    """The id of the job that a POST made: ``key`` is ``import_id`` or ``export_id``. None: it was refused."""
    found = document.get(key) if isinstance(document, Mapping) else None
    return found if isinstance(found, str) and found else None


def read_error(document: object) -> Failure:
    """The code and text of an error body, in whichever of the known forms; empty where there is none."""
    if not isinstance(document, Mapping):
        return Failure("", "" if document is None else str(document))
    code = document.get("error_code", "")
    inner = document.get("error")
    nested = inner if isinstance(inner, Mapping) else {}
    text = document.get("error_message") or document.get("message") or nested.get("message") or ""
    return Failure(str(code or nested.get("code", "")), str(text))


def _number(value: object) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value.strip()):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
