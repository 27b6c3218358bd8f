"""K5 image import and export on paper: what a client sends, and what it reads.

Field names and types: specs/k5.md, sections 5 to 7. A service of that world may leave keys out,
send numbers as strings, and name the text of an error by any of three keys; the readers here
take all of that.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from imageferry.domain.region import Profile
from imageferry.wire.k5 import Document, Failure, JobStatus


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
