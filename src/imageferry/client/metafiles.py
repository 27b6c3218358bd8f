"""Metafiles in a cloud: written beside their object, as visible as it is, and read from this machine."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from imageferry.client.check import opened
from imageferry.client.places import shown_place
from imageferry.domain.digest import Algorithm
from imageferry.domain.errors import AlreadyExists, MetafileExists, NotFound, TooLarge, Unavailable, Unsupported
from imageferry.domain.image import Visibility
from imageferry.domain.registration import Place
from imageferry.ports.cloud import Cloud, Dress, ImageInfo, ObjectInfo, Objects
from imageferry.wire.metafile import MAX_SIZE, SUFFIX, Metafile, metafile_text, property_key, read_metafile

_JSON = Dress(content_type="application/json")
_OPEN = (Visibility.PUBLIC, Visibility.COMMUNITY)


def load(path: Path) -> Metafile:
    """Read a metafile of this machine.

    Raises:
        BadInput: it is broken; says in which line. TooLarge, NotFound, Unavailable.
    """
    with opened(path) as fd, open(fd, "rb", closefd=False) as file:
        try:
            data = file.read(MAX_SIZE + 1)
        except OSError as error:
            raise Unavailable(str(path), reason=error.strerror or str(error)) from error
    if len(data) > MAX_SIZE:
        raise TooLarge(f"metafile {path.name}", MAX_SIZE)
    return read_metafile(data, what=path.name)


def beside(place: Place) -> Place:
    """Where the metafile of an object is."""
    return Place(place.project_id, place.container, place.name + SUFFIX)


def check_absent(objects: Objects, place: Place) -> None:
    """Raises MetafileExists if the object has a metafile already."""
    with suppress(NotFound):
        objects.show(place.container, beside(place).name)
        raise MetafileExists("metadata file", shown_place(beside(place)))


def write(objects: Objects, place: Place, image: ImageInfo, location: str, *, only_new: bool) -> ObjectInfo:
    """Write the metafile of a registered object, and let see it whoever sees the object.

    Raises:
        MetafileExists: there is one, and ``only_new`` was asked for.
    """
    text = metafile_text(_values(image, location), {property_key(k): v for k, v in image.properties.items()})
    meta = beside(place)
    try:
        written = objects.put_bytes(text.encode(), meta.container, meta.name, dress=_JSON, only_new=only_new)
    except AlreadyExists as error:
        raise MetafileExists("metadata file", shown_place(meta)) from error
    share_alike(objects, place)
    return written


def share_alike(objects: Objects, place: Place) -> None:
    """Let the metafile be seen by those who see the object. Nothing to do where there is none, or no such sharing."""
    meta = beside(place)
    with suppress(NotFound, Unsupported):
        sharing = objects.sharing
        wanted, there = sharing.show(place.container, place.name), sharing.show(meta.container, meta.name)
        if (set(wanted.read), set(wanted.write)) != (set(there.read), set(there.write)):
            sharing.change(meta.container, meta.name, wanted)


def objects_at(cloud: Cloud, place: Place) -> Objects:
    """The object storage that a place is in: one's own, or another project's."""
    own = str(place.project_id) in ("", cloud.project_id)
    return cloud.objects if own else cloud.objects_of(str(place.project_id))


def _values(image: ImageInfo, location: str) -> Mapping[str, str]:
    return {
        "id": image.id,
        "name": image.name,
        "status": image.status,
        "location": image.location or location,
        "checksum": image.checksum or image.digests.get(Algorithm.MD5, ""),
        "size": "" if image.size is None else str(image.size),
        "disk-format": image.disk_format,
        "container-format": image.container_format,
        "created-at": image.created_at,
        "updated-at": image.updated_at,
        "deleted-at": image.deleted_at,
        "is-public": str(image.visibility in _OPEN),
        "owner": image.owner,
    }
