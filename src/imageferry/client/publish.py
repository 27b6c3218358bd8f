"""Let everybody have an image, and take that back, in the words of each kind of cloud."""

from __future__ import annotations

from contextlib import suppress

from imageferry.client.metafiles import objects_at, share_alike
from imageferry.domain.access import ProjectId
from imageferry.domain.errors import Forbidden, NotFound, Unsupported
from imageferry.domain.image import Visibility
from imageferry.domain.registration import Place
from imageferry.ports.cloud import Cloud, ImageInfo, Registry


def registry_of(cloud: Cloud) -> Registry | None:
    """What registers stored objects; None where images have bytes of their own."""
    try:
        return cloud.images.registry
    except Unsupported:
        return None


def publish(cloud: Cloud, image_id: str) -> ImageInfo:
    """Let everybody see and use an image.

    In OpenStack only administrators may put one into everybody's list; one of anybody else becomes
    ``community``: everybody may use it who asks for it.
    """
    try:
        image = cloud.images.change(image_id, {"visibility": Visibility.PUBLIC.value})
    except Forbidden:
        image = cloud.images.change(image_id, {"visibility": Visibility.COMMUNITY.value})
    _metafile_alike(cloud, image_id)
    return image


def unpublish(cloud: Cloud, image_id: str) -> ImageInfo:
    """Leave an image to its owner and members."""
    try:
        alone = Visibility.SHARED if cloud.images.members(image_id) else Visibility.PRIVATE
    except (NotFound, Forbidden):  # some do not tell the members of a public image
        alone = Visibility.SHARED
    image = cloud.images.change(image_id, {"visibility": alone.value})
    _metafile_alike(cloud, image_id)
    return image


def place_of(cloud: Cloud, image_id: str) -> Place | None:
    """Where the object is that an image is; None for an image with bytes of its own."""
    registry = registry_of(cloud)
    if registry is None:
        return None
    try:
        account, container, name = registry.place_of(image_id)
    except NotFound:  # some clouds have images of both kinds
        return None
    return Place(ProjectId(account), container, name)


def _metafile_alike(cloud: Cloud, image_id: str) -> None:
    """What describes an image must not be seen by more people than the image."""
    place = place_of(cloud, image_id)
    if place is not None:
        with suppress(Forbidden):  # the metafile may be another's
            share_alike(objects_at(cloud, place), place)
