"""Image import: register, follow, list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from imageferry.dialects.edge.http import Answer, Request
from imageferry.dialects.k5.answers import (
    Fault,
    done,
    failure_of,
    guarded,
    job_id,
    json_object,
    page_of,
    scoped,
)
from imageferry.dialects.k5.codes import failure_code
from imageferry.dialects.k5.fields import Fields, properties_of, read_fields
from imageferry.dialects.k5.locations import Place, object_places
from imageferry.domain.access import Act, Caller, allow
from imageferry.domain.errors import AlreadyExists, Conflict, NotFound, OverLimit, TooLarge
from imageferry.domain.image import MAX_NAME, DiskFormat, Image, ImageId
from imageferry.domain.region import Region, region_for_host
from imageferry.domain.task import Task, TaskKind, TaskStatus
from imageferry.service.importing.request import ImportRequest
from imageferry.service.services import Services
from imageferry.wire import k5

SOURCE = "k5"


class ImportCalls:
    """The handlers of ``/v1/imageimport``."""

    def __init__(self, regions: Sequence[Region]) -> None:
        self._regions = regions

    @guarded
    def start(self, request: Request, services: Services) -> Answer:
        caller = allow(scoped(request), Act.START_TASKS)
        region = self._region(request)
        body = json_object(request)
        fields = read_fields(body, region)
        said, places = object_places(body, region, caller.project)
        echo = _echo(fields, said) | (_requester(request, body) if region.profile == "A" else {})
        place = _found(services, caller, places)
        asked = ImportRequest(
            container=place.container,
            object=place.name,
            name=fields.name,
            image_id=fields.image_id,
            source_format=place.disk_format,
            convert_to=DiskFormat.RAW,
            digest=fields.digest,
            min_disk=fields.min_disk,
            min_ram=fields.min_ram,
            properties=properties_of(fields.os_type),
            unpack=place.packed,
            echo=echo,
        )
        try:
            task = services.imports.start(caller, SOURCE, asked)
        except AlreadyExists as error:
            raise Fault("40009") from error
        except OverLimit as error:
            raise Fault("40302") from error
        except (NotFound, Conflict, TooLarge) as error:
            raise Fault("40006") from error  # gone since, or a large object that is not whole
        return done(request, 201, {"import_id": task.id})

    @guarded
    def status(self, request: Request, services: Services) -> Answer:
        caller = scoped(request)
        task, log = services.tasks.account(caller, job_id(request))
        if task.kind is not TaskKind.IMPORT or task.source != SOURCE:
            raise Fault("40401")
        text_numbers = self._region(request).text_numbers
        image = _made(services, caller, task)
        failure = failure_of(task, failure_code)
        return done(request, 200, k5.import_status(task, image, failure, log, text_numbers=text_numbers))

    @guarded
    def list(self, request: Request, services: Services) -> Answer:
        caller = scoped(request)
        start, limit = page_of(request, k5.MOST_IMPORTS, start_fault="40035", limit_fault="40036")
        tasks = services.tasks.page(caller, kind=TaskKind.IMPORT, source=SOURCE, skip=start, limit=limit)
        return done(request, 200, k5.import_list(tasks))

    def _region(self, request: Request) -> Region:
        return region_for_host(request.host, self._regions)


def _found(services: Services, caller: Caller, places: Sequence[Place]) -> Place:
    """The first place where there is an object."""
    for place in places:
        try:
            services.objects.show(caller, caller.project, place.container, place.name)
            return place
        except NotFound:
            continue
    raise Fault("40006")


def _made(services: Services, caller: Caller, task: Task) -> Image | None:
    """The image that came of the task, unless it was deleted since."""
    if task.status is not TaskStatus.SUCCEEDED:
        return None
    try:
        return services.images.show(caller, ImageId(task.result["image_id"]))
    except NotFound:
        return None


def _echo(fields: Fields, said: Mapping[str, str]) -> dict[str, Any]:
    """What every status answer repeats."""
    return {
        "name": fields.name,
        **said,
        "os_type": fields.os_type,
        "min_ram": fields.min_ram,
        "min_disk": fields.min_disk,
        "ovf_location": fields.ovf_location,
    }


def _requester(request: Request, body: Mapping[str, Any]) -> dict[str, str]:
    """Who asks, as profile A says it again: in the body's words, or else the token's. Never the password."""
    token = request.token
    known = {} if token is None else {"user_name": token.user.name, "domain_name": token.user.domain.name}
    said = {name: body.get(name) for name in ("user_name", "domain_name")}
    return known | {name: value for name, value in said.items() if isinstance(value, str) and len(value) <= MAX_NAME}
