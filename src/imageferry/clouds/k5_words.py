"""What a client has to know of K5's regions, and jobs as the client speaks of them.

Source: specs/k5.md, sections 1, 5 and 6; the documents themselves are in ``wire.k5_calls``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imageferry.clouds.trouble import shown
from imageferry.domain.errors import BadInput
from imageferry.domain.region import Profile
from imageferry.domain.task import TaskKind, TaskStatus
from imageferry.ports.cloud import NewImage, TaskInfo
from imageferry.wire import standing
from imageferry.wire.k5 import JobStatus
from imageferry.wire.k5_calls import Account, read_error, read_job

PROFILES: Mapping[str, Profile] = {
    "fi-1": "A",
    "de-1": "A",
    "es-1": "A",
    "us-1": "A",
    "uk-1": "B",
    "jp-east-1": "B",
    "jp-east-2": "B",
    "jp-east-3": "C",
    "jp-west-3": "C",
}
"""Generation of the import service, by region id."""

OS_TYPES = (
    "win2008R2SE",
    "win2008R2EE",
    "win2012SE",
    "win2012R2SE",
    "win2016SE_ja",
    "win2016SE_en",
    "rhel",
    "rhel6",
    "rhel7",
    "centos",
    "ubuntu",
)

_STATUSES: Mapping[JobStatus, TaskStatus] = {
    JobStatus.QUEUED: TaskStatus.QUEUED,
    JobStatus.PROCESSING: TaskStatus.RUNNING,
    JobStatus.CANCELLING: TaskStatus.RUNNING,
    JobStatus.SUCCEEDED: TaskStatus.SUCCEEDED,
    JobStatus.FAILED: TaskStatus.FAILED,
    JobStatus.CANCELED: TaskStatus.CANCELLED,
}


def profile_of(region: str, override: str = "") -> Profile:
    """The profile of a region: what the configuration says, else the table.

    Raises:
        BadInput: neither knows it.
    """
    match override.upper():
        case "":
            pass
        case "A" | "B" | "C" as profile:
            return profile
        case _:
            raise BadInput("k5_profile", override, "A, B or C")
    if region not in PROFILES:
        raise BadInput("region_name", region, f"one of {', '.join(PROFILES)}; for another, say k5_profile: A, B or C")
    return PROFILES[region]


def check_request(image: NewImage, profile: Profile, account: Account) -> None:
    """Refuse what the service would refuse, before gigabytes have travelled.

    Raises:
        BadInput: naming the field.
    """
    if not 1 <= len(image.name) <= 255:
        raise BadInput("name", image.name, "1 to 255 characters")
    if image.os_type.lower() not in {known.lower() for known in OS_TYPES}:
        raise BadInput("os_type", image.os_type, f"one of {', '.join(OS_TYPES)}")
    for field, value in (("min_disk", image.min_disk), ("min_ram", image.min_ram)):
        if not 0 <= value <= 2**31 - 1:
            raise BadInput(field, value, "a whole number from 0 to 2147483647")
    if profile != "A":
        return
    for field, text in (
        ("auth.username", account.user_name),
        ("auth.password", account.password),
        ("contract", account.domain_name),
    ):
        if not text:
            raise BadInput(field, "", "a value in clouds.yaml: this region wants it with each import")


def task_info(document: Mapping[str, object], kind: TaskKind, task_id: str = "") -> TaskInfo | None:
    """A job from its status or from a row of the list; None where it says no status that is known."""
    job = read_job(document)
    if job is None:
        return None
    status = _STATUSES[job.status]
    failure = read_error(document)
    told = document.get("task")
    more: Mapping[str, Any] = told if isinstance(told, dict) else {}
    message = failure.message or (_word(more, "message") if status is TaskStatus.RUNNING else "")
    return TaskInfo(
        id=_word(document, f"{kind.value}_id") or task_id,
        kind=kind,
        status=status,
        percent=100 if status is TaskStatus.SUCCEEDED else job.progress,
        name=_word(document, "name", "image_name"),
        image_id=shown(job.image_id or ""),
        location=_word(document, "location", "storage_container"),
        error_code=shown(failure.code),
        message=shown(message),
        created_at=_word(document, "created_at", "request_time"),
        progress=_shown(standing.read_progress(more)),
        steps=[_shown(step) for step in standing.read_steps(more)],
    )


def _word(document: Mapping[str, object], *keys: str) -> str:
    return next((shown(str(document[key])) for key in keys if isinstance(document.get(key), str | int)), "")


def _shown(members: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: shown(value) if isinstance(value, str) else value for name, value in members.items()}
