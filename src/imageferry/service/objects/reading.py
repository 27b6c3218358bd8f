"""Objects as they are read: as one piece, whatever they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imageferry.domain.access import Act, Caller, ProjectId
from imageferry.domain.errors import NotFound
from imageferry.domain.moment import Moment
from imageferry.domain.object import MAX_OBJECT_SIZE, StoredObject
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records, Session
from imageferry.service.blobs import Blobs, Section, cut, whole
from imageferry.service.objects import large_objects as large
from imageferry.service.objects.containers import Containers, container_of
from imageferry.service.objects.large_objects import Budget, OpenObject, SegmentList


class Reading(Containers):
    """The use-cases that change nothing."""

    def __init__(self, records: Records, blobs: Blobs, clock: Clock, *, max_object_size: int = MAX_OBJECT_SIZE) -> None:
        super().__init__(records, clock)
        self._blobs = blobs
        self.max_object_size = max_object_size

    def show(self, caller: Caller | None, project: ProjectId, container: str, name: str) -> StoredObject:
        """The record itself: of a large object the manifest, not what it stands for."""
        self.may(caller, Act.READ_OBJECTS, project, container, name)
        with self._records.reading() as session:
            return object_in(session, project, container, name, self._clock())

    def open(
        self,
        caller: Caller | None,
        project: ProjectId,
        container: str,
        name: str,
        *,
        as_stored: bool = False,
        to_read: bool = True,
    ) -> OpenObject:
        """An object to read.

        Args:
            as_stored: a manifest itself instead of what it stands for.
            to_read: False where size and etag are enough; then segments need not be whole.

        Raises:
            StatusConflict: a segment of a static large object is gone or is another.
        """
        self.may(caller, Act.READ_OBJECTS, project, container, name)
        with self._records.reading() as session:
            item = object_in(session, project, container, name, self._clock())
            rows = []
            if item.whole is None and item.manifest is not None and not as_stored:
                rows = large.dynamic_segments(session, project, item, self._clock())
            elif item.whole is None or as_stored:
                blob = session.blobs.get(item.blob_id)
                if blob is None:
                    raise NotFound("object", f"{container}/{name}")
                return OpenObject(item=item, size=item.size, etag=item.md5, sections=(whole(blob),), is_large=False)
        if item.whole is None:
            self.may(caller, Act.READ_OBJECTS, project, (item.manifest or "").partition("/")[0])
            return large.joined(item, ((row, self._sections(caller, project, row)) for row in rows))
        sections = tuple(self._sections(caller, project, item)) if to_read else ()
        return OpenObject(item=item, size=item.whole.size, etag=item.whole.etag, sections=sections, is_large=True)

    def read(self, opened: OpenObject, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes from ``start`` (inclusive) to ``stop`` (exclusive), in pieces of up to a block."""
        stop = opened.size if stop is None else stop
        return self._blobs.read(cut(opened.sections, start, stop))

    def segments(
        self, caller: Caller | None, project: ProjectId, container: str, name: str
    ) -> tuple[StoredObject, SegmentList]:
        """A static large object and the list of its segments."""
        item = self.show(caller, project, container, name)
        return item, SegmentList((), b"", 0) if item.whole is None else self._listed(item)

    def _sections(
        self,
        caller: Caller | None,
        project: ProjectId,
        item: StoredObject,
        *,
        depth: int = 1,
        budget: Budget | None = None,
    ) -> Sequence[Section]:
        """What an object is made of, lists within lists resolved. Raises StatusConflict."""
        own = large.own_section(item)
        if item.whole is None:
            return [own]
        budget = budget or Budget()
        listed = self._listed(item)
        budget.take(item, len(listed.segments), depth)
        for place in listed.containers:
            self.may(caller, Act.READ_OBJECTS, project, place)
        with self._records.reading() as session:
            found = large.found_segments(session, project, item, listed.segments, self._clock())
        sections: list[Section] = []
        inline = listed.offset
        for segment, there in zip(listed.segments, found, strict=True):
            if there is None:
                sections.append(Section(own.blob, inline, inline + segment.size))
                inline += segment.size
                continue
            its = self._sections(caller, project, there, depth=depth + 1, budget=budget)
            sections += its if segment.span is None else cut(its, *segment.span)
        return sections

    def _listed(self, item: StoredObject) -> SegmentList:
        return large.unpack(b"".join(self._blobs.read([large.own_section(item)])))


def object_in(session: Session, project: ProjectId, container: str, name: str, now: Moment) -> StoredObject:
    item = session.objects.object(container_of(session, project, container).id, name)
    if item is None or item.is_expired(now):
        raise NotFound("object", f"{container}/{name}")
    return item
