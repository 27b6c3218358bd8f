"""Images: their records. Their bytes: ``service.image_data``; who else may see them: ``service.sharing``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from imageferry.domain.access import Act, Caller, ProjectId, allow
from imageferry.domain.errors import AlreadyExists, Forbidden
from imageferry.domain.image import Image, ImageId, Status, Visibility, checked_image
from imageferry.domain.moment import Moment
from imageferry.ports.records import ImageQuery
from imageferry.service.image_digests import ImageDigests
from imageferry.service.registrations.readers import hold_object, readers_follow
from imageferry.service.sharing import owned


class Images(ImageDigests):
    """The use-cases of images. A caller who may not see an image is told that there is none."""

    def create(self, caller: Caller | None, draft: Callable[[ProjectId, Moment], Image]) -> Image:
        """A record without bytes. ``draft`` makes it for the caller's project and the time of now.

        Raises:
            Forbidden: public, or for another project, without being an admin.
            AlreadyExists: the id was used before, even if that image is gone, or is that of an object.
            OverLimit: the project has as many images as it may have.
        """
        caller = allow(caller, Act.WRITE_IMAGES)
        image = checked_image(draft(caller.project, self._clock()))
        allow(caller, Act.WRITE_IMAGES, owner=image.owner)
        if image.visibility is Visibility.PUBLIC:
            allow(caller, Act.PUBLISH_IMAGES)
        with self._records.writing() as session:
            if session.registrations.object(image.id) is not None:
                raise AlreadyExists("image", image.id)  # the id is an object's, for when it is registered
            self._quotas.check(session, image.owner, images=1)
            session.images.add(image)
        return image

    def page(self, caller: Caller | None, query: ImageQuery) -> list[Image]:
        """One page of what the caller may find; an admin who names an owner sees that project's."""
        caller = allow(caller, Act.READ_IMAGES)
        viewer = None if caller.is_admin and query.owner is not None else caller.project
        with self._records.reading() as session:
            return session.images.page(replace(query, viewer=viewer))

    def change(self, caller: Caller | None, image_id: ImageId, change: Callable[[Image], Image]) -> Image:
        """Replace attributes by what ``change`` makes of them: all or nothing.

        Formats can be changed only while there are no bytes; what only the service knows
        (status, size, digests) cannot be changed here at all.
        """
        caller = allow(caller, Act.WRITE_IMAGES)
        with self._records.writing() as session:
            hold_object(session, image_id)
            image = owned(session, caller, image_id)
            changed = checked_image(replace(change(image), updated_at=self._clock()))
            if changed.visibility is Visibility.PUBLIC and image.visibility is not Visibility.PUBLIC:
                allow(caller, Act.PUBLISH_IMAGES)
            if changed.owner != image.owner and not caller.is_admin:
                raise Forbidden("give an image to another project")
            if changed.owner != image.owner and session.registrations.get(image.id) is not None:
                raise Forbidden("give away an image that is an object", "Move the object; the image goes with it.")
            formats = (image.disk_format, image.container_format)
            if (changed.disk_format, changed.container_format) != formats and image.status not in _UNJUDGED:
                raise Forbidden("change the formats of an image that has data")
            session.images.update(changed, was=image.status)
            if changed.visibility is not image.visibility:
                readers_follow(session, image.id, changed.updated_at)
            return changed

    def delete(self, caller: Caller | None, image_id: ImageId) -> None:
        """Remove the record; its bytes go with the next sweep unless something else points to them."""
        caller = allow(caller, Act.WRITE_IMAGES)
        with self._records.writing() as session:
            hold_object(session, image_id)
            image = owned(session, caller, image_id)
            if image.protected:
                raise Forbidden("delete a protected image", "Set protected to false first.")
            session.images.delete(image.id, self._clock())

    def move(self, caller: Caller | None, image_id: ImageId, status: Status) -> Image:
        """Deactivate or reactivate. What is there already is no error."""
        caller = allow(caller, Act.WRITE_IMAGES)
        with self._records.writing() as session:
            image = owned(session, caller, image_id)
            if image.status is status:
                return image
            if image.status not in (Status.ACTIVE, Status.DEACTIVATED):
                raise Forbidden(f"move an image that is {image.status} to {status}")
            if image.blob_id is None:
                advice = "Its object was overwritten with something else; put a disk of its format there."
                raise Forbidden("reactivate an image whose bytes were refused", advice)
            moved = replace(image.moved_to(status), updated_at=self._clock())
            session.images.update(moved, was=image.status)
            return moved


_UNJUDGED = frozenset({Status.QUEUED, Status.UPLOADING})
