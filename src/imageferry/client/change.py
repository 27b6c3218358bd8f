"""Change images, and take them out of a cloud."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from imageferry.client.metafiles import objects_at
from imageferry.client.places import shown_place
from imageferry.client.publish import place_of, publish, registry_of, unpublish
from imageferry.client.wishes import SYNNEFO
from imageferry.domain.errors import Forbidden, NotFound, Unsupported
from imageferry.domain.registration import Place
from imageferry.ports.cloud import Cloud, ImageInfo, Objects

EVERYBODY = "*"


def change_image(
    cloud: Cloud,
    image: str,
    values: Mapping[str, object],
    *,
    remove: Iterable[str] = (),
    public: bool | None = None,
) -> ImageInfo:
    """Change an image (name or id): all of ``values`` and ``remove`` or nothing, then who may see it.

    Args:
        values: attributes by their names in ``ImageInfo``, and properties.
        remove: properties.
        public: let everybody have it, or take that back; its metafile goes along.

    Raises:
        Unsupported: an attribute that images of this cloud do not have.
        Forbidden: it is another's.
    """
    if "status" in values and cloud.kind != SYNNEFO:
        instead = "It sets that itself; words of your own are kept as a property (-p KEY=VALUE)."
        raise Unsupported(cloud.name, "give images a status of your choice", instead)
    found, gone = cloud.images.show(image), tuple(remove)
    try:
        if values or gone:
            found = cloud.images.change(found.id, values, gone)
        if public is not None:
            found = (publish if public else unpublish)(cloud, found.id)
    except Forbidden as error:
        raise _foreign(cloud, found, "change") from error
    return found


def unregister(cloud: Cloud, image: str) -> list[str]:
    """Take an image (name or id) out of a cloud. The object that it is, or was made of, stays.

    Returns:
        What the person may want to do next, as sentences: an object that everybody can still read.

    Raises:
        Forbidden: it is another's.
    """
    found = cloud.images.show(image)
    place = place_of(cloud, found.id) if _is_own(cloud, found) else None
    registry = registry_of(cloud)
    try:
        if registry is None or place is None:
            cloud.images.delete(found.id)
        else:
            registry.unregister(found.id)
    except Forbidden as error:
        raise _foreign(cloud, found, "unregister") from error
    return [] if place is None else _still_open(objects_at(cloud, place), place)


def _still_open(objects: Objects, place: Place) -> list[str]:
    """Who can still read an object that is no image any more."""
    name = shown_place(place)
    try:
        hints = []
        if EVERYBODY in objects.sharing.show(place.container, place.name).read:
            hints.append(
                f"everybody can still read the object {name}; to end that: "
                f"imageferry object share {place.container} {place.name} --nobody"
            )
        if objects.show(place.container, place.name).public_url:
            hints.append(
                f"the object {name} still has a public address; to end that: "
                f"imageferry object unpublish {place.container} {place.name}"
            )
    except (NotFound, Forbidden, Unsupported):
        return []
    return hints


def _is_own(cloud: Cloud, image: ImageInfo) -> bool:
    return image.owner in ("", cloud.project_id)


def _foreign(cloud: Cloud, image: ImageInfo, act: str) -> Forbidden:
    if _is_own(cloud, image):
        hint = "Your role does not allow that, or the image is protected."
    else:
        hint = f"It belongs to project {image.owner}: only its owner can {act} it."
    return Forbidden(f"{act} image {image.id}", hint)
