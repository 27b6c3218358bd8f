"""Look-ups: projects, users, domains, roles, and what the catalog is made of. All read-only.

Clients ask with a name as if it were an id, and on a 404 or 403 ask for a list with ``?name=``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from imageferry.dialects.edge.http import Answer, Handler, Request
from imageferry.dialects.keystone.site import Site, known
from imageferry.domain.access import Act, DomainId, ProjectId, Role, UserId, allow
from imageferry.domain.errors import NotFound
from imageferry.service.services import Services
from imageferry.wire import keystone
from imageferry.wire.keystone import Document


class People:
    """The handlers of projects, users and domains."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def projects(self, request: Request, services: Services) -> Answer:
        name, domain_id = _name_and_domain(request)
        found = services.identity.projects(known(request), name=name, domain_id=domain_id)
        return self._fitting(request, "projects", [keystone.project(item, self._base(request)) for item in found])

    def project(self, request: Request, services: Services) -> Answer:
        found = services.identity.project(known(request), ProjectId(request.params["id"]))
        return Answer.of_json(200, {"project": keystone.project(found, self._base(request))})

    def projects_of_user(self, request: Request, services: Services) -> Answer:
        found = services.identity.projects_of(known(request), UserId(request.params["id"]))
        return self._site.listing(request, "projects", [keystone.project(item, self._base(request)) for item in found])

    def users(self, request: Request, services: Services) -> Answer:
        name, domain_id = _name_and_domain(request)
        found = services.identity.users(known(request), name=name, domain_id=domain_id)
        return self._fitting(request, "users", [keystone.user(item, self._base(request)) for item in found])

    def user(self, request: Request, services: Services) -> Answer:
        found = services.identity.user(known(request), UserId(request.params["id"]))
        return Answer.of_json(200, {"user": keystone.user(found, self._base(request))})

    def domains(self, request: Request, services: Services) -> Answer:
        found = services.identity.domains(known(request), name=request.query.get("name"))
        return self._fitting(request, "domains", [keystone.domain(item, self._base(request)) for item in found])

    def domain(self, request: Request, services: Services) -> Answer:
        found = services.identity.domain(known(request), DomainId(request.params["id"]))
        return Answer.of_json(200, {"domain": keystone.domain(found, self._base(request))})

    def _fitting(self, request: Request, kind: str, rows: list[Document]) -> Answer:
        return self._site.listing(request, kind, _filtered(request, kind, rows))

    def _base(self, request: Request) -> str:
        return self._site.base(request)


class Things:
    """The handlers of roles, regions, services, endpoints and limits: a few rows each, all from the configuration.

    One list and one look-up by id serve all kinds.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._rows: Mapping[str, Callable[[Request], list[Document]]] = {
            "roles": lambda request: [keystone.role(role, site.base(request)) for role in Role],
            "regions": lambda request: [keystone.region(region, site.base(request)) for region in site.regions],
            "services": lambda request: [
                keystone.service_entry(service, site.base(request)) for service in site.services(request)
            ],
            "endpoints": lambda request: [
                keystone.endpoint_entry(endpoint, service.id, site.base(request))
                for service in site.services(request)
                for endpoint in service.endpoints
            ],
            "limits": lambda _: [],
            "registered_limits": lambda _: [],
        }

    def list_of(self, kind: str) -> Handler:
        def handler(request: Request, _: Services) -> Answer:
            return self._site.listing(request, kind, _filtered(request, kind, self._seen_rows(kind, request)))

        return handler

    def one_of(self, kind: str) -> Handler:
        singular = kind.removesuffix("s")

        def handler(request: Request, _: Services) -> Answer:
            key = request.params["id"]
            for row in self._seen_rows(kind, request):
                if row["id"] == key:
                    return Answer.of_json(200, {singular: row})
            raise NotFound(singular, key)

        return handler

    def _seen_rows(self, kind: str, request: Request) -> list[Document]:
        caller = known(request)
        if kind in _ACTS:
            allow(caller, _ACTS[kind])
        return self._rows[kind](request)


_ACTS = {"roles": Act.READ_IDENTITY, "services": Act.READ_SERVICES, "endpoints": Act.READ_SERVICES}  # others: anybody
_FILTERS: Mapping[str, tuple[str, ...]] = {
    "projects": ("enabled", "is_domain", "parent_id", "tags"),
    "users": ("enabled",),
    "domains": ("enabled", "tags"),
    "roles": ("name", "domain_id"),
    "services": ("name", "type"),
    "endpoints": ("service_id", "interface", "region_id"),
}


def _filtered(request: Request, kind: str, rows: list[Document]) -> list[Document]:
    """The rows that fit what the query says of their members."""
    for key in _FILTERS.get(kind, ()):
        wanted = request.query.get(key)
        rows = [row for row in rows if wanted is None or _fits(row[key], wanted)]
    return rows


def _fits(value: object, wanted: str) -> bool:
    """Read as Keystone does: a flag is true unless it is 0 or false, of tags all must be there."""
    if isinstance(value, bool):
        return value is (wanted.lower() not in ("0", "false"))
    if isinstance(value, list):
        return set(wanted.split(",")) <= set(value)
    return (value or "") == wanted


def _name_and_domain(request: Request) -> tuple[str | None, DomainId | None]:
    domain_id = request.query.get("domain_id")
    return request.query.get("name"), None if domain_id is None else DomainId(domain_id)
