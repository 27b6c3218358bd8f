"""Objects that change their names, and whole directories copied, moved and deleted.

A directory is what has names that begin with its own and a slash. What is done to one is done
to each object below in turn, as the names are at the beginning: each whole or not at all. The
first that is refused ends it; what was done by then stays done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from imageferry.domain.access import Act, Caller, ProjectId, owns
from imageferry.domain.errors import NotFound
from imageferry.domain.moment import Moment
from imageferry.domain.object import Container, ListingQuery, StoredObject, Subdir, checked_object_name
from imageferry.domain.precondition import NO_CONDITION, Precondition
from imageferry.domain.quota import sets_quota
from imageferry.domain.versioning import NO_VERSION
from imageferry.ports.records import Session
from imageferry.service.objects.containers import container_of, held, listed_in_acl
from imageferry.service.objects.history import History
from imageferry.service.objects.holding import hold_all
from imageferry.service.objects.keeping import arrive, depart, live, remove
from imageferry.service.objects.opened import change_sharing, opened_all
from imageferry.service.objects.quotas import within_quotas
from imageferry.service.objects.traits import Traits, check_traits, with_traits
from imageferry.service.objects.writing import Target, put_object
from imageferry.service.turnstile import Turnstile

Place = tuple[ProjectId, str, str]  # account, container, object

_AT_ONCE = 100  # objects that one transaction deletes
_MANY = Turnstile("a directory of so many objects", at_once=3, waiting=2, wait_s=20)


class Transfers(History):
    """The use-cases that move objects, and those on directories."""

    def move(
        self,
        caller: Caller | None,
        source: Place,
        target: Place,
        traits: Callable[[StoredObject], Traits],
        *,
        only_if: Precondition = NO_CONDITION,
    ) -> StoredObject:
        """Give an object another name, in the same container or in another one: it stays the object that it is.

        It is shared with nobody there, unless ``traits`` say so.
        Its id goes with it; what its old name held before stays there, as after a deletion. An object that
        bears the new name already ends. What is moved onto itself only gets the traits.

        Args:
            traits: makes of the object what it shall have at its new place; may refuse.
            only_if: asked of what bears the new name.

        Raises:
            NotFound: no such object, or no such container.
            OverQuota, PreconditionFailed: as for an upload.
            StatusConflict: what bears the new name is a protected image.
        """
        place = Target.of(caller, *target, only_if)
        checked_object_name(place.name)
        self.may(caller, Act.READ_OBJECTS, *source)
        self.may(caller, Act.WRITE_OBJECTS, *source, by_share=False)
        self.may(caller, Act.WRITE_OBJECTS, *target, by_share=False)  # what is there ends
        with self._records.writing() as session:
            now = self._clock()
            old, new = held_in_order(session, [source[:2], target[:2]], now)
            with within_quotas(session, place.project, new, now):
                item = live(session, old, source[2], now)
                if item is None:
                    raise NotFound("object", f"{source[1]}/{source[2]}")
                wanted = traits(item)
                check_traits(wanted, now)
                there = live(session, new, place.name, now)
                place.check(session, there)
                moved = replace(
                    with_traits(item, wanted, now), container_id=new.id, name=place.name, version=NO_VERSION
                )
                if source == target:
                    kept = put_object(session, place, new, moved)
                else:
                    depart(session, source[0], old, item, now)
                    kept = arrive(session, place.project, new, there, moved)
                change_sharing(session, new, kept, wanted.sharing, now)
                return kept

    def names_below(self, caller: Caller | None, project: ProjectId, container: str, directory: str) -> list[str]:
        """What is below a directory now, as far as the caller may read it; of "" all that is in the container.

        Raises:
            NotFound: no such container.
        """
        below = f"{directory.rstrip('/')}/" if directory else ""
        if directory:
            self.may(caller, Act.READ_OBJECTS, project, container, below)
        else:
            self.may(caller, Act.READ_OBJECTS, project, container, listing=True)
        with self._records.reading() as session:
            place, now = container_of(session, project, container), self._clock()
            names = list(_names(session, place, below, now))
            if owns(caller, Act.READ_OBJECTS, project) or listed_in_acl(place, caller, Act.READ_OBJECTS):
                return names
            told = opened_all(session, place, names, caller, now)
            return [name for name in names if told[name].right is not None]

    def pairs_below(self, caller: Caller | None, source: Place, target: Place) -> list[tuple[Place, Place]]:
        """What is below a directory, each with its place below another one.

        Raises:
            BadInput: a name would be too long there.
        """
        old, new = source[2].rstrip("/"), target[2].rstrip("/")
        names = self.names_below(caller, *source)
        return [
            ((*source[:2], name), (*target[:2], checked_object_name(f"{new}{name.removeprefix(old)}")))
            for name in names
        ]

    def turn_for(self, count: int) -> AbstractContextManager[None]:
        """Around work on so many objects in one request. Raises Unavailable: others are at work on as many."""
        return _MANY.turn() if count > _AT_ONCE else nullcontext()

    def delete_there(self, caller: Caller | None, project: ProjectId, container: str, name: str) -> None:
        """Delete an object that is there. Raises NotFound, and what ``delete`` raises."""
        self.may(caller, Act.WRITE_OBJECTS, project, container, name, by_share=False)
        with self._records.writing() as session:
            place = held(session, project, container)
            if live(session, place, name, self._clock()) is None:
                raise NotFound("object", f"{container}/{name}")
            remove(session, project, place, name, self._clock())

    def delete_below(self, caller: Caller | None, project: ProjectId, container: str, directory: str) -> int:
        """Delete everything below a directory, of "" all that is in the container. Returns how many that were.

        Raises:
            NotFound: no such container.
            StatusConflict: one of them is a protected image. Those before it are gone.
            Unavailable: as for ``turn_for``.
        """
        self.may(caller, Act.WRITE_OBJECTS, project, container, directory or None, by_share=False)
        names = self.names_below(caller, project, container, directory)
        if not owns(caller, Act.WRITE_OBJECTS, project):
            for name in names:
                self.may(caller, Act.WRITE_OBJECTS, project, container, name, by_share=False)
        with self.turn_for(len(names)):
            return sum(
                self._delete_all(project, container, names[first : first + _AT_ONCE])
                for first in range(0, len(names), _AT_ONCE)
            )

    def _delete_all(self, project: ProjectId, container: str, names: Sequence[str]) -> int:
        """Returns how many were there."""
        gone = 0
        with self._records.writing() as session:
            place = held(session, project, container)
            now = self._clock()
            for name in names:
                if live(session, place, name, now) is not None:
                    remove(session, project, place, name, now)
                    gone += 1
        return gone


def held_in_order(session: Session, places: Sequence[tuple[ProjectId, str]], now: Moment) -> list[Container]:
    """Containers, held until the transaction ends; the last one may grow. Raises NotFound.

    Always in one order: the account whose quota is kept, then the containers.
    """
    growing = places[-1][0]
    if sets_quota(session.objects.account_metadata(growing)):
        session.objects.hold_account(growing, now)
    hold_all(session, [(place[0], container_of(session, *place)) for place in places])
    return [container_of(session, *place) for place in places]


def _names(session: Session, container: Container, prefix: str, now: Moment) -> Iterator[str]:
    query = ListingQuery(prefix=prefix)
    while True:
        page: Sequence[StoredObject | Subdir] = session.objects.objects(container.id, query, now)
        yield from (row.name for row in page)
        if len(page) < query.limit:
            return
        query = replace(query, marker=page[-1].name)
