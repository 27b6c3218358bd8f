"""What is remembered of earlier states of objects."""

from __future__ import annotations

from typing import Protocol

from imageferry.domain.moment import Moment
from imageferry.domain.object import ContainerId, ListingQuery, ObjectVersion, StoredObject, Subdir
from imageferry.domain.versioning import VersionId


class VersionRecords(Protocol):
    """Versions of objects that are not the current one, and marks of deletions.

    A version is a record that points to a blob, as an object is: its bytes count in its
    container, its blob stays. Whoever writes here holds the container (see ``objects.hold``).
    """

    def keep(self, item: StoredObject) -> None:
        """Remember a state under its ``version``; it never expires. Raises AlreadyExists."""

    def mark_deleted(self, container_id: ContainerId, name: str, version: VersionId, now: Moment) -> None:
        """Remember that the object was deleted. Raises AlreadyExists."""

    def version(self, container_id: ContainerId, name: str, version: VersionId) -> ObjectVersion | None: ...
    def newest(self, container_id: ContainerId, name: str) -> VersionId | None:
        """The largest number here, the current object's left out."""

    def delete(self, container_id: ContainerId, name: str, version: VersionId, now: Moment) -> ObjectVersion:
        """Raises NotFound."""

    def versions(
        self, container_id: ContainerId, query: ListingQuery, now: Moment, *, behind: VersionId | None = None
    ) -> list[ObjectVersion | Subdir]:
        """One page of all versions, the current objects too: by name, then the latest first.

        An object without a version goes before all versions of its name; one that expired by
        ``now`` is none, or a version like any. ``reverse`` turns the whole order round.

        Args:
            behind: within the names equal to ``query.marker`` only what follows this version.
        """
