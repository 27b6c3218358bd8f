"""Who may see an image beside its owner: members, their offers and answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from imageferry.domain.access import Act, Caller, ProjectId, allow
from imageferry.domain.errors import Forbidden, NotFound, TooLarge
from imageferry.domain.image import MAX_MEMBERS, Image, ImageId, Member, MemberStatus, Visibility, can_see
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records, Session
from imageferry.service.registrations.readers import hold_object, readers_follow


class ProjectLookup(Protocol):
    """What images ask the identity service."""

    def project_called(self, text: str, *, by: ProjectId) -> ProjectId | None:
        """The project that ``by`` means with an id or a name."""


class Sharing:
    """The use-cases of members.

    A project may be named by its id or, within the caller's domain, by its name: clients send
    the name where they may not look the id up.
    """

    def __init__(self, records: Records, clock: Clock, projects: ProjectLookup) -> None:
        self._records = records
        self._clock = clock
        self._projects = projects

    def add_member(self, caller: Caller | None, image_id: ImageId, project: str) -> Member:
        """Offer an image to a project. It is seen there at once, and listed there once accepted.

        Raises:
            Forbidden: not an image that can be shared.
            NotFound: no such image, or no such project.
            AlreadyExists: it was offered before.
        """
        caller = allow(caller, Act.WRITE_IMAGES)
        project_id = self._projects.project_called(project, by=caller.project)
        now = self._clock()
        with self._records.writing() as session:
            hold_object(session, image_id)
            image = owned(session, caller, image_id)
            if image.visibility is not Visibility.SHARED:
                raise Forbidden(f"share an image whose visibility is {image.visibility}", "Set it to shared first.")
            if project_id is None:
                raise NotFound("project", project)
            if len(session.images.members(image.id)) >= MAX_MEMBERS:
                raise TooLarge(f"members of image {image.id}", MAX_MEMBERS, unit="members")
            member = Member(image_id=image.id, project_id=project_id, created_at=now, updated_at=now)
            session.images.add_member(member)
            readers_follow(session, image.id, now)
        return member

    def answer_offer(self, caller: Caller | None, image_id: ImageId, project: str, status: MemberStatus) -> Member:
        """Accept or reject: for the receiving project only, not even for the owner."""
        caller = allow(caller, Act.WRITE_IMAGES)
        project_id = self._meant(caller, project)
        with self._records.writing() as session:
            image = seen(session, caller, image_id)
            if caller.project_id != project_id:
                if image.owner == caller.project_id or caller.is_admin:
                    raise Forbidden("answer an offer in the name of another project")
                raise NotFound("member", project)
            member = session.images.member(image.id, project_id)
            if member is None:
                raise NotFound("member", project)
            answered = replace(member, status=status, updated_at=self._clock())
            session.images.update_member(answered)
            return answered

    def remove_member(self, caller: Caller | None, image_id: ImageId, project: str) -> None:
        caller = allow(caller, Act.WRITE_IMAGES)
        project_id = self._meant(caller, project)
        with self._records.writing() as session:
            hold_object(session, image_id)
            image = owned(session, caller, image_id)
            session.images.delete_member(image.id, project_id)
            readers_follow(session, image.id, self._clock())

    def member(self, caller: Caller | None, image_id: ImageId, project: str) -> Member:
        members = self.members(caller, image_id)
        project_id = self._meant(allow(caller, Act.READ_IMAGES), project)
        for member in members:
            if member.project_id == project_id:
                return member
        raise NotFound("member", project)

    def members(self, caller: Caller | None, image_id: ImageId) -> list[Member]:
        """All of them for the owner; a member sees itself only."""
        caller = allow(caller, Act.READ_IMAGES)
        with self._records.reading() as session:
            image = seen(session, caller, image_id)
            members = session.images.members(image.id)
        if caller.is_admin or image.owner == caller.project_id:
            return members
        return [member for member in members if member.project_id == caller.project_id]

    def _meant(self, caller: Caller, project: str) -> ProjectId:
        """The id of a project, or the text itself: a project that is gone may still be a member."""
        return self._projects.project_called(project, by=caller.project) or ProjectId(project)


def seen(session: Session, caller: Caller, image_id: ImageId) -> Image:
    """An image that exists as far as the caller is concerned. Raises NotFound."""
    image = session.images.get(image_id)
    if image is None:
        raise NotFound("image", image_id)
    if can_see(image, caller, membership=None):
        return image
    membership = None if caller.project_id is None else session.images.member(image.id, caller.project_id)
    if not can_see(image, caller, membership=membership):
        raise NotFound("image", image_id)
    return image


def owned(session: Session, caller: Caller, image_id: ImageId) -> Image:
    """An image that the caller may change. One that may only be seen is a Forbidden, any other a NotFound."""
    image = seen(session, caller, image_id)
    if image.owner != caller.project_id and not caller.is_admin:
        raise Forbidden("change an image of another project")
    return image
