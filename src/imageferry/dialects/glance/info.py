"""What the service tells of itself: schemas, import methods, stores; and what it says where it has nothing.

Images are neither cached nor have they addresses of their own: those calls are answered as Glance
answers them where both are switched off.

Source: specs/openstack.md, sections 4.3, 4.12 and 4.15, and Glance's own answers.
"""

from __future__ import annotations

from imageferry.dialects.edge.http import Answer, Request
from imageferry.dialects.glance.images import IMPORT_METHODS, STORES, image_id
from imageferry.domain.access import Act, allow
from imageferry.domain.errors import Forbidden, NotFound, StatusConflict
from imageferry.service.services import Services
from imageferry.wire import glance, glance_usage
from imageferry.wire.glance_schemas import SCHEMAS


def schema(request: Request, _: Services) -> Answer:
    allow(request.caller, Act.READ_IMAGES)
    name = request.params["name"]
    if name not in SCHEMAS:
        raise NotFound("schema", name)
    return Answer.of_json(200, SCHEMAS[name])


def import_methods(request: Request, _: Services) -> Answer:
    allow(request.caller, Act.READ_IMAGES)
    return Answer.of_json(200, glance.import_methods(IMPORT_METHODS))


def stores(request: Request, _: Services) -> Answer:
    allow(request.caller, Act.READ_IMAGES)
    return Answer.of_json(200, glance.stores(STORES))


def stores_in_detail(request: Request, _: Services) -> Answer:
    _for_admins(request, "look at the stores in detail")
    return Answer.of_json(200, glance.stores(STORES, detail=True))


def usage(request: Request, services: Services) -> Answer:
    shares = services.image_quotas.shown(request.caller)
    return Answer.of_json(200, glance_usage.usage({key: (share.used, share.limit) for key, share in shares.items()}))


def drop(request: Request, services: Services) -> Answer:
    """Take an image out of one store."""
    allow(request.caller, Act.WRITE_IMAGES)
    store = request.params["store"]
    if store not in STORES:
        raise StatusConflict("store", store, found="not known here", wanted="removing an image from it")
    services.image_stores.drop(request.caller, image_id(request))
    return Answer(status=204)


def no_cache(request: Request, _: Services) -> Answer:
    _for_admins(request, "look at a cache of images, or to change it")
    raise NotFound("cache", "of images")


def locations(request: Request, services: Services) -> Answer:
    """None, for whoever may ask."""
    services.images.show(request.caller, image_id(request))
    _for_admins(request, "see where the bytes of an image are kept")
    return Answer.of_json(200, [])


def add_location(request: Request, services: Services) -> Answer:
    allow(request.caller, Act.WRITE_IMAGES)
    services.images.show(request.caller, image_id(request))
    raise Forbidden("give an image the bytes of another address", "Upload them, or import them.")


def _for_admins(request: Request, act: str) -> None:
    if not allow(request.caller, Act.READ_IMAGES).is_admin:
        raise Forbidden(act, "It needs the role admin.")
