"""Object storage: accounts, containers, objects, and large objects joined when they are read."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from imageferry.domain.access import Act, Caller, ProjectId, allow
from imageferry.domain.blob import BlobDraft
from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.errors import (
    AlreadyExists,
    BadInput,
    DigestMismatch,
    Incomplete,
    NotFound,
    PreconditionFailed,
    TooLarge,
)
from imageferry.domain.moment import Moment
from imageferry.domain.object import (
    MAX_OBJECT_SIZE,
    Account,
    Container,
    ContainerId,
    ListingQuery,
    ObjectId,
    StoredObject,
    Subdir,
    checked_container_name,
    checked_metadata,
    checked_object_name,
)
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records, Session
from imageferry.service.blob_writer import BlobWriter
from imageferry.service.blobs import Blobs, Section, cut, whole

_SEGMENTS_A_PAGE = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Traits:
    """What an object has beside its name and its bytes."""

    content_type: str = "application/octet-stream"
    metadata: Mapping[str, str]
    headers: Mapping[str, str]  # kept as they came, lower-case names
    manifest: str | None = None  # "container/prefix" makes it a dynamic large object


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenObject:
    """An object ready to be read: as one piece, whatever it is made of.

    ``etag`` is the MD5 of the bytes for a plain object; for a large one the MD5 over the
    segments' MD5s, as Swift has it.
    """

    item: StoredObject
    size: int  # bytes, of all segments
    etag: str
    sections: tuple[Section, ...]
    is_large: bool


class Objects:
    """The use-cases of object storage. ``project`` is whose storage is meant; the caller may be another."""

    def __init__(self, records: Records, blobs: Blobs, clock: Clock, *, max_object_size: int = MAX_OBJECT_SIZE) -> None:
        self._records = records
        self._blobs = blobs
        self._clock = clock
        self.max_object_size = max_object_size

    # -- accounts ------------------------------------------------------------

    def account(self, caller: Caller | None, project: ProjectId) -> Account:
        allow(caller, Act.READ_OBJECTS, owner=project)
        with self._records.reading() as session:
            return session.objects.account(project, self._clock())

    def change_account(self, caller: Caller | None, project: ProjectId, changes: Mapping[str, str]) -> None:
        """Merge metadata; an empty value removes the item."""
        allow(caller, Act.WRITE_OBJECTS, owner=project)
        with self._records.writing() as session:
            account = session.objects.account(project, self._clock())
            metadata = checked_metadata(_merged(account.metadata, changes))
            session.objects.set_account_metadata(project, metadata, self._clock())

    def containers(
        self, caller: Caller | None, project: ProjectId, query: ListingQuery
    ) -> tuple[Account, list[Container | Subdir]]:
        allow(caller, Act.READ_OBJECTS, owner=project)
        with self._records.reading() as session:
            return session.objects.account(project, self._clock()), session.objects.containers(project, query)

    # -- containers ----------------------------------------------------------

    def create_container(
        self, caller: Caller | None, project: ProjectId, name: str, metadata: Mapping[str, str]
    ) -> bool:
        """Make a container, or merge metadata into the one there. Returns whether it is new."""
        allow(caller, Act.WRITE_OBJECTS, owner=project)
        checked_container_name(name)
        now = self._clock()
        with self._records.writing() as session:
            there = session.objects.container(project, name)
            if there is not None:
                merged = checked_metadata(_merged(there.metadata, metadata))
                session.objects.set_container_metadata(there, merged, now)
                return False
            fresh = Container(
                id=ContainerId(str(uuid.uuid4())),
                project_id=project,
                name=name,
                metadata=checked_metadata(_merged({}, metadata)),
                created_at=now,
                updated_at=now,
            )
            try:
                session.objects.add_container(fresh)
            except AlreadyExists:
                return False  # another writer was faster
            return True

    def container(self, caller: Caller | None, project: ProjectId, name: str) -> Container:
        allow(caller, Act.READ_OBJECTS, owner=project)
        with self._records.reading() as session:
            return _container(session, project, name)

    def change_container(
        self, caller: Caller | None, project: ProjectId, name: str, changes: Mapping[str, str]
    ) -> None:
        allow(caller, Act.WRITE_OBJECTS, owner=project)
        with self._records.writing() as session:
            there = _container(session, project, name)
            merged = checked_metadata(_merged(there.metadata, changes))
            session.objects.set_container_metadata(there, merged, self._clock())

    def delete_container(self, caller: Caller | None, project: ProjectId, name: str) -> None:
        allow(caller, Act.WRITE_OBJECTS, owner=project)
        with self._records.writing() as session:
            session.objects.delete_container(_container(session, project, name))

    def listing(
        self, caller: Caller | None, project: ProjectId, name: str, query: ListingQuery
    ) -> tuple[Container, list[StoredObject | Subdir]]:
        allow(caller, Act.READ_OBJECTS, owner=project)
        with self._records.reading() as session:
            container = _container(session, project, name)
            return container, session.objects.objects(container.id, query)

    # -- objects -------------------------------------------------------------

    def show(self, caller: Caller | None, project: ProjectId, container: str, name: str) -> StoredObject:
        """The record itself: of a large object the manifest, not what it stands for."""
        allow(caller, Act.READ_OBJECTS, owner=project)
        with self._records.reading() as session:
            return _object(session, project, container, name)

    def open(
        self, caller: Caller | None, project: ProjectId, container: str, name: str, *, as_stored: bool = False
    ) -> OpenObject:
        """An object to read. ``as_stored``: a manifest itself instead of what it stands for."""
        allow(caller, Act.READ_OBJECTS, owner=project)
        with self._records.reading() as session:
            item = _object(session, project, container, name)
            if item.manifest is not None and not as_stored:
                return _joined(session, project, item)
            blob = session.blobs.get(item.blob_id)
            if blob is None:
                raise NotFound("object", f"{container}/{name}")
            return OpenObject(item=item, size=item.size, etag=item.md5, sections=(whole(blob),), is_large=False)

    def read(self, opened: OpenObject, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes from ``start`` (inclusive) to ``stop`` (exclusive), in pieces of up to a block."""
        stop = opened.size if stop is None else stop
        return self._blobs.read(cut(opened.sections, start, stop))

    def upload(
        self,
        caller: Caller | None,
        project: ProjectId,
        container: str,
        name: str,
        *,
        traits: Traits,
        size: int | None = None,
        md5: str | None = None,
        only_if_absent: bool = False,
    ) -> Upload:
        """Begin an upload: everything that can be refused before the bytes is refused here.

        Args:
            size: bytes promised; None for a body in chunks.
            md5: what the bytes must hash to, if the caller says so.
        """
        allow(caller, Act.WRITE_OBJECTS, owner=project)
        checked_object_name(name)
        _check_traits(traits)
        promised = None if md5 is None else Digest.parse(Algorithm.MD5, md5, field="ETag")
        if size is not None and size > self.max_object_size:
            raise TooLarge(f"object {name}", self.max_object_size, size)
        with self._records.reading() as session:
            target = _container(session, project, container)
            if only_if_absent and session.objects.object(target.id, name) is not None:
                raise PreconditionFailed(f"object {container}/{name}", "If-None-Match: *")
        return Upload(self, target, name, traits, self._blobs.writer(), size, promised)

    def keep(self, upload: Upload, draft: BlobDraft) -> StoredObject:
        """The end of an upload: the object becomes visible, whole, in one transaction."""
        with self._records.writing() as session:
            self._blobs.keep_in(session, draft)
            md5 = draft.digests[Algorithm.MD5]
            return self._put(session, upload.container, upload.name, upload.traits, draft, md5)

    def _put(
        self, session: Session, container: Container, name: str, traits: Traits, blob: BlobDraft, md5: str
    ) -> StoredObject:
        now = self._clock()
        return session.objects.put_object(
            StoredObject(
                id=ObjectId(str(uuid.uuid4())),
                container_id=container.id,
                name=name,
                blob_id=blob.id,
                size=blob.size,
                md5=md5,
                content_type=traits.content_type,
                metadata=traits.metadata,
                headers=traits.headers,
                manifest=traits.manifest,
                created_at=now,
                updated_at=now,
            )
        )

    def change(
        self,
        caller: Caller | None,
        project: ProjectId,
        container: str,
        name: str,
        change: Callable[[StoredObject], Traits],
    ) -> StoredObject:
        """Replace an object's traits by what ``change`` makes of it."""
        allow(caller, Act.WRITE_OBJECTS, owner=project)
        with self._records.writing() as session:
            item = _object(session, project, container, name)
            traits = change(item)
            _check_traits(traits)
            return session.objects.put_object(_with_traits(item, traits, self._clock()))

    def copy(
        self,
        caller: Caller | None,
        source: tuple[ProjectId, str, str],
        target: tuple[ProjectId, str, str],
        traits: Callable[[StoredObject], Traits],
        *,
        as_stored: bool = False,
    ) -> tuple[StoredObject, StoredObject]:
        """Copy an object without copying bytes, where block boundaries allow.

        A large object is copied as what it stands for, unless ``as_stored``. Returns the
        source's record and the new one.
        """
        allow(caller, Act.WRITE_OBJECTS, owner=target[0])
        checked_object_name(target[2])
        opened = self.open(caller, *source, as_stored=as_stored)
        wanted = traits(opened.item)
        _check_traits(wanted)
        if not opened.is_large:
            with self._records.writing() as session:
                container = _container(session, target[0], target[1])
                now = self._clock()
                copied = replace(
                    _with_traits(opened.item, wanted, now),
                    id=ObjectId(str(uuid.uuid4())),
                    container_id=container.id,
                    name=target[2],
                    created_at=now,
                )
                return opened.item, session.objects.put_object(copied)
        upload = self.upload(caller, *target, traits=replace(wanted, manifest=None), size=opened.size)
        with upload:
            for block in self.read(opened):
                upload.write(block)
            return opened.item, upload.commit()

    def delete(self, caller: Caller | None, project: ProjectId, container: str, name: str) -> StoredObject:
        allow(caller, Act.WRITE_OBJECTS, owner=project)
        with self._records.writing() as session:
            target = _container(session, project, container)
            return session.objects.delete_object(target.id, name, self._clock())


