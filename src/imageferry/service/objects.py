"""Object storage: accounts, containers and objects."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from imageferry.domain.access import Act, Caller, ProjectId
from imageferry.domain.blob import BlobDraft
from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.errors import (
    BadInput,
    BadSegments,
    DigestMismatch,
    NotFound,
    PreconditionFailed,
    StatusConflict,
    TooLarge,
)
from imageferry.domain.moment import SECOND, Moment, later
from imageferry.domain.object import (
    MAX_OBJECT_SIZE,
    MAX_SEGMENTS,
    ContainerId,
    ObjectId,
    Segment,
    StoredObject,
    Whole,
    checked_metadata,
    checked_object_name,
)
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records, Session
from imageferry.service import large_objects as large
from imageferry.service.blobs import Blobs, Section, cut, whole
from imageferry.service.containers import Containers, container_of
from imageferry.service.large_objects import Budget, OpenObject, SegmentList, WantedSegment
from imageferry.service.quotas import refuse_early, within_quotas
from imageferry.service.uploads import Upload

__all__ = ["Deleted", "Objects", "OpenObject", "Traits", "WantedSegment"]

MAX_DELETED = 10_000  # segments that go with one large object


@dataclass(frozen=True, kw_only=True, slots=True)
class Traits:
    """What an object has beside its name and its bytes."""

    content_type: str = "application/octet-stream"
    metadata: Mapping[str, str]
    headers: Mapping[str, str]  # kept as they came, lower-case names
    manifest: str | None = None  # "container/prefix" makes it a dynamic large object
    delete_at: Moment | None = None
    delete_after_s: int | None = None  # counts from now, and goes before ``delete_at``

    def expiry(self, now: Moment) -> Moment | None:
        return self.delete_at if self.delete_after_s is None else later(now, seconds=self.delete_after_s)


@dataclass(frozen=True, slots=True)
class Deleted:
    """What became of a static large object and its segments."""

    deleted: int
    missing: int


class Objects(Containers):
    """The use-cases of object storage. ``project`` is whose storage is meant; the caller may be another."""

    def __init__(self, records: Records, blobs: Blobs, clock: Clock, *, max_object_size: int = MAX_OBJECT_SIZE) -> None:
        super().__init__(records, clock)
        self._blobs = blobs
        self.max_object_size = max_object_size

    # -- reading -------------------------------------------------------------

    def show(self, caller: Caller | None, project: ProjectId, container: str, name: str) -> StoredObject:
        """The record itself: of a large object the manifest, not what it stands for."""
        self.may(caller, Act.READ_OBJECTS, project, container, name)
        with self._records.reading() as session:
            return _object(session, project, container, name, self._clock())

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
            item = _object(session, project, container, name, self._clock())
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

    # -- writing -------------------------------------------------------------

    def upload(
        self,
        caller: Caller | None,
        project: ProjectId,
        container: str,
        name: str,
        *,
        traits: Traits,
        size: int | None = None,
        md5: Digest | None = None,
        only_if_absent: bool = False,
    ) -> Upload:
        """Begin an upload: everything that can be refused before the bytes is refused here.

        Args:
            size: bytes promised; None for a body in chunks.
            md5: what the bytes must hash to, if the caller says so.
        """
        target = _Target(project, container, checked_object_name(name), only_if_absent)
        self.may(caller, Act.WRITE_OBJECTS, project, container, name)
        _check_traits(traits, self._clock())
        if size is not None and size > self.max_object_size:
            raise TooLarge(target.what, self.max_object_size, size)
        with self._records.reading() as session:
            place = container_of(session, project, container)
            there = session.objects.object(place.id, name)
            if only_if_absent and there is not None and not there.is_expired(self._clock()):
                raise target.not_absent
            more = (size or 0) - (0 if there is None else there.size)
            refuse_early(session, project, place, self._clock(), more=more, objects=int(there is None))
        return Upload(
            target.what,
            self._blobs.writer(),
            limit=self.max_object_size,
            size=size,
            promised=md5,
            keep=lambda draft: self._keep(target, draft, traits),
            give_up=self._blobs.give_up,
        )

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
        target = _Target(project, container, checked_object_name(name))
        self.may(caller, Act.WRITE_OBJECTS, project, container, name)
        _check_traits(traits, self._clock())
        if len(wanted) > MAX_SEGMENTS:
            raise TooLarge(target.what, MAX_SEGMENTS, len(wanted), unit="segments")
        for place in {wish.container for wish in wanted if wish.data is None}:
            self.may(caller, Act.READ_OBJECTS, project, place)
        with self._records.reading() as session:
            container_of(session, project, container)
            segments = large.checked_segments(session, project, (container, name), wanted, self._clock())
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
        budget = Budget()
        times = Counter((row.container, row.name) for row in segments if row.nested)
        for (container, name), count in times.items():
            item, listed = self.segments(caller, project, container, name)
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

    def _keep(self, target: _Target, draft: BlobDraft, traits: Traits, facts: Whole | None = None) -> StoredObject:
        """The end of an upload: the object becomes visible, whole, in one transaction."""
        now = self._clock()
        with self._records.writing() as session:
            self._blobs.keep_in(session, draft)
            fresh = StoredObject(
                id=_new_id(),
                container_id=target.container_in(session),
                name=target.name,
                blob_id=draft.id,
                size=draft.size,
                md5=draft.digests[Algorithm.MD5],
                content_type=traits.content_type,
                metadata=traits.metadata,
                headers=traits.headers,
                manifest=traits.manifest,
                whole=facts,
                delete_at=traits.expiry(now),
                created_at=now,
                updated_at=now,
            )
            return _put(session, target, fresh)

    def change(
        self,
        caller: Caller | None,
        project: ProjectId,
        container: str,
        name: str,
        change: Callable[[StoredObject], Traits],
    ) -> StoredObject:
        """Replace an object's traits by what ``change`` makes of it."""
        self.may(caller, Act.WRITE_OBJECTS, project, container, name)
        with self._records.writing() as session:
            session.objects.hold(container_of(session, project, container).id)
            item = _object(session, project, container, name, self._clock())
            traits = change(item)
            _check_traits(traits, self._clock())
            return session.objects.put_object(_with_traits(item, traits, self._clock()))

    def copy(
        self,
        caller: Caller | None,
        source: tuple[ProjectId, str, str],
        target: tuple[ProjectId, str, str],
        traits: Callable[[StoredObject], Traits],
        *,
        as_stored: bool = False,
        only_if_absent: bool = False,
    ) -> tuple[StoredObject, StoredObject]:
        """Copy an object; no byte moves unless it is a large object that becomes one piece.

        A large object is copied as what it stands for, unless ``as_stored``. Returns the
        source's record and the new one.
        """
        place = _Target(*target, only_if_absent)
        self.may(caller, Act.WRITE_OBJECTS, *target)
        checked_object_name(place.name)
        opened = self.open(caller, *source, as_stored=as_stored)
        wanted = traits(opened.item)
        _check_traits(wanted, self._clock())
        if opened.is_large:
            plain = replace(wanted, manifest=None)
            size = opened.size
            with self.upload(caller, *target, traits=plain, size=size, only_if_absent=only_if_absent) as upload:
                for part in self.read(opened):
                    upload.write(part)
                return opened.item, upload.commit()
        now = self._clock()
        with self._records.writing() as session:
            copied = replace(
                _with_traits(opened.item, wanted, now),
                id=_new_id(),
                container_id=place.container_in(session),
                name=place.name,
                created_at=now,
            )
            return opened.item, _put(session, place, copied)

    # -- deleting ------------------------------------------------------------

    def delete(self, caller: Caller | None, project: ProjectId, container: str, name: str) -> StoredObject:
        self.may(caller, Act.WRITE_OBJECTS, project, container, name)
        with self._records.writing() as session:
            target = container_of(session, project, container)
            item = session.objects.delete_object(target.id, name, self._clock())
            if item.is_expired(self._clock()):
                raise NotFound("object", f"{container}/{name}")  # as if it were gone; the sweep takes it
            return item

    def delete_static(self, caller: Caller | None, project: ProjectId, container: str, name: str) -> Deleted:
        """Delete a static large object together with its segments, and theirs, or nothing of it.

        Raises:
            BadInput: it is not one.
        """
        self.may(caller, Act.WRITE_OBJECTS, project, container, name)
        item, listed = self.segments(caller, project, container, name)
        if item.whole is None:
            raise BadInput("object", name, "a static large object")
        paths = self._all_paths(project, listed)
        paths.pop((container, name), None)
        for place in {path[0] for path in paths}:
            self.may(caller, Act.WRITE_OBJECTS, project, place)
        missing = 0
        with self._records.writing() as session:
            for path in sorted(paths):
                try:
                    target = container_of(session, project, path[0])
                    session.objects.delete_object(target.id, path[1], self._clock())
                except NotFound:
                    missing += 1
            target = container_of(session, project, container)
            session.objects.delete_object(target.id, name, self._clock())
        return Deleted(deleted=len(paths) - missing + 1, missing=missing)


