"""Images as Plankton shows them: one, or all that somebody may find, filtered and sorted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from imageferry.domain.access import Act, Caller, ProjectId, allow
from imageferry.domain.errors import Forbidden, NotFound
from imageferry.domain.image import Image, ImageId, Status, can_see
from imageferry.domain.registration import Described, Filters, described
from imageferry.ports.records import ImageQuery, Records, Session
from imageferry.service.registrations.judging import Judging, try_to_settle

_PAGE = 1000
_JUDGED = (Status.ACTIVE, Status.DEACTIVATED)  # of what is staged nothing is told


class Looking:
    """The use-cases that change nothing."""

    def __init__(self, records: Records, judging: Judging) -> None:
        self._records = records
        self._judging = judging

    def show(self, caller: Caller | None, image_id: ImageId) -> Described:
        """One image. Of an object that was overwritten, and that nobody has judged since, it is judged now.

        Raises:
            NotFound: there is none.
            Forbidden: the caller may not see it.
        """
        caller = allow(caller, Act.READ_IMAGES)
        try_to_settle(self._judging.settle, image_id)
        with self._records.reading() as session:
            return described_in(session, [seen(session, caller, image_id)])[0]

    def listing(self, caller: Caller | None, filters: Filters) -> list[Described]:
        """All images that the caller owns, that are shared with its project, or open to everybody."""
        caller = allow(caller, Act.READ_IMAGES)
        query = ImageQuery(viewer=caller.project, with_community=True, member_status=None)
        return filters.of(item for page in self._pages(query) for item in page)

    def shared_by(self, caller: Caller | None, owner: ProjectId) -> list[ImageId]:
        """The images of an account that the caller may see, and that not everybody may."""
        caller = allow(caller, Act.READ_IMAGES)
        wanted = ImageQuery(viewer=caller.project, owner=owner, member_status=None)
        return [item.id for page in self._pages(wanted) for item in page if not item.is_public]

    def _pages(self, query: ImageQuery) -> Iterator[list[Described]]:
        query = replace(query, limit=_PAGE)
        while True:
            with self._records.reading() as session:
                page = session.images.page(query)
                yield described_in(session, page)
            if len(page) < _PAGE:
                return
            query = replace(query, marker=page[-1].id)


def described_in(session: Session, images: Sequence[Image]) -> list[Described]:
    """A page of images in two queries more."""
    registered = session.registrations.registered([image.id for image in images])
    blobs = {image.id: image.blob_id for image in images if image.blob_id is not None and image.status in _JUDGED}
    blobs |= {image_id: found.blob_id for image_id, found in registered.items()}
    tops = session.blobs.tops(list(blobs.values()))
    return [
        described(image, registered.get(image.id), tops.get(blobs[image.id], "") if image.id in blobs else "")
        for image in images
    ]


def seen(session: Session, caller: Caller, image_id: ImageId) -> Image:
    """Raises NotFound, and Forbidden where Glance would say that there is none: Plankton tells one from the other."""
    image = session.images.get(image_id)
    if image is None:
        raise NotFound("image", image_id)
    membership = None if caller.project_id is None else session.images.member(image.id, caller.project_id)
    if not can_see(image, caller, membership=membership):
        raise Forbidden("see an image of another account")
    return image
