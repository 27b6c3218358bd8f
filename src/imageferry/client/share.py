"""Share an image with other projects, and answer such an offer."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from imageferry.domain.errors import NotFound
from imageferry.domain.image import MemberStatus
from imageferry.ports.cloud import Cloud, MemberInfo


def share(cloud: Cloud, image: str, projects: Iterable[str]) -> list[MemberInfo]:
    """Offer an image (name or id) to projects. Offered already is done; a private image becomes "shared"."""
    image_id = cloud.images.show(image).id
    return [cloud.images.share(image_id, project) for project in dict.fromkeys(projects)]


def unshare(cloud: Cloud, image: str, projects: Iterable[str]) -> None:
    """Take the offer back. What is not shared is done."""
    image_id = cloud.images.show(image).id
    for project in dict.fromkeys(projects):
        with suppress(NotFound):
            cloud.images.unshare(image_id, project)


def answer(cloud: Cloud, image_id: str, status: MemberStatus) -> MemberInfo:
    """Accept or reject an image that another project offers to the project of ``cloud``."""
    return cloud.images.answer(image_id, status)
