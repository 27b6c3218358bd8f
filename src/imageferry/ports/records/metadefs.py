"""What is remembered of metadata definitions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from imageferry.domain.access import ProjectId
from imageferry.domain.image import Visibility
from imageferry.domain.metadef import Namespace, NamespaceId
from imageferry.domain.moment import Moment

NAMESPACE_SORT_KEYS = ("name", "display_name", "description", "visibility", "owner", "created_at", "updated_at")


@dataclass(frozen=True, kw_only=True, slots=True)
class NamespaceQuery:
    """Which namespaces, in which order. All that is None does not restrict.

    ``viewer`` sees its own and the public ones. ``sort``: a key of ``NAMESPACE_SORT_KEYS`` and
    "asc" or "desc". ``marker``: the name of the last page's last one.
    """

    viewer: ProjectId | None = None
    visibility: Visibility | None = None
    resource_types: Collection[str] | None = None  # one of them is enough
    sort: tuple[str, str] = ("created_at", "desc")
    marker: str | None = None
    limit: int = 25


class MetadefRecords(Protocol):
    def add(self, namespace: Namespace) -> None:
        """Raises AlreadyExists: there is one of that name."""

    def get(self, name: str) -> Namespace | None: ...
    def held(self, name: str) -> Namespace | None:
        """The same, and nobody else changes it until this transaction ends."""

    def update(self, namespace: Namespace) -> None:
        """Keep the namespace of this id as it now is, with these parts and no others.

        Raises:
            NotFound: there is none of that id.
            AlreadyExists: another one has its name.
        """

    def delete(self, namespace_id: NamespaceId) -> None:
        """Raises NotFound."""

    def page(self, query: NamespaceQuery) -> list[Namespace]:
        """One page, by key; the name decides between equals. Of their parts only the resource types are there.

        Raises:
            BadInput: a marker that is not there, an unknown sort key or direction.
        """

    def resource_types(self) -> dict[str, Moment]:
        """Those that any namespace names, by name, and when the first one did."""
