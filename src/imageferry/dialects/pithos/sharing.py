"""Who shares with whom: what requests ask for, and what answers tell of it."""

from __future__ import annotations

from imageferry.dialects.edge import synnefo
from imageferry.dialects.edge.http import Answer, Request
from imageferry.dialects.pithos import listing
from imageferry.dialects.pithos.asked import object_of
from imageferry.domain.object import Container
from imageferry.domain.sharing import Only, Right, SharingChange
from imageferry.service.objects.opened import Opened
from imageferry.service.services import Services
from imageferry.wire import pithos
from imageferry.wire import pithos_sharing as wire


def sharers(request: Request, services: Services) -> Answer:
    """The accounts that share something with the caller's."""
    query = listing.query_of(request)
    rows = services.shares.sharers(request.caller, after=query.marker, limit=query.limit)
    if listing.form_of(request) == "json":
        return synnefo.answer(200, [{"name": name, "last_modified": pithos.iso_time(at)} for name, at in rows])
    return listing.lines([name for name, _ in rows])


def sent(request: Request, services: Services) -> SharingChange | None:
    """What a request for an object wants of its sharing; None: nothing. Refuses what it may not want."""
    sharing, public = (request.headers.get(name) for name in (wire.SHARING, wire.PUBLIC))
    if sharing is None and public is None:
        return None
    account, *path = object_of(request)
    change = SharingChange(
        sharing=None if sharing is None else wire.read_sharing(sharing),
        public=None if public is None else wire.read_public(public),
    )
    return services.shares.wanted(request.caller, account, (path[0], path[1]), change)


def part_of(request: Request) -> Only | None:
    """Which part of a listing is asked for by ``shared`` and ``public``; None: all of it."""
    part = Only(shared="shared" in request.query, public="public" in request.query)
    return part if part.shared or part.public else None


def told(request: Request, container: Container, name: str, opened: Opened) -> list[tuple[str, str]]:
    """What is said of the sharing of one object, by the names of headers."""
    found: list[tuple[str, str]] = []
    if opened.share is not None and (opened.mine or opened.right is not None):
        found.append((wire.SHARING, wire.sharing_text(opened.share.sharing)))
        if opened.share.name != name:
            above = f"{container.project_id}/{container.name}/{opened.share.name}"
            found.append(("x-object-shared-by", above))
    if not opened.mine:
        found.append(("x-object-allowed-to", (opened.right or Right.READ).value))
    if opened.link is not None:
        found.append((wire.PUBLIC, f"{request.base_url}{wire.PUBLIC_ROOT}/{opened.link}"))
    return found


def headers(request: Request, services: Services) -> list[tuple[str, str]]:
    """The same of the object that a request names, as headers."""
    account, container, name = object_of(request)
    place, opened = services.shares.of(request.caller, account, container, name)
    return pithos.encoded_headers(told(request, place, name, opened))


def of_rows(request: Request, services: Services, container: Container, names: list[str]) -> dict[str, dict[str, str]]:
    """The same of the rows of a listing, as their members."""
    found = services.shares.of_all(request.caller, container, names)
    return {
        name: {key.replace("-", "_"): value for key, value in told(request, container, name, opened)}
        for name, opened in found.items()
    }
