"""Which blocks count as present for whom: docs/decisions/0008-presence-per-account.md."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from imageferry.domain.access import ProjectId
from imageferry.domain.blob import BlobId
from imageferry.domain.block import BlockName
from imageferry.domain.moment import Moment

SENT_FOR_S = 24 * 3600.0
"""How long a block is kept for a project that has sent it and not used it, whatever grace a sweep gives."""

MAX_BLOBS_LOOKED_AT = 1000
"""Blobs with a block that are looked at, to find one that a project can reach."""


class PresenceRecords(Protocol):
    """Who can reach a block, and blocks that were sent and are not part of a blob yet.

    A block that a project has sent is kept from the sweeper until it is forgotten here.
    Whoever makes a blob of blocks that are there *holds* them first, then asks who reaches
    them, and keeps the blob in the same transaction: so no sweep comes in between.
    """

    def hold(self, names: Collection[BlockName]) -> set[BlockName]:
        """Which of these blocks are known; none of them is swept until this transaction ends."""

    def reachable(
        self, projects: Collection[ProjectId], names: Collection[BlockName], *, now: Moment, sent_since: Moment
    ) -> set[BlockName]:
        """Those blocks that one of the projects has in an object that has not expired by ``now``, in a version
        of one, or in an active image of its own; or that it has sent, at ``sent_since`` or later.

        One that stands in more than MAX_BLOBS_LOOKED_AT blobs may be left out: it is then sent once more.
        """

    def in_blob(self, blob_id: BlobId, names: Collection[BlockName]) -> set[BlockName]:
        """Those of the blocks that a blob is made of."""

    def remember_sent(self, project: ProjectId, names: Collection[BlockName], now: Moment) -> None:
        """Note that a project has sent these blocks, which are in the store by now.

        Raises:
            Unavailable: one was swept away meanwhile; they must be sent again.
        """

    def count_sent(self, project: ProjectId) -> int:
        """How many blocks it has sent and not used."""

    def forget_used(self, project: ProjectId, names: Collection[BlockName]) -> None:
        """They are part of a blob now, which keeps them. Some may stay noted until their time is over."""

    def forget_sent(self, *, before: Moment) -> int:
        """Forget what was sent before; returns how many blocks that were."""
