"""A Synnefo cloud, or any service that answers as one: a disk goes into the object storage, and is called an image.

Source: specs/synnefo.md; what is said there of good clients is section 9.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial

from imageferry.clouds.http import Http
from imageferry.clouds.pithos import PithosObjects
from imageferry.clouds.plankton import PlanktonImages
from imageferry.clouds.synnefo_identity import IMAGE, OBJECT_STORE, Astakos
from imageferry.domain.disk import DiskFacts
from imageferry.domain.errors import BadInput, FerryError, NotFound
from imageferry.domain.image import DiskFormat, Visibility
from imageferry.ports.cloud import (
    DiskFile,
    Landed,
    Layout,
    Moved,
    NewImage,
    Objects,
    Registration,
    Stored,
    Watch,
)

_LOG = logging.getLogger("imageferry.clouds")

_WANTED = Layout(disk_format=DiskFormat.RAW)
_ENDING = ".diskdump"
_DISK_FORMAT = "diskdump"  # what a raw disk is called there
_FAMILIES = frozenset({"linux", "windows", "windows-legacy", "freebsd", "netbsd", "openbsd"})
_SEEN_BY: Mapping[Visibility, bool] = {Visibility.PRIVATE: False, Visibility.SHARED: False, Visibility.PUBLIC: True}
"""Whether an image is public."""


class SynnefoCloud:
    """``ports.cloud.Cloud`` over Astakos, Pithos and Plankton."""

    kind = "synnefo"
    lands_later = False
    tasks = None
    exports = None

    def __init__(self, http: Http, identity: Astakos) -> None:
        self._http = http
        self._identity = identity
        self.objects = PithosObjects(http, lambda: self._account_url(identity.account))
        self.images = PlanktonImages(
            http, lambda: identity.url(IMAGE), lambda: identity.account, lambda account: self._objects_of(account)
        )

    @property
    def name(self) -> str:
        return self._http.cloud

    @property
    def project_id(self) -> str:
        return self._identity.account

    def objects_of(self, project: str) -> Objects:
        return self._objects_of(project)

    def layout_for(self, facts: DiskFacts) -> Layout:  # noqa: ARG002
        """A raw disk: of a file whose holes cost nothing and whose blocks are known by name, a changed one is cheap."""
        return _WANTED

    def check_wanted(self, disk: DiskFile, image: NewImage) -> None:  # noqa: ARG002
        if image.visibility is not None and image.visibility not in _SEEN_BY:
            raise BadInput("visibility", image.visibility.value, "private, shared or public in a Synnefo cloud")

    def land(self, disk: DiskFile, image: NewImage, watch: Watch) -> Landed:
        stored, mine = self._put(disk, image, watch)
        place = f"{image.container}/{stored.info.name}"
        watch(Moved(stage="register"))
        try:
            info = self.images.registry.register(_registration(stored, image))
        except FerryError:
            if mine:
                self._remove(image.container, stored.info.name)
            raise
        watch(Moved(stage="register", done=1, total=1, unit="images", image_id=info.id))
        return Landed(image_id=info.id, location=place, sent=stored.sent, already_there=stored.already_there)

    def close(self) -> None:
        self._http.close()

    # --- inside ----------------------------------------------------------------------------------

    def _put(self, disk: DiskFile, image: NewImage, watch: Watch) -> tuple[Stored, bool]:
        """Upload the disk, and whether the object was not there before.

        A name that was asked for is overwritten, and the image that the object is keeps its id. One that was not
        takes another object's place never: the next image of the same name lies beside it.
        """
        put = partial(self.objects.put, disk.path, image.container, watch=watch)
        if image.object_name:
            mine = not self._is_there(image.container, image.object_name)
            return put(name=image.object_name, only_new=mine), mine
        base = image.name.replace("/", "_").strip(".") or "image"
        name = f"{base}{_ENDING}"
        if self._is_there(image.container, name):
            name = f"{base}-{image.id[:8]}{_ENDING}"
        return put(name=name, only_new=True), True

    def _is_there(self, container: str, name: str) -> bool:
        try:
            self.objects.show(container, name)
        except NotFound:
            return False
        return True

    def _remove(self, container: str, name: str) -> None:
        try:
            self.objects.delete(container, name)
        except FerryError as error:
            _LOG.warning("object %s/%s stays behind in cloud %s: %s", container, name, self.name, error)

    def _objects_of(self, account: str) -> PithosObjects:
        return (
            self.objects
            if account == self.project_id
            else PithosObjects(self._http, lambda: self._account_url(account))
        )

    def _account_url(self, account: str) -> str:
        return f"{self._identity.url(OBJECT_STORE)}/{account}"


def _registration(stored: Stored, image: NewImage) -> Registration:
    properties = dict(image.properties)
    if image.os_type:
        word = image.os_type.lower()
        properties.setdefault("OSFAMILY" if word in _FAMILIES else "OS", word)
    return Registration(
        name=image.name,
        container=stored.info.container,
        object_name=stored.info.name,
        disk_format=_DISK_FORMAT,
        container_format="bare",
        public=_SEEN_BY[image.visibility or Visibility.PRIVATE],
        properties=properties,
    )
