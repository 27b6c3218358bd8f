"""Imports: of what was staged, of what lies behind a URL; and the tasks of an image.

Source: specs/openstack.md, sections 4.11 and 4.14.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from imageferry.dialects.edge.http import Answer, Request
from imageferry.dialects.glance.images import IMPORT_METHODS, STORES, image_id
from imageferry.domain.access import Act, allow
from imageferry.domain.errors import BadInput, StatusConflict
from imageferry.service.services import Services
from imageferry.wire import glance_tasks

SOURCE = "glance"


def start(request: Request, services: Services) -> Answer:
    allow(request.caller, Act.WRITE_IMAGES)
    asked = _asked(request.json())
    image = image_id(request)
    echo = {"request_id": f"req-{UUID(request.id)}", "import_req": asked, "backend": list(STORES)}
    if asked["method"]["name"] == "copy-image":
        store = None if asked["all_stores"] else _first_of(asked)
        services.image_stores.copy(request.caller, image, store, SOURCE, echo)
        return Answer(status=202)
    if asked["method"]["name"] == "web-download":
        services.downloads.start(request.caller, SOURCE, image, asked["method"].get("uri"), echo)
    else:
        services.staged.start(request.caller, SOURCE, image, echo)
    return Answer(status=202)


def tasks_of_image(request: Request, services: Services) -> Answer:
    image = image_id(request)
    found = services.tasks.accounts(services.staged.of_image(request.caller, image))
    return Answer.of_json(200, glance_tasks.image_tasks(found, image))


def _asked(document: object) -> dict[str, Any]:
    """The body, checked: the method's name, and where the bytes shall be kept."""
    body: Mapping[str, Any] = document if isinstance(document, dict) else {}
    method = body.get("method")
    method = method if isinstance(method, dict) else {}
    name = method.get("name")
    if name not in IMPORT_METHODS:
        raise BadInput("method name", name, f"one of {', '.join(IMPORT_METHODS)}")
    stores, everywhere = body.get("stores"), _truth(body, "all_stores", default=False)
    if stores is not None:
        if not isinstance(stores, list) or not all(isinstance(store, str) for store in stores):
            raise BadInput("stores", stores, "a list of stores")
        if everywhere:
            raise BadInput("all_stores", True, "to stand alone, without stores")
        for store in stores:
            if store not in STORES:
                raise StatusConflict("store", store, found="not known here", wanted="keeping an image there")
    must_succeed = _truth(body, "all_stores_must_succeed", default=True)
    places = {} if stores is None else {"stores": stores}
    how = {"name": name, **({"uri": method.get("uri")} if name == "web-download" else {})}
    return {"method": how, **places, "all_stores": everywhere, "all_stores_must_succeed": must_succeed}


def _first_of(asked: Mapping[str, Any]) -> str | None:
    """The store that is named, the default one where none is; None for an empty list."""
    stores: list[str] = asked.get("stores", list(STORES))
    return stores[0] if stores else None


def _truth(body: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise BadInput(name, value, "true or false")
    return value
