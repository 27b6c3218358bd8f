"""An OpenStack cloud: images go straight to Glance, in their own format.

Where the catalog tells of an import service too (K5's, and our own service's), its jobs are
offered as ``tasks`` and ``exports``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

from imageferry.clouds.beside import Beside
from imageferry.clouds.catalog import find, named
from imageferry.clouds.glance import GlanceImages
from imageferry.clouds.http import UPLOAD_READ_S, Http
from imageferry.clouds.jobs import ExportJobs, ImportJobs
from imageferry.clouds.source import Attempts, Progress, Source
from imageferry.clouds.swift import SwiftObjects
from imageferry.domain.digest import Algorithm, Digest, Digests
from imageferry.domain.disk import DiskFacts
from imageferry.domain.errors import (
    AlreadyExists,
    Conflict,
    DigestMismatch,
    FerryError,
    Incomplete,
    Refused,
    Unavailable,
)
from imageferry.ports.cloud import DiskFile, ImageInfo, Landed, Layout, Moved, NewImage, Objects, Watch

_LOG = logging.getLogger("imageferry.clouds")

_FAMILIES = frozenset({"linux", "windows"})  # what Glance's property os_type may say; a distribution is os_distro
_PUT_TRIES = 3
_SETTLE_TRIES = 8  # some clouds answer before the image is active


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where the services of a cloud are looked for."""

    region: str = ""
    interface: str = "public"
    overrides: Mapping[str, str] = field(default_factory=dict)  # service type: URL


class OpenStackCloud:
    """``ports.cloud.Cloud`` over Keystone, Glance and Swift."""

    kind = "openstack"
    lands_later = False

    def __init__(self, http: Http, place: Place) -> None:
        self._http = http
        self._place = place
        swift = self.endpoint("object-store")
        self._beside = Beside(http, swift)
        self.images = GlanceImages(http, self.endpoint("image"), lambda: self._beside.registry)
        self.objects = SwiftObjects(http, swift, by_blocks=lambda: self._beside.objects)

    @property
    def name(self) -> str:
        return self._http.cloud

    @property
    def project_id(self) -> str:
        return self._http.project_id

    def objects_of(self, project: str) -> Objects:
        url = self.objects.account_url(project)
        return SwiftObjects(self._http, lambda: url, by_blocks=lambda: self._beside.objects_of(project))

    @cached_property
    def tasks(self) -> ImportJobs | None:
        url = self._jobs_url
        return None if url is None else ImportJobs(self._http, lambda: url)

    @cached_property
    def exports(self) -> ExportJobs | None:
        url = self._jobs_url
        return None if url is None else ExportJobs(self._http, lambda: url)

    @cached_property
    def _jobs_url(self) -> str | None:
        override = self._place.overrides.get("vmimport")
        return override or find(self._http.catalog, named("vmimport") + named("import-export"), self._place.region)

    def endpoint(self, service: str) -> Callable[[], str]:
        """Where a service is; looked up in the catalog when first needed."""

        def url() -> str:
            override = self._place.overrides.get(service)
            place = self._place
            found = override or find(self._http.catalog, named(service), place.region, place.interface)
            if found is None:
                where = f" in region {place.region}" if place.region else ""
                raise Refused(f"cloud {self.name}", "no endpoint", f"its catalog has no {service} service{where}")
            return found

        return url

    def layout_for(self, facts: DiskFacts) -> Layout:
        return Layout(disk_format=facts.format, sub_format=facts.sub_format)

    def check_wanted(self, disk: DiskFile, image: NewImage) -> None:
        """Glance itself refuses a bad record before a byte travels."""

    def land(self, disk: DiskFile, image: NewImage, watch: Watch) -> Landed:
        with Source.opened(disk.path) as source:
            watch(Moved(stage="register", image_id=image.id))
            record = self._record(disk, image)
            try:
                landed = self._fill(record, source, Progress(watch, "upload", source.size))
            except BaseException:
                self._drop(record.id)
                raise
        return landed

    def close(self) -> None:
        self._http.close()

    # --- inside ----------------------------------------------------------------------------------

    def _record(self, disk: DiskFile, image: NewImage) -> ImageInfo:
        document: dict[str, object] = {
            "id": image.id,
            "name": image.name,
            "disk_format": disk.facts.format.value,
            "container_format": "bare",
            "min_disk": image.min_disk,
            "min_ram": image.min_ram,
            **image.properties,
        }
        if image.os_type:
            word = image.os_type.lower()
            document["os_type" if word in _FAMILIES else "os_distro"] = word
        if image.visibility is not None:
            document["visibility"] = image.visibility.value
        try:
            return self.images.create(document)
        except AlreadyExists:
            left = self.images.by_id(image.id)
            if left.status != "queued":
                raise
            return left  # an earlier run was cut off here

    def _fill(self, record: ImageInfo, source: Source, progress: Progress) -> Landed:
        body = Attempts(source, progress, {Algorithm.MD5, Algorithm.SHA512})
        try:
            self._put(record.id, source, body)
            digests = body.finish()
        finally:
            body.abandon()
        source.check_same()
        info = self._settled(record.id)
        _check(info, source.size, digests)
        return Landed(image_id=info.id, digests=digests, sent=progress.sent)

    def _put(self, image_id: str, source: Source, body: Attempts) -> None:
        """Send the bytes; once more when the connection breaks and the cloud waits for them again."""
        call = self.images.doing(f"upload image {image_id}", image_id)
        headers = {"Content-Type": "application/octet-stream", "X-OpenStack-Image-Size": str(source.size)}
        for attempt in range(1, _PUT_TRIES + 1):
            try:
                self._http.call(
                    "PUT",
                    self.images.at(image_id, "file"),
                    call,
                    headers=headers,
                    body=body.make if source.size else lambda: b"",
                    repeat=False,
                    read_s=UPLOAD_READ_S,
                )
                return
            except (Unavailable, Conflict):
                if attempt == _PUT_TRIES:
                    raise
                self._http.renew()
                status = self._settled(image_id, wanted=("active", "queued")).status
                if status != "queued":
                    return

    def _settled(self, image_id: str, wanted: tuple[str, ...] = ("active",)) -> ImageInfo:
        for attempt in range(1, _SETTLE_TRIES + 1):
            info = self.images.by_id(image_id)
            if info.status in wanted:
                return info
            if info.status not in ("saving", "importing", "uploading"):
                break
            self._http.pause(attempt)
        raise Refused(f"cloud {self.name}, image {image_id}", info.status, "it did not become active")

    def _drop(self, image_id: str) -> None:
        """Leave no half-made record."""
        try:
            with suppress(Refused):
                self.images.delete(image_id)
        except FerryError as error:
            _LOG.warning("the half-made image %s stays behind in cloud %s: %s", image_id, self.name, error)


def _check(info: ImageInfo, size: int, digests: Digests) -> None:
    """What the cloud says it has is what was sent."""
    if info.size is not None and info.size != size:
        raise Incomplete(f"image {info.id}", size, info.size)
    for algorithm, found in info.digests.items():
        sent = digests.get(algorithm)
        if sent is not None and sent != found:
            raise DigestMismatch(f"image {info.id}", Digest(algorithm, sent), Digest(algorithm, found))
