"""Whom images are shared with: of one that is an object, whom that is shared with."""

from __future__ import annotations

from collections.abc import Collection

from imageferry.domain.access import Act, Caller, ProjectId, allow
from imageferry.domain.errors import Forbidden, NotFound, TooLarge
from imageferry.domain.image import MAX_MEMBERS, Image, ImageId
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records, Session
from imageferry.service.registrations.judging import Judging
from imageferry.service.registrations.looking import Looking, seen
from imageferry.service.registrations.opening import set_members
from imageferry.service.registrations.readers import hold_object
from imageferry.service.sharing import ProjectLookup


class Members(Looking):
    """The use-cases of members. A project may be named by its id or, within the caller's domain, by its name."""

    def __init__(self, records: Records, judging: Judging, clock: Clock, projects: ProjectLookup) -> None:
        super().__init__(records, judging)
        self._clock = clock
        self._projects = projects

    def members(self, caller: Caller | None, image_id: ImageId) -> list[ProjectId]:
        """All but the owner, for the owner; a member sees itself only."""
        caller = allow(caller, Act.READ_IMAGES)
        with self._records.reading() as session:
            image = seen(session, caller, image_id)
            members = [member.project_id for member in session.images.members(image.id)]
        return members if _owns(caller, image) else [member for member in members if member == caller.project_id]

    def add_member(self, caller: Caller | None, image_id: ImageId, project: str) -> None:
        """Share an image with a project. What is so already is no error. Raises NotFound: no such project."""
        caller = allow(caller, Act.WRITE_IMAGES)
        project_id = self._named(caller, project)
        with self._records.writing() as session:
            hold_object(session, image_id)
            image = own(session, caller, image_id)
            self._set(session, image, {*_of(session, image), project_id})

    def remove_member(self, caller: Caller | None, image_id: ImageId, project: str) -> None:
        """Share it no longer. What is so already is no error."""
        caller = allow(caller, Act.WRITE_IMAGES)
        project_id = self._projects.project_called(project, by=caller.project) or ProjectId(project)
        with self._records.writing() as session:
            hold_object(session, image_id)
            image = own(session, caller, image_id)
            self._set(session, image, _of(session, image) - {project_id})

    def replace_members(self, caller: Caller | None, image_id: ImageId, projects: Collection[str]) -> None:
        """Share it with these and no others. Raises NotFound: no such project."""
        caller = allow(caller, Act.WRITE_IMAGES)
        if len(projects) > MAX_MEMBERS:
            raise TooLarge(f"members of image {image_id}", MAX_MEMBERS, len(projects), unit="members")
        wanted = {self._named(caller, project) for project in projects}
        with self._records.writing() as session:
            hold_object(session, image_id)
            self._set(session, own(session, caller, image_id), wanted)

    def _set(self, session: Session, image: Image, wanted: set[ProjectId]) -> None:
        set_members(session, image, wanted - {image.owner}, self._clock())

    def _named(self, caller: Caller, project: str) -> ProjectId:
        project_id = self._projects.project_called(project, by=caller.project)
        if project_id is None:
            raise NotFound("project", project)
        return project_id


def own(session: Session, caller: Caller, image_id: ImageId) -> Image:
    """An image that the caller may change. Raises NotFound, Forbidden."""
    image = seen(session, caller, image_id)
    if not _owns(caller, image):
        raise Forbidden("change an image of another account")
    return image


def _owns(caller: Caller, image: Image) -> bool:
    return image.owner == caller.project_id or caller.is_admin


def _of(session: Session, image: Image) -> set[ProjectId]:
    return {member.project_id for member in session.images.members(image.id)}
