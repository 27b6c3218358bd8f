"""Domains, projects and users are made, changed and deleted."""

from __future__ import annotations

from imageferry.dialects.edge.http import Answer, Request
from imageferry.dialects.keystone.site import Site, known
from imageferry.domain.access import Act, DomainId, ProjectId, UserId, allow
from imageferry.domain.errors import BadInput
from imageferry.service.services import Services
from imageferry.wire import keystone
from imageferry.wire import keystone_admin as wire


class Domains:
    """The handlers that change domains."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def make(self, request: Request, services: Services) -> Answer:
        made = services.administration.add_domain(known(request), **wire.read_domain(request.json(), new=True))
        return Answer.of_json(201, {"domain": keystone.domain(made, self._site.base(request))})

    def change(self, request: Request, services: Services) -> Answer:
        caller, key = known(request), DomainId(request.params["id"])
        changed = services.administration.change_domain(caller, key, **wire.read_domain(request.json()))
        return Answer.of_json(200, {"domain": keystone.domain(changed, self._site.base(request))})

    def delete(self, request: Request, services: Services) -> Answer:
        services.administration.delete_domain(known(request), DomainId(request.params["id"]))
        return Answer(status=204)


class Projects:
    """The handlers that change projects."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def make(self, request: Request, services: Services) -> Answer:
        made = services.administration.add_project(known(request), **wire.read_project(request.json(), new=True))
        return Answer.of_json(201, {"project": keystone.project(made, self._site.base(request))})

    def change(self, request: Request, services: Services) -> Answer:
        caller, key = known(request), ProjectId(request.params["id"])
        allow(caller, Act.MANAGE_IDENTITY)  # who may not change it learns nothing of it
        wish = wire.read_project(request.json())
        home = services.identity.project(caller, key).domain.id
        _stays(wish.pop("domain_id", home), home, "project.domain_id")
        changed = services.administration.change_project(caller, key, **wish)
        return Answer.of_json(200, {"project": keystone.project(changed, self._site.base(request))})

    def delete(self, request: Request, services: Services) -> Answer:
        services.administration.delete_project(known(request), ProjectId(request.params["id"]))
        return Answer(status=204)


class Users:
    """The handlers that change users."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def make(self, request: Request, services: Services) -> Answer:
        made = services.administration.add_user(known(request), **wire.read_user(request.json(), new=True))
        return Answer.of_json(201, {"user": keystone.user(made, self._site.base(request))})

    def change(self, request: Request, services: Services) -> Answer:
        caller, key = known(request), UserId(request.params["id"])
        allow(caller, Act.MANAGE_IDENTITY)
        wish = wire.read_user(request.json())
        home = services.identity.user(caller, key).domain.id
        _stays(wish.pop("domain_id", home), home, "user.domain_id")
        changed = services.administration.change_user(caller, key, **wish)
        return Answer.of_json(200, {"user": keystone.user(changed, self._site.base(request))})

    def change_password(self, request: Request, services: Services) -> Answer:
        caller = known(request)
        old, new = wire.read_passwords(request.json())
        services.administration.change_password(caller, UserId(request.params["id"]), old=old, new=new)
        return Answer(status=204)

    def delete(self, request: Request, services: Services) -> Answer:
        services.administration.delete_user(known(request), UserId(request.params["id"]))
        return Answer(status=204)


def _stays(wanted: str, home: str, field: str) -> None:
    if wanted != home:
        raise BadInput(field, wanted, f"{home!r}: nothing moves between domains")
