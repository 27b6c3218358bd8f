"""Plankton, Synnefo's images: the table of its paths, and its calls.

Below ``/image``, where Glance is too: its discovery answers at ``/image/v1`` and all below, so Plankton does not.

Source: specs/synnefo.md, section 5.
"""

from __future__ import annotations

from collections.abc import Mapping

from imageferry.dialects.edge import synnefo
from imageferry.dialects.edge.http import Answer, Dialect, Handler, Path, Request
from imageferry.domain.access import ProjectId
from imageferry.domain.image import ImageId, new_image_id
from imageferry.service.services import Services
from imageferry.wire import plankton
from imageferry.wire.synnefo import fault

MOUNT = "/image"


def dialect() -> Dialect:
    """Plankton at ``/image/v1.0``."""
    rows: Mapping[str, Mapping[str, Handler]] = {
        "/images": {"GET": listing, "POST": register},
        "/images/detail": {"GET": detailed},
        "/images/{image_id}": {"HEAD": show, "GET": not_there, "PUT": change, "DELETE": unregister},
        "/images/{image_id}/members": {"GET": members, "PUT": replace_members},
        "/images/{image_id}/members/{member_id}": {"PUT": add_member, "DELETE": remove_member},
        "/shared-images/{project}": {"GET": shared_images},
    }
    return Dialect(
        name="plankton",
        service="image",
        mount=MOUNT,
        paths=[Path(plankton.ROOT + path + end, methods) for path, methods in rows.items() for end in ("", "/")],
        error=synnefo.error,
        refuse=synnefo.refuse,
        prefixes=[plankton.ROOT],
        token_of=synnefo.token_of,
    )


def listing(request: Request, services: Services) -> Answer:
    found = services.registrations.listing(request.caller, plankton.read_filters(request.query.pairs))
    return synnefo.answer(200, [plankton.row(image) for image in found])


def detailed(request: Request, services: Services) -> Answer:
    found = services.registrations.listing(request.caller, plankton.read_filters(request.query.pairs))
    return synnefo.answer(200, [plankton.detailed_row(image) for image in found])


def register(request: Request, services: Services) -> Answer:
    location, wish = plankton.read_wish(request.lines)
    return Answer(status=200, headers=plankton.headers(services.registrations.register(request.caller, location, wish)))


def show(request: Request, services: Services) -> Answer:
    return Answer(status=200, headers=plankton.headers(services.registrations.show(request.caller, image_id(request))))


def not_there(_: Request, __: Services) -> Answer:
    sentence = "An image is shown by HEAD here; its bytes are those of the object at its location."
    return synnefo.answer(501, fault(501, sentence))


def change(request: Request, services: Services) -> Answer:
    _, wish = plankton.read_wish(request.lines)
    changed = services.registrations.change(request.caller, image_id(request), wish)
    return Answer(status=200, headers=plankton.headers(changed))


def unregister(request: Request, services: Services) -> Answer:
    services.registrations.unregister(request.caller, image_id(request))
    return Answer(status=204)


def members(request: Request, services: Services) -> Answer:
    return synnefo.answer(200, plankton.members(services.registrations.members(request.caller, image_id(request))))


def replace_members(request: Request, services: Services) -> Answer:
    projects = plankton.read_members(request.json())
    services.registrations.replace_members(request.caller, image_id(request), projects)
    return Answer(status=204)


def add_member(request: Request, services: Services) -> Answer:
    services.registrations.add_member(request.caller, image_id(request), request.params["member_id"])
    return Answer(status=204)


def remove_member(request: Request, services: Services) -> Answer:
    services.registrations.remove_member(request.caller, image_id(request), request.params["member_id"])
    return Answer(status=204)


def shared_images(request: Request, services: Services) -> Answer:
    owner = ProjectId(request.params["project"])
    return synnefo.answer(200, plankton.shared_images(services.registrations.shared_by(request.caller, owner)))


def image_id(request: Request) -> ImageId:
    """Raises BadInput: no UUID."""
    return new_image_id(request.params["image_id"])
