"""Objects made of blocks that are there already, by their names: docs/decisions/0008-presence-per-account.md.

A name proves nothing about who has the bytes. A block therefore counts as present only for
projects that can read it already, or that have sent it: the caller's own, and the one that is
written to if the caller may read everything there. Who may read only the object that is to be
replaced has the blocks of that one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from imageferry.domain.access import Act, Caller, ProjectId, allow, owns
from imageferry.domain.blob import Blob, BlobDraft, BlobId, block_length, blocks_in, can_join
from imageferry.domain.block import EMPTY, BlockName, padded
from imageferry.domain.digest import Algorithm
from imageferry.domain.errors import AccessDenied, BadInput, Damaged, StatusConflict, TooLarge
from imageferry.domain.hash_map import MAX_HASHES, HashMap
from imageferry.domain.moment import later
from imageferry.domain.object import MAX_LISTING, Container, StoredObject, checked_object_name
from imageferry.domain.precondition import NO_CONDITION, Precondition
from imageferry.domain.versioning import VersionId
from imageferry.ports.records import Session
from imageferry.ports.records.presence import SENT_FOR_S
from imageferry.service.blob_writer import new_blob_id
from imageferry.service.blobs import Section, whole
from imageferry.service.objects.containers import container_of
from imageferry.service.objects.large_objects import OpenObject
from imageferry.service.objects.quotas import refuse_unused
from imageferry.service.objects.traits import Traits, check_traits
from imageferry.service.objects.uploads import Intake
from imageferry.service.objects.versions import Versions
from imageferry.service.objects.writing import Target

_PAGE = 10_000  # names asked for at a time
_MAX_NAMES = 200  # of metadata: they travel in one header


@dataclass(frozen=True, slots=True)
class Missing:
    """Blocks that the caller has to send first: each once, in the order of first use."""

    names: tuple[BlockName, ...]


class HashMaps(Versions):
    """The use-cases of hash maps."""

    def send_blocks(
        self, caller: Caller | None, project: ProjectId, container: str, *, size: int | None = None
    ) -> Intake[list[BlockName]]:
        """Begin to send blocks that an object will be made of: each of BLOCK_SIZE bytes, the last of what is left.

        At its end all are stored and count as present for the project, for SENT_FOR_S or until they are used; the
        result is their names in order. For who may write to all of the account only.

        Args:
            size: bytes promised; None for a body in chunks.

        Raises:
            NotFound: no such container.
            OverQuota: there are as many unused ones as a quota allows.
        """
        allow(caller, Act.WRITE_OBJECTS, owner=project)
        what = f"blocks for container {container}"
        if size is not None and size > self.max_object_size:
            raise TooLarge(what, self.max_object_size, size)

        def fits(taken: int) -> None:
            with self._records.reading() as session:
                refuse_unused(session, project, container_of(session, project, container), more=taken)

        fits(size or 0)
        return Intake(
            what,
            self._blobs.writer(()),
            limit=self.max_object_size,
            size=size,
            promised=None,
            keep=lambda draft: self._remember(project, draft),
            give_up=self._blobs.give_up,
            fits=fits if size is None else None,
        )

    def _remember(self, project: ProjectId, draft: BlobDraft) -> list[BlockName]:
        """All are stored by now: what is remembered is there, and until here the upload has kept it."""
        with self._records.writing(durable=False) as session:
            session.presence.remember_sent(project, list(draft.blocks.values()), self._clock())
            if draft.upload:
                session.blobs.end_upload(draft.upload)
        return [draft.blocks.get(index, EMPTY) for index in range(blocks_in(draft.size))]

    def put_by_hashes(
        self,
        caller: Caller | None,
        project: ProjectId,
        container: str,
        name: str,
        wanted: HashMap,
        traits: Traits,
        *,
        only_if: Precondition = NO_CONDITION,
    ) -> StoredObject | Missing:
        """Make an object of blocks that are present for the caller, or say which are not. No byte moves.

        Its MD5 is not known before somebody asks for it (see ``show``), but for an object of one block.

        Raises:
            BadInput: the last block has more bytes than are left for it.
            OverQuota, PreconditionFailed, NotFound: as for an upload.
        """
        target = Target.of(caller, project, container, checked_object_name(name), only_if)
        self.may(caller, Act.WRITE_OBJECTS, project, container, name)
        check_traits(traits, self._clock())
        self._room_for(target, wanted.size)
        sources = _sources(caller, project)
        base = None if project in sources else self._readable(caller, target)
        names = [block for block in dict.fromkeys(wanted.names) if block != EMPTY]
        # First without being in anybody's way: most maps are sent to hear what is missing.
        with self._records.reading() as session:
            there = {block for page in _pages(names) for block in self._reachable(session, sources, base, page)}
        missing = (set(names) - there) | self._blobs.lost(there)
        if missing:
            return _in_order(names, missing)
        try:
            draft = self._draft(wanted)
        except Damaged:  # by now; sending it again heals it
            return Missing((wanted.names[-1],))
        with self._records.writing() as session:
            for page in _pages(sorted(names)):  # in one order everywhere, so that two never deadlock
                held = session.presence.hold(page)
                missing |= set(page) - (held & self._reachable(session, sources, base, page))
            if missing:
                return _in_order(names, missing)
            kept = self._keep_in(session, target, draft, traits)
            for source in sources:
                for page in _pages(names):
                    session.presence.forget_used(source, page)
            return kept

    def _readable(self, caller: Caller | None, target: Target) -> BlobId | None:
        """The bytes of the object that is there, for somebody of another project who may read that one."""
        try:
            self.may(caller, Act.READ_OBJECTS, target.project, target.container, target.name)
        except AccessDenied:
            return None
        with self._records.reading() as session:
            item = session.objects.object(target.container_in(session).id, target.name)
        plain = item is not None and item.whole is None and not item.is_expired(self._clock())
        return item.blob_id if item is not None and plain else None

    def _reachable(
        self, session: Session, sources: Sequence[ProjectId], base: BlobId | None, names: Sequence[BlockName]
    ) -> set[BlockName]:
        now = self._clock()
        since = later(now, seconds=-SENT_FOR_S)
        found = session.presence.reachable(sources, names, now=now, sent_since=since)
        return found if base is None else found | session.presence.in_blob(base, names)

    def _draft(self, wanted: HashMap) -> BlobDraft:
        """A blob of these blocks, all of them present. Only the last can be too long: no block is longer than whole."""
        digests: dict[Algorithm, str] = {}
        if wanted.names:
            name, length = wanted.names[-1], block_length(wanted.size, len(wanted.names) - 1)
            content = b"" if name == EMPTY else self._blobs.content(name)
            if len(content) > length:
                expected = f"at least {len(content) - length} more: the last block has {len(content)} bytes"
                raise BadInput("bytes", wanted.size, expected)
        if len(wanted.names) <= 1:
            data = padded(content, wanted.size) if wanted.names else b""
            digests[Algorithm.MD5] = hashlib.md5(data, usedforsecurity=False).hexdigest()
        blocks = {index: name for index, name in enumerate(wanted.names) if name != EMPTY}
        return BlobDraft(id=new_blob_id(), size=wanted.size, blocks=blocks, digests=digests)

    def hash_map_of(
        self,
        caller: Caller | None,
        project: ProjectId,
        container: str,
        name: str,
        *,
        version: VersionId | None = None,
    ) -> tuple[StoredObject, HashMap]:
        """The record of an object, or of a version, and the names of its blocks.

        Raises:
            StatusConflict: a large object whose parts do not end where blocks do.
            TooLarge: one of more blocks than a hash map has.
        """
        opened = self.open(caller, project, container, name, version=version, with_md5=False)
        return opened.item, self.hash_map_in(opened)

    def hash_map_in(self, opened: OpenObject) -> HashMap:
        """The names of the blocks of an object that is at hand. Raises as ``hash_map_of`` does."""
        name = opened.item.name
        parts = [section for section in opened.sections if section.size]
        if any(part != whole(part.blob) for part in parts) or not can_join([part.size for part in parts]):
            found = "a large object whose parts do not end at whole blocks"
            raise StatusConflict("object", name, found=found, wanted="a hash map of it")
        if blocks_in(opened.size) > MAX_HASHES:
            raise TooLarge(f"hash map of {name}", MAX_HASHES, blocks_in(opened.size), unit="hashes")
        names = tuple(block for part in parts for block in self._names_of(part))
        return HashMap(size=opened.size, names=names)

    def tops(self, items: Iterable[StoredObject]) -> Mapping[BlobId, str]:
        """The tops of the trees over their blocks' names, by blob; of a large object it is that of its list."""
        with self._records.reading() as session:
            return session.blobs.tops({item.blob_id for item in items})

    def metadata_names(self, container: Container) -> list[str]:
        """What items of metadata the objects of a container have, as far as its first 10,000 tell."""
        with self._records.reading() as session:
            return session.objects.metadata_names(container.id, looked_at=MAX_LISTING, limit=_MAX_NAMES)

    def _names_of(self, part: Section) -> Iterator[BlockName]:
        blob: Blob = part.blob
        for first in range(0, blob.block_count, _PAGE):
            with self._records.reading() as session:
                page = session.blobs.block_names(blob.id, first, _PAGE)
            if not page:
                raise Damaged("blob", blob.id, "its block list is gone")
            yield from page


def _sources(caller: Caller | None, project: ProjectId) -> list[ProjectId]:
    """The projects whose bytes the caller could read already. Who may write somewhere by an access list alone has
    not read what is there; a guest has read nothing.
    """
    own = {caller.project_id} if caller is not None and caller.known else set()
    readable = {project} if owns(caller, Act.READ_OBJECTS, project) else set()
    return sorted(source for source in own | readable if source is not None)


def _pages(names: Sequence[BlockName]) -> Iterator[Sequence[BlockName]]:
    for first in range(0, len(names), _PAGE):
        yield names[first : first + _PAGE]


def _in_order(names: Sequence[BlockName], missing: set[BlockName]) -> Missing:
    return Missing(tuple(name for name in names if name in missing))
