"""The bytes of an image: up, staged for an import, and down.

Source: specs/openstack.md, sections 4.10 and 4.11.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Protocol
from uuid import UUID

from imageferry.dialects.edge.http import Answer, Receiving, Request, Waiting
from imageferry.dialects.glance.errors import refusal, status_of_word
from imageferry.dialects.glance.images import STORES, content_type, image_id
from imageferry.dialects.glance.importing import SOURCE
from imageferry.domain.access import Caller
from imageferry.domain.errors import BadInput, RangeNotSatisfiable
from imageferry.domain.image import ImageId, Status
from imageferry.domain.task import TaskId, TaskStatus
from imageferry.service.image_upload import FIRST_BYTES, ImageUpload
from imageferry.service.services import Services
from imageferry.wire.ranges import Span, content_range, parse_range

BYTES = "application/octet-stream"

_OLD_RANGE = re.compile(r"bytes[ =](\d*-\d*)(?:/.*)?", re.ASCII)


class _Begin(Protocol):
    """An upload to an image, or one that is staged for it."""

    def __call__(self, caller: Caller | None, image_id: ImageId, *, size: int | None) -> ImageUpload: ...


def upload(request: Request, services: Services) -> Answer | Receiving:
    echo = {"request_id": f"req-{UUID(request.id)}", "backend": list(STORES)}
    return _taken(request, services, partial(services.images.upload, source=SOURCE, echo=echo))


def stage(request: Request, services: Services) -> Answer | Receiving:
    return _taken(request, services, services.images.stage)


def _taken(request: Request, services: Services, begin: _Begin) -> Answer | Receiving:
    if content_type(request) != BYTES:
        return refusal(415, f"Image data is sent as {BYTES}.", request)
    store = request.headers.get("x-image-meta-store")
    if store is not None and store not in STORES:
        raise BadInput("X-Image-Meta-Store", store, f"one of {', '.join(STORES)}")
    under_way = begin(request.caller, image_id(request), size=_promised(request))

    def done() -> Answer | Waiting:
        image = under_way.commit()
        if image.status is not Status.IMPORTING or image.import_task is None:
            return Answer(status=204)
        return Waiting(partial(_end, request, services, image.import_task))

    return Receiving(under_way, done, FIRST_BYTES, under_way.look)


def _end(request: Request, services: Services, task_id: TaskId) -> Answer | None:
    """The answer once the task that looks through the bytes has come to its end."""
    task = services.tasks.show(request.caller, task_id)
    if not task.status.is_final:
        return None
    if task.status is TaskStatus.SUCCEEDED:
        return Answer(status=204)
    return refusal(status_of_word(task.error_code), task.message, request)


def download(request: Request, services: Services) -> Answer:
    for store in (request.query.get("prefer") or "").split(","):
        if store and store not in STORES:
            raise BadInput("prefer", store, f"one of {', '.join(STORES)}")
    opened = services.images.open(request.caller, image_id(request))
    if opened is None:
        return Answer(status=204)
    size = opened.blob.size
    span = _span(request, size)
    start, stop = span or (0, size)
    headers = [("content-type", BYTES), ("accept-ranges", "bytes")]
    if opened.image.checksum is not None:
        headers.append(("content-md5", opened.image.checksum))  # of the whole image, in hex, as Glance has it
    if span is not None:
        headers.append(("content-range", content_range(span, size)))
    stream = services.images.read(opened, start, stop)
    return Answer(status=206 if span else 200, headers=headers, stream=stream, length=stop - start)


def _promised(request: Request) -> int | None:
    """The size that the caller announces, in the header of its own or by the length of the body."""
    text = request.headers.get("x-openstack-image-size")
    if text is None:
        return request.length
    if not re.fullmatch(r"[0-9]{1,18}", text.strip()):
        raise BadInput("X-OpenStack-Image-Size", text, "a number of bytes")
    promised = int(text)
    if request.length is not None and request.length != promised:
        raise BadInput("X-OpenStack-Image-Size", promised, f"{request.length} bytes, the length of the body")
    return promised


def _span(request: Request, size: int) -> Span | None:
    """The one stretch that is asked for, None for all.

    Old clients ask with a request header Content-Range ("bytes 0-9/*") in the place of Range.

    Raises:
        BadInput: several ranges at once.
        RangeNotSatisfiable: nonsense, or outside.
    """
    header = request.headers.get("range")
    if header is None and (old := request.headers.get("content-range")) is not None:
        match = _OLD_RANGE.fullmatch(old.strip())
        header = f"bytes={match[1]}" if match else old
    if header is None:
        return None
    if "," in header:
        raise BadInput("Range", header, "one range only")
    spans = parse_range(header, size)
    if not spans:
        raise RangeNotSatisfiable(size)
    return spans[0]
