"""Whom an image is open to: set for all images alike, objects or not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from imageferry.domain.access import ProjectId
from imageferry.domain.errors import TooLarge
from imageferry.domain.image import MAX_MEMBERS, Image, ImageId, Member, Visibility
from imageferry.domain.moment import Moment
from imageferry.domain.object import StoredObject
from imageferry.domain.sharing import NOBODY
from imageferry.ports.records import Session
from imageferry.service.registrations.readers import members_follow, readers_follow


def set_members(session: Session, image: Image, wanted: Collection[ProjectId], now: Moment) -> None:
    """Share an image with these projects and no others. Who was a member stays one, as it has answered.

    Raises:
        TooLarge: too many.
    """
    if len(wanted) > MAX_MEMBERS:
        raise TooLarge(f"members of image {image.id}", MAX_MEMBERS, len(wanted), unit="members")
    there = {member.project_id for member in session.images.members(image.id)}
    for project_id in sorted(there - set(wanted)):
        session.images.delete_member(image.id, project_id)
    for project_id in sorted(set(wanted) - there):
        member = Member(image_id=image.id, project_id=project_id, created_at=now, updated_at=now)
        session.images.add_member(member)
    if image.visibility is Visibility.PRIVATE and wanted:
        set_visibility(session, image, Visibility.SHARED, now)
    readers_follow(session, image.id, now)


def set_visibility(session: Session, image: Image, visibility: Visibility, now: Moment) -> None:
    """Show an image to others than its owner and members, or to them alone."""
    if image.visibility is not visibility:
        session.images.update(replace(image, visibility=visibility, updated_at=now), was=image.status)
        readers_follow(session, image.id, now)


def share_anew(session: Session, item: StoredObject, visibility: Visibility, now: Moment) -> None:
    """Let an object that is an image be seen by its owner alone, or by everybody, as if it had never been shared."""
    found = session.registrations.object(ImageId(item.id))
    container = None if found is None else session.objects.container(found[0].project_id, found[0].container)
    image = session.images.get(ImageId(item.id))
    if image is None or container is None:
        return
    session.shares.set(container, item.name, NOBODY)
    members_follow(session, item, NOBODY, now)
    image = session.images.get(image.id)
    if image is not None:
        set_visibility(session, image, visibility, now)
