"""Members: the projects that an image is shared with.

Source: specs/openstack.md, section 4.9.
"""

from __future__ import annotations

from imageferry.dialects.edge.http import Answer, Request
from imageferry.dialects.glance.images import image_id
from imageferry.domain.errors import BadInput
from imageferry.domain.image import MemberStatus
from imageferry.service.services import Services
from imageferry.wire import glance


def add(request: Request, services: Services) -> Answer:
    project = _text(request, "member")
    return Answer.of_json(200, glance.member(services.images.add_member(request.caller, image_id(request), project)))


def listing(request: Request, services: Services) -> Answer:
    return Answer.of_json(200, glance.members(services.images.members(request.caller, image_id(request))))


def show(request: Request, services: Services) -> Answer:
    member = services.images.member(request.caller, image_id(request), request.params["member_id"])
    return Answer.of_json(200, glance.member(member))


def answer(request: Request, services: Services) -> Answer:
    """Accept, reject, or leave open again."""
    text = _text(request, "status")
    if text not in list(MemberStatus):
        raise BadInput("status", text, f"one of {', '.join(MemberStatus)}")
    project = request.params["member_id"]
    member = services.images.answer_offer(request.caller, image_id(request), project, MemberStatus(text))
    return Answer.of_json(200, glance.member(member))


def remove(request: Request, services: Services) -> Answer:
    services.images.remove_member(request.caller, image_id(request), request.params["member_id"])
    return Answer(status=204)


def _text(request: Request, name: str) -> str:
    """A member of the body that must be there, and must be text with something in it."""
    document = request.json()
    value = document.get(name) if isinstance(document, dict) else None
    if not isinstance(value, str) or not value:
        raise BadInput(name, value, f'a body such as {{"{name}": "..."}}')
    return value
