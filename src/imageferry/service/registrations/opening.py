"""Whom an image is open to: set for all images alike, objects or not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from imageferry.domain.access import ProjectId
from imageferry.domain.errors import TooLarge
from imageferry.domain.image import MAX_MEMBERS, Image, ImageId, Member, Visibility
from imageferry.domain.moment import Moment
from imageferry.ports.records import Session


def share_anew(session: Session, image_id: ImageId, visibility: Visibility, now: Moment) -> None:
    """Let an image be seen by nobody but its owner, or by everybody, as if it had never been shared before."""
    image = session.images.get(image_id)
    if image is not None:
        set_members(session, image, (), now)
        set_visibility(session, image, visibility, now)


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


def set_visibility(session: Session, image: Image, visibility: Visibility, now: Moment) -> None:
    """Show an image to others than its owner and members, or to them alone."""
    if image.visibility is not visibility:
        session.images.update(replace(image, visibility=visibility, updated_at=now), was=image.status)
