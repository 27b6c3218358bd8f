"""Make an image of an object that lies in a cloud, with what the command line and a metafile say of it.

Where a cloud has registered objects (Synnefo), the object is the image. Elsewhere its bytes are brought
into an image of their own, which remembers by a property what it was made of.

Source: specs/synnefo.md, sections 5.5, 6 and 9.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from imageferry.client import metafiles
from imageferry.client.places import read_place, shown_place
from imageferry.client.publish import publish, registry_of, unpublish
from imageferry.client.pull import pull_object
from imageferry.client.wishes import (
    NO_METAFILE,
    NOTHING_SAID,
    SYNNEFO,
    Wishes,
    check_wishes,
    default_container,
    left_out,
    push_wished,
)
from imageferry.domain.errors import BadInput, FerryError, Forbidden, NotFound, StatusConflict
from imageferry.domain.image import Visibility
from imageferry.domain.registration import DISK_FORMATS, Place
from imageferry.formats.sniff import sniff_head
from imageferry.ports.cloud import (
    Cloud,
    ImageFilter,
    ImageInfo,
    ObjectInfo,
    Objects,
    Registration,
    Registry,
    Watch,
)
from imageferry.ports.disk_tools import DiskTools
from imageferry.wire.metafile import Metafile

MADE_OF = "imageferry_object"  # the property that tells of which object an image was made
_STATE = "imageferry_object_state"  # and of which bytes that had
_DEPLOYED_BY = ("osfamily", "root_partition")
_HEAD = 66 << 10  # bytes; what tells formats apart


@dataclass(frozen=True, kw_only=True, slots=True)
class Registered:
    """An image that was registered.

    ``metafile`` is the object that was written beside it, at ``metafile_place``; ``trouble`` says why it
    was not, though it was wanted. ``warnings`` are sentences for the person.
    """

    image: ImageInfo
    place: str
    metafile: ObjectInfo | None = None
    metafile_place: str = ""
    trouble: FerryError | None = None
    warnings: Sequence[str] = ()


def register(
    cloud: Cloud,
    name: str,
    location: str,
    *,
    tools: DiskTools,
    wishes: Wishes = NOTHING_SAID,
    metafile: Metafile = NO_METAFILE,
    write_metafile: bool = True,
    force: bool = False,
    upload: Path | None = None,
    container: str = "",
    scratch: Path | None = None,
    watch: Watch = lambda _: None,
) -> Registered:
    """Make an image of the object at ``location``. Done again, everything that is not said is as by default.

    Args:
        tools: converts disks that the cloud does not take as they are.
        metafile: of this machine; ``wishes`` win over it.
        write_metafile: put one beside the object.
        force: overwrite the metafile that is there, and with ``upload`` the object.
        upload: a file to be stored at ``location`` first.
        container: of a location that names none.
        scratch: folder for a disk on its way; None: the system's place.

    Raises:
        MetafileExists: before anything was uploaded or registered.
        NotFound, Forbidden, Refused, Unsupported, BadInput: nothing was registered.
    """
    if not name.strip():
        raise BadInput("name", name, "a name for the image")
    registry = registry_of(cloud)
    place = read_place(location, project=cloud.project_id, container=container or default_container(cloud))
    objects = metafiles.objects_at(cloud, place)
    wanted = wishes.over(metafile)
    way: _AsObject | _AsCopy = _AsCopy(cloud, tools, scratch, watch) if registry is None else _AsObject(cloud, registry)
    way.check(wanted)
    if write_metafile and not force:
        metafiles.check_absent(objects, place)
    if upload is not None:
        objects.put(upload, place.container, place.name, watch=watch, only_new=not force)
    there = objects.show(place.container, place.name)
    warnings = [
        *(f"the metafile's {key!r} is nothing that an image can be told" for key in metafile.unknown),
        *way.warnings(there, wanted),
    ]
    done = Registered(image=way.made(name, place, there, wanted), place=shown_place(place), warnings=warnings)
    return _with_metafile(done, objects, place, only_new=not force) if write_metafile else done


def _with_metafile(done: Registered, objects: Objects, place: Place, *, only_new: bool) -> Registered:
    """The image is there by now, so that a metafile which cannot be written is told of beside it."""
    where = shown_place(metafiles.beside(place))
    try:
        written = metafiles.write(objects, place, done.image, done.place, only_new=only_new)
    except FerryError as error:
        return replace(done, metafile_place=where, trouble=error)
    return replace(done, metafile_place=where, metafile=written)


class _AsObject:
    """The object is the image."""

    def __init__(self, cloud: Cloud, registry: Registry) -> None:
        self._cloud = cloud
        self._registry = registry

    def check(self, wanted: Wishes) -> None:
        """The cloud itself refuses what it does not know."""

    def warnings(self, there: ObjectInfo, wanted: Wishes) -> list[str]:
        found = []
        missing = [key.upper() for key in _DEPLOYED_BY if key not in wanted.properties]
        if self._cloud.kind == SYNNEFO and missing and (wanted.disk_format or "diskdump") == "diskdump":
            found.append(f"a diskdump without {' and '.join(missing)} may be one that Synnefo cannot deploy")
        members = self._members(there.id)
        if members:
            found.append(
                f"the image was registered before: its members are dropped ({', '.join(members)}); "
                "share it with them again"
            )
        return found

    def _members(self, image_id: str) -> list[str]:
        with suppress(NotFound, Forbidden):
            found = self._cloud.images.members(image_id) if image_id else []
            return [member.project_id for member in found if member.project_id != self._cloud.project_id]
        return []

    def _shown_by(self, place: Place) -> str:
        """The format that the first bytes show. A Synnefo of old knows dumps only, and says so by itself."""
        if self._cloud.kind == SYNNEFO:
            return ""
        head = b""
        with metafiles.objects_at(self._cloud, place).read(place.container, place.name) as download:
            for chunk in download.chunks:
                head += chunk
                if len(head) >= _HEAD:
                    break
        containers = sniff_head(head[:_HEAD]).containers
        return next((word for word in DISK_FORMATS if word in containers), "")

    def made(self, name: str, place: Place, _there: ObjectInfo, wanted: Wishes) -> ImageInfo:
        return self._registry.register(
            Registration(
                name=name,
                container=place.container,
                object_name=place.name,
                account=str(place.project_id),
                disk_format=wanted.disk_format or self._shown_by(place),
                container_format=wanted.container_format or "",
                status=wanted.status or "",
                public=wanted.public is True,
                properties=wanted.properties,
            )
        )


class _AsCopy:
    """The object's bytes become those of an image."""

    def __init__(self, cloud: Cloud, tools: DiskTools, scratch: Path | None, watch: Watch) -> None:
        self._cloud = cloud
        self._tools = tools
        self._scratch = scratch
        self._watch = watch

    def check(self, wanted: Wishes) -> None:
        check_wishes(self._cloud, wanted)

    def warnings(self, _there: ObjectInfo, wanted: Wishes) -> list[str]:
        return left_out(self._cloud, wanted)

    def made(self, name: str, place: Place, there: ObjectInfo, wanted: Wishes) -> ImageInfo:
        before = self._made_before(place)
        if before is None:
            image = self._brought(name, place, self._marked(wanted, place, there))
        elif before.properties.get(_STATE) == _state_of(there):
            image = self._overridden(before, name, self._marked(wanted, place, there))
        else:
            found = "made of bytes that the object had before"
            raise StatusConflict("image", before.id, found, "registering the object anew, until that is unregistered,")
        if wanted.public:
            return publish(self._cloud, image.id)
        return unpublish(self._cloud, image.id) if _is_open(image) else image

    def _made_before(self, place: Place) -> ImageInfo | None:
        wanted = ImageFilter(owner=self._cloud.project_id, properties={MADE_OF: shown_place(place)})
        return next((image for image in self._cloud.images.search(wanted)), None)

    def _marked(self, wanted: Wishes, place: Place, there: ObjectInfo) -> Wishes:
        """With the properties by which the image is found when its object is registered again."""
        marks = {MADE_OF: shown_place(place), _STATE: _state_of(there)}
        return replace(wanted, public=None, properties={**wanted.properties, **marks})

    def _overridden(self, before: ImageInfo, name: str, wished: Wishes) -> ImageInfo:
        gone = tuple(key for key in before.properties if key not in wished.properties)
        return self._cloud.images.change(before.id, {"name": name, **wished.properties}, gone)

    def _brought(self, name: str, place: Place, wished: Wishes) -> ImageInfo:
        with tempfile.TemporaryDirectory(prefix="imageferry-", dir=self._scratch) as folder:
            file = Path(folder) / "disk"
            pull_object(self._cloud, place.container, place.name, file, watch=self._watch)
            result = push_wished(
                file,
                self._cloud,
                wished,
                tools=self._tools,
                name=name,
                container=place.container,
                object_name=place.name,
                scratch=self._scratch,
                watch=self._watch,
            )
        return self._cloud.images.show(result.image_id)


def _state_of(there: ObjectInfo) -> str:
    """The same as long as the object has the same bytes, as far as the cloud tells."""
    return f"{there.size}-{there.etag or there.top or there.updated_at}"


def _is_open(image: ImageInfo) -> bool:
    return image.visibility in (Visibility.PUBLIC, Visibility.COMMUNITY)
