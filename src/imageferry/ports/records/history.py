"""What is remembered of what there was: the states of a name, and what containers held at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from imageferry.domain.access import ProjectId
from imageferry.domain.moment import Moment
from imageferry.domain.object import ContainerId, Held, ListingQuery, StoredObject, Subdir
from imageferry.domain.versioning import VersionId


class HistoryRecords(Protocol):
    """The same rows as ``ObjectRecords`` and ``VersionRecords`` have, looked at along the time.

    What a name held at a moment is its current object, if its number is not behind that
    moment, or else the version with the largest number that is not; a mark is nothing. An
    object that expired and was a version goes on being one; another is nothing. A version that
    was made current again counts from its own number on.
    """

    def numbers(self, container_id: ContainerId, name: str, *, limit: int) -> list[tuple[VersionId, Moment]]:
        """The versions of a name, marks and the current object left out: the last ``limit`` of them, oldest first."""

    def objects_at(
        self, container_id: ContainerId, query: ListingQuery, at: Moment, now: Moment
    ) -> list[StoredObject | Subdir]:
        """A page of what a container held at that moment, as ``ObjectRecords.objects`` orders it."""

    def held_at(
        self, project_id: ProjectId, at: Moment, now: Moment, *, only: ContainerId | None = None
    ) -> Mapping[ContainerId, Held]:
        """How much each container of an account held at that moment; those that held nothing are left out."""

    def purge(
        self, container_id: ContainerId, until: Moment, now: Moment, *, name: str | None = None, limit: int
    ) -> int:
        """Forget versions and marks up to that moment, of one name or of all; current objects stay.

        Whoever does so holds the container. Returns how many there were, at most ``limit``:
        with as many, there may be more.
        """
