"""What a project may keep as images, in Glance's words: bytes in MiB, each begun one counted.

Source: specs/openstack.md, section 4.12.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imageferry.domain.errors import OverLimit
from imageferry.domain.image_quota import Resource

_MIB = 1 << 20
_NO_LIMIT = -1  # as the unified limits of OpenStack write it

NAMES: Mapping[Resource, tuple[str, int]] = {
    Resource.BYTES: ("image_size_total", _MIB),
    Resource.STAGED: ("image_stage_total", _MIB),
    Resource.IMAGES: ("image_count_total", 1),
    Resource.UPLOADS: ("image_count_uploading", 1),
}
"""Their names, and how much of ours is one of theirs. Tasks are not limited there."""


def usage(shares: Mapping[Resource, tuple[int, int | None]]) -> dict[str, Any]:
    """``shares``: how much there is and how much there may be (None: no limit); empty where nothing is limited."""
    document = {}
    for resource, (name, unit) in NAMES.items():
        if resource not in shares:
            continue
        used, limit = shares[resource]
        document[name] = {"usage": _begun(used, unit), "limit": _NO_LIMIT if limit is None else limit // unit}
    return {"usage": document}


def over_limit(error: OverLimit) -> str:
    """The sentence that scripts look for; our own of what has no name there."""
    resource = Resource(error.unit)
    if resource not in NAMES:
        return str(error)
    name, unit = NAMES[resource]
    limit, there, more = error.limit // unit, _begun(error.used, unit), _begun((error.found or 0) - error.used, unit)
    why = f"Resource {name} is over limit of {limit} due to current usage {there} and delta {more}"
    return f"Project {error.what.removeprefix('project ')} is over a limit for [{why}]"


def _begun(amount: int, unit: int) -> int:
    return -(-amount // unit)
