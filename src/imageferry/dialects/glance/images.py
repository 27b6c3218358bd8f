"""Images: create, show, list, patch, delete, tags, actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from imageferry.dialects.edge.http import Answer, Request
from imageferry.dialects.glance.errors import refusal
from imageferry.dialects.glance.filters import image_query
from imageferry.domain.errors import NotFound
from imageferry.domain.image import Image, ImageId, Status
from imageferry.service.services import Services
from imageferry.wire import glance
from imageferry.wire.glance_changes import OLD_PATCH_TYPE, PATCH_TYPE, image_id_in, new_image, patched, read_patch

STORES = (glance.STORE,)
IMPORT_METHODS = ("glance-direct", "web-download", "copy-image")

_ACTIONS = {"deactivate": Status.DEACTIVATED, "reactivate": Status.ACTIVE}


def image_id(request: Request) -> ImageId:
    """The image that the path names. Raises NotFound for what is no id: clients probe with names."""
    text = request.params["image_id"]
    found = image_id_in(text)
    if found is None:
        raise NotFound("image", text)
    return found


def create(root: Callable[[Request], str]) -> Callable[[Request, Services], Answer]:
    """The handler of POST. ``root``: where ``/v2`` hangs, as the client reaches it."""

    def handler(request: Request, services: Services) -> Answer:
        image = services.images.create(request.caller, new_image(request.json()))
        headers = [
            ("location", f"{root(request)}{glance.image_path(image.id)}"),
            ("openstack-image-import-methods", ",".join(IMPORT_METHODS)),
            ("openstack-image-store-ids", ",".join(STORES)),
        ]
        return Answer.of_json(201, glance.image(image), headers)

    return handler


def show(request: Request, services: Services) -> Answer:
    return Answer.of_json(200, glance.image(services.images.show(request.caller, image_id(request))))


def listing(request: Request, services: Services) -> Answer:
    query = image_query(request.query)
    page = services.images.page(request.caller, query)
    return Answer.of_json(200, glance.images(page, request.query.pairs, query.limit))


def patch(request: Request, services: Services) -> Answer:
    kind = content_type(request)
    if kind not in (PATCH_TYPE, OLD_PATCH_TYPE):
        sentence = f"A patch is sent as {PATCH_TYPE}, not as {kind or 'nothing'}."
        return refusal(415, sentence, request, [("accept-patch", f"{OLD_PATCH_TYPE}, {PATCH_TYPE}")])
    changes = read_patch(request.json(), old=kind == OLD_PATCH_TYPE)
    image = services.images.change(request.caller, image_id(request), lambda image: patched(image, changes))
    return Answer.of_json(200, glance.image(image))


def delete(request: Request, services: Services) -> Answer:
    services.images.delete(request.caller, image_id(request))
    return Answer(status=204)


def add_tag(request: Request, services: Services) -> Answer:
    tag = request.params["tag"]
    services.images.change(request.caller, image_id(request), lambda image: replace(image, tags=image.tags | {tag}))
    return Answer(status=204)


def remove_tag(request: Request, services: Services) -> Answer:
    tag = request.params["tag"]

    def without(image: Image) -> Image:
        if tag not in image.tags:
            raise NotFound("tag", tag)
        return replace(image, tags=image.tags - {tag})

    services.images.change(request.caller, image_id(request), without)
    return Answer(status=204)


def act(request: Request, services: Services) -> Answer:
    action = request.params["action"]
    if action not in _ACTIONS:
        raise NotFound("action", action)
    services.images.move(request.caller, image_id(request), _ACTIONS[action])
    return Answer(status=204)


def content_type(request: Request) -> str:
    """The media type of the body, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
