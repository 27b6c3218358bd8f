"""How an image follows the object that it is: inside the transaction that overwrites the object or takes it away.

The bytes of an object that was overwritten are the image's only once they were judged. Until then the image has none,
whatever its status says: no way of reading images, of which there are many, has to know about this one.
"""

from __future__ import annotations

from dataclasses import replace

from imageferry.domain.access import ProjectId
from imageferry.domain.errors import StatusConflict
from imageferry.domain.image import ImageId, Status
from imageferry.domain.moment import Moment
from imageferry.domain.object import StoredObject
from imageferry.domain.registration import Standing
from imageferry.domain.sharing import NOBODY
from imageferry.ports.records import Session
from imageferry.service.registrations.readers import members_follow


def follow(session: Session, kept: StoredObject) -> None:
    """An object that was there has another state now. If it is an image, that waits to be judged again."""
    found = session.registrations.get(ImageId(kept.id))
    image = None if found is None else session.images.get(found.image_id)
    if found is None or image is None or (found.standing is Standing.GOOD and image.blob_id == kept.blob_id):
        return
    resumes = image.status if found.standing is Standing.GOOD else found.resumes
    waiting = replace(
        image.moved_to(Status.DEACTIVATED) if image.status is Status.ACTIVE else image,
        blob_id=None,
        size=kept.size,
        virtual_size=None,
        checksum=None,
        hash_value=None,
        updated_at=kept.updated_at,
    )
    session.images.update(waiting, was=image.status)
    session.registrations.put(replace(found, standing=Standing.UNJUDGED, reason="", resumes=resumes))


def bring_along(session: Session, project: ProjectId, moved: StoredObject) -> None:
    """An object has another name now, maybe in another account. What it was shared with it has left behind."""
    found = session.registrations.get(ImageId(moved.id))
    image = None if found is None else session.images.get(found.image_id)
    if image is None:
        return
    if image.owner != project:
        session.images.update(replace(image, owner=project, updated_at=moved.updated_at), was=image.status)
    members_follow(session, moved, NOBODY, moved.updated_at)


def let_go(session: Session, item: StoredObject, now: Moment, *, expired: bool = False) -> None:
    """An object is about to go, and the image that it is goes with it.

    Args:
        expired: its time is over, which its owner has said before: no image is protected from that.

    Raises:
        StatusConflict: the image is protected.
    """
    found = session.registrations.get(ImageId(item.id))
    image = None if found is None else session.images.get(found.image_id)
    if image is None:
        return
    if image.protected and not expired:
        raise StatusConflict("object", item.name, found="a protected image", wanted="its deletion")
    session.images.delete(image.id, now)
