"""The use-cases of metadata definitions: everybody with a project reads, administrators write."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace

from imageferry.domain.access import Act, Caller, allow
from imageferry.domain.errors import NotFound
from imageferry.domain.metadef import (
    RESOURCE_TYPES,
    Namespace,
    NamespaceId,
    Outline,
    can_see,
    checked_namespace,
)
from imageferry.domain.moment import Moment
from imageferry.ports.clock import Clock
from imageferry.ports.records import NamespaceQuery, Records, Session


class Metadefs:
    """A caller who may not see a namespace is told that there is none."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def create(self, caller: Caller | None, outline: Outline) -> Namespace:
        """Raises AlreadyExists: of the name, or of one of its parts."""
        caller = allow(caller, Act.WRITE_METADEFS)
        now = self._clock()
        namespace = Namespace(
            id=NamespaceId(str(uuid.uuid4())),
            name=outline.name,
            owner=outline.owner or caller.project,
            display_name=outline.display_name,
            description=outline.description,
            visibility=outline.visibility,
            protected=outline.protected,
            created_at=now,
            updated_at=now,
        )
        for kind, name, body in outline.parts:
            namespace = namespace.with_part(kind, name, body, now)
        checked_namespace(namespace)
        with self._records.writing() as session:
            session.metadefs.add(namespace)
        return namespace

    def show(self, caller: Caller | None, name: str) -> Namespace:
        caller = allow(caller, Act.READ_METADEFS)
        with self._records.reading() as session:
            return _seen(session.metadefs.get(name), caller, name)

    def page(self, caller: Caller | None, query: NamespaceQuery) -> list[Namespace]:
        """One page of what the caller may find, of their parts only the resource types.

        Raises:
            NotFound: the marker, as far as the caller is concerned.
        """
        caller = allow(caller, Act.READ_METADEFS)
        with self._records.reading() as session:
            if query.marker is not None:
                _seen(session.metadefs.get(query.marker), caller, query.marker)
            return session.metadefs.page(replace(query, viewer=None if caller.is_admin else caller.project))

    def update(self, caller: Caller | None, name: str, outline: Outline) -> Namespace:
        """Say all of a namespace anew, but for its parts, which stay.

        Raises:
            AlreadyExists: another one has the new name.
        """

        def anew(namespace: Namespace, now: Moment) -> Namespace:
            return replace(
                namespace,
                name=outline.name,
                owner=outline.owner or owner,
                display_name=outline.display_name,
                description=outline.description,
                visibility=outline.visibility,
                protected=outline.protected,
                updated_at=now,
            )

        owner = allow(caller, Act.READ_METADEFS).project
        return self.change(caller, name, anew)

    def change(self, caller: Caller | None, name: str, change: Callable[[Namespace, Moment], Namespace]) -> Namespace:
        """Replace a namespace by what ``change`` makes of it and of the time of now: all or nothing."""
        with self._records.writing() as session:
            namespace = self._held(session, caller, name)
            changed = checked_namespace(change(namespace, self._clock()))
            session.metadefs.update(changed)
            return changed

    def delete(self, caller: Caller | None, name: str) -> None:
        """Raises Forbidden: it is protected."""
        with self._records.writing() as session:
            namespace = self._held(session, caller, name)
            namespace.check_removal("it")
            session.metadefs.delete(namespace.id)

    def resource_types(self, caller: Caller | None) -> dict[str, Moment | None]:
        """Names to choose from, and since when a namespace uses them; None: not yet."""
        allow(caller, Act.READ_METADEFS)
        with self._records.reading() as session:
            used = session.metadefs.resource_types()
        return {**dict.fromkeys(RESOURCE_TYPES), **used}

    def _held(self, session: Session, caller: Caller | None, name: str) -> Namespace:
        """A namespace that the caller may change. One that may only be seen is a Forbidden, any other a NotFound."""
        caller = allow(caller, Act.READ_METADEFS)
        namespace = _seen(session.metadefs.held(name), caller, name)
        allow(caller, Act.WRITE_METADEFS)
        return namespace


def _seen(namespace: Namespace | None, caller: Caller, name: str) -> Namespace:
    if namespace is None or not can_see(namespace, caller):
        raise NotFound("namespace", name)
    return namespace
