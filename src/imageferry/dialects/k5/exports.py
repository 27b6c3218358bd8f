"""Image export: order, follow, list, cancel."""

from __future__ import annotations

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
from imageferry.dialects.k5.locations import container_names
from imageferry.domain.access import Act, Caller, allow
from imageferry.domain.errors import AlreadyExists, BadInput, NotFound, OverLimit, StatusConflict
from imageferry.domain.image import ImageId, new_image_id
from imageferry.domain.task import StepLog, Task, TaskKind
from imageferry.service.exporting.exports import ExportRequest
from imageferry.service.services import Services
from imageferry.wire import k5

SOURCE = "k5"

_IMAGE_GONE = "Specified id is not found."  # the original's own words


class ExportCalls:
    """The handlers of ``/v1/imageexport``."""

    @guarded
    def start(self, request: Request, services: Services) -> Answer:
        caller = allow(scoped(request), Act.START_TASKS)
        body = json_object(request)
        image_id = _image_id(body.get("image_id"))
        text = body.get("storage_container")
        container = _found(services, caller, container_names(text, caller.project))
        asked = ExportRequest(image_id=image_id, container=container, echo={"storage_container": text})
        try:
            task = services.exports.start(caller, SOURCE, asked)
        except AlreadyExists as error:
            raise Fault("40006" if error.kind == "export" else "40007") from error
        except OverLimit as error:
            raise Fault("40302") from error
        except StatusConflict as error:
            raise Fault("40009") from error
        except BadInput as error:
            raise Fault("40004") from error
        except NotFound as error:
            raise Fault("40004" if error.kind == "container" else "40008") from error
        return done(request, 201, {"export_id": task.id})

    @guarded
    def status(self, request: Request, services: Services) -> Answer:
        task, log = _account(request, services)
        failure = failure_of(task, failure_code)
        if failure is not None and task.error_code == "not-found" and task.step == "locate":
            failure = k5.Failure(failure.code, _IMAGE_GONE)
        return done(request, 200, k5.export_status(task, failure, log))

    @guarded
    def list(self, request: Request, services: Services) -> Answer:
        caller = scoped(request)
        start, limit = page_of(request, k5.MOST_EXPORTS, start_fault="40013", limit_fault="40014")
        tasks = services.tasks.page(caller, kind=TaskKind.EXPORT, source=SOURCE, skip=start, limit=limit)
        return done(request, 200, k5.export_list(tasks))

    @guarded
    def cancel(self, request: Request, services: Services) -> Answer:
        task, _ = _account(request, services)
        if task.cancel_requested and not task.status.is_final:
            raise Fault("40010")
        if not services.tasks.cancel(request.caller, task.id):
            raise Fault("40402")
        return done(request, 200)


def _account(request: Request, services: Services) -> tuple[Task, list[StepLog]]:
    task, log = services.tasks.account(scoped(request), job_id(request))
    if task.kind is not TaskKind.EXPORT or task.source != SOURCE:
        raise Fault("40401")
    return task, log


def _image_id(value: Any) -> ImageId:
    if value is None:
        raise Fault("40001")
    try:
        return new_image_id(value)
    except BadInput as error:
        raise Fault("40002") from error


def _found(services: Services, caller: Caller, names: list[str]) -> str:
    """The first name that a container bears."""
    for name in names:
        try:
            return services.objects.container(caller, caller.project, name).name
        except NotFound:
            continue
    raise Fault("40004")
