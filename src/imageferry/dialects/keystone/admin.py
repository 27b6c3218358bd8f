"""Domains, projects and users are made, changed and deleted; roles are given and taken."""

from __future__ import annotations

from imageferry.dialects.edge.http import Answer, Request
from imageferry.dialects.keystone.site import Site, flag, known
from imageferry.domain.access import Caller, DomainId, ProjectId, Role, UserId
from imageferry.domain.errors import BadInput, NotFound
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


class Grants:
    """The handlers of roles that users have in projects."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def give(self, request: Request, services: Services) -> Answer:
        services.administration.grant(*_grant(request))
        return Answer(status=204)

    def take(self, request: Request, services: Services) -> Answer:
        services.administration.ungrant(*_grant(request))
        return Answer(status=204)

    def check(self, request: Request, services: Services) -> Answer:
        caller, user, project, role = _grant(request)
        if role not in services.administration.granted(caller, user, project):
            raise NotFound("role assignment", role)
        return Answer(status=204)

    def list(self, request: Request, services: Services) -> Answer:
        user, project = UserId(request.params["user"]), ProjectId(request.params["id"])
        found = services.administration.granted(known(request), user, project)
        base = self._site.base(request)
        return self._site.listing(request, "roles", [keystone.role(role, base) for role in found])

    def assignments(self, request: Request, services: Services) -> Answer:
        """Roles are given to users in projects only: whoever asks for groups, domains or the system finds none."""
        query = request.query
        user, project = query.get("user.id"), query.get("scope.project.id")
        found = services.administration.assignments(
            known(request),
            user_id=None if user is None else UserId(user),
            project_id=None if project is None else ProjectId(project),
            role=query.get("role.id"),
            effective=flag(request, "effective"),
        )
        if any(
            name in query for name in ("group.id", "scope.domain.id", "scope.system", "scope.OS-INHERIT:inherited_to")
        ):
            found = []
        base, names = self._site.base(request), flag(request, "include_names")
        rows = [wire.assignment(item.user, item.project, item.role, base, names=names) for item in found]
        return self._site.listing(request, "role_assignments", rows)


def _grant(request: Request) -> tuple[Caller, UserId, ProjectId, Role]:
    caller, name = known(request), request.params["role"]
    if name not in list(Role):
        raise NotFound("role", name)
    return caller, UserId(request.params["user"]), ProjectId(request.params["id"]), Role(name)


def _stays(wanted: str, home: str, field: str) -> None:
    if wanted != home:
        raise BadInput(field, wanted, f"{home!r}: nothing moves between domains")
