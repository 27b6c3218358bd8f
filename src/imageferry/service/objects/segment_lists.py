"""Static large objects: made of a list of segments that are there already, and deleted with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from imageferry.domain.access import Act, Caller, ProjectId, allow
from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.errors import BadInput, BadSegments, DigestMismatch, NotFound, StatusConflict, TooLarge
from imageferry.domain.object import MAX_SEGMENTS, Segment, StoredObject, checked_object_name
from imageferry.domain.versioning import VersionId
from imageferry.service.objects import large_objects as large
from imageferry.service.objects.containers import container_of, held
from imageferry.service.objects.holding import hold_all
from imageferry.service.objects.keeping import remove, remove_version
from imageferry.service.objects.large_objects import Budget, SegmentList, WantedSegment
from imageferry.service.objects.traits import Traits, check_traits
from imageferry.service.objects.uploads import Upload
from imageferry.service.objects.writing import Target, Writing

MAX_DELETED = 10_000  # segments that go with one large object


@dataclass(frozen=True, slots=True)
class Deleted:
    """What became of a static large object and its segments."""

    deleted: int
    missing: int


class SegmentLists(Writing):
    """The use-cases that concern a list and all that is on it."""

    def put_static(
        self,
        caller: Caller | None,
        project: ProjectId,
        container: str,
        name: str,
        *,
        traits: Traits,
        wanted: Sequence[WantedSegment],
        etag: Digest | None = None,
    ) -> StoredObject:
        """Make a static large object of segments that are there already.

        Raises:
            BadSegments: some are missing, or not as they should be.
            DigestMismatch: ``etag`` was promised over the segments' MD5s.
        """
        target = Target.of(caller, project, container, checked_object_name(name))
        self._may_put(caller, project, container, name, traits)
        check_traits(traits, self._clock())
        if len(wanted) > MAX_SEGMENTS:
            raise TooLarge(target.what, MAX_SEGMENTS, len(wanted), unit="segments")
        for place in {wish.container for wish in wanted if wish.data is None}:
            self.may(caller, Act.READ_OBJECTS, project, place)
        with self._records.reading() as session:
            container_of(session, project, container)
        paths = [(wish.container, wish.name) for wish in wanted if wish.data is None]
        segments = large.checked_segments((container, name), wanted, self._at(caller, project, paths))
        self._check_nested(caller, project, (container, name), segments)
        facts = large.whole_of(segments)
        found = Digest(Algorithm.MD5, facts.etag)
        if etag is not None and etag != found:
            raise DigestMismatch(target.what, promised=etag, found=found)
        with Upload(
            target.what,
            self._blobs.writer(),
            limit=self.max_object_size,
            size=None,
            promised=None,
            keep=lambda draft: self._keep(target, draft, traits, facts),
            give_up=self._blobs.give_up,
        ) as upload:
            upload.write(large.pack(segments, wanted))
            return upload.commit()

    def _check_nested(
        self, caller: Caller | None, project: ProjectId, place: tuple[str, str], segments: Sequence[Segment]
    ) -> None:
        """Raises BadSegments: a list within the list is broken, too deep, or comes back to ``place``."""
        problems: list[tuple[str, str]] = []
        budget = Budget(self._allowance())
        times = Counter((row.container, row.name) for row in segments if row.nested)
        for (container, name), count in times.items():
            item = self._at(caller, project, [(container, name)], budget.allowance)[container, name]
            if item is None:
                problems.append((f"/{container}/{name}", "not found"))
                continue
            listed = self.segments_of(item)
            try:
                before = budget.left
                self._sections(caller, project, item, depth=2, budget=budget)
                budget.take(item, (before - budget.left) * (count - 1), depth=2)
                if place in self._all_paths(project, listed):
                    problems.append((f"/{container}/{name}", "refers to itself"))
            except StatusConflict as error:
                problems.append((f"/{container}/{name}", f"is {error.found}"))
        if problems:
            raise BadSegments(f"large object {place[1]}", problems)

    def _all_paths(self, project: ProjectId, listed: SegmentList) -> dict[tuple[str, str], None]:
        """Containers and names of all segments, those of lists within the list too."""
        paths: dict[tuple[str, str], None] = {}
        waiting = [listed]
        while waiting:
            fresh = {(row.container, row.name): row for row in waiting.pop().segments if not row.inline}
            with self._records.reading() as session:
                nested = [
                    session.objects.object(there.id, row.name)
                    for path, row in fresh.items()
                    if row.nested and path not in paths
                    if (there := session.objects.container(project, row.container)) is not None
                ]
            paths |= dict.fromkeys(fresh)
            if len(paths) > MAX_DELETED:
                raise TooLarge("large object", MAX_DELETED, unit="segments")
            waiting += [self._listed(item) for item in nested if item is not None and item.whole is not None]
        return paths

    def delete_static(
        self,
        caller: Caller | None,
        project: ProjectId,
        container: str,
        name: str,
        *,
        version: VersionId | None = None,
    ) -> Deleted:
        """Delete a static large object together with its segments, and theirs, or nothing of it.

        Raises:
            BadInput: it is not one.
        """
        self.may(caller, Act.WRITE_OBJECTS, project, container, name, by_share=False)
        if version:
            allow(caller, Act.WRITE_OBJECTS, owner=project)
        item, listed = self.segments(caller, project, container, name, version=version)
        if item.whole is None:
            raise BadInput("object", name, "a static large object")
        paths = self._all_paths(project, listed)
        paths.pop((container, name), None)
        for its in {path[0] for path in paths}:
            self.may(caller, Act.WRITE_OBJECTS, project, its)
        missing = 0
        with self._records.writing() as session:
            now = self._clock()
            places = (session.objects.container(project, its) for its in {container, *(path[0] for path in paths)})
            hold_all(session, [(project, place) for place in places if place is not None])
            for path in sorted(paths):
                try:
                    gone = remove(session, project, held(session, project, path[0]), path[1], now)
                    missing += gone.item is None
                except NotFound:
                    missing += 1
            place = held(session, project, container)
            if version is None:
                remove(session, project, place, name, now)
            else:
                remove_version(session, place, name, version, now)
        return Deleted(deleted=len(paths) - missing + 1, missing=missing)
