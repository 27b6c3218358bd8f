"""K5's import and export service on paper: regions, what a request says, what replies mean.

Replies of the original differ from its documents and among themselves, so they are read leniently;
requests are written strictly, by the profile of the region.

Source: specs/k5.md, sections 1, 5, 6, 7.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imageferry.clouds.glance_words import number
from imageferry.clouds.trouble import message_in, shown
from imageferry.domain.errors import BadInput
from imageferry.domain.region import Profile
from imageferry.domain.task import TaskKind, TaskStatus
from imageferry.ports.cloud import NewImage, TaskInfo
from imageferry.settings import Secret

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

_STATUSES: Mapping[str, TaskStatus] = {
    "queued": TaskStatus.QUEUED,
    "processing": TaskStatus.RUNNING,
    "cancelling": TaskStatus.RUNNING,
    "succeeded": TaskStatus.SUCCEEDED,
    "failed": TaskStatus.FAILED,
    "canceled": TaskStatus.CANCELLED,
    "cancelled": TaskStatus.CANCELLED,
}


_NOTHING = Secret("")


@dataclass(frozen=True, kw_only=True, slots=True)
class Requester:
    """Who asks, as profile A wants it in the body."""

    user_name: str = ""
    password: Secret = _NOTHING
    domain_name: str = ""  # the contract number


def profile_of(region: str, override: str = "") -> Profile:
    """The profile of a region: what the configuration says, else the table.

    Raises:
        BadInput: neither knows it.
    """
    if override:
        if override.upper() not in ("A", "B", "C"):
            raise BadInput("k5_profile", override, "A, B or C")
        return override.upper()  # type: ignore[return-value]
    if region not in PROFILES:
        raise BadInput("region_name", region, f"one of {', '.join(PROFILES)}; for another, say k5_profile: A, B or C")
    return PROFILES[region]


def check_request(image: NewImage, profile: Profile, requester: Requester) -> None:
    """Refuse what the service would refuse, before gigabytes have travelled.

    Raises:
        BadInput: naming the field.
    """
    if not 1 <= len(image.name) <= 255:
        raise BadInput("name", image.name, "1 to 255 characters")
    if image.os_type.lower() not in {known.lower() for known in OS_TYPES}:
        raise BadInput("os_type", image.os_type, f"one of {', '.join(OS_TYPES)}")
    for field_name, value in (("min_disk", image.min_disk), ("min_ram", image.min_ram)):
        if not 0 <= value <= 2**31 - 1:
            raise BadInput(field_name, value, "a whole number from 0 to 2147483647")
    if profile == "A":
        for field_name, text in (("username", requester.user_name), ("password", requester.password)):
            if not text:
                raise BadInput(
                    f"auth.{field_name}", "", "a value in clouds.yaml: this region wants it with each import"
                )
        if not requester.domain_name:
            raise BadInput("contract", "", "the contract number in clouds.yaml (or auth.user_domain_name)")


def import_request(
    image: NewImage, *, location: str, sha1: str, profile: Profile, requester: Requester
) -> dict[str, object]:
    """The body of POST /v1/imageimport. Holds a password in profile A: never to be logged.

    Args:
        location: ``AUTH_<project>/<container>/<object>``, as it is, not percent-encoded.
    """
    version = "v2" if profile == "C" else "v1"
    body: dict[str, object] = {
        "id": image.id,
        "name": image.name,
        "location": f"/{version}/{location}",
        "os_type": image.os_type,
        "min_ram": image.min_ram,
        "min_disk": image.min_disk,
        "checksum": sha1,
    }
    if profile == "A":
        body |= {
            "conversion": True,
            "disk_format": "raw",
            "container_format": "bare",
            "user_name": requester.user_name,
            "password": base64.b64encode(requester.password.encode()).decode(),
            "domain_name": requester.domain_name,
        }
    return body


def import_task(document: Mapping[str, Any], task_id: str = "") -> TaskInfo:
    """A job from its status, or from a row of the list."""
    status = status_of(document.get("import_status"))
    return TaskInfo(
        id=_text(document.get("import_id")) or task_id,
        kind=TaskKind.IMPORT,
        status=status,
        percent=_percent(document.get("progress"), status),
        name=_text(document.get("name")),
        image_id=_text(document.get("id")),
        location=_text(document.get("location")),
        error_code=_text(document.get("error_code")),
        message=message_in(document),
        created_at=_text(document.get("created_at")),
    )


def export_task(document: Mapping[str, Any], task_id: str = "") -> TaskInfo:
    status = status_of(document.get("export_status"))
    return TaskInfo(
        id=_text(document.get("export_id")) or task_id,
        kind=TaskKind.EXPORT,
        status=status,
        percent=_percent(document.get("progress"), status),
        name=_text(document.get("image_name")),
        image_id=_text(document.get("image_id")),
        location=_text(document.get("storage_container")),
        error_code=_text(document.get("error_code")),
        message=message_in(document),
        created_at=_text(document.get("request_time")),
    )


def status_of(word: object) -> TaskStatus:
    """An unknown word is no end: only the documented ones are final."""
    return _STATUSES.get(word.lower(), TaskStatus.RUNNING) if isinstance(word, str) else TaskStatus.RUNNING


def _percent(value: object, status: TaskStatus) -> int:
    if status is TaskStatus.SUCCEEDED:
        return 100
    return min(100, max(0, number(value) or 0))


def _text(value: object) -> str:
    return shown(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else ""
