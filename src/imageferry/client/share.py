"""Share an image with other projects, and answer such an offer."""

from __future__ import annotations

from collections.abc import Iterable

from imageferry.domain.image import MemberStatus
from imageferry.ports.cloud import Cloud, MemberInfo


def share(cloud: Cloud, image: str, projects: Iterable[str]) -> list[MemberInfo]:
    """Offer an image (name or id) to projects. Offered already is done; a private image becomes "shared"."""
    raise NotImplementedError


def unshare(cloud: Cloud, image: str, projects: Iterable[str]) -> None:
    """Take the offer back. What is not shared is done."""
    raise NotImplementedError


def answer(cloud: Cloud, image_id: str, status: MemberStatus) -> MemberInfo:
    """Accept or reject an image that another project offers to the project of ``cloud``."""
    raise NotImplementedError
