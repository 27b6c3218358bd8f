"""What is remembered of accounts, containers and objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from imageferry.domain.access import ProjectId
from imageferry.domain.blob import BlobId
from imageferry.domain.moment import Moment
from imageferry.domain.object import Account, Container, ContainerId, ListingQuery, StoredObject, Subdir
from imageferry.domain.sharing import NameRange, Only
from imageferry.domain.versioning import Versioning


class ObjectRecords(Protocol):
    def account(self, project_id: ProjectId, now: Moment) -> Account:
        """The account with exact totals; one that was never written has zeros."""

    def set_account_metadata(self, project_id: ProjectId, metadata: Mapping[str, str], now: Moment) -> None: ...

    def account_metadata(self, project_id: ProjectId) -> Mapping[str, str]:
        """The account's metadata alone, without adding up its totals."""

    def hold_account(self, project_id: ProjectId, now: Moment) -> None:
        """Let nobody else hold the account until this transaction ends: for who keeps its quota, or changes it.

        One that was never written is written, so that there is something to hold.
        """

    def add_container(self, container: Container) -> None:
        """Raises AlreadyExists."""

    def container(self, project_id: ProjectId, name: str) -> Container | None: ...
    def set_container_metadata(self, container: Container, metadata: Mapping[str, str], now: Moment) -> None:
        """Raises NotFound."""

    def set_access(self, container_id: ContainerId, *, readers: str, writers: str) -> None:
        """Who beside its project may read and write what is in a container. Raises NotFound."""

    def set_versioning(self, container_id: ContainerId, versioning: Versioning) -> None:
        """How the container keeps what its objects were before. Raises NotFound."""

    def delete_container(self, container: Container) -> None:
        """Raises NotFound, NotEmpty: objects are in it, or versions of them."""

    def containers(
        self, project_id: ProjectId, query: ListingQuery, part: Only | None = None
    ) -> list[Container | Subdir]:
        """One page; with ``part`` only the containers in which there is something of it."""

    def hold(self, container_id: ContainerId) -> None:
        """Let nobody else change the container or what is in it until this transaction ends.

        For who reads first and writes what follows from it. Raises NotFound.
        """

    def put_object(self, item: StoredObject) -> StoredObject:
        """Keep an object under its name, instead of the one there (whose id and created_at stay).

        The blob must be kept already, in this transaction or before. Counters follow.

        Raises:
            NotFound: the container is gone, or the blob is.
        """

    def object(self, container_id: ContainerId, name: str) -> StoredObject | None: ...
    def set_md5(self, blob_id: BlobId, md5: str) -> None:
        """Note the MD5 of a blob at all objects and versions that point to it and did not know it."""

    def delete_object(self, container_id: ContainerId, name: str, now: Moment) -> StoredObject:
        """Raises NotFound."""

    def objects(
        self,
        container_id: ContainerId,
        query: ListingQuery,
        now: Moment | None = None,
        *,
        within: Sequence[NameRange] | None = None,
    ) -> list[StoredObject | Subdir]:
        """One page, at most ``query.limit`` rows, roll-ups included; with ``now`` without what has expired by then.

        ``within``: only names in one of these ranges, which are in order and apart; what they leave out is not
        rolled up either.
        """

    def metadata_names(self, container_id: ContainerId, *, looked_at: int, limit: int) -> list[str]:
        """The first ``limit`` names of metadata, in order, that the first ``looked_at`` objects of a container have."""

    def expired(
        self, now: Moment, *, limit: int, container_id: ContainerId | None = None
    ) -> list[tuple[ContainerId, str]]:
        """Objects whose time is over, the oldest first."""
