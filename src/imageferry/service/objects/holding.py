"""Containers held for a change, with the archives that their old states go into, always in one order.

So two who archive into each other, or move things in opposite directions, do not wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable

from imageferry.domain.access import ProjectId
from imageferry.domain.object import Container
from imageferry.ports.records import Session


def hold_all(session: Session, places: Iterable[tuple[ProjectId, Container]]) -> None:
    """Until the transaction ends. An account whose quota is kept is held before. Raises NotFound."""
    ids = set()
    for project, container in places:
        ids.add(container.id)
        name = container.versioning.archive
        archive = session.objects.container(project, name) if name else None
        if archive is not None:
            ids.add(archive.id)
    for container_id in sorted(ids):
        session.objects.hold(container_id)
