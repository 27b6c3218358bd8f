"""Who may read an object that is an image are the members of the image: whichever is changed, the other follows.

In the transaction that changes the one. Groups among the readers, and readers that a directory above brings, are no
members: an image knows neither.
"""

from __future__ import annotations

from dataclasses import replace

from imageferry.domain.errors import NotFound
from imageferry.domain.image import Image, ImageId, Member, Visibility
from imageferry.domain.moment import Moment
from imageferry.domain.object import StoredObject
from imageferry.domain.sharing import EVERYBODY, NOBODY, Sharing, with_members
from imageferry.ports.records import Session

_TRIES = 3  # of who looks for an object that others move meanwhile
_FOR_EVERYBODY = (Visibility.PUBLIC, Visibility.COMMUNITY)


def hold_object(session: Session, image_id: ImageId) -> None:
    """Before an image is changed that may be an object: whoever works on both takes the container first.

    Else two of them could wait for each other for ever.
    """
    for _ in range(_TRIES):
        found = session.registrations.object(image_id)
        if found is None:
            return
        try:
            session.objects.hold(found[1].container_id)
        except NotFound:
            continue
        now_there = session.registrations.object(image_id)
        if now_there is None or now_there[1].container_id == found[1].container_id:
            return


def members_follow(session: Session, item: StoredObject, sharing: Sharing, now: Moment) -> None:
    """The sharing of an object was set. Whoever it names by itself is a member; with everybody it is for all."""
    image = _image_of(session, ImageId(item.id))
    if image is None:
        return
    wanted = set(sharing.projects) - {image.owner}
    there = {member.project_id for member in session.images.members(image.id)}
    for project in sorted(there - wanted):
        session.images.delete_member(image.id, project)
    for project in sorted(wanted - there):
        session.images.add_member(Member(image_id=image.id, project_id=project, created_at=now, updated_at=now))
    visibility = _visibility(image.visibility, everybody=EVERYBODY in sharing.grantees, members=bool(wanted))
    if visibility is not image.visibility:
        session.images.update(replace(image, visibility=visibility, updated_at=now), was=image.status)


def readers_follow(session: Session, image_id: ImageId, now: Moment) -> None:
    """The members or the visibility of an image were changed. Is it an object, those may read it, and no others."""
    image = _image_of(session, image_id)
    found = None if image is None else session.registrations.object(image_id)
    if image is None or found is None:
        return
    place, item = found
    container = session.objects.container(place.project_id, place.container)
    if container is None:
        return
    share = session.shares.over(container.id, item.name, now)
    own = share.sharing if share is not None and share.name == item.name else NOBODY
    private = image.visibility is Visibility.PRIVATE  # members of before may come back, and see nothing meanwhile
    members = [] if private else [member.project_id for member in session.images.members(image_id)]
    wanted = with_members(own, members, everybody=image.visibility in _FOR_EVERYBODY)
    if wanted != own:
        session.shares.set(container, item.name, wanted)


def _image_of(session: Session, image_id: ImageId) -> Image | None:
    return None if session.registrations.get(image_id) is None else session.images.get(image_id)


def _visibility(now: Visibility, *, everybody: bool, members: bool) -> Visibility:
    """The least change that says the same. What a project opens to everybody without being an administrator's
    is a community's image: anybody may use it, and it does not stand in everybody's lists.
    """
    if everybody:
        return now if now in _FOR_EVERYBODY else Visibility.COMMUNITY
    if now in _FOR_EVERYBODY or members:
        return Visibility.SHARED
    return now