@dataclass(frozen=True, slots=True)
class _Target:
    """Where an upload goes."""

    project: ProjectId
    container: str
    name: str
    only_if_absent: bool = False

    @property
    def what(self) -> str:
        return f"object {self.container}/{self.name}"

    def container_in(self, session: Session) -> ContainerId:
        """Raises NotFound."""
        return container_of(session, self.project, self.container).id

    @property
    def not_absent(self) -> PreconditionFailed:
        return PreconditionFailed(self.what, "If-None-Match: *")


def _put(session: Session, target: _Target, fresh: StoredObject) -> StoredObject:
    container = container_of(session, target.project, target.container)
    with within_quotas(session, target.project, container, fresh.updated_at):
        if target.only_if_absent:
            there = session.objects.object(container.id, fresh.name)
            if there is not None and there.is_expired(fresh.updated_at):
                session.objects.delete_object(container.id, fresh.name, fresh.updated_at)
        kept = session.objects.put_object(fresh)
    if target.only_if_absent and kept.id != fresh.id:
        raise target.not_absent  # another writer was faster; this takes ours back
    return kept


def _new_id() -> ObjectId:
    return ObjectId(str(uuid.uuid4()))


def _object(session: Session, project: ProjectId, container: str, name: str, now: Moment) -> StoredObject:
    item = session.objects.object(container_of(session, project, container).id, name)
    if item is None or item.is_expired(now):
        raise NotFound("object", f"{container}/{name}")
    return item


def _with_traits(item: StoredObject, traits: Traits, now: Moment) -> StoredObject:
    return replace(
        item,
        content_type=traits.content_type,
        metadata=traits.metadata,
        headers=traits.headers,
        manifest=traits.manifest,
        delete_at=traits.expiry(now),
        updated_at=now,
    )


def _check_traits(traits: Traits, now: Moment) -> None:
    checked_metadata(traits.metadata)
    expiry = traits.expiry(now)
    if expiry is not None and expiry <= now:
        raise BadInput("X-Delete-At", expiry // SECOND, "a time to come: X-Delete-At in past")
    if traits.manifest is not None:
        container, slash, prefix = traits.manifest.partition("/")
        if not slash or not container or not prefix:
            raise BadInput("X-Object-Manifest", traits.manifest, "<container>/<prefix>")