class Upload:
    """An upload under way. Leaving its ``with`` without ``commit`` keeps nothing."""

    def __init__(
        self,
        objects: Objects,
        container: Container,
        name: str,
        traits: Traits,
        writer: BlobWriter,
        size: int | None,
        promised: Digest | None,
    ) -> None:
        self._objects = objects
        self.container = container
        self.name = name
        self.traits = traits
        self._writer = writer
        self._size = size
        self._promised = promised

    def write(self, part: bytes | bytearray) -> None:
        """The next bytes: pieces of any size up to a block (gathered to whole blocks)."""
        if self._writer.size + len(part) > self._objects.max_object_size:
            raise TooLarge(f"object {self.name}", self._objects.max_object_size)
        self._writer.write(part)

    def commit(self) -> StoredObject:
        """All bytes are in.

        Raises:
            Incomplete: fewer or more than promised.
            DigestMismatch: other bytes than promised.
        """
        if self._size is not None and self._writer.size != self._size:
            raise Incomplete(f"object {self.name}", promised=self._size, found=self._writer.size)
        draft = self._writer.finish()
        found = Digest(Algorithm.MD5, draft.digests[Algorithm.MD5])
        if self._promised is not None and self._promised != found:
            self._objects._blobs.give_up(draft)
            raise DigestMismatch(f"object {self.name}", promised=self._promised, found=found)
        return self._objects.keep(self, draft)

    def __enter__(self) -> Upload:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.abandon()


