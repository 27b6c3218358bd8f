"""Keystone, Identity v3: the table of its paths.

Source: specs/openstack.md, section 2; specs/k5.md, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from imageferry.dialects.edge.http import Answer, Dialect, Handler, Headers, Path, Request
from imageferry.dialects.keystone import errors
from imageferry.dialects.keystone.admin import Domains, Projects, Users
from imageferry.dialects.keystone.credentials import AccessRules, AppCredentials
from imageferry.dialects.keystone.grants import Assignments, Grants
from imageferry.dialects.keystone.lookups import People, Things
from imageferry.dialects.keystone.site import Site
from imageferry.dialects.keystone.tokens import Tokens
from imageferry.domain.access import Scope
from imageferry.domain.errors import FerryError
from imageferry.domain.region import DEFAULT_REGIONS, Region
from imageferry.service.services import Services
from imageferry.wire import keystone


def dialect(regions: Sequence[Region] = DEFAULT_REGIONS, public_url: str = "") -> Dialect:
    """Keystone at ``/`` and ``/v3``.

    Args:
        regions: at least one; all of them are in the catalog.
        public_url: how clients reach the service; by default as each of them called it.
    """
    site = Site(regions=tuple(regions), public_url=public_url)

    def error(error: FerryError, request: Request) -> Answer:
        return errors.answer(error, site.base(request))

    return Dialect(
        name="keystone",
        service="identity",
        paths=[
            *_discovery(site),
            *_auth(Tokens(site)),
            *_people(site),
            *_grants(site),
            *_things(Things(site)),
            *_credentials(site),
        ],
        error=error,
        refuse=errors.refusal,
        prefixes=["/v3"],
        headers=_on_every_answer,
    )


def _discovery(site: Site) -> list[Path]:
    def versions(request: Request, _: Services) -> Answer:
        base = site.base(request)
        location = ("location", f"{base}/v3/")
        return Answer.of_json(300, {"versions": {"values": [keystone.version(base)]}}, [location])

    def version(request: Request, _: Services) -> Answer:
        return Answer.of_json(200, {"version": keystone.version(site.base(request))})

    return [Path("/", _read(versions)), Path("/v3", _read(version)), Path("/v3/", _read(version))]


def _auth(tokens: Tokens) -> list[Path]:
    return [
        Path("/v3/auth/tokens", {"POST": tokens.issue, **_read(tokens.show), "DELETE": tokens.revoke}),
        Path("/v3/auth/projects", _read(tokens.projects)),
        Path("/v3/auth/domains", _read(tokens.domains)),
        Path("/v3/auth/system", _read(tokens.system)),
        Path("/v3/auth/catalog", _read(tokens.catalog)),
    ]


def _people(site: Site) -> list[Path]:
    people, domains, projects, users = People(site), Domains(site), Projects(site), Users(site)
    return [
        Path("/v3/projects", {**_read(people.projects), "POST": projects.make}),
        Path("/v3/projects/{id}", {**_read(people.project), "PATCH": projects.change, "DELETE": projects.delete}),
        Path("/v3/users", {**_read(people.users), "POST": users.make}),
        Path("/v3/users/{id}", {**_read(people.user), "PATCH": users.change, "DELETE": users.delete}),
        Path("/v3/users/{id}/password", {"POST": users.change_password}),
        Path("/v3/users/{id}/projects", _read(people.projects_of_user)),
        Path("/v3/domains", {**_read(people.domains), "POST": domains.make}),
        Path("/v3/domains/{id}", {**_read(people.domain), "PATCH": domains.change, "DELETE": domains.delete}),
    ]


def _grants(site: Site) -> list[Path]:
    paths = [Path("/v3/role_assignments", _read(Assignments(site).list))]
    places = {"projects/{id}": Scope.PROJECT, "domains/{id}": Scope.DOMAIN, "system": Scope.SYSTEM}
    for place, scope in places.items():
        grants = Grants(site, scope)
        one = {**_read(grants.check), "PUT": grants.give, "DELETE": grants.take}
        paths.append(Path(f"/v3/{place}/users/{{user}}/roles", _read(grants.list)))
        paths.append(Path(f"/v3/{place}/users/{{user}}/roles/{{role}}", one))
    return paths


def _things(things: Things) -> list[Path]:
    paths = [
        Path("/v3/limits", _read(things.list_of("limits"))),
        Path("/v3/registered_limits", _read(things.list_of("registered_limits"))),
    ]
    for name in ("roles", "regions", "services", "endpoints"):
        paths.append(Path(f"/v3/{name}", _read(things.list_of(name))))
        paths.append(Path(f"/v3/{name}/{{id}}", _read(things.one_of(name))))
    return paths


def _credentials(site: Site) -> list[Path]:
    credentials, rules = AppCredentials(site), AccessRules(site)
    path = "/v3/users/{id}/application_credentials"
    return [
        Path(path, {"POST": credentials.make, **_read(credentials.list)}),
        Path(f"{path}/{{credential}}", {**_read(credentials.show), "DELETE": credentials.delete}),
        Path("/v3/users/{id}/access_rules", _read(rules.list)),
        Path("/v3/users/{id}/access_rules/{rule}", {**_read(rules.show), "DELETE": rules.delete}),
    ]


def _read(handler: Handler) -> Mapping[str, Handler]:
    return {"GET": handler, "HEAD": handler}


def _on_every_answer(request: Request) -> Headers:
    return [("x-openstack-request-id", f"req-{UUID(request.id)}"), ("vary", "X-Auth-Token")]
