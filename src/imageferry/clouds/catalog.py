"""Where a service is: a walk over the catalog of a token, as clients of both worlds do it.

OpenStack's clients look for a service by type. Those of K5 look for an endpoint by its own name,
and take the first of a service. A row of the order is one way to look.

Source: specs/k5.md, section 3.2; specs/openstack.md, section 2.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

_ENDPOINT_NAMES: Mapping[str, str] = {"object-store": "objectstorage"}  # where K5's name is not the type

_IDENTITY_HOST = re.compile(r"(https?)://identity\.[a-z0-9-]+\.([a-z0-9.-]+(?::\d+)?)(?:/.*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to look for an endpoint: by what, and which value."""

    by: Literal["endpoint name", "type", "name"]
    value: str


def named(service: str) -> tuple[Way, ...]:
    """All ways to find a service, best first."""
    return (
        Way("endpoint name", _ENDPOINT_NAMES.get(service, service)),
        Way("type", service),
        Way("name", service),
    )


def find(catalog: Sequence[Any], ways: Sequence[Way], region: str = "", interface: str = "public") -> str | None:
    """The URL that the first way leads to, None if none does.

    Endpoints of other regions and interfaces are passed over; one that names no region fits all.
    """
    for way in ways:
        for service in catalog:
            if not isinstance(service, Mapping) or (way.by != "endpoint name" and service.get(way.by) != way.value):
                continue
            for endpoint in service.get("endpoints") or ():
                if not isinstance(endpoint, Mapping):
                    continue
                if way.by == "endpoint name" and endpoint.get("name") != way.value:
                    continue
                if _fits(endpoint, region, interface):
                    return str(endpoint["url"]).rstrip("/")
    return None


def sibling_host(auth_url: str, service: str, region: str) -> str | None:
    """The host beside the identity service, by K5's pattern ``<service>.<region>.<rest>``; None if it has another."""
    match = _IDENTITY_HOST.fullmatch(auth_url)
    return f"{match[1]}://{service}.{region}.{match[2]}" if match and region else None


def _fits(endpoint: Mapping[str, Any], region: str, interface: str) -> bool:
    url = endpoint.get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return False
    regions = {endpoint.get("region"), endpoint.get("region_id")} - {None, ""}
    if region and regions and region not in regions:
        return False
    return str(endpoint.get("interface") or interface).removesuffix("URL") == interface
