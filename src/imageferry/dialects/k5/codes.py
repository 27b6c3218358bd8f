"""What can be refused, and the five digits that say so: the first three are the HTTP status.

Source: specs/k5.md, sections 5.1, 6.1 and 7.5. Codes that stand in neither are ours.
"""

from __future__ import annotations

from collections.abc import Mapping

from imageferry.domain.errors import (
    AccessDenied,
    FerryError,
    NotFound,
    Rejected,
    Unavailable,
)
from imageferry.formats.reasons import Reason

COMMON: Mapping[str, str] = {
    "40005": "Project id does not exist.",
    "40030": "Request body is not a JSON object.",
    "40301": "You cannot execute this API.",
    "40302": "The project keeps as much, or has as many jobs under way, as it may. Try again when one has ended.",
    "50001": "Internal server error.",
    "50301": "Service unavailable.",
}

_INVALID = "Parameter '{}' has invalid value."
_MISSING = "Required parameter '{}' is not specified."

IMPORT: Mapping[str, str] = {
    **COMMON,
    "40001": _MISSING.format("name"),
    "40002": _INVALID.format("name"),
    "40003": _MISSING.format("location"),
    "40004": _INVALID.format("location"),
    "40006": "Object specified by 'location' does not exist.",
    "40007": _INVALID.format("checksum"),
    "40008": _INVALID.format("id"),
    "40009": "Specified 'id' is already used.",
    "40010": _INVALID.format("min_ram"),
    "40011": _INVALID.format("min_disk"),
    "40012": _MISSING.format("os_type"),
    "40013": _INVALID.format("os_type"),
    "40014": _MISSING.format("conversion"),
    "40015": _INVALID.format("conversion"),
    "40016": _MISSING.format("disk_format"),
    "40017": _INVALID.format("disk_format"),
    "40018": _INVALID.format("container_format"),
    "40019": _INVALID.format("ovf_location"),
    "40020": _MISSING.format("user_name"),
    "40021": _INVALID.format("user_name"),
    "40022": _MISSING.format("password"),
    "40023": _INVALID.format("password"),
    "40024": _MISSING.format("domain_name"),
    "40025": _INVALID.format("domain_name"),
    "40026": _INVALID.format("details"),
    "40035": "Query parameter 'start' has invalid value.",
    "40036": "Query parameter 'limit' has invalid value.",
    "40401": "Invalid import_id.",
}

EXPORT: Mapping[str, str] = {
    **COMMON,
    "40001": _MISSING.format("image_id"),
    "40002": _INVALID.format("image_id"),
    "40003": _MISSING.format("storage_container"),
    "40004": _INVALID.format("storage_container"),
    "40006": "The same image is already being exported to 'storage_container'.",
    "40007": "The export's object, or a part of it, already exists in 'storage_container'.",
    "40008": "Image specified by 'image_id' does not exist in this project.",
    "40009": "Image specified by 'image_id' is not active.",
    "40010": "Export_id is already accepted cancelling.",
    "40013": "Query parameter 'start' has invalid value.",
    "40014": "Query parameter 'limit' has invalid value.",
    "40401": "Invalid export_id.",
    "40402": "Export_id was already finished.",
}

ROWS: Mapping[type[FerryError], tuple[int, str]] = {
    FerryError: (500, "50001"),
    Rejected: (400, "40030"),
    AccessDenied: (403, "40301"),
    NotFound: (404, "40401"),
    Unavailable: (503, "50301"),
}
"""What handlers did not meet themselves. A missing or bad token is answered in Keystone's form instead."""

CHECKSUM, NOT_A_VMDK, KIND, CONVERSION, VANISHED, QUOTA = "40050", "40051", "40052", "40053", "40054", "40055"
INFECTED, STEP_REFUSED, CANCELLED = "40056", "40057", "40058"
INTERNAL, NOT_NOW = "50001", "50301"  # not the disk's fault: another try may do

FAILURES: Mapping[str, str] = {
    "digest-mismatch": CHECKSUM,
    Reason.EMPTY: NOT_A_VMDK,
    Reason.NOT_A_DISK: NOT_A_VMDK,
    Reason.WRONG_FORMAT: NOT_A_VMDK,
    Reason.UNSUPPORTED: NOT_A_VMDK,
    Reason.AMBIGUOUS: NOT_A_VMDK,
    Reason.NESTED: NOT_A_VMDK,
    Reason.SEVERAL_DISKS: NOT_A_VMDK,
    Reason.BACKING_FILE: KIND,
    Reason.DATA_FILE: KIND,
    Reason.OUTSIDE_EXTENT: KIND,
    Reason.DESCRIPTOR_ONLY: KIND,
    Reason.SPLIT: KIND,
    Reason.DELTA: KIND,
    Reason.UNKNOWN_FEATURE: KIND,
    Reason.ENCRYPTED: KIND,
    Reason.TRUNCATED: CONVERSION,
    Reason.DIRTY: CONVERSION,
    Reason.MALFORMED: CONVERSION,
    Reason.UNSAFE: CONVERSION,
    Reason.RESOURCES: CONVERSION,
    Reason.TOO_LARGE: QUOTA,
    "no-room": QUOTA,
    "not-found": VANISHED,
    "precondition-failed": VANISHED,
    "status-conflict": VANISHED,
    "infected": INFECTED,
    "step-refused": STEP_REFUSED,
    "cancelled": CANCELLED,
    "unavailable": NOT_NOW,
    "timed-out": NOT_NOW,
    "damaged": INTERNAL,
    "internal-error": INTERNAL,
}
"""Why a job failed, by the task's own word. Any other word is a conversion that failed."""


def failure_code(word: str) -> str:
    return FAILURES.get(word, CONVERSION)
