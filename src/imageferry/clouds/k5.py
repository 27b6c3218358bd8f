"""The K5 cloud: a VMDK goes into object storage, is registered, and a job makes an image of it.

Identity, objects and images are OpenStack's; what differs is the way in (``land``), where services
are found, and that all regions but the oldest want nothing but the short request.

Source: specs/k5.md, sections 1 to 7 and the client's checklist in section 9.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from imageferry.clouds.catalog import find, named, sibling_host
from imageferry.clouds.glance import GlanceImages
from imageferry.clouds.http import Http
from imageferry.clouds.jobs import ExportJobs, ImportJobs
from imageferry.clouds.k5_words import check_request
from imageferry.clouds.swift import SwiftObjects, check_segment_size
from imageferry.domain.digest import Algorithm
from imageferry.domain.disk import DiskFacts
from imageferry.domain.errors import BadInput, FerryError, Refused
from imageferry.domain.image import DiskFormat, Visibility
from imageferry.domain.region import Profile
from imageferry.ports.cloud import DiskFile, Landed, Layout, Moved, NewImage, Objects, Stored, Watch
from imageferry.wire.k5_calls import Account, import_body, location

_LOG = logging.getLogger("imageferry.clouds")

_WANTED = Layout(disk_format=DiskFormat.VMDK, sub_format="streamOptimized")
_ENDING = ".vmdk"


@dataclass(frozen=True, kw_only=True, slots=True)
class K5Settings:
    """What clouds.yaml says of a K5 cloud."""

    region: str
    profile: Profile
    account: Account
    auth_url: str
    vmimport: str = ""  # URL that wins over all discovery


class K5Cloud:
    """``ports.cloud.Cloud`` for K5."""

    kind = "k5"
    lands_later = True

    def __init__(self, http: Http, settings: K5Settings) -> None:
        self._http = http
        self._settings = settings
        import_url = self._import_url
        self.images = GlanceImages(http, self._endpoint("image"))
        self.objects = SwiftObjects(
            http, self._endpoint("object-store"), segments=settings.profile != "C", versions=False
        )
        self.tasks = ImportJobs(http, import_url)
        self.exports = ExportJobs(http, import_url)

    @property
    def name(self) -> str:
        return self._http.cloud

    @property
    def project_id(self) -> str:
        return self._http.project_id

    def objects_of(self, project: str) -> Objects:
        url = self.objects.account_url(project)
        return SwiftObjects(self._http, lambda: url, segments=self._settings.profile != "C", versions=False)

    def layout_for(self, facts: DiskFacts) -> Layout:  # noqa: ARG002
        """A VMDK of the kind that the service's own exports are, whatever the disk is now."""
        return _WANTED

    def check_wanted(self, disk: DiskFile, image: NewImage) -> None:
        check_request(image, self._settings.profile, self._settings.account)
        check_segment_size(image.segment_size)
        self.objects.check_size(disk.facts.file_size, image.segment_size, disk.path.name)
        if image.visibility not in (None, Visibility.PRIVATE, Visibility.SHARED):
            raise BadInput("visibility", image.visibility.value, "private or shared in a K5 cloud")
        if image.properties:
            raise BadInput(
                "properties", ", ".join(image.properties), "none: a K5 import takes no properties; set them later"
            )
        _object_name(image)

    def land(self, disk: DiskFile, image: NewImage, watch: Watch) -> Landed:
        name = _object_name(image)
        stored = self.objects.put(
            disk.path,
            image.container,
            name,
            watch=watch,
            segment_size=image.segment_size,
            stamp=disk.stamp,
            keep_parts=image.keep_parts,
            also={Algorithm.SHA1},
        )
        try:
            task_id = self._register(image, name, stored, watch)
        except Refused:
            if not image.keep_parts:
                self._remove(image.container, name)
            raise
        return Landed(
            image_id=image.id,
            task_id=task_id,
            digests=stored.digests,
            location=f"{image.container}/{name}",
            sent=stored.sent,
            already_there=stored.already_there,
        )

    def close(self) -> None:
        self._http.close()

    # --- inside ----------------------------------------------------------------------------------

    def _register(self, image: NewImage, name: str, stored: Stored, watch: Watch) -> str:
        self._http.renew()  # the service works with this token for as long as the import takes
        profile = self._settings.profile
        body = import_body(
            profile,
            name=image.name,
            location=location(profile, self.project_id, image.container, name),
            os_type=image.os_type,
            image_id=image.id,
            checksum=stored.digests[Algorithm.SHA1],
            min_disk=image.min_disk,
            min_ram=image.min_ram,
            account=self._settings.account,
        )
        task_id = self.tasks.start(body)
        watch(Moved(stage="register", done=1, total=1, unit="images", task_id=task_id, image_id=image.id))
        return task_id

    def _remove(self, container: str, name: str) -> None:
        try:
            self.objects.delete(container, name)
        except FerryError as error:
            _LOG.warning("object %s/%s stays behind in cloud %s: %s", container, name, self.name, error)

    def _endpoint(self, service: str) -> Callable[[], str]:
        def url() -> str:
            found = find(self._http.catalog, named(service), self._settings.region)
            if found is None:
                where = f"its catalog has no {service} service in region {self._settings.region}"
                raise Refused(f"cloud {self.name}", "no endpoint", where)
            return found

        return url

    def _import_url(self) -> str:
        """Override, catalog by endpoint name, by type and name, then import-export, then the host's pattern."""
        settings = self._settings
        found = (
            settings.vmimport
            or find(self._http.catalog, named("vmimport") + named("import-export"), settings.region)
            or sibling_host(settings.auth_url, "vmimport", settings.region)
        )
        if not found:
            advice = (
                "its catalog has no vmimport service; put its address into clouds.yaml as vmimport_endpoint_override"
            )
            raise Refused(f"cloud {self.name}", "no endpoint", advice)
        return found


def _object_name(image: NewImage) -> str:
    """What the object is called: the service goes by the ending."""
    name = image.object_name or f"{image.name.replace('/', '_')}{_ENDING}"
    if not name.lower().endswith(_ENDING):
        raise BadInput("object name", name, f"a name that ends in {_ENDING}")
    return name
