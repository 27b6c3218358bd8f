"""The documents of Glance v2: versions, the image, members, lists.

Source: specs/openstack.md, section 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from imageferry.domain.digest import Algorithm
from imageferry.domain.image import Image, ImageId, Member, Status
from imageferry.wire.dates import iso_seconds

Document = dict[str, Any]

MINOR = 18  # the newest version of the API that is followed here
PAGE = 25  # images of a list, where nobody says how many
LARGEST_PAGE = 1000
STORE = "default"  # where all bytes are kept, as far as clients see

BASE_ATTRIBUTES = (
    "id",
    "name",
    "status",
    "visibility",
    "protected",
    "os_hidden",
    "checksum",
    "os_hash_algo",
    "os_hash_value",
    "owner",
    "size",
    "virtual_size",
    "container_format",
    "disk_format",
    "created_at",
    "updated_at",
    "tags",
    "min_ram",
    "min_disk",
    "self",
    "file",
    "schema",
    "direct_url",
    "locations",
    "stores",
)
"""What belongs to every image; any other member of a document is a property."""


def versions(base: str) -> Document:
    """All versions, newest first. ``base`` is where ``/v2/`` hangs, without a trailing slash."""
    return {
        "versions": [
            {
                "id": f"v2.{minor}",
                "status": "CURRENT" if minor == MINOR else "SUPPORTED",
                "links": [{"rel": "self", "href": f"{base}/v2/"}],
            }
            for minor in range(MINOR, -1, -1)
        ]
    }


def image(item: Image) -> Document:
    """An image with its properties beside its own attributes; these win where a name is used twice."""
    path = image_path(item.id)
    return {
        **item.properties,
        **_import_of(item),
        **({"stores": STORE} if item.status is Status.ACTIVE else {}),
        "id": item.id,
        "name": item.name,
        "status": item.status.value,
        "visibility": item.visibility.value,
        "protected": item.protected,
        "os_hidden": item.hidden,
        "checksum": item.checksum,
        "os_hash_algo": None if item.hash_value is None else Algorithm.SHA512.value,
        "os_hash_value": item.hash_value,
        "owner": item.owner,
        "size": item.size,
        "virtual_size": item.virtual_size,
        "container_format": None if item.container_format is None else item.container_format.value,
        "disk_format": None if item.disk_format is None else item.disk_format.value,
        "created_at": iso_seconds(item.created_at),
        "updated_at": iso_seconds(item.updated_at),
        "tags": sorted(item.tags),
        "min_ram": item.min_ram,
        "min_disk": item.min_disk,
        "self": path,
        "file": f"{path}/file",
        "schema": "/v2/schemas/image",
    }


def _import_of(item: Image) -> Document:
    """Where the last import stands: under way, or what became of it."""
    if item.import_task is None:
        return {}
    working = item.status is Status.IMPORTING
    failed = item.status in (Status.QUEUED, Status.UPLOADING)
    return {
        **({"os_glance_import_task": item.import_task} if working else {}),
        "os_glance_importing_to_stores": STORE if working else "",
        "os_glance_failed_import": STORE if failed else "",
    }


def images(page: Sequence[Image], query: Sequence[tuple[str, str]], limit: int) -> Document:
    """A page of images.

    Args:
        query: the parameters that were asked with, in their order; both links repeat them.
        limit: how many were asked for. A page that came out full has a ``next``.
    """
    wanted = [(name, value) for name, value in query if name != "marker"]
    document: Document = {"images": [image(item) for item in page], "first": link("/v2/images", wanted)}
    if page and len(page) == limit:
        document["next"] = link("/v2/images", [*wanted, ("marker", page[-1].id)])
    return {**document, "schema": "/v2/schemas/images"}


def member(item: Member) -> Document:
    return {
        "member_id": item.project_id,
        "image_id": item.image_id,
        "status": item.status.value,
        "created_at": iso_seconds(item.created_at),
        "updated_at": iso_seconds(item.updated_at),
        "schema": "/v2/schemas/member",
    }


def members(items: Iterable[Member]) -> Document:
    return {"members": [member(item) for item in items], "schema": "/v2/schemas/members"}


def stores(ids: Sequence[str], *, detail: bool = False) -> Document:
    """Where bytes are kept; the first is the default. Its mark is the text "true", as in Glance."""
    more: Document = {"type": "blocks", "weight": 0, "properties": {}} if detail else {}
    return {"stores": [{"id": key, **({"default": "true"} if key == ids[0] else {}), **more} for key in ids]}


def import_methods(names: Sequence[str]) -> Document:
    return {"import-methods": {"description": "Import methods available.", "type": "array", "value": list(names)}}


def image_path(image_id: ImageId) -> str:
    return f"/v2/images/{image_id}"


def link(path: str, query: Sequence[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
