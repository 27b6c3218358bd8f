"""What is offered where: services and their endpoints, as Keystone's catalog lists them.

Clients differ in how they look: by type and region (OpenStack's own), or by the ``name`` of the
first endpoint of each service (those of the K5 cloud). So the region that is meant comes first,
and within it the interface ``public``.

Source: specs/k5.md, section 3.2; specs/openstack.md, sections 2.2 and 6.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from imageferry.domain.region import Region

INTERFACES = ("public", "internal", "admin")
PROJECT = "%(project_id)s"  # stands in a URL for the id of the token's project


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    id: str
    name: str  # an addition of K5
    interface: str
    region: str
    url: str  # may hold PROJECT

    def url_for(self, project_id: str | None) -> str | None:
        """None: the URL has the project in it, and there is none."""
        if project_id is None:
            return None if PROJECT in self.url else self.url
        return self.url.replace(PROJECT, project_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    id: str
    type: str
    name: str
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True)
class _Offer:
    """A row of the table below."""

    type: str
    name: str  # of the service, as OpenStack's own installations have it
    endpoint: str  # name of its endpoints, as K5 has it
    host: str  # what K5 calls its host
    path: str  # behind the host
    shared_path: str | None = None  # where all services share one host; None: the same


_OFFERS = (
    # No "identity" with version 2.0, as K5 had one: an address that answers 404 is worse than none.
    _Offer("identity", "keystone", "identityv3", "identity", "/v3"),
    _Offer("object-store", "swift", "objectstorage", "objectstorage", f"/v1/AUTH_{PROJECT}"),
    _Offer("image", "glance", "image", "image", "", "/image"),  # docs/decisions/0003-one-port.md
    _Offer("vmimport", "vmimport", "vmimport", "vmimport", ""),
    _Offer("import-export", "import-export", "import-export", "import-export", ""),
)


def services(regions: Sequence[Region], *, base: str, first: Region) -> list[Service]:
    """All services of all regions.

    Args:
        base: scheme and host that the client came by, without a trailing slash.
        first: the region that is meant; its endpoints come first.
    """
    ordered = [first, *(region for region in regions if region.name != first.name)]
    return [
        Service(
            id=_id(offer.type),
            type=offer.type,
            name=offer.name,
            endpoints=tuple(
                Endpoint(
                    id=_id(offer.type, region.name, interface),
                    name=offer.endpoint,
                    interface=interface,
                    region=region.name,
                    url=_url(offer, region, base),
                )
                for region in ordered
                for interface in INTERFACES
            ),
        )
        for offer in _OFFERS
    ]


def _url(offer: _Offer, region: Region, base: str) -> str:
    shared = offer.shared_path is not None and not region.has_own_hosts
    return region.url_of(offer.host, base=base) + (offer.shared_path or "" if shared else offer.path)


def _id(*parts: str) -> str:
    """The same for the same thing, in every process and after every start."""
    return hashlib.sha256("\n".join(("catalog", *parts)).encode()).hexdigest()[:32]
