"""Roles are given, taken and listed: in projects, in domains, on the system."""

from __future__ import annotations

from imageferry.dialects.edge.http import Answer, Request
from imageferry.dialects.keystone.site import Site, flag, known
from imageferry.domain.access import SYSTEM, DomainId, ProjectId, Role, Scope, UserId, Where
from imageferry.domain.errors import BadInput, NotFound
from imageferry.service.services import Services
from imageferry.wire import keystone
from imageferry.wire import keystone_admin as wire


class Grants:
    """The handlers of roles that users have on things of one scope; ``id`` in the path says on which."""

    def __init__(self, site: Site, scope: Scope) -> None:
        self._site = site
        self._scope = scope

    def give(self, request: Request, services: Services) -> Answer:
        services.administration.grant(known(request), *self._held(request), _role(request))
        return Answer(status=204)

    def take(self, request: Request, services: Services) -> Answer:
        services.administration.ungrant(known(request), *self._held(request), _role(request))
        return Answer(status=204)

    def check(self, request: Request, services: Services) -> Answer:
        held = services.identity.granted(known(request), *self._held(request))
        role = _role(request)
        if role not in held:
            raise NotFound("role assignment", role)
        return Answer(status=204)

    def list(self, request: Request, services: Services) -> Answer:
        found = services.identity.granted(known(request), *self._held(request))
        base = self._site.base(request)
        return self._site.listing(request, "roles", [keystone.role(role, base) for role in found])

    def _held(self, request: Request) -> tuple[UserId, Where]:
        return UserId(request.params["user"]), Where(self._scope, request.params.get("id", ""))


class Assignments:
    """The handler of ``/v3/role_assignments``."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def list(self, request: Request, services: Services) -> Answer:
        """There are no groups and nothing is inherited: whoever asks for either finds nothing."""
        query = request.query
        user, where = query.get("user.id"), _where(request)
        effective = flag(request, "effective")
        if "group.id" in query and ("user.id" in query or effective):
            raise BadInput("group.id", query.get("group.id"), "neither user.id nor effective beside it")
        found = services.identity.assignments(
            known(request),
            user_id=None if user is None else UserId(user),
            where=where,
            role=query.get("role.id"),
            effective=effective,
        )
        if "group.id" in query or "scope.OS-INHERIT:inherited_to" in query:
            found = []
        base, names = self._site.base(request), flag(request, "include_names")
        rows = [wire.assignment(item, base, names=names) for item in found]
        return self._site.listing(request, "role_assignments", rows)


def _where(request: Request) -> Where | None:
    project, domain = request.query.get("scope.project.id"), request.query.get("scope.domain.id")
    wanted = [
        *([] if project is None else [Where.project(ProjectId(project))]),
        *([] if domain is None else [Where.domain(DomainId(domain))]),
        *([SYSTEM] if flag(request, "scope.system") else []),
    ]
    if len(wanted) > 1:
        raise BadInput("scope", [where.scope.value for where in wanted], "one of them only")
    return wanted[0] if wanted else None


def _role(request: Request) -> Role:
    name = request.params["role"]
    if name not in list(Role):
        raise NotFound("role", name)
    return Role(name)
