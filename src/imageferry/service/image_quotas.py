"""How much a project may keep as images, held to exactly: what is too much is taken back before anybody sees it.

A project that nobody has set a limit for costs one look at the limits and no counting.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from imageferry.domain.access import Act, Caller, ProjectId, allow
from imageferry.domain.errors import BadInput
from imageferry.domain.image_quota import Amounts, Resource, check_limits
from imageferry.ports.records import Records, Session

Bound = Callable[[int], None]
"""Takes the size so far; raises OverLimit when it is too much."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """What a project has of a resource, and may have; None: as much as it likes."""

    used: int
    limit: int | None


class ImageQuotas:
    """The use-cases of limits, and what other use-cases ask before they add something."""

    def __init__(self, records: Records, defaults: Amounts) -> None:
        """``defaults``: for projects without limits of their own; 0 is none."""
        self._records = records
        self._defaults = {resource: limit for resource, limit in defaults.items() if limit > 0}
        self._uploads: WeakKeyDictionary[object, ProjectId] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def shown(self, caller: Caller | None) -> Mapping[Resource, Share]:
        """What the caller's project has of everything; nothing where it has no limit at all."""
        project = allow(caller, Act.READ_IMAGES).project
        with self._records.reading() as session:
            limited = bool(self._limits(session, project))
        return self.of_project(project) if limited else {}

    def of_project(self, project: ProjectId) -> Mapping[Resource, Share]:
        """What a project has of everything, for whoever administers the machine."""
        with self._records.reading() as session:
            limits, used = self._limits(session, project), self._used(session, project)
        return {resource: Share(used=amount, limit=limits.get(resource)) for resource, amount in used.items()}

    def set_limit(self, project: ProjectId, resource: Resource, limit: int | None) -> None:
        """For whoever administers the machine. ``limit`` None: as for all projects. Raises NotFound, BadInput."""
        if limit is not None and not 0 <= limit < 1 << 63:
            raise BadInput(resource.value, limit, "a whole number, 0 or more")
        with self._records.writing() as session:
            session.usage.set_limit(project, resource, limit)

    def check(self, session: Session, project: ProjectId, **more: int) -> None:
        """Around whatever adds images or bytes: in its own transaction of writing, before it adds them.

        Args:
            more: how much more, by the name of a ``Resource`` in small letters.

        Raises:
            OverLimit: the project may not keep so much.
        """
        limits = self._limits(session, project)
        if limits.keys() & _amounts(more).keys():
            session.usage.hold(project)
            check_limits(project, limits, self._used(session, project), _amounts(more))

    def refuse_early(self, session: Session, project: ProjectId, **more: int) -> None:
        """As ``check``, where only reading is allowed: what has begun then may still be refused at its end."""
        limits = self._limits(session, project)
        if limits.keys() & _amounts(more).keys():
            check_limits(project, limits, self._used(session, project), _amounts(more))

    def bound(self, session: Session, project: ProjectId, resource: Resource, wanted: int | None) -> Bound:
        """What an upload of ``wanted`` bytes (None: nobody knows) is checked with while it comes in.

        Raises:
            OverLimit: there is no room for so many, or for a single one.
        """
        limits = self._limits(session, project)
        used = self._used(session, project) if resource in limits else {}

        def check(size: int) -> None:
            check_limits(project, limits, used, {resource: size})

        check(max(wanted or 0, 1))
        return check

    def begin(self, session: Session, project: ProjectId, upload: object) -> None:
        """Count an upload as on its way, until its ``end`` or until nobody knows it any more. Raises OverLimit."""
        limits = self._limits(session, project)
        waiting = session.usage.of_images(project)[Resource.UPLOADS] if Resource.UPLOADS in limits else 0
        with self._lock:
            used = {Resource.UPLOADS: waiting + self._sent_now(project)}
            check_limits(project, limits, used, {Resource.UPLOADS: 1})
            self._uploads[upload] = project

    def end(self, upload: object) -> None:
        with self._lock:
            self._uploads.pop(upload, None)

    def _limits(self, session: Session, project: ProjectId) -> Amounts:
        return {**self._defaults, **session.usage.limits(project)}

    def _used(self, session: Session, project: ProjectId) -> Amounts:
        kept = session.usage.of_images(project)
        with self._lock:
            return {**kept, Resource.UPLOADS: kept[Resource.UPLOADS] + self._sent_now(project)}

    def _sent_now(self, project: ProjectId) -> int:
        return sum(1 for owner in self._uploads.values() if owner == project)


def _amounts(more: Mapping[str, int]) -> Amounts:
    return {Resource[name.upper()]: amount for name, amount in more.items()}