def _joined(session: Session, project: ProjectId, item: StoredObject) -> OpenObject:
    """A dynamic large object: all objects below its prefix, in name order."""
    container_name, _, prefix = (item.manifest or "").partition("/")
    sections: list[Section] = []
    etag = hashlib.md5(usedforsecurity=False)
    container = session.objects.container(project, container_name)
    query = ListingQuery(prefix=prefix, limit=_SEGMENTS_A_PAGE)
    while container is not None:
        page = [row for row in session.objects.objects(container.id, query) if isinstance(row, StoredObject)]
        for row in page:
            blob = session.blobs.get(row.blob_id)
            if blob is not None:
                sections.append(whole(blob))
                etag.update(row.md5.encode())
        if len(page) < _SEGMENTS_A_PAGE:
            break
        query = replace(query, marker=page[-1].name)
    size = sum(section.size for section in sections)
    return OpenObject(item=item, size=size, etag=etag.hexdigest(), sections=tuple(sections), is_large=True)


def _container(session: Session, project: ProjectId, name: str) -> Container:
    container = session.objects.container(project, name)
    if container is None:
        raise NotFound("container", name)
    return container


def _object(session: Session, project: ProjectId, container: str, name: str) -> StoredObject:
    item = session.objects.object(_container(session, project, container).id, name)
    if item is None:
        raise NotFound("object", f"{container}/{name}")
    return item


def _with_traits(item: StoredObject, traits: Traits, now: Moment) -> StoredObject:
    return replace(
        item,
        content_type=traits.content_type,
        metadata=traits.metadata,
        headers=traits.headers,
        manifest=traits.manifest,
        updated_at=now,
    )


def _check_traits(traits: Traits) -> None:
    checked_metadata(traits.metadata)
    if traits.manifest is not None:
        container, slash, prefix = traits.manifest.partition("/")
        if not slash or not container or not prefix:
            raise BadInput("X-Object-Manifest", traits.manifest, "<container>/<prefix>")


def _merged(metadata: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in {**metadata, **changes}.items() if value}
