"""One image by its id, or by a name that no other of one's own has."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from imageferry.domain.errors import BadInput, NotFound
from imageferry.ports.cloud import ImageFilter, ImageInfo


def by_name_or_id(
    wanted: str,
    by_id: Callable[[str], ImageInfo],
    search: Callable[[ImageFilter], Iterable[ImageInfo]],
    project: Callable[[], str],
) -> ImageInfo:
    """The image meant. One's own goes before those of others: anybody may publish under a name that is in use.

    Raises:
        NotFound: there is none.
        BadInput: several have that name, and not one of them alone is the project's own.
    """
    if not wanted:
        raise NotFound("image", wanted)
    try:
        return by_id(wanted)
    except NotFound:
        found = list(search(ImageFilter(name=wanted)))
    if len(found) > 1:
        own = [image for image in found if image.owner == project()]
        if len(own) == 1:
            return own[0]
        ids = ", ".join(image.id for image in found[:3])
        raise BadInput("image", wanted, f"an id, since {len(found)} images have that name ({ids} ...)")
    if not found:
        raise NotFound("image", wanted)
    return found[0]
