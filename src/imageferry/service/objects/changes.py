"""Objects changed where they are: what is said of them, and some of their bytes.

Each change is a new state of the object, kept as its container keeps states. Of the bytes only
those blocks are read and written that are touched; all others are referred to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from imageferry.domain.access import Act, Caller, ProjectId
from imageferry.domain.blob import Blob, BlobDraft
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.errors import BadInput, NotFound, StatusConflict, TooLarge, Unavailable
from imageferry.domain.hash_map import MAX_HASHES
from imageferry.domain.object import StoredObject
from imageferry.domain.precondition import NO_CONDITION, Precondition
from imageferry.domain.splice import Made, Piece, Splice, cut, length_of, spliced, woven
from imageferry.domain.versioning import NO_VERSION, VersionId
from imageferry.ports.records import Session
from imageferry.service.objects.large_objects import own_section
from imageferry.service.objects.opened import change_sharing
from imageferry.service.objects.quotas import refuse_early
from imageferry.service.objects.reading import state_in
from imageferry.service.objects.splicing import Splicing
from imageferry.service.objects.traits import Traits, check_traits, with_traits
from imageferry.service.objects.transfers import Place, Transfers, held_in_order
from imageferry.service.objects.weaving import Source, Weaver, piece_of
from imageferry.service.objects.writing import Target, put_object
from imageferry.service.turnstile import Turnstile

_TRIES = 100  # of a change, while others change the same object; each time one of them has come to its end
_PAGE = 10_000  # blocks held at a time
_FEW = 3  # blocks made anew at the ends of what goes in, and where it ends all
_MAKING = Turnstile("the bytes that it takes", at_once=1, waiting=2, wait_s=20)

Change = Callable[[StoredObject], Traits]
"""Makes of an object what it shall have. It may be asked several times, and may refuse."""


class Changes(Transfers):
    """The use-cases that change an object where it is."""

    def restate(
        self,
        caller: Caller | None,
        project: ProjectId,
        container: str,
        name: str,
        change: Change,
        *,
        only_if: Precondition = NO_CONDITION,
    ) -> tuple[StoredObject, bool]:
        """Change what is said of an object; returns it, and whether anything is another thing now.

        Other than with ``change`` this is a new state. An archive, which is for bytes, gets nothing of it.

        Raises:
            NotFound: no such object.
            OverQuota: the old state, which is kept, does not fit as well.
        """
        target = Target(project, container, name, only_if)
        self.may(caller, Act.WRITE_OBJECTS, project, container, name)
        with self._records.writing() as session:
            now = self._clock()
            [place] = held_in_order(session, [(project, container)], now)
            item, _ = state_in(session, project, container, name, now)
            target.check(session, item)
            traits = change(item)
            check_traits(traits, now)
            change_sharing(session, place, item, traits.sharing, now)
            fresh = with_traits(item, traits, now)
            if fresh == replace(item, updated_at=now):
                return item, False
            if place.versioning.archive:
                return session.objects.put_object(fresh), True
            return put_object(session, target, place, replace(fresh, version=NO_VERSION)), True

    def splice(
        self,
        caller: Caller | None,
        project: ProjectId,
        container: str,
        name: str,
        splice: Splice,
        change: Change,
        *,
        size: int | None = None,
        only_if: Precondition = NO_CONDITION,
    ) -> Splicing:
        """Begin to put bytes into an object. None of several who do so at once is lost.

        Args:
            size: bytes promised; None for a body in chunks.

        Raises:
            NotFound, PreconditionFailed, OverQuota, TooLarge: as for an upload.
            RangeNotSatisfiable: they would leave a gap behind what is there.
            StatusConflict: the object is made of others, or stands for another.
        """
        target = Target(project, container, name, only_if)
        self.may(caller, Act.WRITE_OBJECTS, project, container, name)
        if splice.length is not None and size is not None and size != splice.length:
            raise BadInput("Content-Range", f"{splice.length} bytes", f"as many as Content-Length says: {size}")
        if size is not None and size > self.max_object_size:
            raise TooLarge(target.what, self.max_object_size, size)
        start = splice.place(self._base(target).size)

        def fits(taken: int) -> None:
            self._refuse_early(target, start + taken)

        fits(size or 0)
        return Splicing(
            target.what,
            lambda: self._blobs.writer(()),
            before=start % BLOCK_SIZE,
            limit=self.max_object_size if splice.length is None else splice.length,
            size=splice.length if size is None else size,
            fits=fits,
            keep=lambda sent: self._spliced(target, splice, change, lambda _: [sent.piece], sent.draft),
            give_up=self._blobs.give_up,
        )

    def splice_from(
        self,
        caller: Caller | None,
        source: Place,
        target: Place,
        splice: Splice,
        change: Change,
        *,
        version: VersionId | None = None,
        only_if: Precondition = NO_CONDITION,
    ) -> StoredObject:
        """Put bytes of an object, from its first one on, into another one, or into itself.

        Args:
            version: a version of the source.

        Raises:
            BadInput: the source has fewer bytes than shall go in.
            NotFound, StatusConflict, RangeNotSatisfiable, OverQuota: as for ``splice``.
        """
        self.may(caller, Act.WRITE_OBJECTS, *target)

        def taken(base: StoredObject) -> Sequence[Piece[Source]]:
            if source == target and version is None:
                self.may(caller, Act.READ_OBJECTS, *source)
                return [_all_of(base)]
            opened = self.open(caller, *source, version=version, with_md5=False)
            return [piece_of(part.blob, part.start, part.stop) for part in opened.sections]

        return self._spliced(Target(*target, only_if), splice, change, taken)

    def _spliced(
        self,
        target: Target,
        splice: Splice,
        change: Change,
        taken: Callable[[StoredObject], Sequence[Piece[Source]]],
        draft: BlobDraft | None = None,
    ) -> StoredObject:
        """Weave what it shall be of what it is; again, if it became another one meanwhile."""
        weaver = Weaver(self._blobs, self._records)
        for _ in range(_TRIES):
            base = self._base(target)
            start = splice.place(base.size)
            available = taken(base)
            new = list(cut(available, 0, splice.taken(start, length_of(available))))
            pieces = spliced([_all_of(base)], new, start)
            if splice.cut is not None:
                pieces = list(cut(pieces, 0, splice.cut))
            if length_of(pieces) > MAX_HASHES * BLOCK_SIZE:
                raise TooLarge(target.what, MAX_HASHES * BLOCK_SIZE, length_of(pieces))
            self._refuse_early(target, length_of(pieces))
            with self._turn_to_make(target, pieces):
                draft_of_all = weaver.weave(pieces)
            kept: StoredObject | None = None
            try:
                kept = self._keep_woven(target, base, draft_of_all, new, change, draft)
            finally:
                if kept is None:
                    self._blobs.give_up(draft_of_all)
            if kept is not None:
                return kept
        raise Unavailable(target.what, f"others changed it {_TRIES} times while this was about to")

    def _turn_to_make(self, target: Target, pieces: Sequence[Piece[Source]]) -> AbstractContextManager[None]:
        """Around the making of blocks that none is there for: what begins in the midst of one moves all behind it.

        Raises:
            TooLarge: more bytes than an upload may bring would be read and written.
            Unavailable: others are at work on many.
        """
        made = sum(isinstance(block, Made) for block in woven(pieces))
        if (made - _FEW) * BLOCK_SIZE > self.max_object_size:
            what = f"what is moved within its blocks, of {target.what}"
            raise TooLarge(what, self.max_object_size, made * BLOCK_SIZE)
        return _MAKING.turn() if made > _FEW else nullcontext()

    def _keep_woven(
        self,
        target: Target,
        base: StoredObject,
        woven: BlobDraft,
        new: Sequence[Piece[Source]],
        change: Change,
        draft: BlobDraft | None,
    ) -> StoredObject | None:
        """None: the object is another one by now, or what was taken from is gone."""
        with self._records.writing() as session:
            now = self._clock()
            [place] = held_in_order(session, [(target.project, target.container)], now)
            item, _ = state_in(session, target.project, target.container, target.name, now)
            if item.blob_id != base.blob_id or not _still_there(session, woven, base, new):
                return None
            traits = change(item)
            check_traits(traits, now)
            change_sharing(session, place, item, traits.sharing, now)
            self._blobs.keep_in(session, woven)
            if draft is not None and draft.upload:
                session.blobs.end_upload(draft.upload)
            fresh = replace(
                with_traits(item, traits, now), blob_id=woven.id, size=woven.size, md5="", version=NO_VERSION
            )
            return put_object(session, target, place, fresh)

    def _base(self, target: Target) -> StoredObject:
        """What is there.

        Raises:
            NotFound, PreconditionFailed.
            StatusConflict: its bytes are not its own.
        """
        with self._records.reading() as session:
            item, _ = state_in(session, target.project, target.container, target.name, self._clock())
            target.check(session, item)
        if item.whole is not None or item.manifest is not None or item.link is not None:
            found = "one that is made of others, or stands for another"
            raise StatusConflict("object", target.name, found=found, wanted="changing its bytes")
        return item

    def _refuse_early(self, target: Target, size: int) -> None:
        """Raises OverQuota: an object of that size does not go in."""
        with self._records.reading() as session:
            place = target.container_in(session)
            there = session.objects.object(place.id, target.name)
            if there is None:
                raise NotFound("object", f"{target.container}/{target.name}")
            gone = 0 if place.versioning.enabled or there.version else there.size
            refuse_early(session, target.project, place, self._clock(), more=size - gone, objects=0)


def _all_of(item: StoredObject) -> Piece[Source]:
    return piece_of(own_section(item).blob)


def _still_there(session: Session, woven: BlobDraft, base: StoredObject, new: Sequence[Piece[Source]]) -> bool:
    """Whether what blocks were taken from is there, and stays until the transaction ends.

    The object itself keeps the blob that it has. Of others the blocks are held first: a blob that is
    there afterwards has kept them until then.
    """
    others = {piece.source.id for piece in new if isinstance(piece.source, Blob)} - {base.blob_id}
    if not others:
        return True
    names = sorted(set(woven.blocks.values()))
    for first in range(0, len(names), _PAGE):
        session.presence.hold(names[first : first + _PAGE])
    return all(session.blobs.get(blob_id) is not None for blob_id in others)
