"""Objects made, changed, copied and deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

from imageferry.domain.access import Act, Caller, ProjectId, owns
from imageferry.domain.blob import BlobDraft
from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.errors import (
    AccessDenied,
    BadInput,
    Forbidden,
    NotFound,
    PreconditionFailed,
    StatusConflict,
    TooLarge,
)
from imageferry.domain.link import Link
from imageferry.domain.object import Container, StoredObject, Whole, checked_container_name, checked_object_name
from imageferry.domain.precondition import ANY, NO_CONDITION, Precondition
from imageferry.domain.versioning import NO_VERSION, VersionId
from imageferry.ports.records import Session
from imageferry.service.objects.archives import new_id
from imageferry.service.objects.containers import container_of, held
from imageferry.service.objects.keeping import Deletion, live, overwrite, remove
from imageferry.service.objects.opened import change_sharing, refuse_opening
from imageferry.service.objects.quotas import refuse_early, within_quotas
from imageferry.service.objects.reading import Reading, link_tag, state_in
from imageferry.service.objects.traits import Traits, check_traits, with_traits
from imageferry.service.objects.uploads import Upload


class Writing(Reading):
    """The use-cases that change one object."""

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
        with_md5: bool = True,
        only_if: Precondition = NO_CONDITION,
    ) -> Upload:
        """Begin an upload: everything that can be refused before the bytes is refused here.

        Args:
            size: bytes promised; None for a body in chunks.
            md5: what the bytes must hash to, if the caller says so.
            with_md5: False where nobody is told the MD5: it is then computed when somebody asks for it.
            only_if: asked of the top of what is there (see ``HashMaps.tops``).
        """
        target = Target.of(caller, project, container, checked_object_name(name), only_if)
        self._may_put(caller, project, container, name, traits)
        check_traits(traits, self._clock())
        if size is not None and size > self.max_object_size:
            raise TooLarge(target.what, self.max_object_size, size)
        fits = self._room_for(target, size or 0)

        return Upload(
            target.what,
            self._blobs.writer((Algorithm.MD5,) if with_md5 or md5 else ()),
            limit=self.max_object_size if traits.link is None else 0,
            size=size,
            promised=md5,
            keep=lambda draft: self._keep(target, draft, traits),
            give_up=self._blobs.give_up,
            fits=fits if size is None else None,
        )

    def _may_put(self, caller: Caller | None, project: ProjectId, container: str, name: str, traits: Traits) -> None:
        """Who may write an object because it is shared does not delete it, and so does not let it expire either."""
        ending = traits.delete_at is not None or traits.delete_after_s is not None
        self.may(caller, Act.WRITE_OBJECTS, project, container, name, by_share=not ending)

    def _may_end(self, caller: Caller | None, project: ProjectId, container: str, name: str) -> bool:
        try:
            self.may(caller, Act.WRITE_OBJECTS, project, container, name, by_share=False)
        except AccessDenied:
            return False
        return True

    def _room_for(self, target: Target, size: int) -> Callable[[int], None]:
        """Refuse what can be refused before the bytes; returns what refuses so many bytes later on.

        Raises:
            NotFound, PreconditionFailed, OverQuota.
        """
        with self._records.reading() as session:
            place = target.container_in(session)
            there = session.objects.object(place.id, target.name)
            target.check(session, None if there is None or there.is_expired(self._clock()) else there)
        gone = 0 if there is None or place.versioning.enabled or there.version else there.size

        def fits(taken: int) -> None:
            more, objects = taken - gone, int(there is None)
            with self._records.reading() as session:
                refuse_early(session, target.project, place, self._clock(), more=more, objects=objects)

        fits(size)
        return fits

    def link_to(
        self,
        caller: Caller | None,
        place: tuple[ProjectId, str, str],
        target: tuple[ProjectId, str, str],
        *,
        md5: str | None = None,
    ) -> tuple[Link, str | None]:
        """A link that is to be kept as ``place``, and the content type of what a static one leads to.

        Args:
            md5: makes it a static one, which leads to those very bytes.

        Raises:
            BadInput: it leads to itself, or can lead nowhere.
            StatusConflict: a static one, and the target is not there or has another tag.
        """
        project, container, name = target
        if target == place:
            raise BadInput("X-Symlink-Target", f"{container}/{name}", "another object: Symlink cannot target itself")
        link = Link(
            project_id=project, container=checked_container_name(container), name=checked_object_name(name), md5=md5
        )
        if md5 is None:
            return link, None
        try:
            item = self.show(caller, *target)
        except NotFound as error:
            raise StatusConflict(
                "link", name, found="without X-Symlink-Target", wanted="making a static one"
            ) from error
        if link_tag(item) != md5:
            wanted = f"{md5}, as X-Symlink-Target-Etag says"
            raise StatusConflict("object", name, found=f"one with the tag {link_tag(item)}", wanted=wanted)
        if item.link is not None:
            return replace(link, size=item.link.size, whole_etag=item.link.whole_etag), item.content_type
        if item.whole is not None:
            return replace(link, size=item.whole.size, whole_etag=item.whole.etag), item.content_type
        return replace(link, size=item.size), item.content_type

    def _keep(self, target: Target, draft: BlobDraft, traits: Traits, facts: Whole | None = None) -> StoredObject:
        """The end of an upload: the object becomes visible, whole, in one transaction."""
        with self._records.writing() as session:
            return self._keep_in(session, target, draft, traits, facts)

    def _keep_in(
        self, session: Session, target: Target, draft: BlobDraft, traits: Traits, facts: Whole | None = None
    ) -> StoredObject:
        now = self._clock()
        self._blobs.keep_in(session, draft)
        container = target.container_in(session)
        fresh = StoredObject(
            id=new_id(),
            container_id=container.id,
            name=target.name,
            blob_id=draft.id,
            size=draft.size,
            md5=draft.digests.get(Algorithm.MD5, ""),
            content_type=traits.content_type,
            metadata=traits.metadata,
            headers=traits.headers,
            manifest=traits.manifest,
            whole=facts,
            link=traits.link,
            delete_at=traits.expiry(now),
            created_at=now,
            updated_at=now,
        )
        kept = put_object(session, target, container, fresh)
        change_sharing(session, container, kept, traits.sharing, now)
        return kept

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
        may_end = self._may_end(caller, project, container, name)
        with self._records.writing() as session:
            session.objects.hold(container_of(session, project, container).id)
            item, _ = state_in(session, project, container, name, self._clock())
            traits = change(item)
            check_traits(traits, self._clock())
            if not may_end and traits.expiry(self._clock()) not in (None, item.delete_at):
                raise Forbidden("let an object of another project expire")
            fresh = with_traits(item, traits, self._clock())
            if not owns(caller, Act.WRITE_OBJECTS, project):
                refuse_opening(session, item, fresh)
            return session.objects.put_object(fresh)

    def copy(
        self,
        caller: Caller | None,
        source: tuple[ProjectId, str, str],
        target: tuple[ProjectId, str, str],
        traits: Callable[[StoredObject], Traits],
        *,
        version: VersionId | None = None,
        as_stored: bool = False,
        as_link: bool = False,
        with_md5: bool = True,
        only_if: Precondition = NO_CONDITION,
        part: Callable[[int], tuple[int, int] | None] = lambda _: None,
    ) -> tuple[StoredObject, StoredObject]:
        """Copy an object; no byte moves unless it is a large object that becomes one piece, or a part is asked for.

        A large object is copied as what it stands for, unless ``as_stored``, a link as what it leads to,
        unless ``as_link``. ``with_md5`` is as for ``open``. ``traits`` and ``part`` are asked
        when the source is known: what the copy shall have, and which bytes (first, and the one after the last;
        None for all) of how many. They may refuse. Returns the source's record and the new one.
        """
        place = Target.of(caller, *target, only_if)
        self.may(caller, Act.WRITE_OBJECTS, *target)
        checked_object_name(place.name)
        opened = self.open(caller, *source, version=version, as_stored=as_stored, as_link=as_link, with_md5=with_md5)
        wanted = traits(opened.item)
        check_traits(wanted, self._clock())
        self._may_put(caller, *target, wanted)
        span = part(opened.size)
        if opened.is_large or span is not None:
            plain = replace(wanted, manifest=None)
            start, stop = span or (0, opened.size)
            with self.upload(caller, *target, traits=plain, size=stop - start, only_if=only_if) as upload:
                for data in self.read(opened, start, stop):
                    upload.write(data)
                return opened.item, upload.commit()
        now = self._clock()
        with self._records.writing() as session:
            container = place.container_in(session)
            copied = replace(
                with_traits(opened.item, wanted, now),
                id=new_id(),
                container_id=container.id,
                name=place.name,
                version=NO_VERSION,
                created_at=now,
            )
            kept = put_object(session, place, container, copied)
            change_sharing(session, container, kept, wanted.sharing, now)
            return opened.item, kept

    def delete(self, caller: Caller | None, project: ProjectId, container: str, name: str) -> Deletion:
        """Delete an object; where old states are kept, that it was deleted is kept too.

        Raises:
            NotFound: there is none, and nothing to be remembered of the attempt.
            PreconditionFailed: the archive of old states is not there.
        """
        self.may(caller, Act.WRITE_OBJECTS, project, container, name, by_share=False)
        with self._records.writing() as session:
            return remove(session, project, held(session, project, container), name, self._clock())


@dataclass(frozen=True, slots=True)
class Target:
    """Where an upload goes."""

    project: ProjectId
    container: str
    name: str
    only_if: Precondition = NO_CONDITION
    by_owner: bool = False  # somebody of the project itself puts it there

    @classmethod
    def of(
        cls, caller: Caller | None, project: ProjectId, container: str, name: str, only_if: Precondition = NO_CONDITION
    ) -> Self:
        return cls(project, container, name, only_if, by_owner=owns(caller, Act.WRITE_OBJECTS, project))

    @property
    def what(self) -> str:
        return f"object {self.container}/{self.name}"

    def container_in(self, session: Session) -> Container:
        """Raises NotFound."""
        return container_of(session, self.project, self.container)

    def check(self, session: Session, there: StoredObject | None) -> None:
        """Raises PreconditionFailed: what is there must not be, or not be what it is."""
        tag = _tag(session, there) if self.only_if.names_tags else None if there is None else ANY
        if not self.only_if.holds(tag):
            raise PreconditionFailed(self.what, str(self.only_if))


def put_object(session: Session, target: Target, container: Container, fresh: StoredObject) -> StoredObject:
    """Put an object within the quotas, and keep the one there as its container wants it.

    Raises:
        OverQuota: it does not fit.
        PreconditionFailed: there is one and must not be, or old states have nowhere to go.
        Forbidden: it would open to others what is below that name.
    """
    with within_quotas(session, target.project, container, fresh.updated_at):
        container = held(session, target.project, target.container)
        there = live(session, container, fresh.name, fresh.updated_at)
        target.check(session, there)
        if there is not None and not target.by_owner:
            refuse_opening(session, there, fresh)
        return overwrite(session, target.project, container, there, fresh)


def _tag(session: Session, there: StoredObject | None) -> str | None:
    """The top of an object's tree; of a static large object the tag of the whole."""
    if there is None:
        return None
    return session.blobs.tops([there.blob_id])[there.blob_id] if there.whole is None else there.whole.etag
