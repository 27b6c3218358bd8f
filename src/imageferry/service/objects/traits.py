"""What an object has beside its name and its bytes, and what may be said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from imageferry.domain.errors import BadInput
from imageferry.domain.link import Link
from imageferry.domain.moment import SECOND, Moment, later
from imageferry.domain.object import StoredObject, checked_metadata
from imageferry.domain.sharing import SharingChange


@dataclass(frozen=True, kw_only=True, slots=True)
class Traits:
    """What an object has beside its name and its bytes."""

    content_type: str = "application/octet-stream"
    metadata: Mapping[str, str]
    headers: Mapping[str, str]  # kept as they came, lower-case names
    manifest: str | None = None  # "container/prefix" makes it a dynamic large object
    link: Link | None = None  # makes it stand for another object; it has no bytes then
    delete_at: Moment | None = None
    delete_after_s: int | None = None  # counts from now, and goes before ``delete_at``
    sharing: SharingChange | None = None  # that the owner wants along with it

    def expiry(self, now: Moment) -> Moment | None:
        return self.delete_at if self.delete_after_s is None else later(now, seconds=self.delete_after_s)


def with_traits(item: StoredObject, traits: Traits, now: Moment) -> StoredObject:
    return replace(
        item,
        content_type=traits.content_type,
        metadata=traits.metadata,
        headers=traits.headers,
        manifest=traits.manifest,
        delete_at=traits.expiry(now),
        updated_at=now,
    )


def check_traits(traits: Traits, now: Moment) -> None:
    checked_metadata(traits.metadata)
    expiry = traits.expiry(now)
    if expiry is not None and expiry <= now:
        raise BadInput("X-Delete-At", expiry // SECOND, "a time to come: X-Delete-At in past")
    if traits.manifest is not None:
        container, slash, prefix = traits.manifest.partition("/")
        if not slash or not container or not prefix:
            raise BadInput("X-Object-Manifest", traits.manifest, "<container>/<prefix>")
