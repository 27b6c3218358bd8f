"""What the handlers need to know of the service beside its use-cases: its regions and addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from imageferry.dialects.edge.http import Answer, Request
from imageferry.domain.access import Caller
from imageferry.domain.errors import NotAuthenticated
from imageferry.domain.region import Region, region_for_host
from imageferry.wire import catalog, keystone


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """``public_url``, when set, replaces the address that a request came by."""

    regions: Sequence[Region]
    public_url: str = ""

    def base(self, request: Request) -> str:
        return self.public_url.rstrip("/") or request.base_url

    def services(self, request: Request) -> list[catalog.Service]:
        """The catalog, the region first that the request came to."""
        first = region_for_host(request.host, self.regions)
        return catalog.services(self.regions, base=self.base(request), first=first)

    def catalog_for(self, request: Request, project_id: str | None) -> list[keystone.Document]:
        return [keystone.service(item, project_id) for item in self.services(request)]

    def listing(self, request: Request, name: str, entries: list[keystone.Document]) -> Answer:
        said = [urlencode([pair]) if pair[1] else quote(pair[0]) for pair in request.query.pairs]
        query = f"?{'&'.join(said)}" if said else ""
        return Answer.of_json(200, keystone.listing(name, entries, f"{self._address(request)}{query}"))

    def whole(self, request: Request, name: str, entries: list[keystone.Document]) -> Answer:
        """A list that never has pages: what a token opens."""
        return Answer.of_json(200, {name: entries, "links": {"self": self._address(request)}})

    def _address(self, request: Request) -> str:
        return f"{self.base(request)}{quote(request.path)}"


def known(request: Request) -> Caller:
    """Who asks. Raises NotAuthenticated: nobody that is known here."""
    if request.caller is None:
        raise NotAuthenticated("no token, or none that is good")
    return request.caller


def flag(request: Request, name: str) -> bool:
    """As Keystone reads it: there at all, unless it says 0 or false."""
    return name in request.query and (request.query.get(name) or "").lower() not in ("0", "false")
