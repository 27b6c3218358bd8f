"""What is remembered of blobs and of the blocks they are made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from imageferry.domain.access import ProjectId
from imageferry.domain.blob import Blob, BlobDraft, BlobId
from imageferry.domain.block import BlockName
from imageferry.domain.digest import Digest
from imageferry.domain.moment import Moment
from imageferry.domain.task import TaskId


@dataclass(frozen=True, slots=True)
class BlobUser:
    """Something that points to a blob, for people: kind ("image", "object", "version", "quarantine"), id, name."""

    kind: str
    id: str
    name: str
    project_id: ProjectId


class BlobRecords(Protocol):
    """Blobs, and which blocks may not be swept away.

    The rule that makes garbage collection safe with many writers: a writer *touches* a
    block (a row in ``blocks``, in a transaction of its own) before it puts the block into
    the store or relies on it being there, and a blob can only be kept while all its blocks
    have such a row (a foreign key). The sweeper removes rows that no blob refers to, that
    are not remembered as sent (``PresenceRecords``) and that were touched before every
    running upload began, and deletes those blocks from the store inside the same
    transaction, so that a writer who touches one meanwhile waits.
    """

    def start_upload(self, upload_id: str, now: Moment) -> None: ...
    def touch(self, upload_id: str, names: Collection[BlockName], now: Moment) -> None:
        """Say that these blocks are in use by a running upload (which thereby begins, or shows that it lives)."""

    def end_upload(self, upload_id: str) -> None:
        """Forget an upload, kept or given up. What is gone already is no error."""

    def add(self, draft: BlobDraft, now: Moment) -> None:
        """Keep a blob and its block list; ends ``draft.upload``. A blob of that id is no error.

        Raises:
            Unavailable: a block was swept away meanwhile; the upload must be repeated.
        """

    def get(self, blob_id: BlobId) -> Blob | None: ...
    def tops(self, blob_ids: Collection[BlobId]) -> Mapping[BlobId, str]:
        """Of each of these blobs that is there, the top of the tree over its block names (``domain.hash_map``)."""

    def block_names(self, blob_id: BlobId, first: int, count: int) -> list[BlockName]:
        """The names of blocks ``first`` to ``first + count - 1`` (fewer at the end), holes as EMPTY."""

    def stored_blocks(self, blob_id: BlobId, first: int, count: int) -> Mapping[int, BlockName]:
        """The same without the holes: index to name."""

    def add_digest(self, blob_id: BlobId, digest: Digest) -> None:
        """Raises NotFound."""

    def pin(self, task_id: TaskId, blob_ids: Iterable[BlobId]) -> None:
        """Keep blobs for a task that is not final. What is pinned already is no error.

        Pins go with the task's record at the latest. Raises NotFound (task or blob).
        """

    def unpin(self, task_id: TaskId) -> None: ...

    def unused_blobs(self, *, before: Moment, limit: int) -> list[BlobId]:
        """Blobs to which nothing points, and to which nothing has pointed since ``before``."""

    def delete_blobs(self, blob_ids: Collection[BlobId], *, before: Moment | None = None) -> None:
        """Remove blobs and their block lists; those stay that are pointed to again, or were since ``before``."""

    def settle(self, *, before: Moment, limit: int) -> int:
        """Note of up to ``limit`` blocks touched before that a blob has them, and return of how many.

        ``sweepable`` does not look at them any more, until a blob that has one is deleted. It finds the
        same without this, but looks at every block each time.
        """

    def sweepable(self, *, before: Moment, limit: int) -> list[BlockName]:
        """Removes up to ``limit`` block rows that may go (see above) and returns their names.

        The caller deletes these blocks from the store before the transaction ends. Uploads
        that have shown no life for an hour before ``before`` do not count as running, and are
        forgotten.
        """

    def known_blocks(self, names: Collection[BlockName]) -> set[BlockName]:
        """Which of these have a row."""

    def blobs_with(self, name: BlockName) -> list[BlobId]: ...
    def users_of(self, blob_id: BlobId) -> list[BlobUser]: ...
    def all_blobs(self, *, after: BlobId | None, limit: int) -> list[Blob]: ...
    def all_blocks(self, *, after: BlockName | None, limit: int) -> list[BlockName]: ...
