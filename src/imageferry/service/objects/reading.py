"""Objects as they are read: as one piece, whatever they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from imageferry.domain.access import Act, Caller, ProjectId, allow, owns
from imageferry.domain.digest import Algorithm
from imageferry.domain.errors import DeletedThen, NotFound, NoVersions, StatusConflict
from imageferry.domain.link import MAX_LINKS, Link
from imageferry.domain.moment import Moment
from imageferry.domain.object import MAX_OBJECT_SIZE, Container, StoredObject
from imageferry.domain.versioning import NO_VERSION, VersionId, version_text
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records, Session
from imageferry.service.blobs import Blobs, Section, cut, whole
from imageferry.service.objects import large_objects as large
from imageferry.service.objects.containers import Containers, container_of
from imageferry.service.objects.large_objects import Allowance, Budget, OpenObject, SegmentList
from imageferry.service.turnstile import Turnstile


class Reading(Containers):
    """The use-cases that change nothing."""

    def __init__(self, records: Records, blobs: Blobs, clock: Clock, *, max_object_size: int = MAX_OBJECT_SIZE) -> None:
        super().__init__(records, clock)
        self._blobs = blobs
        self._digesting = Turnstile("the MD5 of the object", at_once=1, waiting=6, wait_s=20)
        self.max_object_size = max_object_size

    def show(
        self,
        caller: Caller | None,
        project: ProjectId,
        container: str,
        name: str,
        *,
        version: VersionId | None = None,
        with_md5: bool = True,
    ) -> StoredObject:
        """The record itself: of a large object the manifest, of a link the link, not what it stands for.

        Args:
            version: None for the current one, NO_VERSION for the current one if it is no version.
            with_md5: False where nobody is told the MD5, which may have to be computed for it.

        Raises:
            NotFound: none; NoVersions if the container never kept any.
        """
        item, _ = self._state(caller, project, container, name, version)
        return self._with_md5(item) if with_md5 else item

    def open(
        self,
        caller: Caller | None,
        project: ProjectId,
        container: str,
        name: str,
        *,
        version: VersionId | None = None,
        as_stored: bool = False,
        as_link: bool = False,
        to_read: bool = True,
        with_md5: bool = True,
    ) -> OpenObject:
        """An object to read.

        Args:
            version: as for ``show``.
            as_stored: a manifest itself instead of what it stands for.
            as_link: a link itself instead of what it leads to.
            to_read: False where size and etag are enough; then segments need not be whole.
            with_md5: as for ``show``; without it the etag may be "".

        Raises:
            StatusConflict: a segment of a static large object is gone or is another, or so is what a link leads to.
        """
        item, place = self._state(caller, project, container, name, version)
        end: Link | None = None
        if not as_link:
            item, end = self._followed(caller, item)
            project = project if end is None else end.project_id
        item = self._with_md5(item) if with_md5 else item
        opened = self._opened(caller, project, item, as_stored=as_stored, to_read=to_read)
        return replace(opened, reached=end, versioned=place.versioning.enabled is not None)

    def _opened(
        self, caller: Caller | None, project: ProjectId, item: StoredObject, *, as_stored: bool, to_read: bool
    ) -> OpenObject:
        if item.whole is not None and not as_stored:
            sections = tuple(self._sections(caller, project, item)) if to_read else ()
            return OpenObject(item=item, size=item.whole.size, etag=item.whole.etag, sections=sections, is_large=True)
        if item.manifest is not None and not as_stored and item.whole is None:
            with self._records.reading() as session:
                rows = large.dynamic_segments(session, project, item, self._clock())
            self.may(caller, Act.READ_OBJECTS, project, item.manifest.partition("/")[0])
            allowance = self._allowance()
            told = (self._with_md5(row, allowance) for row in rows)
            parts = (self._sections(caller, project, row, budget=Budget(allowance)) for row in rows)
            return large.joined(item, zip(told, parts, strict=True))
        own = (large.own_section(item),)
        return OpenObject(item=item, size=item.size, etag=item.md5, sections=own, is_large=False)

    def _followed(self, caller: Caller | None, item: StoredObject) -> tuple[StoredObject, Link | None]:
        """What a link leads to, and where that is; what is no link leads to itself.

        Raises:
            StatusConflict: it leads too far, or to other bytes than it did.
            AccessDenied, NotFound: at the end, as if it had been asked for there.
        """
        asked, link, promised = item, None, set[str]()
        for _ in range(MAX_LINKS + 1):
            if promised - {link_tag(item)}:
                wanted = f"{next(iter(promised))}, as the link says"
                raise StatusConflict("object", item.name, found=f"one with the tag {link_tag(item)}", wanted=wanted)
            if item.link is None:
                return item, link
            link = item.link
            promised = set() if link.md5 is None else {link.md5}
            # As for a part of a large object: who may read here by a signed URL, may also there.
            signed = caller is not None and caller.signed is not None
            self.may(caller, Act.READ_OBJECTS, link.project_id, link.container, None if signed else link.name)
            with self._records.reading() as session:
                item, _ = state_in(session, link.project_id, link.container, link.name, self._clock())
        raise StatusConflict("link", asked.name, found=f"one of more than {MAX_LINKS} in a row", wanted="following it")

    def _state(
        self, caller: Caller | None, project: ProjectId, container: str, name: str, version: VersionId | None
    ) -> tuple[StoredObject, Container]:
        """What is asked for. Access lists open what is there now, not what was there once."""
        self.may(caller, Act.READ_OBJECTS, project, container, name)
        with self._records.reading() as session:
            if version and not owns(caller, Act.READ_OBJECTS, project):
                current = session.objects.object(container_of(session, project, container).id, name)
                if current is None or current.number != version:
                    allow(caller, Act.READ_OBJECTS, owner=project)
            return state_in(session, project, container, name, self._clock(), version)

    def read(self, opened: OpenObject, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes from ``start`` (inclusive) to ``stop`` (exclusive), in pieces of up to a block."""
        stop = opened.size if stop is None else stop
        return self._blobs.read(cut(opened.sections, start, stop))

    def segments(
        self,
        caller: Caller | None,
        project: ProjectId,
        container: str,
        name: str,
        *,
        version: VersionId | None = None,
    ) -> tuple[StoredObject, SegmentList]:
        """A static large object and the list of its segments."""
        item = self.show(caller, project, container, name, version=version)
        return item, self.segments_of(item)

    def segments_of(self, item: StoredObject) -> SegmentList:
        """The same for an object that is at hand; nothing for one that has no segments."""
        return SegmentList((), b"", 0) if item.whole is None else self._listed(item)

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
        budget = budget or Budget(self._allowance())
        listed = self._listed(item)
        budget.take(item, len(listed.segments), depth)
        for place in listed.containers:
            self.may(caller, Act.READ_OBJECTS, project, place)
        paths = [(row.container, row.name) for row in listed.segments if not row.inline]
        found = large.found_segments(item, listed.segments, self._at(caller, project, paths, budget.allowance))
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

    def _at(
        self,
        caller: Caller | None,
        project: ProjectId,
        paths: Iterable[tuple[str, str]],
        allowance: Allowance | None = None,
    ) -> dict[tuple[str, str], StoredObject | None]:
        """What is at these paths, links followed; a link that leads nowhere counts as nothing."""
        allowance = allowance or self._allowance()
        with self._records.reading() as session:
            found = large.look_up(session, project, paths, self._clock())
        for path, item in found.items():
            if item is not None and item.link is not None:
                item = self._segment_behind(caller, project, item)
            found[path] = None if item is None else self._with_md5(item, allowance)
        return found

    def _allowance(self) -> Allowance:
        return Allowance(self.max_object_size)

    def _with_md5(self, item: StoredObject, allowance: Allowance | None = None) -> StoredObject:
        """The object with its MD5, which of one made by a hash map is computed when it is first asked for, and kept.

        Beyond what an upload may have, reading it all would be more than one request may cause: "" stays.
        One at a time in this process, so that nobody keeps all processors busy by asking.

        Args:
            allowance: of a request that asks for those of several; what was computed stays known.

        Raises:
            Unavailable: too many have asked for those of others, or it is more than one request may ask for.
        """
        if item.md5 or item.size > self.max_object_size:
            return item
        if allowance is not None:
            allowance.take(item.size)
        with self._digesting.turn():
            with self._records.reading() as session:
                blob = session.blobs.get(item.blob_id)
            if blob is None:
                return item
            md5 = self._blobs.digests([whole(blob)], [Algorithm.MD5])[Algorithm.MD5]
        with self._records.writing() as session:
            session.objects.set_md5(blob.id, md5)
        return replace(item, md5=md5)

    def _segment_behind(self, caller: Caller | None, project: ProjectId, item: StoredObject) -> StoredObject | None:
        try:
            end, link = self._followed(caller, item)
        except (NotFound, StatusConflict):
            return None
        # A list in another account names segments of that account: as a part it would mean others here.
        return None if end.whole is not None and link is not None and link.project_id != project else end

    def _listed(self, item: StoredObject) -> SegmentList:
        return large.unpack(b"".join(self._blobs.read([large.own_section(item)])))


