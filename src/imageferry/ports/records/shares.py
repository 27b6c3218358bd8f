"""What is remembered of objects that are shared one by one, of public links, and of an account's groups."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from imageferry.domain.access import ProjectId
from imageferry.domain.moment import Moment
from imageferry.domain.object import Container, ContainerId
from imageferry.domain.sharing import Grantee, Mark, Share, Sharing


class ShareRecords(Protocol):
    """The sharing of an object goes with the object, whoever takes it away; overwriting leaves it.

    What has expired by ``now`` shares nothing any more.
    """

    def set(self, container: Container, name: str, sharing: Sharing) -> None:
        """Let an object have this sharing of its own instead of what it had. Raises NotFound: no such object."""

    def over(self, container_id: ContainerId, name: str, now: Moment) -> Share | None:
        """The one that counts for a name, which need not be there yet: its own, or that of a directory above."""

    def over_all(self, container_id: ContainerId, names: Sequence[str], now: Moment) -> Mapping[str, Share]:
        """The same for a page of names, which are in order; those that nothing counts for are left out."""

    def marks(self, container_id: ContainerId, project: ProjectId | None, now: Moment) -> list[Mark]:
        """All objects of a container that have a sharing of their own, by name.

        ``project``: whom they open something to, by itself, as everybody or in a group; None: to anybody.
        """

    def any_with(self, owner: ProjectId, project: ProjectId, container_id: ContainerId | None = None) -> bool:
        """Whether something of an account, or in one of its containers, is shared with a project in any way."""

    def sharers(self, project: ProjectId, *, after: str = "", limit: int) -> list[tuple[ProjectId, Moment]]:
        """Other projects of its domain that share something with this one, by id, and since when they have accounts."""


class LinkRecords(Protocol):
    """Addresses under which an object can be read by whoever knows them. They go with the object, as shares do."""

    def add(self, container_id: ContainerId, name: str, token: str) -> None:
        """Raises NotFound: no such object; AlreadyExists: it has one."""

    def remove(self, container_id: ContainerId, name: str) -> None:
        """What has none is no error."""

    def of(self, container_id: ContainerId, name: str) -> str | None: ...
    def of_all(self, container_id: ContainerId, names: Sequence[str]) -> Mapping[str, str]:
        """The addresses of a page of names, which are in order, by name."""

    def names(self, container_id: ContainerId) -> list[str]:
        """All objects of a container that have one, by name."""

    def behind(self, token: str) -> tuple[Container, str] | None:
        """The object's container and name."""


class GroupRecords(Protocol):
    def of(self, project: ProjectId) -> Mapping[str, tuple[ProjectId, ...]]:
        """The groups of an account by name, each with its members in order."""

    def joined(self, project: ProjectId, groups: Collection[Grantee]) -> set[Grantee]:
        """Those of the groups that a project is a member of."""

    def set(self, project: ProjectId, groups: Mapping[str, Collection[ProjectId]]) -> None:
        """Let an account have these groups and no others; one without members is none."""
