"""The documents of Keystone v3: version, token, and what can be looked up.

Source: specs/openstack.md, section 2; the ``name`` of an endpoint: specs/k5.md, section 3.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from imageferry.domain.access import Role
from imageferry.domain.identity import Domain, Project, Token, User
from imageferry.domain.region import Region
from imageferry.wire.catalog import Endpoint, Service
from imageferry.wire.dates import iso_micros

Document = dict[str, Any]

_MEDIA_TYPE = {"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}


def version(base: str) -> Document:
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": f"{base}/v3/"}],
        "media-types": [_MEDIA_TYPE],
    }


def token(said: Token, catalog: Sequence[Document] | None = None) -> Document:
    """What a token says. ``catalog`` None leaves it out, as does a token without a scope."""
    document: Document = {
        "methods": list(said.methods),
        "user": {
            "id": said.user.id,
            "name": said.user.name,
            "domain": _domain_of(said.user.domain),
            "password_expires_at": None,
        },
        "audit_ids": list(said.audit_ids),
        "expires_at": iso_micros(said.expires_at),
        "issued_at": iso_micros(said.issued_at),
    }
    if said.credential is not None:
        document["application_credential"] = {
            "id": said.credential.id,
            "name": said.credential.name,
            "restricted": not said.credential.unrestricted,
        }
    if not said.scoped:
        return document
    if said.project is not None:
        document["project"] = {
            "id": said.project.id,
            "name": said.project.name,
            "domain": _domain_of(said.project.domain),
        }
        document["is_domain"] = False
    if said.domain is not None:
        document["domain"] = _domain_of(said.domain)
    if said.system:
        document["system"] = {"all": True}
    document["roles"] = [{"id": role.value, "name": role.value} for role in sorted(said.roles)]
    if catalog is not None:
        document["catalog"] = list(catalog)
    return document


def service(item: Service, project_id: str | None) -> Document:
    """A service as it stands in the catalog of a token for that project, or for none.

    Without a project, an endpoint with the project in its URL leads nowhere and is left out.
    """
    endpoints = [
        {
            "id": endpoint.id,
            "name": endpoint.name,
            "interface": endpoint.interface,
            "region": endpoint.region,
            "region_id": endpoint.region,
            "url": url,
        }
        for endpoint in item.endpoints
        if (url := endpoint.url_for(project_id)) is not None
    ]
    return {"id": item.id, "type": item.type, "name": item.name, "endpoints": endpoints}


def project(item: Project, base: str) -> Document:
    return {
        "id": item.id,
        "name": item.name,
        "domain_id": item.domain.id,
        "description": item.description,
        "enabled": item.enabled,
        "parent_id": item.domain.id,
        "is_domain": False,
        "tags": [],
        "options": {},
        "links": _self(base, "projects", item.id),
    }


def user(item: User, base: str) -> Document:
    document = {
        "id": item.id,
        "name": item.name,
        "domain_id": item.domain.id,
        "enabled": item.enabled,
        "password_expires_at": None,
        "options": {},
        "links": _self(base, "users", item.id),
    }
    # As in Keystone, what was never said is not there.
    for name in ("default_project_id", "description", "email"):
        if getattr(item, name):
            document[name] = getattr(item, name)
    return document


def domain(item: Domain, base: str) -> Document:
    return {
        "id": item.id,
        "name": item.name,
        "description": item.description,
        "enabled": item.enabled,
        "tags": [],
        "options": {},
        "links": _self(base, "domains", item.id),
    }


def role(item: Role, base: str) -> Document:
    """Roles are few and fixed here, so that their names serve as ids."""
    return {
        **role_member(item),
        "links": _self(base, "roles", item.value),
    }


def role_member(item: Role) -> Document:
    """A role as it stands in other documents. Nobody can change it, which Keystone calls immutable."""
    return {
        "id": item.value,
        "name": item.value,
        "domain_id": None,
        "description": None,
        "options": {"immutable": True},
    }


def region(item: Region, base: str) -> Document:
    return {
        "id": item.name,
        "description": "",
        "parent_region_id": None,
        "links": _self(base, "regions", item.name),
    }


def service_entry(item: Service, base: str) -> Document:
    return {
        "id": item.id,
        "type": item.type,
        "name": item.name,
        "enabled": True,
        "links": _self(base, "services", item.id),
    }


def endpoint_entry(item: Endpoint, service_id: str, base: str) -> Document:
    return {
        "id": item.id,
        "service_id": service_id,
        "name": item.name,
        "interface": item.interface,
        "region": item.region,
        "region_id": item.region,
        "url": item.url,
        "enabled": True,
        "links": _self(base, "endpoints", item.id),
    }


def listing(name: str, entries: Iterable[Mapping[str, Any]], url: str) -> Document:
    """A list under its name. There is one page only: clients of these lists know no others."""
    return {name: list(entries), "links": {"next": None, "self": url, "previous": None}}


def error(status: int, title: str, sentence: str) -> Document:
    return {"error": {"code": status, "message": sentence, "title": title}}


def _domain_of(item: Domain) -> Document:
    return {"id": item.id, "name": item.name}


def _self(base: str, things: str, key: str) -> Document:
    return {"self": f"{base}/v3/{things}/{key}"}