def state_in(
    session: Session, project: ProjectId, container: str, name: str, now: Moment, version: VersionId | None = None
) -> tuple[StoredObject, Container]:
    """The current object, or one of its versions, and the container it is in.

    Raises:
        NotFound: none; DeletedThen if that version is the mark of a deletion, NoVersions if the container
            never kept any and this is not the number of the current object.
    """
    place = container_of(session, project, container)
    current = session.objects.object(place.id, name)
    if not version:
        if current is None or current.is_expired(now) or (version == NO_VERSION and current.version != NO_VERSION):
            raise NotFound("object", f"{container}/{name}")
        return current, place
    if current is not None and current.number == version:
        if current.version:
            return replace(current, delete_at=None), place  # versions do not expire
        if not current.is_expired(now):
            return current, place
    versioned(place)
    found = session.versions.version(place.id, name, version)
    if found is None:
        raise NotFound("object", f"{container}/{name}")
    if found.item is None:
        raise DeletedThen("object", f"{container}/{name}", version_text(version))
    return found.item, place


def versioned(container: Container) -> Container:
    """Raises NoVersions."""
    if container.versioning.enabled is None:
        raise NoVersions("container", container.name)
    return container


def link_tag(item: StoredObject) -> str:
    """What a static link to this object promises: of one that leads to a static link, what that promises."""
    return item.md5 if item.link is None or item.link.md5 is None else item.link.md5
